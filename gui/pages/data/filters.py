"""What narrows the grid down and orders it: class, split, size, file name; and how large its tiles are."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.data.index import TEST, TRAIN, VALIDATION
from gui.pages.data.facts import Wanted, split_key
from gui.pages.shared.splits import split_names
from gui.theme import icon, theme
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.panel import dim_label
from gui.widgets.segmented import Segmented

MOST_SEGMENTS, MOST_LETTERS = 6, 44
SMALLEST, LARGEST = 48, 240  # px, tiles


class ClassFilter(QWidget):
    """All or one class: joined buttons for a few, a list for many or long names."""

    chosen = Signal(int)  # position, -1 for all

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] | None = None
        self.segments: Segmented | None = None
        self.combo: QComboBox | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self.set_classes(())

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Offer these classes; the choice goes back to all when they are other ones."""
        if names == self._names:
            return
        self._names = names
        while (item := self._row.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        self.segments = self.combo = None
        if len(names) > MOST_SEGMENTS or sum(map(len, names)) > MOST_LETTERS:
            self._row.addWidget(self._make_combo(names))
        else:
            self._row.addWidget(self._make_segments(names))

    def _make_combo(self, names: tuple[str, ...]) -> QComboBox:
        self.combo = QComboBox()
        self.combo.setObjectName("data.class_filter")
        self.combo.setAccessibleName(self.tr("Class"))
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(16)
        self.combo.setMaxVisibleItems(20)
        self.combo.addItem(self.tr("All classes"))
        self.combo.addItems(list(names))
        self.combo.activated.connect(self._on_activated)
        return self.combo

    def _make_segments(self, names: tuple[str, ...]) -> Segmented:
        self.segments = Segmented()
        self.segments.setObjectName("data.class_filter")
        self.segments.setAccessibleName(self.tr("Class"))
        self.segments.add("-1", self.tr("All"))
        for place, name in enumerate(names):
            self.segments.add(str(place), name.replace("&", "&&"))
        self.segments.chosen.connect(self._on_chosen)
        return self.segments

    def show_label(self, label: int) -> None:
        """Show a choice without telling it."""
        if self.combo is not None:
            self.combo.setCurrentIndex(label + 1)
        elif self.segments is not None:
            self.segments.set_current(str(label))

    def _on_activated(self, row: int) -> None:
        self.chosen.emit(row - 1)

    def _on_chosen(self, key: str) -> None:
        self.chosen.emit(int(key))


class OrderMenu(QPushButton):
    """In which order images are shown, and only those of which size."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Order"), parent)
        self.setObjectName("data.order")
        self.setAccessibleName(self.tr("Order and size of the images"))
        menu = QMenu(self)
        orders = {
            "name": self.tr("by class and name"),
            "file": self.tr("by file name"),
            "bytes": self.tr("largest files first"),
            "newest": self.tr("newest first"),
            "pixels": self.tr("most pixels first"),
            "brightness": self.tr("brightest first"),
        }
        sizes = {
            "any": self.tr("images of any size"),
            "small": self.tr("only those smaller than the network's input"),
            "large": self.tr("only those of a megapixel or more"),
        }
        self._orders = self._add(menu, "data.order", orders)
        menu.addSeparator()
        self._sizes = self._add(menu, "data.size_filter", sizes)
        self.setMenu(menu)
        self.set_measured(False)

    def _add(self, menu: QMenu, name: str, entries: dict[str, str]) -> QActionGroup:
        group = QActionGroup(self)
        for key, words in entries.items():
            action = menu.addAction(words)
            action.setObjectName(f"{name}.{key}")
            action.setData(key)
            action.setCheckable(True)
            group.addAction(action)
        group.actions()[0].setChecked(True)
        group.triggered.connect(self._on_chosen)
        return group

    def order(self) -> str:
        """A key of `ORDERS`."""
        return self._orders.checkedAction().data()

    def size(self) -> str:
        """A key of `SIZES`."""
        return self._sizes.checkedAction().data()

    def set_size(self, key: str) -> None:
        """Choose a size as if it had been pressed."""
        next(action for action in self._sizes.actions() if action.data() == key).setChecked(True)
        self._on_chosen()

    def set_measured(self, measured: bool) -> None:
        """Whether widths, heights and brightness are known, and can be asked for."""
        for action in (*self._orders.actions(), *self._sizes.actions()):
            if action.data() in ("pixels", "brightness", "small", "large"):
                action.setEnabled(measured)

    def _on_chosen(self) -> None:
        # Whoever sees fewer images, or others first, must see why.
        is_usual = self.order() == "name" and self.size() == "any"
        self.setText(self.tr("Order") if is_usual else self.tr("Order ●"))
        self.changed.emit()


class FilterBar(QWidget):
    """Class, split, file name, tile size, and how many pictures are left."""

    changed = Signal()
    label_chosen = Signal(int)
    tile_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = self._split = -1
        self.classes = ClassFilter()
        self.classes.chosen.connect(self._on_label)
        self.splits = Segmented()
        self.splits.setObjectName("data.split_filter")
        self.splits.setAccessibleName(self.tr("Split"))
        self.splits.add("all", self.tr("All"))
        names = split_names()
        self._keys = {"all": -1}
        for split in (TRAIN, VALIDATION, TEST):
            self._keys[split_key(split)] = split
            self.splits.add(split_key(split), names[split])
        self.splits.chosen.connect(self._on_split)
        self.order = OrderMenu()
        self.order.changed.connect(self.changed)
        self.search = QLineEdit()
        self.search.setObjectName("data.search")
        self.search.setPlaceholderText(self.tr("file name"))
        self.search.setAccessibleName(self.tr("Search by file name"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self.changed)
        self.tile = QSlider(Qt.Orientation.Horizontal)
        self.tile.setObjectName("data.tile")
        self.tile.setAccessibleName(self.tr("Size of the images"))
        self.tile.setToolTip(self.tr("Size of the images (Ctrl + wheel)"))
        self.tile.setRange(SMALLEST, LARGEST)
        self.tile.valueChanged.connect(self.tile_wanted)
        self.count = dim_label()
        self.count.setObjectName("data.count")
        self._lay_out()
        theme().changed.connect(self._size)
        self._size()

    def _lay_out(self) -> None:
        choices = QWidget()
        flow = FlowLayout(choices, spacing=theme().tokens.space)
        for widget in (self.classes, self.splits):
            flow.addWidget(widget)
        line = QHBoxLayout()
        line.setSpacing(theme().tokens.space_large)
        line.addWidget(self.search, 1)
        line.addWidget(self.order)
        line.addWidget(self.tile)
        line.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        column.addWidget(choices)
        column.addLayout(line)

    def wanted(self) -> Wanted:
        """What is chosen."""
        return Wanted(self._label, self._split, self.search.text().strip(), self.order.order(), self.order.size())

    def set_measured(self, measured: bool) -> None:
        """Whether widths, heights and brightness are known, and can be asked for."""
        self.order.set_measured(measured)

    def reset(self) -> None:
        """Let everything through; the order stays."""
        self._split = -1
        self.splits.set_current("all")
        for widget in (self.search, self.order):
            widget.blockSignals(True)
        self.search.clear()
        self.order.set_size("any")
        for widget in (self.search, self.order):
            widget.blockSignals(False)
        self.set_label(-1)

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Offer these classes."""
        self.classes.set_classes(names)
        if self._label >= len(names):
            self._label = -1
        self.classes.show_label(self._label)

    def set_label(self, label: int) -> None:
        """Limit to a class (-1: none), as if it had been chosen here."""
        self._label = label
        self.classes.show_label(label)
        self.label_chosen.emit(label)
        self.changed.emit()

    def _on_label(self, label: int) -> None:
        self._label = label
        self.label_chosen.emit(label)
        self.changed.emit()

    def _on_split(self, key: str) -> None:
        self._split = self._keys[key]
        self.changed.emit()

    def _size(self) -> None:
        self.search.setMinimumWidth(theme().px(80))
        self.tile.setFixedWidth(theme().px(96))
