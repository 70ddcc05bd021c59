"""The results as a Qt model, and their thumbnails."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QImage

from engine.data.pictures import sample_thumbnail
from gui.pages.predict.words import spoken
from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.qimages import qimage

PREDICTION = Qt.ItemDataRole.UserRole
THUMBNAIL = Qt.ItemDataRole.DecorationRole
THUMBNAIL_SIDE = 256  # px: enough for screens of double density
KEPT = 400
WAITING = 60


class ResultsModel(QAbstractListModel):
    """Predictions, newest first. Rows that stay keep their selection when newer ones arrive above them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._results: list = []
        self._thumbnails = Thumbnails(self)
        self._thumbnails.loaded.connect(self._on_loaded)

    def set_results(self, results: Sequence) -> None:
        """Show `results`; what is new must stand before what was there."""
        new = len(results) - len(self._results)
        grown = new > 0 and all(a is b for a, b in zip(results[new:], self._results, strict=True))
        if grown:
            self.beginInsertRows(QModelIndex(), 0, new - 1)
            self._results = list(results)
            self.endInsertRows()
        elif new or any(a is not b for a, b in zip(results, self._results, strict=True)):
            self.beginResetModel()
            self._results = list(results)
            self.endResetModel()

    def results(self) -> list:
        """What is shown, newest first."""
        return self._results

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._results)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        prediction = self._results[index.row()]
        if role == PREDICTION:
            return prediction
        if role == THUMBNAIL:
            return self._thumbnails.image(prediction)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return spoken(prediction)
        if role == Qt.ItemDataRole.ToolTipRole:
            where = str(prediction.name if isinstance(prediction.source, bytes) else prediction.source)
            return f"{where}\n{prediction.error}" if prediction.error is not None else where
        return None

    def _on_loaded(self, prediction: object) -> None:
        for row, each in enumerate(self._results):
            if each is prediction:
                index = self.index(row)
                self.dataChanged.emit(index, index, [THUMBNAIL])
                return


class Thumbnails(QObject):
    """Small pictures of predictions, read off the GUI thread in the order in which they were looked at last."""

    loaded = Signal(object)  # a prediction

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # By id; the prediction itself is kept too, so that its id is not given to another one.
        self._kept: OrderedDict[int, tuple[object, QImage]] = OrderedDict()
        self._waiting: deque = deque(maxlen=WAITING)
        self._reader = LatestAnswer(self)
        self._reader.answered.connect(self._on_read)

    def image(self, prediction: object) -> QImage | None:
        """The thumbnail, or None while it is being read; `loaded` says when it is there. Unreadable: a null image."""
        kept = self._kept.get(id(prediction))
        if kept is not None:
            self._kept.move_to_end(id(prediction))
            return kept[1]
        if prediction.error is None and not any(each is prediction for each in self._waiting):
            self._waiting.append(prediction)
            self._read_next()
        return None

    def _read_next(self) -> None:
        if self._waiting and not self._reader.is_busy:
            prediction = self._waiting[-1]
            self._reader.ask(lambda: (prediction, _read(prediction)))

    def _on_read(self, answer: tuple[object, QImage]) -> None:
        prediction, _ = answer
        self._kept[id(prediction)] = answer
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._waiting = deque((each for each in self._waiting if each is not prediction), maxlen=WAITING)
        self.loaded.emit(prediction)
        self._read_next()


def _read(prediction: object) -> QImage:
    from engine.errors import PictureError

    try:
        return qimage(sample_thumbnail(prediction.source, THUMBNAIL_SIDE))
    except PictureError:  # moved or deleted since it was classified
        return QImage()
