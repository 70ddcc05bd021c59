"""The network as a table: one row per layer, sortable, to copy and to save."""

from __future__ import annotations

import math
import re
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.compile import NetworkReport
from engine.compile.table import COLUMNS, Row, as_csv, as_text, rows
from engine.errors import EngineError
from engine.files import save_for_user
from engine.layers import grouped
from gui.pages.network.words import bytes_in_words, counted
from gui.theme import icon, theme
from gui.widgets.panel import dim_label

Index = QModelIndex | QPersistentModelIndex
SORT = Qt.ItemDataRole.UserRole
ID = Qt.ItemDataRole.UserRole + 1
WIDEST = {"id": 190, "title": 170, "settings": 210}
"""px a column may take for its content; more is shortened."""
_NUMBERS = ("place", "parameters", "multiply_adds", "memory")


class LayerTableModel(QAbstractTableModel):
    """The rows of `engine.compile.table`."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, found: tuple[Row, ...]) -> None:
        """Show these rows; the same number of them changes in place, so that scrolling and selection stay."""
        if len(found) == len(self.rows):
            self.rows = found
            if found:
                self.dataChanged.emit(self.index(0, 0), self.index(len(found) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self.rows = found
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Vertical or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return QApplication.translate("LayerTable", COLUMNS[section][1])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            # The mark of sorting stands at the right: where there is little room the heading makes way for it.
            return Qt.AlignmentFlag.AlignCenter if section == 0 else self._side(COLUMNS[section][0])
        return None

    @staticmethod
    def _side(name: str) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if name in _NUMBERS else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, name = self.rows[index.row()], COLUMNS[index.column()][0]
        value = getattr(row, name)
        if role == Qt.ItemDataRole.DisplayRole:
            return _shown(name, value)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _exactly(name, value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(name)
        if role == SORT:
            if name == "output":  # by how many numbers come out
                return math.prod(map(int, re.findall(r"\d+", str(value)))) if value else -1
            return -1 if value is None else value
        if role == ID:
            return row.id
        return None


def _shown(name: str, value: object) -> str:
    if value is None:
        return "–"
    if name == "parameters":
        return grouped(value) if value else ""  # type: ignore[arg-type]
    if name == "multiply_adds":
        return counted(value) if value else ""  # type: ignore[arg-type]
    if name == "memory":
        return bytes_in_words(value)  # type: ignore[arg-type]
    return str(value)


def _exactly(name: str, value: object) -> str:
    """What a shortened cell stands for."""
    return grouped(value) if name in ("multiply_adds", "memory") and value else _shown(name, value)  # type: ignore[arg-type]


class _Sorted(QSortFilterProxyModel):
    def lessThan(self, left: Index, right: Index) -> bool:
        one, other = left.data(SORT), right.data(SORT)
        if one == other:
            return left.row() < right.row()
        return one < other


class _Table(QTableView):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.parent().copy()  # type: ignore[attr-defined]
        else:
            super().keyPressEvent(event)


class NetworkTable(QWidget):
    """Sorted by a click on a heading; what is selected in it is selected on the canvas.

    Signals:
        selected(node_id): of the layer, or of the block in which the layer is.
        failed(EngineError): the table could not be saved.
    """

    selected = Signal(str)
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("network.table")
        self._name = "network"
        self._report: NetworkReport | None = None
        self._is_showing = False
        self.model = LayerTableModel(self)
        self.sorted = _Sorted(self)
        self.sorted.setSourceModel(self.model)
        self.sorted.setSortRole(SORT)
        self.table = _Table(self)
        self.table.setModel(self.sorted)
        self.table.setAccessibleName(self.tr("Layers as a table"))
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.inside = QCheckBox(self.tr("Layers inside blocks"))
        self.inside.setObjectName("network.table_inside")
        self.note = dim_label()
        self.copy_button = self._button(self.tr("Copy"), "copy", "network.copy_table", self.tr("To paste into cells"))
        self.save_button = self._button(self.tr("Save…"), "", "network.save_table", self.tr("As CSV or as text"))
        head = QHBoxLayout()
        head.setContentsMargins(theme().tokens.space_large, 0, theme().tokens.space_large, theme().tokens.space)
        for widget in (self.inside, self.note):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.copy_button)
        head.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        self.setFocusProxy(self.table)
        self.inside.toggled.connect(self._show)
        self.copy_button.clicked.connect(self.copy)
        self.save_button.clicked.connect(self._ask_where)
        # Not the current row: that changes by itself when the table gets the focus.
        self.table.selectionModel().selectionChanged.connect(self._on_selection)
        theme().changed.connect(self._wear)
        self._wear()

    def _button(self, text: str, icon_name: str, object_name: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        if icon_name:
            button.setIcon(icon(icon_name))
        button.setObjectName(object_name)
        button.setToolTip(tip)
        return button

    def _wear(self) -> None:
        px = theme().px
        self.table.verticalHeader().setDefaultSectionSize(px(28))
        self._fit_columns()

    def show_report(self, report: NetworkReport, name: str) -> None:
        """Show a network; `name` is suggested for its file."""
        self._report, self._name = report, name
        self._show()

    def _show(self, *_: object) -> None:
        if self._report is None:
            return
        has_blocks = any(entry.inside is not None for entry in self._report.nodes.values())
        self.inside.setVisible(has_blocks)
        self._is_showing = True
        self.model.show_rows(rows(self._report, inside=self.inside.isChecked() and has_blocks))
        self._is_showing = False
        self._fit_columns()

    def _fit_columns(self) -> None:
        """As wide as what stands in them, within reason."""
        px = theme().px
        for place, (name, _) in enumerate(COLUMNS[:-1]):
            wanted = self.table.sizeHintForColumn(place) + px(14)
            head = self.table.horizontalHeader().sectionSizeHint(place)
            self.table.setColumnWidth(place, min(px(WIDEST.get(name, 240)), max(wanted, head)))

    def show_selected(self, node_id: str) -> None:
        """Mark the row of a layer."""
        if self._current_node() == node_id:
            return
        self._is_showing = True
        self.table.clearSelection()
        for row in range(self.sorted.rowCount()):
            index = self.sorted.index(row, 0)
            if str(index.data(ID)).split(".")[0] == node_id:
                self.table.selectRow(row)
                self.table.scrollTo(index)
                break
        self._is_showing = False

    def _current_node(self) -> str:
        chosen = self.table.selectionModel().selectedRows()
        return str(chosen[0].data(ID)).split(".")[0] if chosen else ""

    def _on_selection(self, *_: object) -> None:
        node_id = self._current_node()
        if node_id and not self._is_showing:
            self.selected.emit(node_id)

    # ---- taking it away

    def _chosen(self) -> list[Row]:
        """The selected rows where there are several, else all; in the order that is shown."""
        chosen = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        shown = chosen if len(chosen) > 1 else range(self.sorted.rowCount())
        return [self.model.rows[self.sorted.mapToSource(self.sorted.index(row, 0)).row()] for row in shown]

    def copy(self) -> None:
        """Put the rows on the clipboard, with tabs between the cells."""
        found = self._chosen()
        QApplication.clipboard().setText(as_csv(found, "\t"))
        words = self.tr("1 row copied") if len(found) == 1 else self.tr("{count} rows copied").format(count=len(found))
        self.note.setText(words)

    def _ask_where(self) -> None:
        filters = self.tr("Table (*.csv);;Text (*.txt)")
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Save the table"), f"{self._name}.csv", filters)
        if chosen:
            self.save_to(Path(chosen))

    def save_to(self, path: Path) -> None:
        """Write all rows to a file: ".txt" in columns, everything else as CSV."""
        found = [
            self.model.rows[self.sorted.mapToSource(self.sorted.index(row, 0)).row()]
            for row in range(self.sorted.rowCount())
        ]
        text = as_text(found) if path.suffix.lower() == ".txt" else as_csv(found)
        try:
            save_for_user(path, text)
        except EngineError as error:
            self.failed.emit(error)
