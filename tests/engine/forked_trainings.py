"""Run as a script by the tests of resuming: a process that has imported everything and forks one training per line.

Each line of stdin is JSON: the arguments of `python -m engine`, and after how many changes of files the training kills
itself, -1 for never. Answers on stdout: the child's number, what it prints, and "ended" with its exit status; on
stderr: what the child tells there, and the same end.
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch

from engine.cli import main


def kill_at(change: int) -> None:
    """Let this process die, as suddenly as a process can, just before its `change`-th change of a file."""
    left = change

    def counted(usual):
        def call(*args, **settings):
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return usual(*args, **settings)

        return call

    os.replace, os.fsync = counted(os.replace), counted(os.fsync)


def serve() -> None:
    """Until stdin ends. Nothing was computed before a fork, so there are no threads that it could lose."""
    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])  # imports more of torch than one would think
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            if order["kill_at"] >= 0:
                kill_at(order["kill_at"])
            status = main(order["arguments"])
            sys.stdout.flush()
            os._exit(status)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        for stream in (sys.stderr, sys.stdout):
            print("ended", os.waitstatus_to_exitcode(status), file=stream, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    serve()
