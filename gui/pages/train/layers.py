"""How the layers do: a line on the Train page, and a table with all that was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.compile import Facts, infer
from engine.train.layer_health import LayerState
from gui.pages.shared.layer_words import TOKENS, layer_sentence, light_text, number_text, share_text
from gui.pages.train.runs.run_spec import spec_of
from gui.theme import theme
from gui.widgets.bars import number
from gui.widgets.panel import dim_label

Index = QModelIndex | QPersistentModelIndex
ORDER = ("bad", "look", "good")


def light_icon(token: str) -> QIcon:
    """A round light in a colour of the theme."""
    side = theme().px(10)
    ratio = 2
    pixmap = QPixmap(QSize(side * ratio, side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme().color(token)))
    painter.drawEllipse(QRectF(1, 1, side - 2, side - 2))
    painter.end()
    return QIcon(pixmap)


class LayerModel(QAbstractTableModel):
    """One row per layer that learns or bends, in the order of computation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layers: tuple[LayerState, ...] = ()
        self.titles: Mapping[str, str] = {}  # by id; the id stands for a layer without one
        self._icons = {light: light_icon(token) for light, token in TOKENS.items()}
        self._columns = (
            self.tr("Layer"),
            self.tr("Gradient"),
            self.tr("Weights"),
            self.tr("Step / weights"),
            self.tr("Silent"),
            self.tr("Saturated"),
            self.tr("What it means"),
        )

    def show_layers(self, layers: tuple[LayerState, ...]) -> None:
        """Show these; the same number of them changes in place, so that scrolling stays."""
        if len(layers) == len(self.layers):
            self.layers = layers
            if layers:
                self.dataChanged.emit(self.index(0, 0), self.index(len(layers) - 1, len(self._columns) - 1))
            return
        self.beginResetModel()
        self.layers = layers
        self.endResetModel()

    def wear(self) -> None:
        """Take the colours of the look that is on."""
        self._icons = {light: light_icon(token) for light, token in TOKENS.items()}
        self.show_layers(self.layers)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.layers)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Vertical or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section]
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _side(self, column: int) -> Qt.AlignmentFlag:
        is_number = 0 < column < len(self._columns) - 1
        side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        layer = self.layers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts(layer)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return self._icons[layer.light]
        if role == Qt.ItemDataRole.ToolTipRole:
            return layer_sentence(layer)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            return f"{self.title_of(layer)}: {light_text(layer)}"
        return None

    def title_of(self, layer: LayerState) -> str:
        """Return what its card is called."""
        return self.titles.get(layer.node_id, layer.node_id)

    def _texts(self, layer: LayerState) -> tuple[str, ...]:
        return (
            self.title_of(layer),
            number_text(layer.gradient),
            number_text(layer.weight),
            number_text(layer.update_ratio),
            share_text(layer.dead),
            share_text(layer.saturated),
            layer_sentence(layer),
        )


class LayerTable(QDialog):
    """All that a look found; it follows the training and the replay."""

    def __init__(self, studio: object, run: int | None, parent: QWidget | None = None) -> None:
        """Make the table of a run."""
        super().__init__(parent)
        self._studio, self._run, self._folder = studio, run, _folder(studio.training, run)
        self.setObjectName("train.layers")
        self.setWindowTitle(self.tr("Layers in training"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.model = LayerModel(self)
        self.table = QTableView()
        self.table.setObjectName("train.layers.table")
        self.table.setAccessibleName(self.tr("Layers and how they learn"))
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)  # sentences wrap
        self.about = dim_label(wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme().tokens.space] * 4)
        column.setSpacing(theme().tokens.space)
        column.addWidget(self.about)
        column.addWidget(self.table, 1)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.sectionResized.connect(lambda: self.table.resizeRowsToContents())
        for signal in (studio.training.layers_seen, studio.replay_changed):
            signal.connect(self.refresh)
        theme().changed.connect(self.model.wear)
        self.resize(theme().px(900), theme().px(380))
        self.model.titles = _titles(self._folder)
        self.refresh()
        header.resizeSections(QHeaderView.ResizeMode.ResizeToContents)
        self.setFocus()  # a frame around the whole table says nothing

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.layout().activate()
        self.table.resizeRowsToContents()
        rest = self.height() - self.table.viewport().height()
        most = round(0.8 * self.screen().size().height())
        self.resize(self.width(), min(self.table.verticalHeader().length() + rest, most))

    def refresh(self, *_: object) -> None:
        """Show the last look, or that of the epoch that is looked back at."""
        if _folder(self._studio.training, self._run) != self._folder:
            return  # another project is open, or the run is gone: what was seen of it stays
        seen = self._studio.seen_layers(self._run)
        if seen is None:
            return
        words = self.tr("Measured at step {step} (epoch {epoch}), on one batch of {images} images.")
        told = [words.format(step=number(seen.total_step), epoch=seen.epoch, images=seen.images)]
        spec = spec_of(self._folder)
        if spec is not None and spec.recipe.compiled:  # hooks are called where layers are called one by one
            told.append(self.tr("Into a compiled network nobody sees: silent and saturated units are not measured."))
        self.about.setText(" ".join(told))
        self.model.show_layers(seen.layers)


