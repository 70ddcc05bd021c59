"""The one object that pages receive."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, Signal

from engine.data.choose import make
from engine.data.index import TRAIN
from engine.data.pictures import looks_like_picture
from engine.data.sources import SOURCES, source_of
from engine.errors import EngineError
from engine.project import SUFFIX, free_project_path, starting_spec
from engine.spec import Chosen, DataEdits
from engine.spec.files import read_project
from engine.templates import fitted, template
from engine.train.defaults import is_untouched, with_defaults
from engine.train.layer_health import LayersSeen
from engine.train.runs import runs_folder
from gui.document import ProjectDocument
from gui.studio.data_session import DataSession
from gui.studio.experiment_session import ExperimentSession
from gui.studio.health_session import HealthSession
from gui.studio.pins import PinBoard
from gui.studio.predict_session import PredictSession
from gui.studio.recents import Recents
from gui.studio.train_session import TrainSession

if TYPE_CHECKING:
    from engine.train.device import Machine  # it imports torch


NETWORKS = (".onnx", ".json")
"""Suffixes of files that hold a network alone."""


@dataclass(frozen=True)
class Sample:
    """A data set that comes with Atelier."""

    name: str
    title: str
    summary: str


PREVIEWED = ("table", "named")
"""Sources that guess what is the class of an image: the user looks at the guess first."""


class Studio(QObject):
    """The open project and everything that is done with it.

    Signals:
        failed(Exception): show it in the error bar.
        told(str): a sentence for the user, no error.
        place_wanted(str): show another page.
        machine_changed(): it is known what training runs on.
        closing(): everything that runs is to stop now.
        import_wanted(Path): images that need a look at what is what before they are a data set.
        network_dropped(Path): a file with a network is to be opened in this project.
        replay_changed(): another epoch is looked back at, or none any more.

    Attributes:
        replayed: (run, epoch) that is looked back at; None: the present is shown.
    """

    failed = Signal(object)
    told = Signal(str)
    place_wanted = Signal(str)
    machine_changed = Signal()
    closing = Signal()
    import_wanted = Signal(object)
    network_dropped = Signal(object)
    replay_changed = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.settings = QSettings()
        self.machine: Machine | None = None
        self.replayed: tuple[int, int] | None = None
        self.document = ProjectDocument(self)
        self.data = DataSession(self.document, self)
        self.training = TrainSession(self.document, self.data, self)
        self.experiments = ExperimentSession(self.document, self.training, self)
        self.prediction = PredictSession(self.document, self.training, self)
        self.health = HealthSession(self.document, self.data, self.training, self)
        self.recents = Recents(self)
        self.pins = PinBoard(self.document, self)
        self.pins.failed.connect(self.failed)
        self.may_replace: Callable[[], bool] = lambda: True
        """Asked before another project takes the place of the open one; the window sets it to a question."""
        self.data.index_changed.connect(self._settle_recipe)
        self.training.failed.connect(self._on_job_failed)
        self.training.told.connect(self.told)
        self.prediction.failed.connect(self._on_job_failed)
        self.experiments.failed.connect(self.failed)
        self.document.save_failed.connect(self.failed)
        # Not with every epoch: whoever shows the list reads all those projects from disk.
        self.training.started.connect(self.recents.changed)
        self.training.ended.connect(self.recents.changed)

    def set_machine(self, machine: "Machine") -> None:
        """Know what training runs on, once torch is there to say it."""
        self.machine = machine
        self.machine_changed.emit()

    def seen_layers(self, run: int | None) -> LayersSeen | None:
        """The last look at the layers of a run, or that of its epoch that is looked back at; None without one."""
        is_replayed = self.replayed is not None and self.replayed[0] == run
        return self.training.look_at_layers(run, self.replayed[1] if is_replayed else None)

    def replay(self, run: int | None, epoch: int | None) -> None:
        """Look back at an epoch of a run; None as `epoch` comes back to the present."""
        replayed = (run, epoch) if run is not None and epoch is not None else None
        if replayed != self.replayed:
            self.replayed = replayed
            self.replay_changed.emit()

    def close(self) -> None:
        """Stop everything that runs, in order, and wait for it."""
        self.closing.emit()
        for session in (self.health, self.prediction, self.data, self.training):
            session.close()
        self.document.close()

    # ---- projects

    def samples(self) -> list[Sample]:
        """The data sets that come with Atelier."""
        return [Sample(kind.name, kind.title, kind.summary) for kind in SOURCES if kind.is_sample]

    def start_from_sample(self, name: str) -> None:
        """Make a new project on a sample and show its images."""
        kind = SOURCES[name]
        self._start(Chosen(name), kind.title.split(" (")[0])

    def start_from_folder(self, folder: Path) -> None:
        """Make a new project on a folder of images, or on a file that holds some, and show them."""
        source = _source(folder)
        if source.kind in PREVIEWED:
            self._look_into(folder)
        else:
            self._start(source, folder.name if folder.is_dir() else folder.name.split(".")[0])

    def _start(self, source: Chosen, name: str) -> None:
        if not self.may_replace():
            return
        try:
            path = free_project_path(name)
            self.document.create(starting_spec(source), path)
        except EngineError as error:
            self._stay(error)
            return
        self.recents.add(self.document.path)
        self.place_wanted.emit("data")

    def open_project(self, path: Path) -> None:
        """Open a project file in place of the present one, and show where it was left."""
        try:
            read_project(path)  # before anything is asked or stopped for its sake
        except EngineError as error:
            self.failed.emit(error)
            return
        if not self.may_replace():
            return
        try:
            notes = self.document.open(path)
        except EngineError as error:
            self._stay(error)
            return
        self.recents.add(self.document.path)
        if notes:
            self.told.emit("\n".join(notes))
        self.place_wanted.emit("train" if self.training.runs else "data")

    def _stay(self, error: EngineError) -> None:
        """Another project was wanted and could not be had: the present one stays, unsaved changes included."""
        self.document.autosave()
        self.failed.emit(error)

    def save(self, path: Path | None = None, *, overwrite: bool = False) -> bool:
        """Save the project, elsewhere when `path` is given. Returns: whether that worked."""
        former = self.document.path
        try:
            self.document.save(path, overwrite=overwrite)
        except EngineError as error:
            self.failed.emit(error)
            return False
        self.recents.add(self.document.path)
        if self.document.path.parent != former.parent and runs_folder(former).exists():
            sentence = self.tr("Saved as “{0}”. The runs stay with “{1}”: copy its folder “runs” to take them along.")
            self.told.emit(sentence.format(self.document.path, former.name))
        return True

    # ---- edits that more than one page offers

    def choose_data(self, folder: Path) -> None:
        """Let the open project learn from another folder, or from a file that holds images; the network stays, its
        output follows the classes."""
        source = _source(folder)
        if source.kind in PREVIEWED:
            self._look_into(folder)
        else:
            self._learn_from(source, folder.name)

    def take_source(self, source: Chosen, name: str = "") -> None:
        """Let the open project learn from something else; without one, begin one."""
        name = name or self._name_of(source)
        if self.document.is_open:
            self._learn_from(source, name)
            self.place_wanted.emit("data")
        else:
            self._start(source, name)

    def _look_into(self, path: Path) -> None:
        self.place_wanted.emit("data")  # where there is somebody to show it
        self.import_wanted.emit(path)

    def _learn_from(self, source: Chosen, name: str) -> None:
        data, before = self.document.data, self._source_name()
        self.document.edit(self.tr("Choose images"), data=replace(data, source=source, classes=(), edits=DataEdits()))
        if before:
            sentence = self.tr("The project now learns from “{0}”; before, from “{1}”. Undo takes it back.")
            self.told.emit(sentence.format(name, before))

    def _source_name(self) -> str:
        source = self.document.data.source
        return "" if source is None else self._name_of(source)

    @staticmethod
    def _name_of(source: Chosen) -> str:
        path = source.params.get("path")
        return Path(path).name if isinstance(path, str) and path else make(SOURCES, source).title.split(" (")[0]

    def use_template(self, name: str) -> None:
        """Replace the network by a template, fitted to the data."""
        spec, images = self.document.spec, self._training_images()
        after = replace(spec, network=fitted(name, self.document.facts))
        # A recipe that is still what suited the network before follows to what suits this one.
        if images and (is_untouched(spec) or with_defaults(spec, images) == spec):
            after = with_defaults(after, images)
        text = self.tr("Use {0}").format(template(name).title)
        self.document.edit(text, data=after.data, network=after.network, recipe=after.recipe)

    def _training_images(self) -> int:
        """How many there are; 0 while that is not known."""
        index = self.data.index
        return 0 if index is None else len(index.where(TRAIN))

    def _settle_recipe(self) -> None:
        """Choose batch size, learning rate and the like for a new project once its images are known."""
        document, images = self.document, self._training_images()
        if images and not document.undo_stack.count() and not self.training.runs and is_untouched(document.spec):
            document.settle(with_defaults(document.spec, images))

    # ---- drops

    def handle_drop(self, paths: list[Path], place: str = "") -> None:
        """Do what a drop anywhere in the window most likely means.

        Args:
            place: the page it fell on.
        """
        projects = [path for path in paths if path.suffix == SUFFIX]
        folders = [path for path in paths if path.is_dir()]
        data = [path for path in paths if _holds_data(path)]
        networks = [path for path in paths if path.suffix.lower() in NETWORKS]
        if projects:
            self.open_project(projects[0])
        elif networks and self.document.is_open:
            self.place_wanted.emit("network")  # where there is somebody to read it
            self.network_dropped.emit(networks[0])
        elif place == "predict" and self.prediction.has_model:
            self.prediction.predict(list(paths))
        elif data:
            if self.document.is_open and place != "home":
                self.choose_data(data[0])
                self.place_wanted.emit("data")
            else:
                self.start_from_folder(data[0])
        elif not self.document.is_open and folders:
            self.start_from_folder(folders[0])  # the data page will say what is missing in it
        elif self.prediction.has_model and any(_may_be_predicted(path) for path in paths):
            self.place_wanted.emit("predict")
            self.prediction.predict(list(paths))
        else:
            self.failed.emit(self._nothing_to_do(paths))

    def _nothing_to_do(self, paths: list[Path]) -> EngineError:
        if any(_may_be_predicted(path) for path in paths):
            is_open = self.document.is_open
            return EngineError(
                self.tr("These images cannot be classified yet."),
                why=self.tr("Nothing has been trained in this project.") if is_open else self.tr("No project is open."),
                fix=self.tr("Train first; or drop a folder with one sub-folder per class to learn from it."),
            )
        return EngineError(
            self.tr("“{0}” cannot be opened here.").format(paths[0].name),
            why=self.tr("It is neither an image, a folder, an archive nor an Atelier project."),
            fix=self.tr("Drop a folder or a zip file of images, image files, or a file that ends in .atelier."),
        )

    def _on_job_failed(self, outcome: object) -> None:
        self.failed.emit(outcome.error)


def _source(path: Path) -> Chosen:
    """What reads the folder or file; a folder even where it is not there, for the scan to say."""
    return source_of(path) or Chosen("folder", {"path": str(path)})


def _holds_data(path: Path) -> bool:
    """Whether a drop of `path` most likely means images to learn from."""
    if path.is_dir() and _holds_class_folders(path):
        return True
    source = source_of(path)
    return source is not None and source.kind != "folder"


def _may_be_predicted(path: Path) -> bool:
    return path.is_dir() or looks_like_picture(path.name)


def _holds_class_folders(folder: Path) -> bool:
    try:
        return sum(1 for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")) > 1
    except OSError:
        return False
