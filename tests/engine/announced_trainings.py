"""Run as a script by the tests of sudden death: a process that forks trainings which announce all that they do.

Each line of stdin is JSON: `arguments` of `python -m engine`, the `address` of a socket to announce at, `hold_at`, the
number of the announcement after which the training waits for its end (-1: for none), `folders`, a list: what is done
to files in other folders is not announced, and the `environment` to train in. Answers with the child's number, what it
prints, and "ended" with its exit status.

An announcement is a word and what it is about: "step 7" before the seventh step of an optimizer, "half
last.safetensors" when a file has received a part of its content, "fsync", "replace", "mkdir", "rename" and "unlink"
before each of them.
"""

import builtins
import io
import json
import os
import sys
from collections.abc import Callable
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from engine.cli import main


class Announcer:
    """Tells a socket what this process is about to do, and stands still where it was told to."""

    def __init__(self, connection: Connection, hold_at: int, folders: list[str]):
        self._connection, self._hold_at = connection, hold_at
        self._folders = [os.path.realpath(folder) for folder in folders]
        self._count = self._steps = 0

    def say(self, word: str, about: object) -> None:
        """Announce."""
        self._connection.send(f"{word} {about}")
        if self._count == self._hold_at:
            self._connection.recv()  # never comes: the test kills this process
        self._count += 1

    def say_of(self, word: str, path: str | os.PathLike | int) -> None:
        """Announce something about a file, where it lies in one of the folders."""
        if self.is_ours(path):
            self.say(word, os.path.basename(_where(path)))

    def is_ours(self, path: str | os.PathLike | int) -> bool:
        """Whether a file, by path or number, lies in one of the folders."""
        where = _where(path)
        return any(where == folder or where.startswith(folder + os.sep) for folder in self._folders)

    def step(self, *_: object) -> None:
        """Before a step of an optimizer."""
        self._steps += 1
        self.say("step", self._steps)


def _where(path: str | os.PathLike | int) -> str:
    """The full path of a path or of the number of an open file."""
    return os.path.realpath(f"/proc/self/fd/{path}" if isinstance(path, int) else os.fspath(path))


class _Halting:
    """An open file that announces in the middle of everything that is written to it."""

    def __init__(self, file: Any, announcer: Announcer):
        self._file, self._announcer = file, announcer

    def write(self, content: Any) -> int:
        middle = len(content) // 2
        written = self._file.write(content[:middle])
        self._file.flush()
        self._announcer.say_of("half", self._file.fileno())
        return written + self._file.write(content[middle:])

    def __enter__(self) -> "_Halting":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def announce_everything(announcer: Announcer) -> None:
    """Have every change of a file in the folders, and every step of an optimizer, announced."""

    def before(word: str, usual: Callable) -> Callable:
        def call(path: Any, *args: Any, **settings: Any) -> Any:
            announcer.say_of(word, path)
            return usual(path, *args, **settings)

        return call

    for word in ("fsync", "mkdir", "unlink", "rename"):
        setattr(os, word, before(word, getattr(os, word)))
    usual_replace, usual_open = os.replace, io.open

    def replace(source: Any, target: Any, **settings: Any) -> None:
        announcer.say_of("replace", target)
        usual_replace(source, target, **settings)

    def opened(file: Any, mode: str = "r", *args: Any, **settings: Any) -> Any:
        stream = usual_open(file, mode, *args, **settings)
        return stream if mode in ("r", "rb") or not announcer.is_ours(file) else _Halting(stream, announcer)

    os.replace = replace
    builtins.open = io.open = opened
    register_optimizer_step_pre_hook(announcer.step)


def serve() -> None:
    """Until stdin ends. Nothing was computed before a fork, so there are no threads that it could lose."""
    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])  # imports more of torch than one would think
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.update(order["environment"])
            connection = Client(order["address"], family="AF_UNIX")
            announce_everything(Announcer(connection, order["hold_at"], order["folders"]))
            status = main(order["arguments"])
            sys.stdout.flush()
            os._exit(status)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    serve()
