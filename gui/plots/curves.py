"""Numbers over epochs: training and validation, or one line alone such as the learning rate."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from engine.params import short_number
from gui.plots.legend import LegendKey
from gui.plots.readout import MOST_OTHERS, Reading, Readout
from gui.plots.series import (
    OTHER_TOKENS,
    Columns,
    Line,
    Series,
    between,
    detail_range,
    loss_range,
    nearest_epoch,
    rate_range,
    smoothed,
    value_at,
    zoomed,
)
from gui.plots.ticks import write_number
from gui.theme import theme
from gui.widgets.bars import percent as write_percent
from gui.widgets.panel import Panel

if TYPE_CHECKING:
    from gui.plots.area import PlotArea

HEADING_PX = 28  # as high with the log button as without, so that two charts side by side are level
REPAINT_MS = 80
STEPS_MS = 300  # steps come far faster than anybody can see, and training wants the processor
KEPT_SHARE = 0.85  # of the height that must be in use for the range of values to stay as it is
LONGER = 2.0  # times the shown run that another one is shown whole
TAIL_SHARE = 0.02  # of all epochs so far: what the growing end of a line is the mean of
TAIL_LEAST, TAIL_MOST = 0.1, 1.0  # epochs
TAIL_POINTS = 400


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
        self._percent, self._single = percent, single
        self._steps = Series()
        self._epochs = Columns(3)  # epoch, train, validation
        self._exact: tuple[np.ndarray, np.ndarray] | None = None  # the single line, where more is known than its steps
        self._smooth: tuple[np.ndarray, np.ndarray] | None = None  # of train and validation, until they change
        self._smoothing = 0.0
        self._others: tuple[Line, ...] = ()
        self._drawn_others: list[Line] = []  # smooth, where that is wanted
        self._best: int | None = None
        self._planned = 1
        self._expected = math.nan
        self._view: tuple[float, float] | None = None
        self._cursor: int | None = None
        self._hover: float | None = None
        self._area: PlotArea | None = None
        self._version = 0  # of all that does not change with single steps
        self._drawn_to = 0.0  # the last place that has been drawn
        self._drawn: tuple | None = None  # what the lines of epochs were drawn for
        self._marked: tuple | None = None  # what the arrows at the upper edge were drawn for
        self._range: tuple[bool, float, float] | None = None  # logarithmic?, lowest and highest value in view
        self._timer = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._timer.timeout.connect(self._repaint)
        self._readout = Readout(self._own_token, self)
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
        if not self._percent:
            self._log_button = QPushButton(self.tr("log"))
            self._log_button.setProperty("quiet", True)
            self._log_button.setCheckable(True)
            self._log_button.setToolTip(self.tr("Logarithmic axis: shows small losses as clearly as large ones"))
            self._log_button.setAccessibleName(self.tr("Logarithmic axis"))
            self._log_button.toggled.connect(self._on_log_toggled)
            self.add_extra(self._log_button)
        legend = self._legend = QWidget()
        self._has_legend = has_legend = has_legend and not self._single
        for widget in (legend, self._title):  # without room for the legend, the heading stays as high
            widget.setMinimumHeight(theme().px(HEADING_PX))
        self._keys = QHBoxLayout(legend)
        self._keys.setContentsMargins(0, 0, 0, 0)
        self._keys.setSpacing(theme().tokens.space)
        for name, token, _ in self.named_lines():
            self._keys.addWidget(LegendKey(name, token))
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
        self._epochs.clear()
        self._add_epochs(x, train, validation)

    def add_epoch(self, epoch: int, train: float, validation: float = math.nan) -> None:
        """Add one more finished epoch; costs the same after ten thousand."""
        self._add_epochs([epoch], [train], [validation])

    def _add_epochs(self, *columns: Sequence[float] | np.ndarray) -> None:
        self._epochs.extend(np.array([np.asarray(column, dtype=float) for column in columns]).reshape(3, -1))
        self._smooth = None
        self._version += 1
        self._changed()

    def count(self) -> int:
        """Return how many finished epochs are shown."""
        return len(self._epochs)

    @property
    def _x(self) -> np.ndarray:
        return self._epochs.rows[0]

    @property
    def _train(self) -> np.ndarray:
        return self._epochs.rows[1]

    @property
    def _validation(self) -> np.ndarray:
        return self._epochs.rows[2]

    def set_smoothing(self, weight: float) -> None:
        """Draw moving means over the epochs, and the epochs themselves faintly behind them.

        Args:
            weight: 0..0.99 of what came before; 0 draws the epochs as they are.
        """
        self._smoothing, self._smooth = weight, None
        self._smooth_others()
        self._version += 1
        self._changed()

    def add_steps(self, x: Sequence[float] | np.ndarray, values: Sequence[float] | np.ndarray) -> None:
        """Add (n,) values of single steps at fractional epochs, ascending; drawn faintly behind the epochs.

        However many come, no more than `series.MOST_KEPT` of them stay in memory, the extremes among them.
        """
        self._steps.extend(x, values)
        if self._area is None or abs(self._last_place() - self._drawn_to) >= self._pixel():
            self._changed(STEPS_MS)  # less than a pixel could not be seen

    def clear_steps(self) -> None:
        """Forget the steps."""
        self._steps.clear()
        self._changed()

    def set_line(self, x: np.ndarray, y: np.ndarray) -> None:
        """Draw the one line of a chart through these (n,) epochs, ascending, and (n,) values in place of the steps, of
        which some are not known; until `clear`."""
        self._exact = x, y
        self._changed()

    def set_best(self, epoch: int | None) -> None:
        """Mark the best epoch with a dotted line and a dot; None: none yet."""
        self._best = epoch
        self._version += 1
        self._changed()

    def set_planned(self, epochs: int) -> None:
        """Make room for this many epochs, so that the curve grows towards its end."""
        if epochs != self._planned:
            self._planned = epochs
            self._changed()

    def set_expected(self, value: float) -> None:
        """Say where the loss begins as a rule, or what the learning rate rises to, before it is known; NaN: not known.

        Until there are values of its own, no other run says alone how high the axis of this one is.
        """
        self._expected = value
        self._changed()

    def set_cursor(self, epoch: int | None) -> None:
        """Put the cross-hair at an epoch that is being replayed, and its values below the heading; None takes them
        away."""
        self._cursor = epoch
        self._changed()

    def set_view(self, view: tuple[float, float] | None) -> None:
        """Show from one place to another, in epochs; None shows the whole run up to its planned end."""
        if view != self._view:
            self._view, self._range = view, None
            self._version += 1
            self._changed()

    def view(self) -> tuple[float, float] | None:
        """Return what `set_view` shows."""
        return self._view

    def zoom(self, factor: float, place: float | None = None) -> None:
        """Show more detail (below 1) or less, around a place: that of the cross-hair, or the newest numbers."""
        if place is None:
            place = self._cursor if self._cursor is not None else self._last_place()
        self._look_at(zoomed(self._span(), self._whole(), place, factor))

    def _move(self, share: float) -> None:
        first, last = self._span()
        by = min(max(share * (last - first), -first), self._whole() - last)
        self._look_at((first + by, last + by) if self._view is not None else None)

    def _look_at(self, view: tuple[float, float] | None) -> None:
        if view != self._view:
            self.set_view(view)
            self.view_changed.emit(view)

    def _whole(self) -> float:
        """The end of the whole run, in epochs."""
        own = max(1.0, self._planned, self._last_place())
        # Another run may have been longer; of one that was far longer, the beginning is what can be compared.
        return max([own, *(line.x[-1] for line in self._others if len(line.x) and line.x[-1] <= LONGER * own)])

    def _span(self) -> tuple[float, float]:
        return self._view or (0.0, self._whole())

    def set_hover(self, place: float | None) -> None:
        """Read the values at a place, as the mouse does; a neighbour under the mouse says where."""
        if place != self._hover:
            self._hover = place
            if self._area is not None:
                self._show_cursor()

    def set_others(self, lines: Sequence[Line]) -> None:
        """Show other runs dashed, to compare: the first `MOST_OTHERS`."""
        before, self._others = self._others, tuple(lines[:MOST_OTHERS])
        if [line.name for line in before] != [line.name for line in self._others]:
            self._rebuild_keys()
        self._smooth_others()
        self._version += 1
        self._changed()
        if self._area is not None:
            self._area.draw_others(self._drawn_others)

    def _smooth_others(self) -> None:
        self._drawn_others = [Line(line.name, line.x, smoothed(line.y, self._smoothing)) for line in self._others]

    def _rebuild_keys(self) -> None:
        while self._keys.count() > 2:
            key = self._keys.takeAt(2).widget()
            key.hide()
            key.deleteLater()
        for line, token in zip(self._others, self.other_tokens(), strict=True):
            self._keys.addWidget(LegendKey(line.name, token, dashed=True))
        self._fit_legend()

    def named_lines(self) -> list[tuple[str, str, bool]]:
        """Return name, colour token and whether it is dashed, of each line that a legend names."""
        own = [(self.tr("train"), "train", False), (self.tr("validation"), "validation", False)]
        others = zip(self._others, self.other_tokens(), strict=True)
        return own + [(line.name, token, True) for line, token in others]

    def other_tokens(self) -> tuple[str, ...]:
        """Return the colour token of each other run that is shown."""
        return OTHER_TOKENS[: len(self._others)]

    def clear(self) -> None:
        """Forget everything."""
        self._steps.clear()
        self._exact = None
        self.set_others(())
        self.set_epochs((), (), ())
        self._best = self._cursor = self._hover = self._range = self._view = None
        self._planned, self._expected = 1, math.nan

    def set_logarithmic(self, on: bool) -> None:
        """Draw a loss on a logarithmic axis, as the button does."""
        if self._log_button is not None:
            self._log_button.setChecked(on)

    def is_logarithmic(self) -> bool:
        """Whether the logarithm of the values is drawn."""
        return self._log_button is not None and self._log_button.isChecked()

    def cursor(self) -> int | None:
        """Return the epoch of `set_cursor`."""
        return self._cursor

    def has_steps(self) -> bool:
        """Whether single steps are known."""
        return len(self._steps) > 0

    def repaint_now(self) -> None:
        """Draw what has come since the last repaint, without waiting for the next."""
        self._timer.stop()
        self._repaint()

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) fractional epochs and (n,) values of the single steps that are kept; not to be changed."""
        return self._steps.x, self._steps.y

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
        first, last = self._span()
        return (last - first) / max(1, self.width())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._area is None:
            self._build_area()
        self._repaint()

    def _build_area(self) -> None:
        from gui.plots.area import PlotArea  # pyqtgraph takes half a second to import: `warm_up`, or when it is seen

        self._area = PlotArea(self._percent, self._own_token, rate=bool(self._single))
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
        self._drawn_to = self._last_place()
        span, values = self._span(), self._steady_range()
        drawn = span, area.columns(), self.is_logarithmic(), self._version
        is_new = drawn != self._drawn
        self._drawn = drawn
        area.set_ranges(*span, *values)
        if self._single:
            area.draw(area.train, *self._whole_line())
        else:
            area.draw(area.steps, self._steps.x, self._steps.y)
            area.draw(area.tail, *self._growing_end())
        if is_new:  # what changes with an epoch only need not be drawn anew with every step
            area.draw_others(self._drawn_others)
            self._draw_epochs(area)
        if is_new or self._marked != values:
            self._marked = values
            area.draw_peaks(self._lines_of_epochs())
        self._show_cursor()
        self.setAccessibleDescription(self._in_words())

    def _draw_epochs(self, area: PlotArea) -> None:
        # On the true value, also where a smooth line runs elsewhere: it is what was kept.
        best_value = value_at(self._x, self._validation, self._best) if self._best is not None else math.nan
        area.draw_best(self._best, best_value)
        if self._single:
            return
        train, validation = self._shown_values()
        area.draw(area.train, self._x, train)
        area.draw(area.validation, self._x, validation)
        is_smooth, nothing = self._smoothing > 0, np.empty(0)
        for item, values in ((area.raw_train, self._train), (area.raw_validation, self._validation)):
            area.draw(item, self._x if is_smooth else nothing, values if is_smooth else nothing)

    def _lines_of_epochs(self) -> list[tuple[np.ndarray, np.ndarray, str]]:
        """Return (n,) epochs, (n,) values as they are drawn, and colour token of each line but the steps."""
        others = [(line.x, line.y, token) for line, token in zip(self._drawn_others, self.other_tokens(), strict=True)]
        if self._single:
            return others
        train, validation = self._shown_values()
        return [*others, (self._x, train, "train"), (self._x, validation, "validation")]

    def _shown_values(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) training and (n,) validation values, smooth where that is wanted."""
        if self._smooth is None:
            self._smooth = smoothed(self._train, self._smoothing), smoothed(self._validation, self._smoothing)
        return self._smooth

    def _whole_line(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps, and before and after them the epochs of which no steps are known."""
        x, y = self._exact or (self._steps.x, self._steps.y)
        before = int(np.searchsorted(self._x, x[0])) if len(x) else len(self._x)
        after = int(np.searchsorted(self._x, x[-1], "right")) if len(x) else len(self._x)
        return (
            np.concatenate([self._x[:before], x, self._x[after:]]),
            np.concatenate([self._train[:before], y, self._train[after:]]),
        )

    def _growing_end(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the smooth line from the last finished epoch to now, or from the first step to now."""
        x, done = self._steps.x, self._x[-1:]
        start = float(done[0]) if len(done) else 0.0
        if not len(x) or x[-1] <= start:
            return np.empty(0), np.empty(0)
        window = max(TAIL_LEAST, min(TAIL_MOST, TAIL_SHARE * x[-1] / (1 - self._smoothing)))
        first = int(np.searchsorted(x, start, "right"))
        places = x[first :: max(1, (len(x) - first) // TAIL_POINTS)]
        means = self._steps.trailing_mean(places, window)
        return np.append(done, places), np.append(self._shown_values()[0][-1:], means)

    def _last_place(self) -> float:
        return max([0.0, *self._x[-1:], *self._steps.x[-1:]])

    def _value_range(self) -> tuple[float, float]:
        if self._view is not None:
            return self._range_in_view(self._view)
        if self._percent:
            return 0.0, 1.0
        if self._single:
            others = [line.y for line in self._others]
            return rate_range(self._whole_line()[1], self.is_logarithmic(), others, self._expected)
        epochs, others = (self._train, self._validation), [line.y for line in self._others]
        return loss_range(epochs, self._steps.y, self.is_logarithmic(), others, self._expected)

    def _range_in_view(self, view: tuple[float, float]) -> tuple[float, float]:
        if self._single:
            lines = [self._whole_line()]
        else:
            lines = [(self._x, self._train), (self._x, self._validation), (self._steps.x, self._steps.y)]
        if not any(len(between(x, y, view)) for x, y in lines):
            lines = [(line.x, line.y) for line in self._others]
        parts = [between(x, y, view) for x, y in lines]
        return detail_range(parts, self.is_logarithmic(), 1.02 if self._percent else math.inf)

    def _steady_range(self) -> tuple[float, float]:
        """Return the range of values, the same as before while it fits well: an axis that wavers is hard to read."""
        low, high = self._value_range()
        kept = self._range if self._range is not None and self._range[0] == self.is_logarithmic() else None
        if kept is None or not self._fits(low, high, *kept[1:]):
            self._range = self.is_logarithmic(), low, high
        assert self._range is not None
        return self._range[1:]

    @staticmethod
    def _fits(low: float, high: float, kept_low: float, kept_high: float) -> bool:
        return kept_low <= low and high <= kept_high and high - low >= KEPT_SHARE * (kept_high - kept_low)

    def _write(self, value: float) -> str:
        if self._single:
            return short_number(value, 3) if math.isfinite(value) else write_number(value)
        return write_percent(value) if self._percent else write_number(value)

    def _in_words(self) -> str:
        if not len(self._x):
            return self.tr("No epoch has finished yet.")
        if self._single:
            words = self.tr("epoch {epoch}: {name} {value}")
            value = self._write(self._train[-1])
            return words.format(epoch=round(self._x[-1]), name=self._single, value=value)
        words = self.tr("epoch {epoch}: train {train}, validation {validation}").format(
            epoch=round(self._x[-1]), train=self._write(self._train[-1]), validation=self._write(self._validation[-1])
        )
        best = "" if self._best is None else self.tr("; best epoch {epoch}").format(epoch=self._best)
        return words + best

    # ---- cross-hair

    def _on_hovered(self, place: float | None) -> None:
        found = None if place is None else self._snapped(place)
        if found != self._hover:
            self.set_hover(found)
            self.hovered.emit(found)

    def _snapped(self, place: float) -> float | None:
        """Return what can be read nearest to a place: an epoch, or beyond the last one a step."""
        x = self._steps.x
        if not len(self._x):
            return nearest_epoch(x, place)
        last = self._x[-1]
        if len(x) and x[-1] > last and place > last + (x[-1] - last) / 2:
            return nearest_epoch(x[np.searchsorted(x, last, "right") :], place)
        return nearest_epoch(self._x, place)

    def _on_pressed(self, place: float) -> None:
        epoch = nearest_epoch(self._x, place)
        if epoch is not None:
            self.epoch_picked.emit(round(epoch))

    def _show_cursor(self) -> None:
        place = self._hover if self._hover is not None else self._cursor
        assert self._area is not None
        self._area.draw_cursor(place)
        self._reading.show_parts(*self._parts_at(self._cursor))
        texts = None if self._hover is None else self._texts_at(float(self._hover))
        self._readout.setVisible(texts is not None)
        if texts is not None:
            self._readout.show_texts(*texts)
            self._place_readout(float(self._hover))

    def _parts_at(self, epoch: int | None) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return words and colour tokens for the row below the heading, in long and in short."""
        texts = None if epoch is None else self._texts_at(float(epoch))
        if texts is None:
            return [], []
        epoch_words, train, validation, others = texts
        short = [(epoch_words, "dim"), (self._write(value_at(self._x, self._train, float(epoch))), self._own_token)]
        if self._single:  # the heading names it
            return [*short, *others], [*short, *others]
        short.append((self._write(value_at(self._x, self._validation, float(epoch))), "validation"))
        return [(epoch_words, "dim"), (train, "train"), (validation, "validation"), *others], [*short, *others]

    @property
    def _own_token(self) -> str:
        return "accent" if self._single else "train"

    def _texts_at(self, place: float) -> tuple[str, str, str, list[tuple[str, str]]] | None:
        """Return what the box says at an epoch or a step; None where nothing is known."""
        epoch, step = value_at(self._x, self._train, place), value_at(self._steps.x, self._steps.y, place)
        is_step = not math.isfinite(epoch) and math.isfinite(step)
        if not len(self._x) and not is_step:
            return None
        name = self._single or self.tr("train")
        words = self.tr("{name} {value}")
        train = words.format(name=name, value=self._write(step if is_step else epoch))
        if is_step:
            return self.tr("in epoch {number}").format(number=math.ceil(place)), train, "", []
        validation = self._write(value_at(self._x, self._validation, place))
        validation = "" if self._single else words.format(name=self.tr("validation"), value=validation)
        others = [
            (self._of_another(line, place), token)
            for line, token in zip(self._others, self.other_tokens(), strict=True)
        ]
        return self.tr("epoch {number}").format(number=round(place)), train, validation, others

    def _of_another(self, line: Line, place: float) -> str:
        """Return what the box says of another run at an epoch."""
        if len(line.x) and place > line.x[-1]:
            return self.tr("{name} had ended").format(name=line.name)
        value = float(np.interp(place, line.x, line.y)) if len(line.x) and place >= line.x[0] else math.nan
        return self.tr("{name} {value}").format(name=line.name, value=self._write(value))

    def _place_readout(self, epoch: float) -> None:
        assert self._area is not None
        left, right = self._area.drawn_room()
        place = self._area.place_of(epoch)
        width = self._readout.width()
        # Right of the line; left of it where the right side has no room.
        x = place + 8 if place + 8 + width <= right else max(left, place - 8 - width)
        # Losses fall and accuracies rise: the box keeps out of their way. A rate does as it likes.
        low = self._percent or (bool(self._single) and self._is_high(epoch))
        y = self._area.height() - self._readout.height() - theme().px(36) if low else theme().px(12)
        self._readout.move(self._area.mapTo(self, QPoint(round(x), max(0, y))))
        self._readout.raise_()

    def _is_high(self, place: float) -> bool:
        """Whether the single line runs in the upper half of the chart at this place."""
        x, y = self._whole_line()
        low, high = self._value_range()
        value = float(np.interp(place, x, y)) if len(x) else math.nan
        return (math.log10(max(value, 1e-30)) if self.is_logarithmic() else value) > (low + high) / 2

    def _on_log_toggled(self, on: bool) -> None:
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
        keys = [self._keys.itemAt(place).widget().sizeHint().width() for place in range(self._keys.count())]
        fits = self._has_legend and sum(keys) + self._keys.spacing() * (len(keys) - 1) <= room
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
