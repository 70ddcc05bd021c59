"""The window: rail, top bar, pages, run bar. Wiring only; what is done lives in the studio and on the pages."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import EngineError, OutOfMemory, TrainingDiverged
from engine.params import short_number
from engine.project import SUFFIX
from gui.crash import CrashDialog, report
from gui.document import ChangedOnDisk
from gui.questions import ask_about_changes, ask_about_discarding, ask_about_training
from gui.run_bar import RunBar
from gui.settings_dialog import SettingsDialog
from gui.studio import Studio
from gui.theme import theme
from gui.top_bar import TopBar
from gui.widgets.drop_well import dropped_paths
from gui.widgets.notice import ErrorBar
from gui.widgets.rail import Rail

if TYPE_CHECKING:
    from engine.train.device import Machine  # it imports torch

# name -> (label, icon, module, class); a page is one module and one line
PLACES = {
    "home": ("Home", "home", "gui.pages.home", "HomePage"),
    "data": ("Data", "data", "gui.pages.data", "DataPage"),
    "network": ("Network", "network", "gui.pages.network", "NetworkPage"),
    "train": ("Train", "train", "gui.pages.train", "TrainPage"),
    "predict": ("Predict", "predict", "gui.pages.predict", "PredictPage"),
}


class MainWindow(QMainWindow):
    """Atelier's one window."""

    def __init__(self, studio: Studio):
        super().__init__()
        self.studio = studio
        self.setWindowTitle("Atelier")
        self.setAcceptDrops(True)
        self.setMinimumSize(900, 600)
        self.top_bar = TopBar(studio)
        self.rail = Rail()
        self.run_bar = RunBar(studio)
        self.error_bar = ErrorBar()
        self.error_bar.setObjectName("error")
        self.pages = QStackedWidget()
        self._built: dict[str, QWidget] = {}
        self.place = ""
        self._lay_out()
        self._connect()
        self._restore()
        self.go_to("home")

    def _lay_out(self) -> None:
        for number, (name, (label, icon_name, _, _)) in enumerate(PLACES.items()):
            self.rail.add_place(name, self.tr(label), icon_name)
            QShortcut(QKeySequence(f"Ctrl+{number}"), self, lambda place=name: self.go_to(place))
        slash = QShortcut(QKeySequence("/"), self, self.search_layers)
        slash.activatedAmbiguously.connect(self.search_layers)  # the Network page knows this key as well
        middle = QVBoxLayout()
        middle.setSpacing(0)
        # Hidden together with the bar: its distance to the top bar is there only when it is.
        margin = QWidget()
        around = QVBoxLayout(margin)
        around.setContentsMargins(12, 12, 12, 0)
        around.addWidget(self.error_bar)
        margin.setVisible(False)
        self.error_bar.toggled.connect(margin.setVisible)
        middle.addWidget(margin)
        middle.addWidget(self.pages, 1)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.rail)
        body.addLayout(middle, 1)
        outer = QVBoxLayout()
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.top_bar)
        outer.addLayout(body, 1)
        outer.addWidget(self.run_bar)
        central = QWidget()
        central.setLayout(outer)
        self.setCentralWidget(central)

    def _connect(self) -> None:
        studio = self.studio
        studio.may_replace = self.may_leave_project
        studio.training.may_discard = lambda: ask_about_discarding(self, studio.training.ended)
        studio.place_wanted.connect(self.go_to)
        studio.failed.connect(self.show_error)
        studio.told.connect(self._on_told)
        studio.document.replaced.connect(self.error_bar.clear)
        studio.document.state_changed.connect(self._on_document_state)
        self.rail.chosen.connect(self.go_to)
        self.top_bar.place_wanted.connect(self.go_to)
        self.top_bar.open_wanted.connect(self.choose_project)
        self.top_bar.save_as_wanted.connect(self.save_as)
        self.top_bar.mode_wanted.connect(self.set_mode)
        self.top_bar.settings_wanted.connect(self.show_settings)

    # ---- places

    def go_to(self, place: str) -> None:
        """Show a page; built when it is first wanted, so that the window is up at once."""
        page = self.page(place)
        self.place = place
        self.pages.setCurrentWidget(page)
        self.rail.set_current(place)
        page.setFocus()

    def page(self, place: str) -> QWidget:
        """The page of a place."""
        if place not in self._built:
            _, _, module, name = PLACES[place]
            page = getattr(import_module(module), name)(self.studio)
            self._built[place] = page
            self.pages.addWidget(page)
        return self._built[place]

    def show_machine(self, machine: "Machine") -> None:
        """Say what training runs on."""
        self.top_bar.set_device(machine.words)
        self.studio.set_machine(machine)

    def build_pages(self) -> None:
        """Build the pages that were not looked at yet, one at a time while nothing else happens."""
        missing = self.missing_pages()
        if missing:
            self.page(missing[0])
            QTimer.singleShot(0, self.build_pages)

    def missing_pages(self) -> list[str]:
        """Return the places whose pages are not built yet."""
        return [place for place in PLACES if place not in self._built]

    def search_layers(self) -> None:
        """Go where a layer can be added by name."""
        if self.studio.document.is_open:
            self.go_to("network")
            self.page("network").palette_panel.start_search()

    # ---- messages

    def show_error(self, error: BaseException) -> None:
        """An `EngineError` goes to the bar above the page, with buttons that help; anything else is our mistake."""
        if isinstance(error, EngineError):
            self.error_bar.show_error(error.what, error.why, error.fix, self._helpful_actions(error))
        else:
            import traceback

            self.show_crash(report("".join(traceback.format_exception(error))))

    def show_crash(self, text: str) -> None:
        """Offer the report of an unexpected exception; the window stays usable."""
        # One dialog at a time: what goes wrong in a timer or while painting does so again and again.
        shown = next((dialog for dialog in self.findChildren(CrashDialog) if dialog.isVisible()), None)
        if shown is None:
            CrashDialog(text, self).show()
        else:
            shown.add(text)

    def _helpful_actions(self, error: EngineError) -> list[tuple[str, Callable[[], None]]]:
        recipe = self.studio.document.recipe
        if isinstance(error, ChangedOnDisk):
            overwrite = (self.tr("Overwrite"), lambda: self.studio.save(overwrite=True))
            return [(self.tr("Save as…"), self.save_as), overwrite]
        if isinstance(error, OutOfMemory) and error.fitting_batch:
            smaller = replace(recipe, batch_size=error.fitting_batch)
            text = self.tr("Train with batches of {0}").format(error.fitting_batch)
            return [(text, lambda: self._train_with(self.tr("Set batch size"), smaller))]
        if isinstance(error, TrainingDiverged):
            slower = replace(recipe, learning_rate=recipe.learning_rate / 10)
            text = self.tr("Train with learning rate {0}").format(short_number(slower.learning_rate))
            return [(text, lambda: self._train_with(self.tr("Set learning rate"), slower))]
        return []

    def _train_with(self, text: str, recipe: object) -> None:
        self.studio.document.edit(text, recipe=recipe)
        self.studio.training.start()

    def _on_told(self, sentence: str) -> None:
        self.error_bar.show_message("info", sentence)

    def _on_document_state(self) -> None:
        document = self.studio.document
        self.setWindowTitle(f"{document.name}[*] – Atelier" if document.is_open else "Atelier")
        self.setWindowModified(document.is_modified)

    # ---- files

    def choose_project(self) -> None:
        """Ask for a project file and open it."""
        chosen, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open project"), self._start_folder(), self.tr("Atelier projects (*{0})").format(SUFFIX)
        )
        if chosen:
            self.studio.open_project(Path(chosen))

    def save_as(self) -> None:
        """Ask for a place and save the project there; its runs stay where they are."""
        if not self.studio.document.is_open:
            return
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Save project as"),
            str(self.studio.document.path),
            self.tr("Atelier projects (*{0})").format(SUFFIX),
        )
        if chosen:
            path = Path(chosen)
            self.studio.save(path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX))

    def _start_folder(self) -> str:
        path = self.studio.document.path
        return str(path.parent.parent if path else Path.home())

    def may_leave_project(self) -> bool:
        """Ask about a running training and unsaved changes, where there are any. Returns: whether to go on."""
        studio = self.studio
        if studio.training.is_active and not ask_about_training(self, studio.training.ended):
            return False
        if studio.document.is_modified:
            answer = ask_about_changes(self, studio.document.name)
            if answer == "cancel" or (answer == "save" and not studio.save()):
                return False
            if answer == "discard":
                studio.document.discard_autosave()
        studio.training.close()  # only now that no answer to any question keeps the project open
        return True

    # ---- drops anywhere in the window

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = dropped_paths(event.mimeData())
        event.acceptProposedAction()
        # Later: a question asked from within the drop would freeze the program that the files come from.
        QTimer.singleShot(0, lambda: self.studio.handle_drop(paths, self.place))

    # ---- what is remembered

    def show_settings(self) -> None:
        """Open the settings, or bring them to the front."""
        dialog = next((found for found in self.findChildren(SettingsDialog) if found.isVisible()), None)
        if dialog is None:
            dialog = SettingsDialog(self.studio, self)
            dialog.mode_wanted.connect(self.set_mode)
            dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def set_mode(self, mode: str) -> None:
        """Choose the look and remember it."""
        theme().set_mode(mode)
        self.studio.settings.setValue("window/mode", mode)

    def _restore(self) -> None:
        geometry = self.studio.settings.value("window/geometry")
        if not isinstance(geometry, QByteArray) or not self.restoreGeometry(geometry):
            room = self.screen().availableSize()
            frame = 40  # px of title bar and borders that the window manager adds
            self.resize(min(1440, room.width()), min(900, room.height() - frame))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_leave_project():
            event.ignore()
            return
        self.studio.settings.setValue("window/geometry", self.saveGeometry())
        self.studio.close()
        event.accept()
