"""A studio without machinery behind it: pages are shown its state, and what they ask of it is written down."""

from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

from engine.data.health import Finding, Known, examined
from engine.evaluate.predict import Prediction
from engine.spec import Chosen
from gui.document import ProjectDocument
from gui.studio import Sample
from gui.studio.pins import PinBoard
from gui.studio.recents import Recent


class FakeRecents(QObject):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.list: list[Recent] = []

    def entries(self) -> list[Recent]:
        return list(self.list)

    def remove(self, path: Path) -> None:
        self.list = [recent for recent in self.list if recent.path != path]
        self.changed.emit()


class FakeData(QObject):
    changed = Signal()
    index_changed = Signal()
    pictures_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.state = "empty"
        self.index = self.pictures = self.progress = self.problem = None
        self.calls: list[str] = []

    def rescan(self) -> None:
        self.calls.append("rescan")

    def cancel(self) -> None:
        self.calls.append("cancel")

    def become(self, state: str, index=None, pictures=None, progress=None, problem=None) -> None:
        """Take a state and tell it as the real session does."""
        self.state, self.index, self.pictures = state, index, pictures
        self.progress, self.problem = progress, problem
        self.index_changed.emit()
        self.pictures_changed.emit()
        self.changed.emit()


class FakeHealth(QObject):
    """What is known without opening a file."""

    changed = Signal()
    progressed = Signal()

    def __init__(self, document: ProjectDocument, data: FakeData) -> None:
        super().__init__()
        self._document, self._data = document, data
        self.known: Known | None = None
        self.findings: list[Finding] = []
        self.progress, self.was_stopped = None, False
        self.calls: list[str] = []
        data.pictures_changed.connect(self.follow)

    def follow(self) -> None:
        index, pictures = self._data.index, self._data.pictures
        failures = pictures.failures if pictures is not None else None
        self.known = Known(index, self._document.spec, failures) if index is not None else None
        self.findings = examined(self.known) if self.known is not None else []
        self.changed.emit()

    def cancel(self) -> None:
        self.calls.append("cancel")

    def examine_again(self) -> None:
        self.calls.append("examine_again")


class FakePrediction(QObject):
    model_changed = Signal()
    results_changed = Signal()
    progress_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.model_text, self.has_model = "", False
        self.results: list[Prediction] = []
        self.progress = None
        self.asked: list[tuple[list, list[str] | None]] = []
        self.cancelled = 0

    def predict(self, sources: list, names: list[str] | None = None) -> None:
        self.asked.append((sources, names))

    def clear(self) -> None:
        self.results = []
        self.results_changed.emit()

    def cancel(self) -> None:
        self.cancelled += 1

    def train(self) -> None:
        """Have a model from now on."""
        self.has_model, self.model_text = True, "run 3, best epoch 11"
        self.model_changed.emit()

    def add(self, *results: Prediction) -> None:
        """The newest result is the last argument."""
        self.results = [*reversed(results), *self.results]
        self.results_changed.emit()


class FakeStudio(QObject):
    failed = Signal(object)
    told = Signal(str)
    place_wanted = Signal(str)
    import_wanted = Signal(object)

    closing = Signal()

    def __init__(self, settings: Path) -> None:
        super().__init__()
        self.document = ProjectDocument(self)
        self.pins = PinBoard(self.document, self)
        self.data, self.prediction, self.recents = FakeData(), FakePrediction(), FakeRecents()
        self.health = FakeHealth(self.document, self.data)
        self.settings = QSettings(str(settings), QSettings.Format.IniFormat)
        self.calls: list[tuple] = []

    def samples(self) -> list[Sample]:
        return [
            Sample("drawn", "Muffin or chihuahua", "600 drawn images, two classes. Trains in a minute."),
            Sample("digits", "Handwritten digits", "1 797 real digits, ten classes. The classic."),
        ]

    def start_from_folder(self, folder: Path) -> None:
        self.calls.append(("start_from_folder", folder))

    def start_from_sample(self, name: str) -> None:
        self.calls.append(("start_from_sample", name))

    def open_project(self, path: Path) -> None:
        self.calls.append(("open_project", path))

    def choose_data(self, folder: Path) -> None:
        self.calls.append(("choose_data", folder))

    def take_source(self, source: Chosen, name: str = "") -> None:
        self.calls.append(("take_source", source, name))

    def handle_drop(self, paths: list[Path], place: str = "") -> None:
        self.calls.append(("handle_drop", paths, place))
