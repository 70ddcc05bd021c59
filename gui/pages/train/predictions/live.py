"""What the network says of each picture, now or at any epoch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QWidget

from engine.data.pictures import looks_like_picture
from engine.train.pins import read_pinned
from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.viewer import PictureViewer, Told
from gui.pages.train.predictions.biography_order import BiographyOrder
from gui.pages.train.predictions.replay import Replay
from gui.pages.train.predictions.replay_bar import ReplayBar
from gui.pages.train.predictions.watchlist import PinBook, WithPhotographs, with_pinned
from gui.pictures import Answers, Badge, PictureView
from gui.theme import theme
from gui.widgets.bars import number as in_figures
from gui.widgets.drop_well import dropped_paths
from gui.widgets.panel import Panel, dim_label
from gui.widgets.segmented import Segmented

REFRESH_MS = 400
READ_SECONDS = 0.05  # stored answers are read in pieces, so that the grid can show what is there already
FILTERS = ("watched", "worst", "flipped", "all", "biography")
SMALLEST_WIDTH = 420  # px at 100 % text size
LATEST = 1 << 60  # an epoch after all others


class LivePredictions(Panel):
    """A grid of validation pictures with their answers, filters over it, and the replay slider under it."""

    epoch_shown = Signal(object)  # the epoch that is being replayed, None at the live end

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Predictions"))
        self._document, self._data, self._training, self._pins = (
            studio.document,
            studio.data,
            studio.training,
            studio.pins,
        )
        self._replayed = studio.replay  # other places show what they know of that epoch, too
        self._replay, self._book = Replay(), PinBook()
        self._fresh: object | None = None  # the latest Watched, until its epoch is done
        self._shown: WithPhotographs | None = None
        self._counts: dict[str, int] = {}  # of the filters
        self._fitted: tuple | None = None  # what the heading row was last made to fit
        self._reader, self._pin_reader = LatestAnswer(self), LatestAnswer(self)
        self._reader.answered.connect(self._on_read)
        self._pin_reader.answered.connect(self._on_pins_read)
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.filters = self._make_filters()
        self.add_beside_title(self.filters)
        self.order = BiographyOrder()
        self.order.changed.connect(self.refresh)
        self.add_beside_title(self.order)
        self.grid = PictureView(tile=132, caption=True, history=True, whole=True)
        self.grid.setObjectName("train.watched")
        self.grid.setAccessibleName(self.tr("Predictions of validation images"))
        self.grid.opened.connect(self.open_picture)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._open_menu)
        self.grid.pictures.set_badges(self._badge)
        self.body.addWidget(self.grid, 1)
        self.bar = ReplayBar()
        self.bar.place_changed.connect(self._on_place)
        self.score = dim_label()
        self.score.setObjectName("train.score")
        self.score.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar.layout().addWidget(self.score)  # it belongs to the epoch, and the heading row is full
        self.body.addWidget(self.bar)
        self.setAcceptDrops(True)
        self._connect()
        self.show_run()

    def _make_filters(self) -> Segmented:
        filters = Segmented()
        filters.setAccessibleName(self.tr("Which images"))
        tips = {
            "watched": self.tr(
                "The same images all the time, answered again up to four times a second. "
                "Drop photographs here to watch them too."
            ),
            "worst": self.tr("Images whose right class gets the lowest probability"),
            "flipped": self.tr("Images whose answer turned right or wrong in this epoch"),
            "all": self.tr("All validation images"),
            "biography": self.tr("All validation images with their right and wrong answers over the epochs"),
        }
        for key in FILTERS:
            filters.add(key, self._filter_name(key), tool_tip=tips[key]).setObjectName(f"train.filter.{key}")
        filters.chosen.connect(self.refresh)
        return filters

    def _filter_name(self, key: str) -> str:
        names = {"watched": self.tr("Watched"), "worst": self.tr("Worst"), "biography": self.tr("Biography")}
        return (names | {"flipped": self.tr("Flipped now"), "all": self.tr("All")})[key]

    def _connect(self) -> None:
        training = self._training
        training.started.connect(self.show_run)
        training.shown_changed.connect(self.show_run)
        training.watched.connect(self._on_watched)
        training.epoch_done.connect(self._on_epoch)
        training.state_changed.connect(self._on_state)
        self._data.index_changed.connect(self.show_run)
        self._pins.changed.connect(self.refresh)

    def open_picture(self, number: int) -> PictureViewer:
        """Show one picture large, beside what the network receives; arrow keys walk through those in the grid."""
        viewer = PictureViewer(self.grid.pictures, self._document.data, number, self, told=self._told)
        viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        viewer.open()
        return viewer

    def _told(self, number: int) -> Told | None:
        """Return what is said of a picture at the epoch that is shown."""
        index, place, fresh = self._index, self.bar.place(), self._fresh
        if index is None:
            return None
        if fresh is not None and self.bar.is_following() and number in self._fresh_rows():
            when = self.tr("epoch {epoch}, still going on").format(epoch=fresh.epoch)
            return Told(when, index.classes, self._fresh_rows()[number])
        is_validated = place >= 0 and self._replay.columns(np.array([number]))[0] >= 0
        probabilities = self._replay.probabilities(place, number) if is_validated else self._pinned_at(number, place)
        if probabilities is None or len(probabilities) != len(index.classes) or place < 0:
            return None
        return Told(self.tr("epoch {epoch}").format(epoch=self._replay.epoch(place)), index.classes, probabilities)

    # ---- what comes in

    @property
    def _index(self) -> object | None:
        """What the picture numbers of the shown run refer to."""
        pictures = self._training.pictures
        return pictures.index if pictures is not None else self._data.index

    def show_run(self) -> None:
        """Show the answers of the shown run from its beginning."""
        index = self._index
        self._replay.show(self._training.epochs if index is not None else (), index.labels if index is not None else ())
        self._fresh = None
        self._book.clear()
        self.order.forget()
        self._read_more()
        self._read_pins()
        self._fit_to_plan()
        self._offer_epochs()
        self.bar.follow()
        self._tell_epoch(None)
        self.refresh()

    def _fit_to_plan(self) -> None:
        """Leave room in the history lines for the epochs that are to come."""
        run = self._training.run
        self.grid.set_planned(run.epochs if run is not None and self._is_live() and self._training.is_active else 0)

    def _read_more(self) -> None:
        """Read what is missing of the histories, on another thread: a long run is thousands of files."""
        waiting = self._replay.waiting()
        if waiting:
            self._reader.ask(lambda: Replay.read(waiting, READ_SECONDS))
        else:
            self._reader.forget()

    def _on_read(self, found: list) -> None:
        self._replay.take(found)
        self._read_more()
        self._schedule()

    def _read_pins(self) -> None:
        shown = self._training.shown_run
        folder = next((info.folder for info in self._training.runs if info.number == shown), None)
        if folder is None:
            self._pin_reader.forget()
        else:
            self._pin_reader.ask(lambda: read_pinned(folder))

    def _on_pins_read(self, found: tuple) -> None:
        for stored in found:
            self._book.load(stored)
        if any(found):
            self._schedule()

    def _is_live(self) -> bool:
        run = self._training.run
        return run is not None and self._training.shown_run in (None, run.run)

    def _on_watched(self, event: object) -> None:
        if not self._is_live():
            return
        self._fresh = event
        for number, row in self._fresh_rows().items():
            if self._is_pinned(number):
                self._book.add(self._name(number), event.epoch, row)
        self._schedule()

    def _on_epoch(self, event: object) -> None:
        if not self._is_live():
            return
        self._fresh = None
        stored = self._training.epochs[-1] if self._training.epochs else event
        self._replay.append(event, stored if stored.epoch == event.epoch else event)
        if not self.bar.is_following():
            self._offer_epochs()  # otherwise it is told when the grid shows it
        self._schedule()

    def _on_state(self) -> None:
        self._fit_to_plan()
        if self._training.state == "idle" and self._is_live():
            self._read_pins()  # of most epochs the answers were kept and not told
        if len(self._replay) != self.bar.count():
            self.refresh()
        else:
            self._offer_epochs()

    def _offer_epochs(self) -> None:
        live = self._is_live() and self._training.state in ("training", "paused", "stopping")
        self.bar.set_epochs(len(self._replay), live=live)

    def _on_place(self) -> None:
        following = self.bar.is_following()
        self._tell_epoch(None if following else self._replay.epoch(self.bar.place()))
        if self.bar.is_playing():
            self.refresh()  # its own timer sets the pace
        else:
            self._schedule(50)

    def _tell_epoch(self, epoch: int | None) -> None:
        self._replayed(self._training.shown_run, epoch)
        self.epoch_shown.emit(epoch)

    def show_epoch(self, epoch: int) -> None:
        """Replay an epoch, as the slider does."""
        place = self._replay.place_of(epoch)
        if place >= 0:
            self._offer_epochs()
            self.bar.go_to(place)

    def _schedule(self, within_ms: int = REFRESH_MS) -> None:
        if not self._timer.isActive() or self._timer.remainingTime() > within_ms:
            self._timer.start(within_ms)

    # ---- what is shown

    def refresh(self) -> None:
        """Show the pictures and answers of now; the grid is drawn four times a second at most."""
        self._timer.stop()
        self._offer_epochs()
        index = self._index
        place, key = self.bar.place(), self.filters.current()
        self.order.setVisible(key == "biography")
        if index is None:
            self.grid.set_pictures(None, np.empty(0))
            self._count(0, 0, 0, 0)
            self.score.hide()
            return
        shown = self._with_photographs(index)
        numbers = {"watched": self._watched_numbers(), "all": self._replay.numbers}
        numbers["worst"] = self._replay.worst(place) if place >= 0 else np.empty(0, dtype=np.int64)
        numbers["flipped"] = self._replay.flipped(place) if place >= 0 else np.empty(0, dtype=np.int64)
        counts = {key: len(numbers[key]) for key in FILTERS[:4]}
        self._count(*(counts | {"worst": self._wrong(place)}).values())
        if key == "biography":
            numbers[key] = self.order.ordered(self._replay)
        self.grid.set_strip(key == "biography")
        self.grid.set_pictures(shown, numbers[key], self._answers(key, numbers[key], place))
        self.grid.set_placeholder(self._nothing(key))
        self._show_score(place)

    def _with_photographs(self, index: object) -> object:
        """Return the index with the pinned photographs behind it; the same object as long as both are the same."""
        paths = tuple(self._pins.photograph(name) for name in self._pins.pins.photographs)
        if not paths:
            self._shown = None
            return index
        if self._shown is None or self._shown.index is not index or self._shown.photographs != paths:
            self._shown = WithPhotographs(index, paths)
        return self._shown

    def _answers(self, key: str, numbers: np.ndarray, place: int) -> Answers | None:
        classes = self._index.classes
        if place >= 0:
            answers = self._replay.answers(place, numbers, classes)
        else:
            nothing = np.zeros(len(numbers))
            answers = Answers(classes, np.full(len(numbers), -1), nothing, nothing.astype(bool))
        if key == "watched":
            return self._with_watched(numbers, answers, place)
        return answers if place >= 0 else None

    def _with_watched(self, numbers: np.ndarray, answers: Answers, place: int) -> Answers:
        """Put in what is newer than the last epoch, and what is known of pictures that are not for validation."""
        labels = (self._shown or self._index).labels[numbers]
        fresh = self._fresh_rows() if self.bar.is_following() else {}
        columns = self._replay.columns(numbers)
        epochs = np.arange(1, len(self._replay) + 1)
        told: dict[int, np.ndarray] = {}
        histories: dict[int, np.ndarray] = {}
        for row, number in enumerate(numbers.tolist()):
            found = fresh.get(number)
            if found is None and columns[row] < 0:
                found = self._pinned_at(number, place)
            if found is not None and len(found) == len(self._index.classes):
                told[row] = found
            if columns[row] < 0 and row in told:
                answer = int(labels[row]) if labels[row] >= 0 else int(told[row].argmax())
                histories[row] = self._book.history(self._name(number), answer, epochs)
        return with_pinned(answers, labels, told, histories) if told else answers

    def _fresh_rows(self) -> dict[int, np.ndarray]:
        """Return (classes,) of the latest look by picture number, photographs included."""
        fresh, pinned = self._fresh, list(self._pins.pins.photographs)
        if fresh is None:
            return {}
        rows = dict(zip(fresh.numbers, fresh.probabilities, strict=True))
        count = len(self._index)
        photographs = zip(fresh.photographs, fresh.photograph_probabilities, strict=True)
        return rows | {count + pinned.index(name): row for name, row in photographs if name in pinned}

    def _pinned_at(self, number: int, place: int) -> np.ndarray | None:
        """Return (classes,) what was answered to a pinned picture at a stored epoch, or at last."""
        following = self.bar.is_following() or place < 0
        return self._book.at(self._name(number), LATEST if following else self._replay.epoch(place))

    def _name(self, number: int) -> str:
        """Return what a picture is called among the pins."""
        index = self._index
        count = len(index)
        return str(index.paths[number]) if number < count else self._pins.pins.photographs[number - count]

    def _is_pinned(self, number: int) -> bool:
        index = self._index
        return number >= len(index) or str(index.paths[number]) in self._pins.pins.images

    def _badge(self, number: int) -> Badge | None:
        if self._index is None or not self._is_pinned(number):
            return None
        return Badge(self.tr("own") if number >= len(self._index) else self.tr("pinned"), "accent")

    def _watched_numbers(self) -> np.ndarray:
        index, run = self._index, self._training.run
        if self._is_live():
            chosen = np.asarray(run.watched, dtype=np.int64)
            chosen = chosen[(chosen >= 0) & (chosen < len(index))]
        else:
            from engine.train.watch import choose_watched  # of a stored run: chosen by the same rule

            chosen = np.asarray(choose_watched(index.labels, np.sort(self._replay.numbers)), dtype=np.int64)
        photographs = len(index) + np.arange(len(self._pins.pins.photographs))
        pinned = self._pins.numbers(index)
        return np.concatenate([photographs, pinned, chosen[~np.isin(chosen, pinned)]])

    def _wrong(self, place: int) -> int:
        """How many of all pictures were answered wrongly; among the worst that are shown there may be fewer, or some
        that were only the least sure."""
        return int((~self._replay.right(place)).sum()) if len(self._replay) and place >= 0 else 0

    def _count(self, *counts: int) -> None:
        self._counts = dict(zip(FILTERS, counts, strict=False))
        self._fit_header()

    def _show_counts(self, on: bool) -> None:
        for key, count in self._counts.items():
            name = self._filter_name(key)
            words = self.tr("{name} · {count} wrong") if key == "worst" else self.tr("{name} {count}")
            self.filters.set_label(key, words.format(name=name, count=in_figures(count)) if count and on else name)

    def _nothing(self, key: str) -> str:
        if not len(self._replay):
            return self.tr("The answers appear with the first epoch.")
        if key == "flipped":
            return self.tr("No answer turned right or wrong in this epoch.")
        return self.tr("These images are no longer in the data set.")

    def _show_score(self, place: int) -> None:
        total = len(self._replay.numbers)
        if place < 0 or not total:
            self.score.hide()
            return
        right = int(self._replay.right(place).sum())
        words = self.tr("{right} / {total} right")
        # Wide enough for all of them, so that the slider does not change its length while epochs run by.
        widest = words.format(right=in_figures(total), total=in_figures(total))
        self.score.setMinimumWidth(self.score.fontMetrics().horizontalAdvance(widest))
        self.score.setText(words.format(right=in_figures(right), total=in_figures(total)))
        self.score.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_header()

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(SMALLEST_WIDTH), super().minimumSizeHint().height())  # the heading row makes itself fit

    def _fit_header(self) -> None:
        """Leave out what the row has no room for: first the heading, then the counts."""
        fitted = self.width(), self.order.isHidden(), self.order.sizeHint().width(), tuple(self._counts.values())
        if fitted == self._fitted:
            return
        self._fitted, gap = fitted, theme().tokens.space_large
        self._show_counts(True)
        needed = 2 * gap + sum(part.sizeHint().width() + gap for part in (self._title, self.filters))
        needed += 0 if self.order.isHidden() else self.order.sizeHint().width() + gap
        self._title.setVisible(needed <= self.width())
        needed -= self._title.sizeHint().width() + gap if self._title.isHidden() else 0
        self._show_counts(needed <= self.width())

    # ---- pins

    def _open_menu(self, place: QPoint) -> None:
        menu = self.make_menu(place)
        if menu is not None:
            menu.popup(self.grid.viewport().mapToGlobal(place))

    def make_menu(self, place: QPoint) -> QMenu | None:
        """Return what can be done with the pictures at a place of the grid; None where there is none."""
        under = self.grid.indexAt(place)
        if not under.isValid():
            return None
        number = self.grid.pictures.number(under.row())
        chosen = self.grid.selected_numbers().tolist()
        numbers = chosen if number in chosen else [number]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Look at it large")).triggered.connect(partial(self.open_picture, number))
        pinned = [number for number in numbers if self._is_pinned(number)]
        others = [number for number in numbers if number not in pinned]
        if others:
            words = self.tr("Watch this") if len(others) == 1 else self.tr("Watch these")
            menu.addAction(words).triggered.connect(partial(self._watch, others))
        if pinned:
            menu.addAction(self.tr("Watch no longer")).triggered.connect(partial(self._let_go, pinned))
        return menu

    def _watch(self, numbers: Sequence[int]) -> None:
        self._pins.pin_images(self._index, numbers)

    def _let_go(self, numbers: Sequence[int]) -> None:
        count = len(self._index)
        images = [self._name(number) for number in numbers if number < count]
        self._pins.let_go(images, [self._name(number) for number in numbers if number >= count])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._photographs(event):
            event.acceptProposedAction()
        else:
            event.ignore()  # a folder of images, or a project, is for the window

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        found = self._photographs(event)
        if found:
            event.acceptProposedAction()
            self._pins.pin_photographs(found)
            self.filters.set_current("watched")
            self.refresh()

    def _photographs(self, event: QDropEvent) -> list[Path]:
        """Return what is dragged, when it is images and nothing else."""
        paths = dropped_paths(event.mimeData()) if self._index is not None else []
        return paths if all(looks_like_picture(path.name) and not path.is_dir() for path in paths) else []
