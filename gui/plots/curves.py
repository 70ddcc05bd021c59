"""The chart of numbers over epochs: training and validation, or one line alone such as the learning rate."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QWidget

from gui.plots.curve_numbers import CurveNumbers
from gui.plots.curve_words import CurveWords
from gui.plots.legend import LegendRow
from gui.plots.readout import Reading, Readout
from gui.plots.series import Line
from gui.theme import theme
from gui.widgets.panel import Panel

if TYPE_CHECKING:
    from gui.plots.area import PlotArea
    from gui.theme.tokens import Tokens

HEADING_PX = 28  # as high with the log button as without, so that two charts side by side are level
REPAINT_MS = 80
STEPS_MS = 300  # steps come far faster than anybody can see, and training wants the processor


def warm_up() -> None:
    """Import what charts are drawn with; may be called on a thread, so that the first chart shows at once."""
    import gui.plots.area  # noqa: F401 - for its import only


class Curves(Panel):
    """One chart with its heading, legend and cross-hair. Give it numbers at any rate: it repaints now and then.

    Epochs are 1-based and lie at whole places; a step lies between them, at the share of its epoch that is done, so
    that the mean of epoch 1 is drawn at 1 and its steps lie between 0 and 1.
    """

    epoch_picked = Signal(int)  # the user clicked at this epoch
    hovered = Signal(object)  # the place in epochs that the mouse reads, None when it left
    logarithmic_changed = Signal(bool)
    legend_moved = Signal()  # there is room for it in the heading, or no longer
    view_changed = Signal(object)  # the user looks at (first, last) epoch; None: at the whole run

    def __init__(
        self,
        title: str,
        *,
        percent: bool = False,
        legend: bool = True,
        single: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Make an empty chart.

        Args:
            percent: values are 0..1 and are written as percentages.
            legend: name the lines; a neighbour with the same lines may do it for both.
            single: what the one line is called, of a chart that has no validation: its steps are that line.
        """
        super().__init__(title, parent=parent)
        self._numbers = CurveNumbers(percent=percent, single=bool(single))
        self._words = CurveWords(self._numbers, single)
        self._cursor: int | None = None
        self._hover: float | None = None
        self._area: PlotArea | None = None
        self._drawn_to = 0.0  # the last place that has been drawn
        self._drawn: tuple | None = None  # what the lines of epochs were drawn for
        self._marked: tuple | None = None  # what the arrows at the upper edge were drawn for
        self._timer = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._timer.timeout.connect(self._repaint)
        self._readout = Readout(self._numbers.own_token, self)
        self._reading = Reading()
        self.layout().setSpacing(theme().tokens.space_small)  # the row of values is the room below the heading
        self.body.setSpacing(2)
        self.body.addWidget(self._reading)
        self._log_button: QPushButton | None = None
        self._switch: QWidget | None = None
        self._build_heading(legend)
        if "gui.plots.area" in sys.modules:
            self._build_area()  # costs a few milliseconds, better while the page is made than when training starts

    def _build_heading(self, has_legend: bool) -> None:
        if not self._numbers.percent:
            self._log_button = QPushButton(self.tr("log"))
            self._log_button.setProperty("quiet", True)
            self._log_button.setCheckable(True)
            self._log_button.setToolTip(self.tr("Logarithmic axis: shows small losses as clearly as large ones"))
            self._log_button.setAccessibleName(self.tr("Logarithmic axis"))
            self._log_button.toggled.connect(self._on_log_toggled)
            self.add_extra(self._log_button)
        legend = self._legend = LegendRow()
        self._has_legend = has_legend = has_legend and not self._numbers.single
        for widget in (legend, self._title):  # without room for the legend, the heading stays as high
            widget.setMinimumHeight(theme().px(HEADING_PX))
        legend.set_lines(self.named_lines())
        self.add_extra(legend)
        legend.setVisible(has_legend)

    def add_switch(self, switch: QWidget) -> None:
        """Add what can stand in place of the heading, such as a choice between this chart and another."""
        self._switch = switch
        switch.hide()
        self.add_beside_title(switch)

    def show_switch(self, on: bool) -> None:
        """Show the switch, or the heading."""
        assert self._switch is not None
        self._switch.setVisible(on)
        self._title.setVisible(not on)
        self._fit_legend()

    # ---- numbers

    def set_epochs(
        self, x: Sequence[float] | np.ndarray, train: Sequence[float] | np.ndarray, validation: Sequence[float]
    ) -> None:
        """Show the finished epochs: (n,) epochs, ascending, and (n,) values; NaN where one is missing."""
        self._numbers.clear_epochs()
        self._add_epochs(x, train, validation)

    def add_epoch(self, epoch: int, train: float, validation: float = math.nan) -> None:
        """Add one more finished epoch; costs the same after ten thousand."""
        self._add_epochs([epoch], [train], [validation])

    def _add_epochs(self, *columns: Sequence[float] | np.ndarray) -> None:
        self._numbers.add_epochs(*columns)
        self._changed()

    def count(self) -> int:
        """Return how many finished epochs are shown."""
        return len(self._numbers)

    def set_smoothing(self, weight: float) -> None:
        """Draw moving means over the epochs, and the epochs themselves faintly behind them.

        Args:
            weight: 0..0.99 of what came before; 0 draws the epochs as they are.
        """
        self._numbers.set_smoothing(weight)
        self._changed()

    def add_steps(self, x: Sequence[float] | np.ndarray, values: Sequence[float] | np.ndarray) -> None:
        """Add (n,) values of single steps at fractional epochs, ascending; drawn faintly behind the epochs.

        However many come, no more than `series.MOST_KEPT` of them stay in memory, the extremes among them.
        """
        self._numbers.steps.extend(x, values)
        if self._area is None or abs(self._numbers.last_place() - self._drawn_to) >= self._pixel():
            self._changed(STEPS_MS)  # less than a pixel could not be seen

    def clear_steps(self) -> None:
        """Forget the steps."""
        self._numbers.steps.clear()
        self._changed()

    def set_line(self, x: np.ndarray, y: np.ndarray) -> None:
        """Draw the one line of a chart through these (n,) epochs, ascending, and (n,) values in place of the steps, of
        which some are not known; until `clear`."""
        self._numbers.exact = x, y
        self._changed()

    def set_best(self, epoch: int | None) -> None:
        """Mark the best epoch with a dotted line and a dot; None: none yet."""
        self._numbers.set_best(epoch)
        self._changed()

    def set_continued(self, epoch: int | None) -> None:
        """Mark the epoch after which a run that had come to its end was continued; None: it never was."""
        if epoch != self._numbers.continued:
            self._numbers.set_continued(epoch)
            self._changed()

    def set_name(self, name: str) -> None:
        """Say what the shown run is called, "run 4": beside other runs, legend and cross-hair say whose lines those
        are that have no other name."""
        if name != self._numbers.name:
            self._numbers.name = name
            self._name_lines()
            self._changed()

    def set_planned(self, epochs: int) -> None:
        """Make room for this many epochs, so that the curve grows towards its end."""
        if epochs != self._numbers.planned:
            self._numbers.planned = epochs
            self._changed()

    def set_expected(self, value: float) -> None:
        """Say where the loss begins as a rule, or what the learning rate rises to, before it is known; NaN: not known.

        Until there are values of its own, no other run says alone how high the axis of this one is.
        """
        self._numbers.expected = value
        self._changed()

    def set_cursor(self, epoch: int | None) -> None:
        """Put the cross-hair at an epoch that is being replayed, and its values below the heading; None takes them
        away."""
        self._cursor = epoch
        self._changed()

    def set_view(self, view: tuple[float, float] | None) -> None:
        """Show from one place to another, in epochs; None shows the whole run up to its planned end."""
        if self._numbers.set_view(view):
            self._changed()

    def view(self) -> tuple[float, float] | None:
        """Return what `set_view` shows."""
        return self._numbers.view

    def zoom(self, factor: float, place: float | None = None) -> None:
        """Show more detail (below 1) or less, around a place: that of the cross-hair, or the newest numbers."""
        if place is None:
            place = self._cursor if self._cursor is not None else self._numbers.last_place()
        self._look_at(self._numbers.zoomed(factor, place))

    def _move(self, share: float) -> None:
        self._look_at(self._numbers.moved(share))

    def _look_at(self, view: tuple[float, float] | None) -> None:
        if view != self._numbers.view:
            self.set_view(view)
            self.view_changed.emit(view)

    def set_hover(self, place: float | None) -> None:
        """Read the values at a place, as the mouse does; a neighbour under the mouse says where."""
        if place != self._hover:
            self._hover = place
            if self._area is not None:
                self._show_cursor()

    def set_others(self, lines: Sequence[Line]) -> None:
        """Show other runs dashed, to compare: the first `MOST_OTHERS`."""
        before = self._numbers.others
        self._numbers.set_others(lines)
        if [line.name for line in before] != [line.name for line in self._numbers.others]:
            self._name_lines()
        self._changed()
        if self._area is not None:
            self._area.draw_others(self._numbers.smooth_others())

    def _name_lines(self) -> None:
        self._legend.set_lines(self.named_lines())
        self._fit_legend()

    def named_lines(self) -> list[tuple[str, str, bool]]:
        """Return name, colour token and whether it is dashed, of each line that a legend names. Beside other runs, the
        name of the shown one stands before its lines, without a colour: in each of their names it would take more room
        than a heading has."""
        own = [(self.tr("train"), "train", False), (self.tr("validation"), "validation", False)]
        if self._numbers.is_compared:
            own.insert(0, (self.tr("{run}:").format(run=self._numbers.name), "", False))
        others = zip(self._numbers.others, self.other_tokens(), strict=True)
        return own + [(line.name, token, True) for line, token in others]

    def other_tokens(self) -> tuple[str, ...]:
        """Return the colour token of each other run that is shown."""
        return self._numbers.other_tokens()

    def clear(self) -> None:
        """Forget everything."""
        self.set_others(())  # with their names
        self._numbers.clear()
        self._cursor = self._hover = None

    def set_logarithmic(self, on: bool) -> None:
        """Draw a loss on a logarithmic axis, as the button does."""
        if self._log_button is not None:
            self._log_button.setChecked(on)

    def is_logarithmic(self) -> bool:
        """Whether the logarithm of the values is drawn."""
        return self._numbers.logarithmic

    def cursor(self) -> int | None:
        """Return the epoch of `set_cursor`."""
        return self._cursor

    def has_steps(self) -> bool:
        """Whether single steps are known."""
        return len(self._numbers.steps) > 0

    def repaint_now(self) -> None:
        """Draw what has come since the last repaint, without waiting for the next."""
        self._timer.stop()
        self._repaint()

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) fractional epochs and (n,) values of the single steps that are kept; not to be changed."""
        return self._numbers.steps.x, self._numbers.steps.y

    def readout_texts(self) -> list[str]:
        """Return the lines of the box at the mouse, none while it is hidden."""
        return [] if self._readout.isHidden() else self._readout.texts()

    def reading_texts(self) -> list[str]:
        """Return what stands below the heading: the values at the epoch of `set_cursor`, none without one."""
        return self._reading.texts()

    # ---- drawing

    def _changed(self, within: int = REPAINT_MS) -> None:
        """Draw anew within so many milliseconds."""
        if self._area is not None and (not self._timer.isActive() or self._timer.remainingTime() > within):
            self._timer.start(within)

    def _pixel(self) -> float:
        """The width of a pixel, in epochs."""
        first, last = self._numbers.span()
        return (last - first) / max(1, self.width())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._area is None:
            self._build_area()
        self._repaint()

    def _build_area(self) -> None:
        from gui.plots.area import PlotArea  # pyqtgraph takes half a second to import: `warm_up`, or when it is seen

        self._area = PlotArea(self._numbers.percent, self._numbers.own_token, rate=self._numbers.single)
        self._area.hovered.connect(self._on_hovered)
        self._area.pressed.connect(self._on_pressed)
        self._area.zoomed.connect(lambda place, factor: self.zoom(factor, place))
        self._area.moved.connect(self._move)
        self._area.setAccessibleName(self.title())
        self.body.addWidget(self._area, 1)
        self._area.set_logarithmic(self.is_logarithmic())
        self._readout.raise_()
        self.layout().activate()  # before it is seen for the first time

    def _repaint(self) -> None:
        area = self._area
        if area is None or not self.isVisible():
            return  # showing it again draws what came meanwhile
        numbers = self._numbers
        self._drawn_to = numbers.last_place()
        span, values = numbers.span(), numbers.steady_range()
        drawn = span, area.columns(), numbers.logarithmic, numbers.version
        is_new = drawn != self._drawn
        self._drawn = drawn
        area.set_ranges(*span, *values)
        self._draw_steps(area)
        if is_new:  # what changes with an epoch only need not be drawn anew with every step
            self._draw_epochs(area)
        if is_new or self._marked != values:
            self._marked = values
            self._draw_marks(area)
        self._show_cursor()
        self.setAccessibleDescription(self._words.summary())

    def drawn_in(self, look: Tokens, size: QSize, ratio: float) -> PlotArea:
        """Return what is in view in another look, without cross-hair: a widget for the caller to render and to delete,
        which is never seen.

        Args:
            size: of it.
            ratio: pixels of what it is rendered on for each of its own.
        """
        from gui.plots.area import PlotArea

        numbers = self._numbers
        area = PlotArea(numbers.percent, numbers.own_token, rate=numbers.single, look=look, ratio=ratio)
        for attribute in (Qt.WidgetAttribute.WA_DontShowOnScreen, Qt.WidgetAttribute.WA_ShowWithoutActivating):
            area.setAttribute(attribute)
        area.resize(size)
        area.show()  # so that it is laid out
        area.set_logarithmic(numbers.logarithmic)
        area.set_ranges(*numbers.span(), *numbers.steady_range())
        for draw in (self._draw_steps, self._draw_epochs, self._draw_marks):
            draw(area)
        return area

    def _draw_steps(self, area: PlotArea) -> None:
        numbers = self._numbers
        if numbers.single:
            area.draw(area.train, *numbers.whole_line())
        else:
            area.draw(area.steps, numbers.steps.x, numbers.steps.y)
            area.draw(area.tail, *numbers.growing_end())

    def _draw_marks(self, area: PlotArea) -> None:
        numbers = self._numbers
        area.draw_peaks(numbers.lines_of_epochs())
        epoch = numbers.continued
        area.draw_joint(epoch, at_foot=epoch is not None and self._is_high(epoch))

    def _draw_epochs(self, area: PlotArea) -> None:
        numbers = self._numbers
        area.draw_others(numbers.smooth_others())
        area.draw_best(numbers.best, numbers.best_value())
        if numbers.single:
            return
        train, validation = numbers.smooth_values()
        area.draw(area.train, numbers.x, train)
        area.draw(area.validation, numbers.x, validation)
        is_smooth, nothing = numbers.smoothing > 0, np.empty(0)
        for item, values in ((area.raw_train, numbers.train), (area.raw_validation, numbers.validation)):
            area.draw(item, numbers.x if is_smooth else nothing, values if is_smooth else nothing)

    # ---- cross-hair

    def _on_hovered(self, place: float | None) -> None:
        found = None if place is None else self._numbers.snapped(place)
        if found != self._hover:
            self.set_hover(found)
            self.hovered.emit(found)

    def _on_pressed(self, place: float) -> None:
        epoch = self._numbers.nearest(place)
        if epoch is not None:
            self.epoch_picked.emit(epoch)

    def _show_cursor(self) -> None:
        place = self._hover if self._hover is not None else self._cursor
        assert self._area is not None
        self._area.draw_cursor(place)
        self._reading.show_parts(*self._words.row_at(self._cursor))
        words = None if self._hover is None else self._words.at(float(self._hover))
        self._readout.setVisible(words is not None)
        if words is not None:
            self._readout.show_texts(words.place, words.train, words.validation, words.others)
            self._place_readout(float(self._hover))

    def _place_readout(self, epoch: float) -> None:
        assert self._area is not None
        left, right = self._area.drawn_room()
        place = self._area.place_of(epoch)
        width = self._readout.width()
        # Right of the line; left of it where the right side has no room.
        x = place + 8 if place + 8 + width <= right else max(left, place - 8 - width)
        is_low = self._is_high(epoch)  # the box keeps out of the way of the lines
        y = self._area.height() - self._readout.height() - theme().px(36) if is_low else theme().px(12)
        self._readout.move(self._area.mapTo(self, QPoint(round(x), max(0, y))))
        self._readout.raise_()

    def _is_high(self, epoch: float) -> bool:
        """Whether the lines run high at an epoch: losses fall and accuracies rise, a rate does as it likes."""
        return self._numbers.percent or (self._numbers.single and self._numbers.is_high(epoch))

    def _on_log_toggled(self, on: bool) -> None:
        self._numbers.logarithmic = on
        self.logarithmic_changed.emit(on)
        if self._area is not None:
            self._area.set_logarithmic(on)
            self._repaint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_legend()
        self._changed()  # the readout's place is in pixels

    def _fit_legend(self) -> None:
        """Show the legend where it has room: pieces of it would say nothing, and the cross-hair names the lines too."""
        margins = self.layout().contentsMargins()
        has_switch = self._switch is not None and not self._switch.isHidden()
        title = (self._switch if has_switch else self._title).sizeHint().width() + 2 * theme().tokens.space_large
        room = self.width() - margins.left() - margins.right() - title
        fits = self._has_legend and self._legend.whole_width() <= room
        if fits != (not self._legend.isHidden()):
            self._legend.setVisible(fits)
            self.legend_moved.emit()

    def has_legend(self) -> bool:
        """Whether the heading names the lines now; where there is no room, somebody else should."""
        return not self._legend.isHidden()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(420), theme().px(250))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(240), theme().px(150))
