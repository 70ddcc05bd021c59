"""The command line: results on stdout, progress on stderr, one JSON object as the last line with `--json`.

Exit status: 0 done, 2 the user's input is wrong (one sentence), 1 our bug, 130 interrupted. Scripts rely on all of it.
"""

import argparse
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.allocator import keep_freed_memory
from engine.cli import commands, experiments
from engine.errors import EngineError
from engine.export import TARGETS
from engine.jobs import Cancelled, JobControl
from engine.train.experiments.plans import METHODS


def main(argv: list[str]) -> int:
    """Run one command. Returns: the exit status."""
    options = _parser().parse_args(argv)
    keep_freed_memory()
    for stream in (sys.stdout, sys.stderr):
        # File names may hold what no terminal or no encoding can show; that must not end the work.
        stream.reconfigure(errors="backslashreplace")
    control = JobControl()
    try:
        with _stopped_by_interrupt(control):
            result = options.run(options, control)
        if options.json:
            print(json.dumps(result))  # ASCII, with everything else escaped: the same in every encoding
        sys.stdout.flush()
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (Cancelled, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the results has enough, as `head` has. Nothing is left for the interpreter to write at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception:
        traceback.print_exc()
        print("error: this is a mistake in Atelier, not yours; please report the lines above.", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _stopped_by_interrupt(control: JobControl) -> Iterator[None]:
    """The first Ctrl+C asks the work to end in order and keep what it has; the second ends it at once."""

    def on_interrupt(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        control.stop(keep=True)

    if threading.current_thread() is not threading.main_thread():  # whoever runs us there deals with interrupts
        yield
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Atelier without a window.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable, help: str) -> argparse.ArgumentParser:
        made = subparsers.add_parser(name, help=help, description=help)
        made.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        made.set_defaults(run=run)
        return made

    new = command("new", commands.new, "Make a project from a folder with one sub-folder per class.")
    new.add_argument("project", type=Path, help="the document to write, ending in .atelier")
    new.add_argument(
        "--data",
        required=True,
        help="a folder, a zip, tar or CSV file, idx or CIFAR files; or the name of a sample (drawn, digits) or of a "
        "data set to fetch (mnist, cifar10, ...)",
    )
    new.add_argument("--template", default="small-vgg", help="a name from the command templates")
    new.add_argument("--size", type=int, help="height and width of the images in pixels")
    new.add_argument("--seed", type=int, default=0, help="of the division into splits and of the training")
    new.add_argument("--force", action="store_true", help="replace a project that is there already")

    train = command("train", commands.train, "Train a project's network.")
    train.add_argument("project", type=Path)
    train.add_argument("--epochs", type=int)
    train.add_argument("--batch-size", type=int)
    train.add_argument("--lr", type=float)
    train.add_argument("--optimizer")
    train.add_argument("--seed", type=int)
    train.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"])
    train.add_argument("--precision", choices=["auto", "float32", "bfloat16", "float16"])
    train.add_argument("--resume", action="store_true", help="go on with the last run that did not come to its end")
    more = "go on from the end of this run, as a new one, for --epochs more (by default as many as it was planned for)"
    train.add_argument("--continue-run", type=int, dest="continued", metavar="RUN", help=more)
    events = "write TensorBoard event files into the folder of the run"
    train.add_argument("--tensorboard", action="store_true", help=events)

    experiment = command("experiment", experiments.experiment, "Train several times with one question; can be resumed.")
    experiment.add_argument("project", type=Path)
    asked = experiment.add_mutually_exclusive_group(required=True)
    asked.add_argument("--folds", type=int, help="cross-validation with so many folds")
    asked.add_argument("--seeds", type=int, help="the same training with so many seeds")
    search = "a setting and what to try of it, may be repeated: learning_rate=1e-4..1e-1, optimizer=adamw,sgd"
    asked.add_argument("--search", action="append", metavar="SETTING=VALUES", help=search)
    asked.add_argument("--resume", action="store_true", help="go on with the last experiment that is not done")
    experiment.add_argument("--method", choices=list(METHODS), help="of a search; by default grid")
    experiment.add_argument("--trials", type=int, help="combinations that random and halving try; by default 9")
    experiment.add_argument("--epochs", type=int, help="of each training")
    experiment.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"])
    experiment.add_argument("--tensorboard", action="store_true", help=events)
    experiment.set_defaults(batch_size=None, lr=None, optimizer=None, seed=None, precision=None)

    compare = command("compare", experiments.compare, "Say which of two runs is better, and how sure that is.")
    compare.add_argument("project", type=Path)
    compare.add_argument("first", type=int, help="number of a run")
    compare.add_argument("second", type=int, help="number of another")

    evaluate = command("evaluate", commands.evaluate, "Measure a trained network on images whose classes are known.")
    evaluate.add_argument("project", type=Path)
    evaluate.add_argument("--run", type=int, dest="number")
    evaluate.add_argument("--split", choices=["test", "validation", "train"], default="test")
    evaluate.add_argument("--data", type=Path, help="another folder with one sub-folder per class")

    predict = command("predict", commands.predict, "Classify images.")
    predict.add_argument("project", type=Path)
    predict.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="images or folders")
    predict.add_argument("--run", type=int, dest="number")
    predict.add_argument("--csv", type=Path, help="write the answers as a table")

    export = command("export", commands.export, "Take a network elsewhere.")
    export.add_argument("project", type=Path)
    forms = "; ".join(f"{target.name}: {target.help}" for target in TARGETS.values())
    export.add_argument("--to", choices=list(TARGETS), required=True, help=forms)
    export.add_argument("out", type=Path, help="the file to write, or a folder for it")
    export.add_argument("--run", type=int, dest="number", help="one that was trained, in place of what is drawn now")

    inspect = command("inspect", commands.inspect, "Tell what is in a data folder, and what is wrong with it.")
    inspect.add_argument("folder", type=Path, help="a folder, or a file that holds images (zip, tar, idx)")

    cache = command("cache", commands.cache, "Tell what the cache holds, limit it, clear it.")
    cache.add_argument("--limit", type=float, metavar="GB", help="keep to that size; 0: by the size of the disk")
    cache.add_argument("--clear", action="store_true", help="remove what can be made again and is not in use")

    command("templates", commands.templates, "List the networks to start from.")
    command("layers", commands.layers, "List the layer kinds and their settings.")
    return parser