class LayersRow(QWidget):
    """The lights counted, and a button that opens the table; hidden until something was measured."""

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._training = studio, studio.training
        self.words = dim_label(wrap=True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.button = QPushButton(self.tr("Table…"))
        self.button.setObjectName("train.layers.open")
        self.button.setAccessibleName(self.tr("Show how each layer learns"))
        self.button.setProperty("link", True)
        self.button.clicked.connect(self.open_table)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().tokens.space)
        row.addWidget(self.words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        training = self._training
        signals = (training.layers_seen, training.runs_changed, training.shown_changed, studio.replay_changed)
        for signal in (*signals, theme().changed):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Bring the line to the last look at the run that is shown, or to that of the epoch that is looked back at."""
        shown = self._training.shown_run
        seen = self._studio.seen_layers(shown)
        self.setVisible(seen is not None)
        if seen is None:
            return
        counts = Counter(state.light for state in seen.layers)
        names = {"good": self.tr("good"), "look": self.tr("worth a look"), "bad": self.tr("bad")}
        parts = [self._part(light, counts[light], names[light]) for light in ORDER if counts[light]]
        words = self.tr("Layers: {lights}") if self._is_of_now(seen) else self.tr("Layers at epoch {epoch}: {lights}")
        self.words.setText(words.format(epoch=seen.epoch, lights="&nbsp; ".join(parts)))
        worst = min(seen.layers, key=lambda state: ORDER.index(state.light), default=None)
        title = "" if worst is None else _titles(_folder(self._training, shown)).get(worst.node_id, worst.node_id)
        self.words.setToolTip(f"{title}: {layer_sentence(worst)}" if worst is not None else "")

    def _is_of_now(self, seen: object) -> bool:
        """Whether a look is as new as the epoch that is shown; while a run trains, its last look is."""
        shown, replayed = self._training.shown_run, self._studio.replayed
        if replayed is not None and replayed[0] == shown:
            return seen.epoch >= replayed[1]
        is_training = self._training.is_active and self._training.run is not None
        is_live = is_training and shown in (None, self._training.run.run)
        return is_live or not self._training.epochs or seen.epoch >= self._training.epochs[-1].epoch

    @staticmethod
    def _part(light: str, count: int, name: str) -> str:
        """One light with its number, which no line break divides."""
        color = theme().color(TOKENS[light]).name()
        return f'<span style="color:{color}">●</span>&nbsp;{count}&nbsp;{name.replace(" ", "&nbsp;")}'

    def open_table(self) -> LayerTable:
        """Open the table beside the window."""
        table = LayerTable(self._studio, self._training.shown_run, self)
        table.show()
        return table


def _folder(training: object, run: int | None) -> Path | None:
    """Of a run by its number."""
    return next((info.folder for info in training.runs if info.number == run), None)


def _titles(folder: Path | None) -> Mapping[str, str]:
    """What the layers of a run are called on their cards, with their number in the order of computation, by id; those
    that are not known, such as the inside of a block, are missing."""
    project = spec_of(folder)
    if project is None:
        return {}
    report = infer(project.network, Facts(project.data.shape, len(project.data.classes) or 2))
    entries = enumerate(report.nodes.values(), start=1)
    kinds = ((place, entry.node, entry.kind.title if entry.kind else entry.node.kind) for place, entry in entries)
    return {node.id: f"{place}  {node.label or title}" for place, node, title in kinds}
