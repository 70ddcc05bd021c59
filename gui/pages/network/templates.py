"""Networks to start from, as cards: behind the toolbar's button, and in the middle while nothing is drawn."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from engine.compile import Facts, infer
from engine.layers import grouped
from engine.templates import Template, fitted, templates
from gui.canvas import dragged_kind
from gui.theme import theme
from gui.widgets.empty import EmptyState
from gui.widgets.panel import heading


class TemplateCard(QAbstractButton):
    """Title, parameters for the present data, and what the network is for. The text wraps at the card's width."""

    def __init__(self, template: Template, parent: QWidget | None = None):
        super().__init__(parent)
        self.template = template
        self._figures = ""
        self.setText(template.title)
        self.setObjectName(f"network.template.{template.name}")
        self.setToolTip(template.source)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme().changed.connect(self.updateGeometry)

    def set_facts(self, facts: Facts) -> None:
        """Say how many parameters the network has on the present data."""
        # Without data there are no classes yet; two are the fewest there can be.
        assumed = facts if facts.classes else Facts(facts.shape, 2)
        report = infer(fitted(self.template.name, assumed), assumed)
        words = self.tr("{count} parameters") if facts.classes else self.tr("{count} parameters with 2 classes")
        self._figures = words.format(count=grouped(report.parameters))
        self.setAccessibleName(f"{self.template.title}, {self._figures}. {self.template.summary}")
        self.updateGeometry()
        self.update()

    def _figures_below(self, width: int) -> bool:
        """Whether the figures need a line of their own: a number is never cut."""
        title = QFontMetricsF(self._title_font()).horizontalAdvance(self.template.title)
        figures = QFontMetricsF(theme().font(12)).horizontalAdvance(self._figures)
        return title + figures + theme().px(28 + 12) > width

    def _words_room(self, width: int) -> QRectF:
        px = theme().px
        top = px(11) + px(21) * (2 if self._figures_below(width) else 1)
        return QRectF(px(14), top, max(10, width - px(28)), 10_000)

    @staticmethod
    def _title_font() -> QFont:
        return theme().font(13.5, QFont.Weight.DemiBold)

    def _body(self) -> QFont:
        return theme().font(12.5)

    def heightForWidth(self, width: int) -> int:
        flags = Qt.TextFlag.TextWordWrap
        text = QFontMetricsF(self._body()).boundingRect(self._words_room(width), flags, self.template.summary)
        return round(text.bottom()) + theme().px(12)

    def sizeHint(self) -> QSize:
        width = theme().px(360)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(220), theme().px(60))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color, px, radius = theme().color, theme().px, theme().tokens.radius
        lit = self.underMouse() or self.isDown()
        painter.setPen(QPen(color("accent" if self.hasFocus() else "line"), 1.5 if self.hasFocus() else 1))
        painter.setBrush(color("selection" if self.isDown() else "hover" if lit else "raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
        line = QRectF(px(14), px(10), self.width() - px(28), px(20))
        painter.setFont(theme().font(12))
        painter.setPen(color("dim"))
        below = self._figures_below(self.width())
        side = Qt.AlignmentFlag.AlignLeft if below else Qt.AlignmentFlag.AlignRight
        figures_line = line.translated(0, px(20) if below else 0)
        painter.drawText(figures_line, side | Qt.AlignmentFlag.AlignVCenter, self._figures)
        painter.setFont(self._title_font())
        painter.setPen(color("text"))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.template.title)
        painter.setFont(self._body())
        painter.setPen(color("dim"))
        painter.drawText(self._words_room(self.width()), Qt.TextFlag.TextWordWrap, self.template.summary)


_GROUPS = (
    QT_TRANSLATE_NOOP("TemplateGroups", "First steps"),
    QT_TRANSLATE_NOOP("TemplateGroups", "Small, learn on a laptop"),
    QT_TRANSLATE_NOOP("TemplateGroups", "Classics"),
    QT_TRANSLATE_NOOP("TemplateGroups", "Efficient"),
    QT_TRANSLATE_NOOP("TemplateGroups", "Sequences"),
)


class TemplateList(QWidget):
    """All templates, one card below the other, those for the beginning first.

    Signals:
        picked(name): of a template.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().tokens.space)
        self.cards: list[TemplateCard] = []
        for group in _GROUPS:
            column.addWidget(heading(QCoreApplication.translate("TemplateGroups", group)))
            for template in templates():
                if template.group == group:
                    card = TemplateCard(template)
                    card.clicked.connect(self._on_clicked)
                    column.addWidget(card)
                    self.cards.append(card)

    def set_facts(self, facts: Facts) -> None:
        """Fit the figures to the data."""
        for card in self.cards:
            card.set_facts(facts)

    def _on_clicked(self) -> None:
        self.picked.emit(self.sender().template.name)  # type: ignore[union-attr]


class TemplatePopup(QFrame):
    """The templates in a window of their own, closed by a pick or by a click beside it."""

    picked = Signal(str)

    def __init__(self, facts: Facts, parent: QWidget | None = None):
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("panel", True)
        self.setAccessibleName(self.tr("Templates"))
        self.list = TemplateList()
        self.list.set_facts(facts)
        self.list.picked.connect(self._on_picked)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme().tokens.space] * 4)
        column.addWidget(area)

    def open_below(self, anchor: QWidget) -> None:
        """Open under `anchor`, inside the screen."""
        room = self.screen().availableGeometry()
        self.setFixedSize(theme().px(420), min(theme().px(640), round(room.height() * 0.8)))
        corner = anchor.mapToGlobal(QPoint(0, anchor.height() + 4))
        corner.setX(max(room.left(), min(corner.x(), room.right() - self.width())))
        corner.setY(max(room.top(), min(corner.y(), room.bottom() - self.height())))
        self.move(corner)
        self.show()
        self.list.cards[0].setFocus(Qt.FocusReason.PopupFocusReason)

    def _on_picked(self, name: str) -> None:
        self.close()
        self.picked.emit(name)


class StartHere(QScrollArea):
    """What stands in the middle while nothing is drawn.

    Signals:
        picked(name): a template.
        blank_wanted(): begin with an Image layer only.
        kind_dropped(kind): a layer kind was dragged here from the palette.
    """

    picked = Signal(str)
    blank_wanted = Signal()
    kind_dropped = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.words = EmptyState(
            "network",
            self.tr("No layers yet"),
            self.tr("Start from a network that is known to work, or stack layers of your own."),
        )
        self.blank = self.words.add_button(self.tr("Start with an empty network"), icon_name="plus")
        self.blank.clicked.connect(self.blank_wanted)
        self.list = TemplateList()
        self.list.picked.connect(self.picked)
        self.list.setMaximumWidth(theme().px(480))
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(theme().tokens.space_large)
        column.addStretch(1)
        column.addWidget(self.words)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self.list, 100)  # as wide as it may be, in the middle
        middle.addStretch(1)
        column.addLayout(middle)
        column.addStretch(2)
        self.setWidget(inside)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dragged_kind(event.mimeData()):
            event.acceptProposedAction()
        else:
            event.ignore()  # files are for the window

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        if kind := dragged_kind(event.mimeData()):
            event.acceptProposedAction()
            self.kind_dropped.emit(kind)

    def set_facts(self, facts: Facts) -> None:
        """Fit the figures to the data."""
        self.list.set_facts(facts)
