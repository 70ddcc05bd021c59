"""Predict."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QHideEvent, QImage, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QListView, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from engine.data.pictures import picture_suffixes
from engine.errors import EngineError
from engine.evaluate.table import write_csv
from gui.pages.predict.card_delegate import GAP, MOST_BARS, ResultDelegate
from gui.pages.predict.detail import DetailPanel
from gui.pages.predict.results_model import PREDICTION, ResultsModel
from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.choosing import choose_files, choose_folder, choose_new_file
from gui.theme import theme
from gui.widgets.bars import number
from gui.widgets.busy import BusyRow
from gui.widgets.drop_well import DropWell, dropped_image, dropped_paths
from gui.widgets.elided import ElidedLabel
from gui.widgets.empty import EmptyState

CARD_WIDTH = 330  # px, narrowest card at 100 % text size


class ResultsView(QListView):
    """The cards, as many side by side as fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.delegate = ResultDelegate(self)
        self.setItemDelegate(self.delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme().changed.connect(self.fit)

    def fit(self) -> None:
        """Divide the width among the cards."""
        # Room for the scroll bar is always kept: with it coming and going the columns would jump.
        width = self.width() - self.verticalScrollBar().sizeHint().width() - 6
        columns = max(1, width // theme().px(CARD_WIDTH))
        size = self.gridSize()
        size.setWidth(max(1, width // columns))
        size.setHeight(self.delegate.card_height())
        self.delegate.cell_width = size.width()
        self.setGridSize(size)
        self.verticalScrollBar().setSingleStep(size.height() // 3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()


class PredictPage(QWidget):
    """Drop, paste or open pictures; a card for each says what the trained network takes it for."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._session = studio, studio.prediction
        self._pasted = 0
        self._note = ""  # what came of the last action
        self.setObjectName("predict")
        self.setAccessibleName(self.tr("Predict"))
        self._make_parts()
        self._encoder = LatestAnswer(self)
        self._encoder.answered.connect(self._predict_pasted)
        self._writer = LatestAnswer(self)
        self._writer.answered.connect(self._on_written)
        self._writer.failed.connect(studio.failed)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._make_work())
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        shortcut.activated.connect(self.paste)
        self._session.model_changed.connect(self._show_model)
        self._session.results_changed.connect(self._show_results)
        self._session.progress_changed.connect(self._show_progress)
        self._show_model()
        self._show_results()
        self._show_progress()

    # ---- parts

    def _make_parts(self) -> None:
        self.empty = EmptyState(
            "predict",
            self.tr("Nothing has been trained yet"),
            self.tr("Train a network first. Then drop any image here to see what it takes it for."),
        )
        self.empty.add_button(self.tr("Go to Train"), primary=True).clicked.connect(self._go_to_train)
        self.well = self._make_well()
        self.busy = BusyRow()
        self.busy.cancelled.connect(self._session.cancel)
        self.model = ResultsModel(self)
        self.view = ResultsView()
        self.view.setObjectName("predict.results")
        self.view.setAccessibleName(self.tr("Results"))
        self.view.setModel(self.model)
        self.view.selectionModel().currentChanged.connect(self._show_selected)
        self.detail = DetailPanel()
        self.status = ElidedLabel()
        self.status.setProperty("dim", True)
        self.status.setObjectName("predict.status")
        self.csv_button = QPushButton(self.tr("Save as CSV…"))
        self.csv_button.setObjectName("predict.csv")
        self.csv_button.clicked.connect(self._save_csv)
        self.clear_button = QPushButton(self.tr("Clear"))
        self.clear_button.setObjectName("predict.clear")
        self.clear_button.setAccessibleName(self.tr("Clear the results"))
        self.clear_button.clicked.connect(self._session.clear)

    def _make_well(self) -> DropWell:
        subtitle = self.tr("or paste (Ctrl+V), open files, or take a whole folder")
        well = DropWell(self.tr("Drop images here"), subtitle, images=True, prominent=True)
        well.setObjectName("predict.drop")
        well.dropped.connect(self._predict_paths)
        well.image_dropped.connect(self._predict_image)
        buttons = (
            ("predict.open", self.tr("Open…"), self._open),
            ("predict.folder", self.tr("Folder…"), self._open_folder),
            ("predict.paste", self.tr("Paste"), self.paste),
        )
        for name, text, slot in buttons:
            button = well.add_button(text)
            button.setObjectName(name)
            button.clicked.connect(slot)
        return well

    def _make_work(self) -> QWidget:
        work = QWidget()
        gap = theme().tokens.space_large
        foot = QHBoxLayout()
        foot.setContentsMargins(GAP, 0, GAP, 0)
        foot.addWidget(self.status, 1)
        foot.addWidget(self.csv_button)
        foot.addWidget(self.clear_button)
        left = QVBoxLayout()
        left.setSpacing(theme().tokens.space)
        # Without results the well takes all the room there is: a larger aim.
        left.addWidget(self.well, 1)
        left.addWidget(self.busy)
        left.addWidget(self.view, 1000)
        left.addLayout(foot)
        row = QHBoxLayout(work)
        row.setContentsMargins(gap, gap, gap, gap)
        row.setSpacing(gap)
        row.addLayout(left, 1)
        row.addWidget(self.detail)
        return work

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.detail.setFixedWidth(min(theme().px(316), max(200, self.width() * 3 // 10)))

    # ---- what the session says

    def _show_model(self) -> None:
        # Results of a network that is gone (another project) stay readable until cleared.
        self._stack.setCurrentIndex(1 if self._session.has_model or self._session.results else 0)
        self.well.setEnabled(self._session.has_model)
        self._show_status()

    def _show_results(self) -> None:
        results = self._session.results
        bars = min(MOST_BARS, max((len(result.classes) for result in results[:200]), default=2))
        if bars != self.view.delegate.bars:
            self.view.delegate.bars = bars
            self.view.fit()
        following = self.view.currentIndex().row() <= 0
        self._note = ""
        self.model.set_results(results)
        if not results:
            self.detail.show_prediction(None)
        elif following:
            self.view.setCurrentIndex(self.model.index(0))
            self.view.scrollToTop()
        self.view.setVisible(bool(results))
        self.csv_button.setEnabled(bool(results))
        self.clear_button.setEnabled(bool(results))
        self._show_model()

    def _show_status(self) -> None:
        unreadable = sum(result.error is not None for result in self._session.results)
        count = len(self._session.results) - unreadable
        all_of_them = self.tr("1 image") if count == 1 else self.tr("{count} images").format(count=number(count))
        parts = [self._note] if self._note else []
        if count:
            parts.append(all_of_them)
        if unreadable:
            parts.append(self.tr("{count} cannot be read").format(count=number(unreadable)))
        if self._session.model_text:
            parts.append(self.tr("model: {model}").format(model=self._session.model_text))
        self.status.setText(" · ".join(parts))

    def _say(self, note: str) -> None:
        """Say what came of an action, until the next one or until the user leaves the page; empty: nothing."""
        self._note = note
        self._show_status()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._say("")

    def _show_progress(self) -> None:
        progress = self._session.progress
        if progress is None:
            self.busy.finish()
            return
        if self.busy.isHidden():
            self.busy.start(progress.text)
        self.busy.set_progress(progress.done, progress.total, progress.text)

    def _show_selected(self) -> None:
        index = self.view.currentIndex()
        self.detail.show_prediction(index.data(PREDICTION) if index.isValid() else None)

    # ---- what the user does

    def paste(self) -> None:
        """Predict what the clipboard holds: picture files or a picture."""
        self._say("")
        data = QGuiApplication.clipboard().mimeData()
        paths, image = dropped_paths(data), dropped_image(data)
        if not self._session.has_model:
            self._studio.told.emit(self.tr("Nothing has been trained yet: there is no network to ask."))
        elif paths:
            self._predict_paths(paths)
        elif image is not None:
            self._predict_image(image)
        else:
            self._say(self.tr("The clipboard holds no image."))

    def _predict_paths(self, paths: list[Path]) -> None:
        self._follow_newest()
        self._session.predict(paths)

    def _predict_image(self, image: QImage) -> None:
        # Packing a screenshot as PNG takes longer than a frame may.
        self._encoder.ask(lambda: _png(image))

    def _predict_pasted(self, picture: bytes) -> None:
        self._pasted += 1
        self._follow_newest()
        self._session.predict([picture], [self.tr("pasted image {number}").format(number=self._pasted)])

    def _follow_newest(self) -> None:
        """Let the next result be selected when it comes."""
        self._say("")
        if self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0))

    def _open(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in sorted(picture_suffixes()))
        filters = [self.tr("Images") + f" ({patterns})", self.tr("All files") + " (*)"]
        paths = choose_files(self, self._studio.settings, "predict", self.tr("Open images"), filters)
        if paths:
            self._predict_paths(paths)

    def _open_folder(self) -> None:
        folder = choose_folder(self, self._studio.settings, "predict", self.tr("Choose a folder of images"))
        if folder is not None:
            self._predict_paths([folder])

    def _save_csv(self) -> None:
        self._say("")
        title = self.tr("Save the results")
        pattern = self.tr("Table") + " (*.csv)"
        path = choose_new_file(self, self._studio.settings, "csv", title, "predictions.csv", pattern)
        if path is None:
            return
        oldest_first = list(reversed(self._session.results))

        def write() -> Path:
            write_csv(path, oldest_first)
            return path

        self._writer.ask(write)

    def _on_written(self, path: Path) -> None:
        self._say(self.tr("Saved {name}.").format(name=path.name))

    def _go_to_train(self) -> None:
        self._studio.place_wanted.emit("train")


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):
        raise EngineError("The image in the clipboard cannot be read.", fix="Save it as a file and drop that.")
    return bytes(buffer.data())
