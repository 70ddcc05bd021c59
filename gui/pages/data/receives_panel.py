"""The right side of Data: what of each picture reaches the network, and how training varies it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.compile import Problem
from engine.errors import EngineError
from engine.params import both, params_of
from engine.spec.data import DataSpec
from gui.pages.data.augmentation import AugmentationRows
from gui.pages.data.side_scroll import SideScroll
from gui.pages.shared.background import LatestAnswer
from gui.pages.shared.preview import Example, example, variants
from gui.pages.shared.roomy_form import RoomyForm
from gui.pages.shared.strips import BeforeAfter, VariantStrip
from gui.theme import theme
from gui.widgets.panel import Panel, dim_label, heading, text_label

RECEIVED_SETTINGS = ("size", "colour", "fit", "normalise")


class ReceivesPanel(Panel):
    """Shows and edits a `DataSpec`; one picture of the data set is its example."""

    setting_changed = Signal(str, object, str)  # of DataSpec: name, value, merge key
    edited = Signal(str, object, str)  # text for undo, DataSpec, merge key
    network_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("What the network receives"))
        self._data = DataSpec()
        self._path: Path | None = None
        self._partners: tuple[Path, ...] = ()
        self._seed = 0
        self._content = QWidget()
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, theme().tokens.space_small, 0)
        self._column.setSpacing(theme().tokens.space)
        self._make_form()
        self._make_augmentation()
        self._column.addStretch(1)
        self.body.addWidget(SideScroll(self._content))
        self._examples, self._varied = LatestAnswer(self), LatestAnswer(self)
        self._examples.answered.connect(self._show_example)
        self._examples.failed.connect(self._show_unreadable)
        self._varied.answered.connect(self.strip.set_images)
        self._varied.failed.connect(self._show_unreadable)
        self._look_again()

    def _make_form(self) -> None:
        self.form = RoomyForm("data")
        self.form.changed.connect(self.setting_changed)
        self._show_settings()
        self._make_complaint()
        self.before_after = BeforeAfter()
        self.before_after.setAccessibleName(self.tr("One image before and after"))
        self.caption = dim_label(wrap=True, small=True)
        for widget in (self.form, self.before_after, self.caption):
            self._column.addWidget(widget)

    def _make_complaint(self) -> None:
        """Why the network cannot work with images of this size, and the way to it."""
        self.complaint = QWidget()
        self.complaint.hide()
        self.too_small = text_label(wrap=True, small=True, tone="bad")
        self.to_network = QPushButton(self.tr("Go to Network"))
        self.to_network.setObjectName("data.to_network")
        self.to_network.setProperty("link", True)
        self.to_network.clicked.connect(self.network_wanted)
        column = QVBoxLayout(self.complaint)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.too_small)
        column.addWidget(self.to_network, 0, Qt.AlignmentFlag.AlignLeft)
        self.form.add_below("size", self.complaint)

    def show_problem(self, problem: Problem | None) -> None:
        """Say what stops the network at this size; None: nothing does."""
        self.complaint.setVisible(problem is not None)
        if problem is not None:
            parts = " ".join(part for part in (problem.what, problem.why) if part)
            self.too_small.setText(self.tr("Too small for this network: {problem}").format(problem=parts))

    def _make_augmentation(self) -> None:
        row = QHBoxLayout()
        row.addWidget(heading(self.tr("Augmentation")))
        row.addStretch(1)
        note = dim_label(self.tr("on for training only"), wrap=True, small=True)
        note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(note, 4)
        self.strip = VariantStrip()
        self.again = QPushButton(self.tr("show others"))
        self.again.setObjectName("data.variants")
        self.again.setProperty("link", True)
        self.again.setAccessibleName(self.tr("Show other variants"))
        self.again.clicked.connect(self._other_variants)
        self.rows = AugmentationRows()
        self.rows.edited.connect(self.edited)
        words = self.tr(
            "Every epoch sees each image slightly changed: the network learns what matters and overfits less."
        )
        self._column.addSpacing(theme().tokens.space_small)
        self._column.addLayout(row)
        self._column.addWidget(self.strip)
        self._column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignRight)
        self._column.addWidget(self.rows)
        self._column.addWidget(dim_label(words, wrap=True, small=True))

    def show_spec(self, data: DataSpec) -> None:
        """Show the settings of `data`."""
        before, self._data = self._data, data
        self._show_settings()
        self.rows.show_spec(data)
        if (data.size, data.colour, data.fit) != (before.size, before.colour, before.fit):
            self._look_again()
        elif data.augment != before.augment:
            self._vary()

    def _show_settings(self) -> None:
        others = [setting.name for setting in params_of(DataSpec) if setting.name not in RECEIVED_SETTINGS]
        self.form.show(self._data, hide=others)

    def set_example(self, path: Path | None) -> None:
        """Take this picture as the example."""
        if path != self._path:
            self._path = path
            self._look_again()

    def set_partners(self, paths: Sequence[Path]) -> None:
        """Mix the example with these pictures, where an augmentation mixes."""
        if tuple(paths) != self._partners:
            self._partners = tuple(paths)
            self._vary()

    def _look_again(self) -> None:
        path, data = self._path, self._data
        for widget in (self.before_after, self.caption):
            widget.setVisible(path is not None)
        if path is None:
            self._examples.forget()
            self.before_after.set_images(QImage(), QImage())
        else:
            self._examples.ask(lambda: example(path, data))
        self._vary()

    def _vary(self) -> None:
        path, data, seed, count = self._path, self._data, self._seed, self.strip.COLUMNS * self.strip.ROWS
        # Without augmentation there is nothing to show, and no reason to wait for torch.
        wanted = path is not None and bool(data.augment)
        self.strip.setVisible(wanted)
        self.again.setVisible(wanted)
        if wanted:
            others = [other for other in self._partners if other != path]
            self._varied.ask(lambda: variants(path, data, seed, count, others))
        else:
            self._varied.forget()
            self.strip.set_images(())

    def _other_variants(self) -> None:
        self._seed += 1
        self._vary()

    def _show_example(self, shown: Example) -> None:
        self.before_after.set_images(shown.before, shown.after)
        height, width = both(self._data.size)
        after = self.tr("{width} × {height}, {colour}").format(
            width=width, height=height, colour=self.tr("colour") if self._data.colour == "rgb" else self.tr("grey")
        )
        self.caption.setText(f"{shown.width} × {shown.height} → {after}")

    def _show_unreadable(self, error: Exception) -> None:
        if not isinstance(error, EngineError):
            raise error
        self.before_after.set_images(QImage(), QImage())
        self.strip.set_images(())
        self.caption.setText(str(error))
