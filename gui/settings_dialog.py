"""What is chosen once for all projects: the look, and how much of the disk the cache may fill."""

from collections.abc import Generator
from functools import partial
from typing import Any

from PySide6.QtCore import QLocale, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.data.room import GB, LARGEST_LIMIT, Cleared, cache_limit, cache_use, clear_cache, make_room, set_cache_limit
from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import JobControl, Progress
from gui.jobs import Failed, Finished, JobRunner, Outcome
from gui.studio import Studio
from gui.theme import theme
from gui.widgets.bars import Part, SplitBar
from gui.widgets.busy import BusyRow
from gui.widgets.fields import DoubleSpinBox
from gui.widgets.notice import ErrorBar
from gui.widgets.panel import dim_label, heading, text_label
from gui.widgets.segmented import Segmented

WIDTH = 560  # px at 100 % text


def size_words(size: float) -> str:
    """Bytes as "3.2 GB" in the user's locale."""
    return QLocale().formattedDataSize(int(size), 1 if size >= GB else 0, QLocale.DataSizeFormat.DataSizeSIFormat)


class CacheBar(SplitBar):
    """How a number of bytes is divided."""

    def _words(self, part: Part) -> str:
        return f"{part.label} {size_words(part.amount)}"


class SettingsDialog(QDialog):
    """Every choice holds at once; there is nothing to apply.

    Signals:
        mode_wanted(str): the look "system", "dark" or "light" was chosen.
    """

    mode_wanted = Signal(str)

    def __init__(self, studio: Studio, parent: QWidget | None = None):
        super().__init__(parent)
        self._studio = studio
        self._waiting: float | None = None  # a limit that was chosen while something ran
        self.setObjectName("settings")
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._runner = JobRunner(self)
        self._runner.ended.connect(self._on_ended)
        studio.closing.connect(self.reject)
        self.notice = ErrorBar()
        self.notice.setObjectName("settings.notice")
        self.mode = self._mode_choice()
        self.used = text_label(strong=True)
        self.bar = CacheBar()
        self.bar.setObjectName("settings.cache")
        self.bar.setAccessibleName(self.tr("What the cache holds"))
        self.limit = self._limit_field()
        self.clear_button = QPushButton(self.tr("Clear…"))
        self.clear_button.setObjectName("settings.clear")
        self.clear_button.setAccessibleName(self.tr("Clear the cache"))
        self.clear_button.setAutoDefault(False)
        self.clear_button.clicked.connect(self._on_clear)
        self.busy = BusyRow()
        self.busy.setObjectName("settings.busy")
        self.busy.cancelled.connect(self._runner.stop)
        self._lay_out()
        self.notice.toggled.connect(self._fit_soon)
        theme().changed.connect(self._show_mode)
        self._show_use(None)
        self._start(self.tr("Counting"), self._count)
        self._fit()

    def _mode_choice(self) -> Segmented:
        choice = Segmented()
        choice.setObjectName("settings.mode")
        choice.setAccessibleName(self.tr("Appearance"))
        for mode, words in (
            ("system", self.tr("As the desktop")),
            ("dark", self.tr("Dark")),
            ("light", self.tr("Light")),
        ):
            choice.add(mode, words)
        choice.set_current(theme().mode)
        choice.chosen.connect(self.mode_wanted)
        return choice

    def _limit_field(self) -> DoubleSpinBox:
        field = DoubleSpinBox()
        field.setObjectName("settings.limit")
        field.setAccessibleName(self.tr("Largest size of the cache in GB"))
        field.setRange(0, LARGEST_LIMIT)
        field.setDecimals(1)
        field.setSuffix(self.tr(" GB"))
        field.setSpecialValueText(self.tr("Automatic"))
        field.setValue(cache_limit())
        field.setKeyboardTracking(False)  # "20" is not 2 first
        field.valueChanged.connect(self._on_limit)
        return field

    def _lay_out(self) -> None:
        tokens = theme().tokens
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*[2 * tokens.space] * 4)
        outer.setSpacing(tokens.space)
        outer.addWidget(self.notice)
        outer.addWidget(heading(self.tr("Appearance")))
        outer.addWidget(self.mode)
        outer.addSpacing(tokens.space_large)
        outer.addWidget(heading(self.tr("Cache")))
        what = self.tr(
            "Decoded images, unpacked archives, data sets from the internet and samples. All of it can be made or "
            "fetched again; your own images are never in it."
        )
        outer.addWidget(dim_label(what, wrap=True))
        use = QHBoxLayout()
        use.addWidget(self.used, 1)
        use.addWidget(self.clear_button)
        outer.addLayout(use)
        outer.addWidget(self.bar)
        outer.addWidget(self.busy)
        outer.addLayout(self._limit_row())
        outer.addWidget(dim_label(str(cache_folder()), wrap=True, small=True))
        outer.addStretch(1)
        buttons = QDialogButtonBox()
        close = buttons.addButton(self.tr("Close"), QDialogButtonBox.ButtonRole.AcceptRole)
        close.setObjectName("settings.close")
        close.clicked.connect(self.accept)
        outer.addWidget(buttons)
        self.setMinimumWidth(theme().px(WIDTH))

    def _limit_row(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme().tokens.space_large)
        label = text_label(self.tr("At most"))
        label.setBuddy(self.limit)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.limit, 0, 1)
        grid.setColumnStretch(2, 1)
        how = self.tr(
            "What was used longest ago goes first, and never what the open project works with. Automatic: a quarter "
            "of what would be free on the disk."
        )
        grid.addWidget(dim_label(how, wrap=True, small=True), 1, 0, 1, 3)
        return grid

    # ---- what is shown

    def _show_mode(self) -> None:
        self.mode.set_current(theme().mode)

    def _show_use(self, use: dict[str, int] | None) -> None:
        names = {
            "pictures": (self.tr("decoded images"), "train"),
            "unpacked": (self.tr("unpacked"), "validation"),
            "downloads": (self.tr("downloads"), "good"),
            "samples": (self.tr("samples"), "family.normalisation"),
            "looks": (self.tr("comparisons"), "dim"),
            "thumbnails": (self.tr("thumbnails"), "accent"),
            "other": (self.tr("other"), "faint"),
        }
        held = {} if use is None else {part: size for part, size in use.items() if size}
        limit = self.limit.value() * GB
        self.bar.set_parts([Part(names[part][0], size, names[part][1]) for part, size in held.items()], limit or None)
        total = sum(held.values())
        words = "…" if use is None else size_words(total)
        self.used.setText(self.tr("On this disk: {0}").format(words))
        self._fit()

    def _fit_soon(self) -> None:
        QTimer.singleShot(0, self, self._fit)  # the notice tells before it is there, or gone

    def _fit(self) -> None:
        """Be as high as the words need; Qt does so only for what lies inside of a window."""
        width = max(self.width(), self.minimumWidth())
        self.layout().activate()
        self.resize(width, self.layout().totalHeightForWidth(width))

    # ---- what is done

    def _start(self, words: str, work: Any) -> None:
        self.busy.start(words)
        self.clear_button.setEnabled(False)
        self._runner.start(work)

    @staticmethod
    def _count(control: JobControl) -> Generator[Progress, None, tuple[dict[str, int], None]]:
        yield Progress(0, 0, "")
        return cache_use(control), None

    @staticmethod
    def _keep_to(limit: float, control: JobControl) -> Generator[Progress, None, tuple[dict[str, int], None]]:
        set_cache_limit(limit)
        yield Progress(0, 0, "")
        make_room()
        return cache_use(control), None

    @staticmethod
    def _clear(control: JobControl) -> Generator[Progress, None, tuple[dict[str, int], Cleared]]:
        yield Progress(0, 0, "")
        cleared = clear_cache(control)
        return cache_use(control), cleared

    def _on_limit(self, limit: float) -> None:
        if self._runner.is_running:
            self._waiting = limit
        else:
            self._start(self.tr("Making room"), partial(self._keep_to, limit))

    def _on_clear(self) -> None:
        if self._studio.training.is_active:
            self.notice.show_error(
                self.tr("The cache was not cleared."),
                self.tr("A training is running and reads its images from it."),
                self.tr("Wait for its end, or stop it."),
            )
        elif self._asked():
            self._start(self.tr("Clearing"), self._clear)

    def _asked(self) -> bool:
        box = QMessageBox(self)
        box.setObjectName("question.clear")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Clear the cache"))
        box.setText(self.tr("Remove what can be made again?"))
        box.setInformativeText(
            self.tr(
                "Images are decoded and archives unpacked again when a project needs them, and data sets from the "
                "internet fetched again. What the open project works with stays."
            )
        )
        clear = box.addButton(self.tr("Clear"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.exec()
        return box.clickedButton() is clear

    def _on_ended(self, outcome: Outcome) -> None:
        self.busy.finish()
        self.clear_button.setEnabled(True)
        if isinstance(outcome, Finished):
            use, cleared = outcome.value
            self._show_use(use)
            if cleared is not None:
                self._tell_cleared(cleared)
        elif isinstance(outcome, Failed):
            error = outcome.error
            if isinstance(error, EngineError):
                self.notice.show_error(error.what, error.why, error.fix)
            else:
                self._studio.failed.emit(error)
        if self._waiting is not None:
            limit, self._waiting = self._waiting, None
            self._on_limit(limit)

    def _tell_cleared(self, cleared: Cleared) -> None:
        why = self.tr("What is in use, or cannot be made again, stays.") if cleared.kept else ""
        self.notice.show_message("good", self.tr("{0} are free again.").format(size_words(cleared.bytes)), why)

    def done(self, result: int) -> None:
        self._runner.close()
        super().done(result)
