"""Training and validation over epochs: loss or accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.plots.legend import LegendKey
from gui.plots.series import Line, Series, loss_range, nearest_epoch, value_at, write_number
from gui.theme import theme
from gui.widgets.bars import percent as write_percent
from gui.widgets.panel import Panel, text_label

if TYPE_CHECKING:
    from gui.plots.area import PlotArea

HEADING_PX = 28  # as high with the log button as without, so that two charts side by side are level
REPAINT_MS = 40  # events come far faster than anybody can see


def warm_up() -> None:
    """Import what charts are drawn with; may be called on a thread, so that the first chart shows at once."""
    import gui.plots.area  # noqa: F401 - for its import only


class _Readout(QFrame):
    """The box beside the cross-hair: the values at one epoch."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.epoch = text_label(dim=True, small=True)
        self.train = text_label(tone="train", small=True)
        self.validation = text_label(tone="validation", small=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(2)
        for label in (self.epoch, self.train, self.validation):
            column.addWidget(label)
        self.hide()


class Curves(Panel):
    """One chart with its heading, legend and cross-hair. Give it numbers at any rate: it repaints 25 times a second.

    Epochs are 1-based and lie at whole places; a step lies between them, at the share of its epoch that is done, so
    that the mean of epoch 1 is drawn at 1 and its steps lie between 0 and 1.
    """

    epoch_picked = Signal(int)  # the user clicked at this epoch

    def __init__(
        self, title: str, *, percent: bool = False, legend: bool = True, parent: QWidget | None = None
    ) -> None:
        """Make an empty chart.

        Args:
            percent: values are 0..1 and are written as percentages.
            legend: name the lines; a neighbour with the same lines may do it for both.
        """
        super().__init__(title, parent=parent)
        self._percent = percent
        self._steps = Series()
        self._x, self._train, self._validation = (np.empty(0) for _ in range(3))
        self._others: tuple[Line, ...] = ()
        self._best: int | None = None
        self._planned = 1
        self._cursor: int | None = None
        self._hover: float | None = None
        self._area: PlotArea | None = None
        self._timer = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._timer.timeout.connect(self._repaint)
        self._readout = _Readout(self)
        self._log_button: QPushButton | None = None
        self._build_heading(legend)

    def _build_heading(self, has_legend: bool) -> None:
        if not self._percent:
            self._log_button = QPushButton(self.tr("log"))
            self._log_button.setProperty("quiet", True)
            self._log_button.setCheckable(True)
            self._log_button.setToolTip(self.tr("Logarithmic axis: shows small losses as clearly as large ones"))
            self._log_button.setAccessibleName(self.tr("Logarithmic axis"))
            self._log_button.toggled.connect(self._on_log_toggled)
            self.add_extra(self._log_button)
        legend = self._legend = QWidget()
        self._has_legend = has_legend
        legend.setMinimumHeight(theme().px(HEADING_PX))
        self._keys = QHBoxLayout(legend)
        self._keys.setContentsMargins(0, 0, 0, 0)
        self._keys.setSpacing(theme().tokens.space)
        self._keys.addWidget(LegendKey(self.tr("train"), "train"))
        self._keys.addWidget(LegendKey(self.tr("validation"), "validation"))
        self.add_extra(legend)
        legend.setVisible(has_legend)

    # ---- numbers

    def set_epochs(
        self, x: Sequence[float] | np.ndarray, train: Sequence[float] | np.ndarray, validation: Sequence[float]
    ) -> None:
        """Show the finished epochs: (n,) epochs, ascending, and (n,) values; NaN where one is missing."""
        self._x, self._train, self._validation = (np.asarray(part, dtype=float) for part in (x, train, validation))
        self._changed()

    def add_steps(self, x: Sequence[float] | np.ndarray, values: Sequence[float] | np.ndarray) -> None:
        """Add (n,) values of single steps at fractional epochs, ascending; drawn faintly behind the epochs."""
        self._steps.extend(x, values)
        self._changed()

    def clear_steps(self) -> None:
        """Forget the steps."""
        self._steps.clear()
        self._changed()

    def set_best(self, epoch: int | None) -> None:
        """Mark the best epoch with a dotted line and a dot; None: none yet."""
        self._best = epoch
        self._changed()

    def set_planned(self, epochs: int) -> None:
        """Make room for this many epochs, so that the curve grows towards its end."""
        self._planned = epochs
        self._changed()

    def set_cursor(self, epoch: int | None) -> None:
        """Put the cross-hair at an epoch that is being replayed; None takes it away."""
        self._cursor = epoch
        self._changed()

    def set_others(self, lines: Sequence[Line]) -> None:
        """Show other runs dashed, to compare."""
        before, self._others = self._others, tuple(lines)
        if [line.name for line in before] != [line.name for line in lines]:
            self._rebuild_keys()
        self._changed()
        if self._area is not None:
            self._area.draw_others(self._others)

    def _rebuild_keys(self) -> None:
        while self._keys.count() > 2:
            key = self._keys.takeAt(2).widget()
            key.hide()
            key.deleteLater()
        for line in self._others:
            self._keys.addWidget(LegendKey(line.name, "dim", dashed=True))
        self._fit_legend()

    def clear(self) -> None:
        """Forget everything."""
        self._steps.clear()
        self.set_others(())
        self.set_epochs((), (), ())
        self._best = self._cursor = self._hover = None
        self._planned = 1

    def set_logarithmic(self, on: bool) -> None:
        """Draw a loss on a logarithmic axis, as the button does."""
        if self._log_button is not None:
            self._log_button.setChecked(on)

    def readout_texts(self) -> list[str]:
        """Return the lines of the box at the cross-hair, none while it is hidden."""
        labels = (self._readout.epoch, self._readout.train, self._readout.validation)
        return [] if self._readout.isHidden() else [label.text() for label in labels]

    # ---- drawing

    def _changed(self) -> None:
        if not self._timer.isActive() and self._area is not None:
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._area is None:
            self._build_area()
        self._repaint()

    def _build_area(self) -> None:
        from gui.plots.area import PlotArea  # pyqtgraph takes half a second to import: not before it is seen

        self._area = PlotArea(self._percent)
        self._area.hovered.connect(self._on_hovered)
        self._area.pressed.connect(self._on_pressed)
        self._area.setAccessibleName(self.title())
        self.body.addWidget(self._area, 1)
        self._area.draw_others(self._others)
        self._area.set_logarithmic(self._is_logarithmic())
        self._readout.raise_()

    def _is_logarithmic(self) -> bool:
        return self._log_button is not None and self._log_button.isChecked()

    def _repaint(self) -> None:
        area = self._area
        if area is None or not self.isVisible():
            return  # showing it again draws what came meanwhile
        steps = self._steps
        area.set_ranges(max(self._planned, self._last_place()), *self._value_range())
        area.draw(area.steps, steps.x, steps.y)
        area.draw(area.train, self._x, self._train)
        area.draw(area.validation, self._x, self._validation)
        best_value = value_at(self._x, self._validation, self._best) if self._best is not None else math.nan
        area.draw_best(self._best, best_value)
        self._show_cursor()
        self.setAccessibleDescription(self._in_words())

    def _last_place(self) -> float:
        return max([0.0, *self._x[-1:], *self._steps.x[-1:]])

    def _value_range(self) -> tuple[float, float]:
        if self._percent:
            return 0.0, 1.0
        parts = (self._train, self._validation, *(line.y for line in self._others))
        return loss_range(parts, self._steps.y, self._is_logarithmic())

    def _write(self, value: float) -> str:
        return write_percent(value) if self._percent else write_number(value)

    def _in_words(self) -> str:
        if not len(self._x):
            return self.tr("No epoch has finished yet.")
        words = self.tr("epoch {epoch}: train {train}, validation {validation}").format(
            epoch=round(self._x[-1]), train=self._write(self._train[-1]), validation=self._write(self._validation[-1])
        )
        best = "" if self._best is None else self.tr("; best epoch {epoch}").format(epoch=self._best)
        return words + best

    # ---- cross-hair

    def _on_hovered(self, place: float | None) -> None:
        self._hover = None if place is None else nearest_epoch(self._x, place)
        self._show_cursor()

    def _on_pressed(self, place: float) -> None:
        epoch = nearest_epoch(self._x, place)
        if epoch is not None:
            self.epoch_picked.emit(round(epoch))

    def _show_cursor(self) -> None:
        epoch = self._hover if self._hover is not None else self._cursor
        assert self._area is not None
        self._area.draw_cursor(epoch)
        self._readout.setVisible(epoch is not None and len(self._x) > 0)
        if epoch is None:
            return
        box = self._readout
        box.epoch.setText(self.tr("epoch {number}").format(number=round(epoch)))
        box.train.setText(self.tr("train {value}").format(value=self._write(value_at(self._x, self._train, epoch))))
        validation = self._write(value_at(self._x, self._validation, epoch))
        box.validation.setText(self.tr("validation {value}").format(value=validation))
        box.adjustSize()
        self._place_readout(epoch)

    def _place_readout(self, epoch: float) -> None:
        assert self._area is not None
        left, right = self._area.drawn_room()
        place = self._area.place_of(epoch)
        width = self._readout.width()
        # Right of the line; left of it where the right side has no room.
        x = place + 8 if place + 8 + width <= right else max(left, place - 8 - width)
        # Losses fall and accuracies rise: the box keeps out of their way.
        y = self._area.height() - self._readout.height() - theme().px(36) if self._percent else theme().px(12)
        self._readout.move(self._area.mapTo(self, QPoint(round(x), max(0, y))))
        self._readout.raise_()

    def _on_log_toggled(self, on: bool) -> None:
        if self._area is not None:
            self._area.set_logarithmic(on)
            self._area.draw_others(self._others)
            self._repaint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_legend()
        self._changed()  # the readout's place is in pixels

    def _fit_legend(self) -> None:
        """Show the legend where it has room: pieces of it would say nothing, and the cross-hair names the lines too."""
        margins = self.layout().contentsMargins()
        title = self.fontMetrics().horizontalAdvance(self.title()) * 1.15 + 2 * theme().tokens.space_large
        room = self.width() - margins.left() - margins.right() - title
        self._legend.setVisible(self._has_legend and self._legend.sizeHint().width() <= room)

    def sizeHint(self) -> QSize:
        return QSize(theme().px(420), theme().px(250))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(240), theme().px(150))
