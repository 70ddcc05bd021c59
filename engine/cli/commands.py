"""What each command does; each returns what `--json` prints."""

import argparse
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.cli.bar import Bar
from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.layers import LAYERS
from engine.params import params_of
from engine.spec import Chosen, DataSpec, ProjectSpec
from engine.spec.files import read_project, write_project

Result = dict[str, Any]


def followed(work: Generator, tell: Callable[[Any, Bar], None] | None = None) -> Any:
    """Run a piece of work to its end with a progress bar. Returns: its result."""
    bar = Bar(sys.stderr)
    try:
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            if isinstance(event, Progress):
                bar.show(event.done, event.total, event.text)
            elif tell is not None:
                tell(event, bar)
    finally:
        work.close()
        bar.clear()


def open_project(path: Path) -> ProjectSpec:
    """Read a project and print what could not be understood. Raises: EngineError."""
    project, notes = read_project(path)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    return project


def new(options: argparse.Namespace, control: JobControl) -> Result:
    """Make a project that can be trained as it is."""
    from engine.data.downloads import DOWNLOADS
    from engine.data.sources import SOURCES, source_of
    from engine.project import SUFFIX, new_project

    path: Path = options.project
    if path.suffix != SUFFIX:
        raise EngineError(f"“{path}” does not end in {SUFFIX}.", fix=f"Name it {path.with_suffix(SUFFIX).name}.")
    if path.exists() and not options.force:
        raise EngineError(f"“{path}” is there already.", fix="Choose another name, or add --force to replace it.")
    is_sample = options.data in SOURCES and SOURCES[options.data].is_sample and not Path(options.data).exists()
    place = Path(options.data).absolute()
    if is_sample:
        source = Chosen(options.data)
    elif options.data in DOWNLOADS and not place.exists():
        source = Chosen("download", {"data_set": options.data})
    else:
        source = source_of(place) or Chosen("folder", {"path": str(place)})
    project = new_project(source, size=options.size, template=options.template, seed=options.seed, control=control)
    write_project(project, path)
    classes = ", ".join(project.data.classes)
    print(f"{path}: {project.network.template} for {len(project.data.classes)} classes ({classes})")
    return {"project": str(path), "classes": list(project.data.classes), "template": project.network.template}


def train(options: argparse.Namespace, control: JobControl) -> Result:
    """Train, or go on with a run."""
    from engine.train import runs
    from engine.train.job import continue_run, resume_run, start_run

    project = open_project(options.project)
    if options.continued is not None:
        refuse_given(options, "--continue-run", [name for name in _RECIPE_OPTIONS if name != "epochs"] + ["optimizer"])
        spec = runs.read_run_spec(runs.find_run(options.project, options.continued).folder)
        more = spec.recipe.epochs if options.epochs is None else options.epochs
        work = continue_run(options.project, options.continued, more, control)
    elif options.resume:
        refuse_given(options, "--resume", [*_RECIPE_OPTIONS, "optimizer", "tensorboard"])
        work = resume_run(options.project, runs.last_resumable(options.project).number, control)
    else:
        project = with_options(project, options)
        work = start_run(project, options.project, control, tensorboard=options.tensorboard or None)
    summary = followed(work, tell_training)
    print(
        f"run {summary.run}: best epoch {summary.best_epoch} of {summary.epochs}, "
        f"validation accuracy {summary.validation_accuracy:.1%}, {summary.seconds:.1f} s, "
        f"{summary.images_per_second:.0f} images/s on {summary.device} in {summary.precision}"
    )
    return asdict(summary)


_RECIPE_OPTIONS = {
    "epochs": "epochs",
    "batch_size": "batch_size",
    "lr": "learning_rate",
    "seed": "seed",
    "device": "device",
    "precision": "precision",
}


def refuse_given(options: argparse.Namespace, beside: str, names: Iterable[str]) -> None:
    """Raises: EngineError for the first of these options that was given; it would have no effect."""
    for name in names:
        if getattr(options, name) not in (None, False):
            raise EngineError(
                f"--{name.replace('_', '-')} cannot be used with {beside}.",
                why="What goes on keeps the settings it began with.",
                fix=f"Leave it out, or start anew without {beside}.",
            )


