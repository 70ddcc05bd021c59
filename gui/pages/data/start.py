"""What Data shows while no pictures were chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.theme import theme
from gui.widgets.drop_well import CentredFlow, DropWell
from gui.widgets.panel import dim_label

WIDEST = 760  # px at 100 % text size


class DataStart(QWidget):
    """A large drop well, and the samples for those who only want to look."""

    dropped = Signal(object)  # list[Path]
    choose_wanted = Signal()
    file_wanted = Signal()
    sample_wanted = Signal(str)
    collect_wanted = Signal()
    download_wanted = Signal()

    def __init__(self, samples: Sequence, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.well = DropWell(
            self.tr("Drop a folder of images here"),
            self.tr(
                "one sub-folder per class, named like the class; train, validation and test folders are obeyed. "
                "A zip or tar file of such a folder, or the files of MNIST and CIFAR, will do too"
            ),
            prominent=True,
        )
        self.well.setObjectName("data.start")
        self.well.dropped.connect(self.dropped)
        choose = self.well.add_button(self.tr("Choose folder…"), primary=True)
        choose.setObjectName("data.start.choose")
        choose.clicked.connect(self.choose_wanted)
        choose_file = self.well.add_button(self.tr("Choose file…"))
        choose_file.setObjectName("data.start.choose_file")
        choose_file.clicked.connect(self.file_wanted)
        self._others = QWidget()
        others = CentredFlow(self._others, spacing=theme().tokens.space)
        for name, words, wanted in (
            ("collect", self.tr("Collect images by camera or drawing…"), self.collect_wanted),
            ("download", self.tr("A known data set from the internet…"), self.download_wanted),
        ):
            button = QPushButton(words)
            button.setObjectName(f"data.start.{name}")
            button.setProperty("quiet", True)
            button.clicked.connect(lambda _=False, wanted=wanted: wanted.emit())
            others.addWidget(button)
        self._samples = QWidget()
        flow = CentredFlow(self._samples, spacing=theme().tokens.space)
        for sample in samples:
            button = QPushButton(sample.title)
            button.setObjectName(f"data.sample.{sample.name}")
            button.setToolTip(sample.summary)
            button.clicked.connect(self._on_sample)
            flow.addWidget(button)
        hint = dim_label(self.tr("or start from a sample"))
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for widget in (hint, self._samples):
            widget.setVisible(bool(samples))
        self._middle = QWidget()
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.addStretch(1)
        across.addWidget(self._middle, 1000)  # up to its largest width; what is left goes to both sides
        across.addStretch(1)
        column = QVBoxLayout(self._middle)
        column.setContentsMargins(*[theme().px(24)] * 4)
        column.setSpacing(theme().tokens.space_large)
        column.addStretch(1)
        for widget in (self.well, self._others, hint, self._samples):
            column.addWidget(widget)
        column.addStretch(2)
        theme().changed.connect(self._size)
        self._size()

    def _size(self) -> None:
        self.well.setMinimumHeight(theme().px(220))
        self._middle.setMaximumWidth(theme().px(WIDEST))

    def _on_sample(self) -> None:
        self.sample_wanted.emit(self.sender().objectName().removeprefix("data.sample."))
