"""The selected result large, with every probability."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QToolTip, QWidget

from engine.data.pictures import sample_thumbnail
from engine.errors import EngineError
from gui.pages.predict.bar_painting import label_width, line_height, paint_bar
from gui.pages.predict.words import how_sure, ranked
from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.qimages import qimage
from gui.pages.shared.strips import whole_in
from gui.theme import restyle, theme
from gui.theme.icons import paint_icon
from gui.widgets.bars import percent
from gui.widgets.elided import ElidedLabel
from gui.widgets.panel import Panel, dim_label, text_label

LARGE_SIDE = 800  # px, longer side of the large picture


class LargePicture(QWidget):
    """One picture, as large as the width allows and whole."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image, self._icon = QImage(), "image"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def set_image(self, image: QImage, icon_name: str = "image") -> None:
        """Show `image`; a null one shows an icon instead."""
        self._image, self._icon = image, icon_name
        self.update()

    def image(self) -> QImage:
        """What is shown."""
        return self._image

    def sizeHint(self) -> QSize:
        return QSize(theme().px(252), theme().px(252))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(80), theme().px(120))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("raised"))
        painter.drawRoundedRect(self.rect(), 6, 6)
        if self._image.isNull():
            side = theme().px(40)
            place = QRectF(self.rect().center().x() - side / 2, self.rect().center().y() - side / 2, side, side)
            paint_icon(painter, self._icon, place, "bad" if self._icon == "warning" else "faint")
            return
        # Tiny pictures are shown as the pixels they are.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() >= 64)
        painter.drawImage(whole_in(self._image.size(), QRectF(self.rect())), self._image)


class ProbabilityList(QWidget):
    """Every class with its bar; draws only the lines in sight, so that a thousand classes cost nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: list[tuple[str, float]] = []
        theme().changed.connect(self.updateGeometry)

    def set_shares(self, shares: list[tuple[str, float]]) -> None:
        """Show (class, probability) pairs, the largest first."""
        self._shares = shares
        self.setAccessibleName(", ".join(f"{name} {percent(value)}" for name, value in shares[:10]))
        self.setMinimumHeight(len(shares) * line_height(self.fontMetrics()))
        self.update()

    def shares(self) -> list[tuple[str, float]]:
        """What is shown."""
        return self._shares

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            line = event.pos().y() // line_height(self.fontMetrics())
            known = 0 <= line < len(self._shares)
            QToolTip.showText(event.globalPos(), self._shares[line][0] if known else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, seen = line_height(self.fontMetrics()), event.rect()
        first, last = seen.top() // height, seen.bottom() // height + 1
        room = self.width() - 2
        # The words of all classes share one width, or the bars would jump while scrolling.
        words = label_width(self.fontMetrics(), [name for name, _ in self._shares], room)
        for number, (name, value) in enumerate(self._shares[first:last], first):
            token = "accent" if number == 0 else "dim"
            paint_bar(painter, QRect(0, number * height, room, height), name, value, words, token)


class DetailPanel(Panel):
    """Picture, class, a sentence about how sure the network is, every probability."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("predict.detail")
        self.set_title(self.tr("Selected image"))
        self.picture = LargePicture()
        self.class_name = ElidedLabel()
        self.class_name.setProperty("title", True)
        self.figure = text_label(title=True)
        self.sentence = text_label(wrap=True)
        self.caution = dim_label(
            self.tr("Sure is not right: images unlike those it learned from can get high numbers too."),
            wrap=True,
            small=True,
        )
        self.probabilities = ProbabilityList()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.probabilities)
        self._reader = LatestAnswer(self)
        self._reader.answered.connect(self.picture.set_image)
        self._reader.failed.connect(self._on_unreadable)
        title = QHBoxLayout()
        title.addWidget(self.class_name, 1)
        title.addWidget(self.figure)
        self.body.addWidget(self.picture)
        self.body.addLayout(title)
        self.body.addWidget(self.sentence)
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self.caution)
        self.body.addStretch(0)
        self.show_prediction(None)

    def show_prediction(self, prediction: object | None) -> None:
        """Show one result; None: nothing is selected."""
        answered = prediction is not None and prediction.error is None
        for widget in (self.figure, self._scroll, self.caution):
            widget.setVisible(answered)
        self.picture.setVisible(prediction is not None)
        self.class_name.setVisible(prediction is not None)
        self._reader.forget()
        if prediction is None:
            self.sentence.setText(self.tr("Select a result to see it large, with the probability of every class."))
        elif answered:
            self._show_answer(prediction)
        else:
            self._show_error(prediction)
        restyle(self.sentence, dim=prediction is None)

    def _show_answer(self, prediction: object) -> None:
        self.picture.set_image(QImage())
        self._reader.ask(lambda: qimage(sample_thumbnail(prediction.source, LARGE_SIDE)))
        self.class_name.setText(prediction.class_name)
        self.figure.setText(percent(prediction.probability))
        self.sentence.setText(how_sure(prediction))
        self.probabilities.set_shares(ranked(prediction))
        self._scroll.verticalScrollBar().setValue(0)

    def _show_error(self, prediction: object) -> None:
        self.picture.set_image(QImage(), "warning")
        self.class_name.setText(prediction.name)
        self.sentence.setText(str(prediction.error))

    def _on_unreadable(self, error: Exception) -> None:
        if not isinstance(error, EngineError):
            raise error
        self.picture.set_image(QImage(), "warning")
