"""What the network says of each picture, now or at any epoch."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from gui.pages.shared.viewer import PictureViewer, Told
from gui.pages.train.replay import Replay
from gui.pages.train.replay_bar import ReplayBar
from gui.pictures import Answers, PictureView
from gui.widgets.bars import number as in_figures
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import Panel
from gui.widgets.segmented import Segmented

REFRESH_MS = 250
READ_MS, READ_SECONDS = 15, 0.006  # stored answers are read in small bites between the window's own work
FILTERS = ("watched", "worst", "flipped", "all")


class LivePredictions(Panel):
    """A grid of validation pictures with their answers, filters over it, and the replay slider under it."""

    epoch_shown = Signal(object)  # the epoch that is being replayed, None at the live end

    def __init__(self, studio: object, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Predictions"))
        self._document, self._data, self._training = studio.document, studio.data, studio.training
        self._replay = Replay()
        self._fresh: object | None = None  # the latest Watched, until its epoch is done
        self._reader = QTimer(self, interval=READ_MS)
        self._reader.timeout.connect(self._read_some)
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.filters = self._make_filters()
        self.add_beside_title(self.filters)
        self.score = ElidedLabel()
        self.score.setProperty("dim", True)
        self.add_extra(self.score)
        self.grid = PictureView(tile=132, caption=True, history=True, whole=True)
        self.grid.setObjectName("train.watched")
        self.grid.setAccessibleName(self.tr("Predictions of validation images"))
        self.grid.opened.connect(self.open_picture)
        self.body.addWidget(self.grid, 1)
        self.bar = ReplayBar()
        self.bar.place_changed.connect(self._on_place)
        self.body.addWidget(self.bar)
        self._connect()
        self.show_run()

    def _make_filters(self) -> Segmented:
        filters = Segmented()
        filters.setAccessibleName(self.tr("Which images"))
        tips = {
            "watched": self.tr("The same images all the time, answered again four times a second"),
            "worst": self.tr("Images whose right class gets the lowest probability"),
            "flipped": self.tr("Images whose answer turned right or wrong in this epoch"),
            "all": self.tr("All validation images"),
        }
        for key in FILTERS:
            filters.add(key, self._filter_name(key), tool_tip=tips[key]).setObjectName(f"train.filter.{key}")
        filters.chosen.connect(self.refresh)
        return filters

    def _filter_name(self, key: str) -> str:
        names = {"watched": self.tr("Watched"), "worst": self.tr("Worst")}
        return (names | {"flipped": self.tr("Flipped now"), "all": self.tr("All")})[key]

    def _connect(self) -> None:
        training = self._training
        training.started.connect(self.show_run)
        training.shown_changed.connect(self.show_run)
        training.watched.connect(self._on_watched)
        training.epoch_done.connect(self._on_epoch)
        training.state_changed.connect(self._on_state)
        self._data.index_changed.connect(self.show_run)

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
        if fresh is not None and self.bar.is_following() and number in fresh.numbers:
            row = list(fresh.numbers).index(number)
            when = self.tr("epoch {epoch}, still going on").format(epoch=fresh.epoch)
            return Told(when, index.classes, np.asarray(fresh.probabilities[row]))
        probabilities = self._replay.probabilities(place, number) if place >= 0 else None
        if probabilities is None or len(probabilities) != len(index.classes):
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
        self._reader.start()
        self.grid.set_planned(self._training.run.epochs if self._is_live() else 0)
        self._on_state()
        self.bar.follow()
        self.epoch_shown.emit(None)
        self.refresh()

    def _read_some(self) -> None:
        if not self._replay.load_some(READ_SECONDS):
            self._reader.stop()
        self._schedule()

    def _is_live(self) -> bool:
        run = self._training.run
        return run is not None and self._training.shown_run in (None, run.run)

    def _on_watched(self, event: object) -> None:
        if self._is_live():
            self._fresh = event
            self._schedule()

    def _on_epoch(self, event: object) -> None:
        if not self._is_live():
            return
        self._fresh = None
        self._replay.append(event)
        self._on_state()
        self._schedule()

    def _on_state(self) -> None:
        live = self._is_live() and self._training.state in ("training", "paused", "stopping")
        self.bar.set_epochs(len(self._replay), live=live)

    def _on_place(self) -> None:
        following = self.bar.is_following()
        self.epoch_shown.emit(None if following else self._replay.epoch(self.bar.place()))
        if self.bar.is_playing():
            self.refresh()  # its own timer sets the pace
        else:
            self._schedule(50)

    def show_epoch(self, epoch: int) -> None:
        """Replay an epoch, as the slider does."""
        place = self._replay.place_of(epoch)
        if place >= 0:
            self.bar.go_to(place)

    def _schedule(self, within_ms: int = REFRESH_MS) -> None:
        if not self._timer.isActive() or self._timer.remainingTime() > within_ms:
            self._timer.start(within_ms)

    # ---- what is shown

    def refresh(self) -> None:
        """Show the pictures and answers of now; the grid is drawn four times a second at most."""
        self._timer.stop()
        index = self._index
        place = self.bar.place()
        if index is None:
            self.grid.set_pictures(None, np.empty(0))
            self._count(0, 0, 0, 0)
            return
        numbers = {"watched": self._watched_numbers(), "all": self._replay.numbers}
        numbers["worst"] = self._replay.worst(place) if place >= 0 else np.empty(0, dtype=np.int64)
        numbers["flipped"] = self._replay.flipped(place) if place >= 0 else np.empty(0, dtype=np.int64)
        self._count(*(len(numbers[key]) for key in FILTERS))
        key = self.filters.current()
        self.grid.set_pictures(index, numbers[key], self._answers(key, numbers[key], place))
        self.grid.set_placeholder(self._nothing(key))
        self._show_score(place)

    def _answers(self, key: str, numbers: np.ndarray, place: int) -> Answers | None:
        index, fresh = self._index, self._fresh
        if key == "watched" and fresh is not None and self.bar.is_following() and len(numbers) == len(fresh.numbers):
            return self._replay.with_fresh(numbers, fresh.probabilities, index.labels[numbers], index.classes)
        return self._replay.answers(place, numbers, index.classes) if place >= 0 else None

    def _watched_numbers(self) -> np.ndarray:
        index, run = self._index, self._training.run
        if self._is_live():
            watched = np.asarray(run.watched, dtype=np.int64)
            return watched[(watched >= 0) & (watched < len(index))]
        from engine.train.watch import choose_watched  # of a stored run: chosen by the same rule

        return np.asarray(choose_watched(index.labels, np.sort(self._replay.numbers)), dtype=np.int64)

    def _count(self, *counts: int) -> None:
        for key, count in zip(FILTERS, counts, strict=True):
            name = self._filter_name(key)
            self.filters.set_label(key, f"{name} {in_figures(count)}" if count else name)

    def _nothing(self, key: str) -> str:
        if not len(self._replay):
            return self.tr("The answers appear with the first epoch.")
        if key == "flipped":
            return self.tr("No answer turned right or wrong in this epoch.")
        return self.tr("These images are no longer in the data set.")

    def _show_score(self, place: int) -> None:
        total = len(self._replay.numbers)
        if place < 0 or not total:
            self.score.setText("")
            return
        right = int(self._replay.right(place).sum())
        self.score.setText(self.tr("{right} / {total} right").format(right=in_figures(right), total=in_figures(total)))