def with_options(project: ProjectSpec, options: argparse.Namespace) -> ProjectSpec:
    """The project with the recipe's settings that were given on the command line."""
    from engine.train.optimizers import OPTIMIZERS

    recipe = project.recipe
    if options.optimizer is not None and options.optimizer != recipe.optimizer.kind:
        usual = OPTIMIZERS[options.optimizer].usual_learning_rate
        recipe = replace(recipe, optimizer=Chosen(options.optimizer), learning_rate=usual)
    given = {field: getattr(options, name) for name, field in _RECIPE_OPTIONS.items()}
    recipe = replace(recipe, **{field: value for field, value in given.items() if value is not None})
    return replace(project, recipe=recipe)


def tell_training(event: Any, bar: Bar) -> None:
    """Print what a training tells."""
    from engine.train.events import BatchDone, EpochDone, RunStarted, Told

    if isinstance(event, Told):
        bar.line(event.text)
    elif isinstance(event, RunStarted):
        bar.line(
            f"run {event.run}: {event.train_images} images for training, {event.validation_images} for validation, "
            f"{event.left_out} left out; {event.device} ({event.device_reason}), {event.precision}"
        )
        bar.epochs, bar.steps = event.epochs, event.steps_per_epoch
    elif isinstance(event, BatchDone):
        text = f"epoch {event.epoch}/{bar.epochs}  loss {event.loss:.3f}  {event.images_per_second:.0f} images/s"
        bar.show(event.total_step, bar.epochs * bar.steps, text)
    elif isinstance(event, EpochDone):
        bar.line(
            f"epoch {event.epoch:3d}  train loss {event.train_loss:.4f}  accuracy {event.train_accuracy:.3f}  "
            f"validation loss {event.validation_loss:.4f}  accuracy {event.validation_accuracy:.3f}"
            f"{'  best' if event.is_best else ''}"
        )


def _load_model(options: argparse.Namespace):
    from engine.train import runs

    open_project(options.project)  # a wrong path gets its own sentence
    info = runs.find_run(options.project, options.number)
    from engine.evaluate.model import load_model

    return load_model(info.folder)


def evaluate(options: argparse.Namespace, control: JobControl) -> Result:
    """Score the best epoch of a run."""
    from engine.evaluate.evaluate import evaluate as evaluated

    model = _load_model(options)
    found = followed(evaluated(model, control, options.split, options.data))
    low, high = found.interval
    print(
        f"{found.images} images: accuracy {found.accuracy:.1%} (95 %: {low:.1%} to {high:.1%}), loss {found.loss:.4f}"
    )
    for entry in found.per_class():
        print(
            f"  {entry.name}: {entry.images} images, "
            f"precision {_percent(entry.precision)}, recall {_percent(entry.recall)}"
        )
    return {
        "run": model.run,
        "images": found.images,
        "accuracy": found.accuracy,
        "interval": list(found.interval),
        "loss": found.loss,
        "per_class": {
            entry.name: {"images": entry.images, "precision": entry.precision, "recall": entry.recall, "f1": entry.f1}
            for entry in found.per_class()
        },
        "confusion": found.confusion.tolist(),
        "classes": list(found.classes),
    }


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def predict(options: argparse.Namespace, control: JobControl) -> Result:
    """Classify files and folders."""
    from engine.evaluate.predict import pictures_in
    from engine.evaluate.predict import predict as predicted
    from engine.evaluate.table import write_csv

    model = _load_model(options)
    paths = pictures_in(options.paths)
    if not paths:
        raise EngineError("There are no images to classify.", why="The folder holds none.", fix="Name image files.")
    bar = Bar(sys.stderr)
    found = []
    for answer in predicted(model, paths, control):
        found.append(answer)
        bar.show(len(found), len(paths), "Classifying")
        if not options.json:
            bar.line(
                f"{answer.source}: {answer.error.what} {answer.error.why}"
                if answer.error
                else f"{answer.source}: {answer.class_name} {answer.probability:.1%}",
                sys.stdout,
            )
    bar.clear()
    if options.csv:
        write_csv(options.csv, found, model.classes)
    return {"run": model.run, "predictions": [_as_json(answer) for answer in found]}


def _as_json(answer: Any) -> Result:
    if answer.error:
        return {"path": str(answer.source), "error": str(answer.error)}
    return {
        "path": str(answer.source),
        "class": answer.class_name,
        "probability": answer.probability,
        "probabilities": dict(zip(answer.classes, answer.probabilities, strict=True)),
    }


def export(options: argparse.Namespace, control: JobControl) -> Result:
    """Write a project or a run in another form."""
    from engine.export import export as exported

    file = exported(open_project(options.project), options.project, options.to, options.out, options.number)
    print(f"{file}: {options.to}")
    return {"path": str(file), "to": options.to, "bytes": file.stat().st_size}


def inspect(options: argparse.Namespace, control: JobControl) -> Result:
    """List what is in a folder and what is wrong with it."""
    from engine.data.inspect import inspect as inspected
    from engine.data.sources import source_of

    source = source_of(options.folder.absolute())
    is_plain = source is None or source.kind == "folder"
    found = followed(inspected(options.folder if is_plain else DataSpec(source=source), control))
    result = found.as_json()
    print(f"{result['images']} images in {len(result['classes'])} classes")
    for name, count in result["classes"].items():
        print(f"  {name}: {count}")
    for entry in result["unreadable"]:
        print(f"  unreadable: {entry['path']}: {entry['error']}")
    for group in result["duplicates"]:
        print(f"  the same image: {', '.join(group)}")
    for warning in result["warnings"]:
        print(f"  ! {warning}")
    return result


def cache(options: argparse.Namespace, control: JobControl) -> Result:
    """Say what the cache holds, after it was limited or cleared where that is asked for."""
    from engine.data.room import cache_limit, cache_use, clear_cache, make_room, set_cache_limit
    from engine.files import cache_folder

    if options.limit is not None:
        set_cache_limit(options.limit)
        make_room()
    cleared = clear_cache(control) if options.clear else None
    use, limit = cache_use(control), cache_limit()
    print(f"{sum(use.values()) / 1e9:.2f} GB in {cache_folder()}, limit {f'{limit:g} GB' if limit else 'automatic'}")
    for part, size in use.items():
        print(f"  {part}: {size / 1e9:.2f} GB")
    if cleared is not None:
        print(f"{cleared.bytes / 1e9:.2f} GB are free again; {cleared.kept} entries are in use or stay")
    return {"bytes": use, "limit_gb": limit} | ({"freed": cleared.bytes, "kept": cleared.kept} if cleared else {})


def templates(options: argparse.Namespace, control: JobControl) -> Result:
    """List the templates."""
    from engine.compile import Facts, infer
    from engine.templates import fitted
    from engine.templates import templates as known

    entries = []
    for template in known():
        facts = Facts((3, 64, 64), 2)
        network = fitted(template.name, facts)
        entries.append(
            {
                "name": template.name,
                "title": template.title,
                "summary": template.summary,
                "parameters": infer(network, facts).parameters,
                "layers": len(network),
                "input": list(facts.shape),
                "task": "classification",
            }
        )
        print(f"{template.name}: {template.summary}")
    return {"templates": entries}


def layers(options: argparse.Namespace, control: JobControl) -> Result:
    """List the layer kinds."""
    entries = []
    for kind in LAYERS:
        settings = [
            {"name": p.name, "default": p.default, "accepts": p.accepts(), "help": p.help} for p in params_of(kind)
        ]
        entries.append({"name": kind.name, "title": kind.title, "family": kind.family, "params": settings})
        print(f"{kind.name} ({kind.family}): {kind.help()}")
    return {"layers": entries}
