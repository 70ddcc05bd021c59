"""The diagnosis in words."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.train.runs import RunInfo
from gui.pages.train.diagnosis import WINDOW, Diagnosis
from gui.plots.series import write_number
from gui.theme import restyle, theme
from gui.widgets.bars import percent
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, text_label

LOOKS = {  # code, or state of the run -> (kind of frame, icon, colour token)
    "waiting": ("info", "info", "train"),
    "early": ("info", "info", "train"),
    "improving": ("good", "check", "good"),
    "flat": ("info", "info", "train"),
    "overfitting": ("warning", "warning", "validation"),
    "at_chance": ("warning", "warning", "validation"),
    "diverged": ("error", "warning", "bad"),
    "done": ("good", "check", "good"),
    "uncertain": ("info", "check", "train"),
    "stopped": ("info", "stop", "dim"),
    "interrupted": ("warning", "pause", "validation"),
    "failed": ("error", "warning", "bad"),
}
WIDE_GAP = 0.1  # between training and validation accuracy


class DiagnosisBox(QFrame):
    """One judgement with its evidence, and what to try."""

    resume_wanted = Signal(int)  # go on with this run

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.diagnosis")
        self._number = 0
        self._icon = IconView("info", 16, color="train")
        self.title = text_label(strong=True, wrap=True)
        self.words = dim_label(wrap=True)
        self.resume = QPushButton(self.tr("Resume"))
        self.resume.setObjectName("train.diagnosis.resume")
        self.resume.clicked.connect(self._on_resume)
        head = QHBoxLayout()
        head.setSpacing(theme().tokens.space)
        head.addWidget(self._icon)
        head.addWidget(self.title, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme().tokens.space_large] * 4)
        column.setSpacing(theme().tokens.space_small)
        column.addLayout(head)
        column.addWidget(self.words)
        column.addWidget(self.resume, 0, Qt.AlignmentFlag.AlignLeft)

    def show_diagnosis(self, found: Diagnosis, *, ended: bool, info: RunInfo | None = None) -> None:
        """Show a judgement.

        Args:
            ended: the run is over, so that advice is about the next one.
            info: how it ended; None: it came to its end.
        """
        end = self._end_of(info) if ended else ""
        is_well = found.code in ("improving", "flat", "early")
        title, words = self._done(found) if ended and is_well else self._sentences(found)
        look = found.code
        if ended and is_well:
            look = "uncertain" if found.is_uncertain else "done"
        if end and (is_well or found.code == "waiting"):
            title, look = end, info.state
        elif end:
            words = f"{end}. {words}"
        if end and info.state == "failed" and info.reason:
            words = f"{info.reason} {words}"
        self._number = info.number if info is not None else 0
        self.resume.setVisible(bool(end) and info.can_resume and found.code != "diverged")
        self._show(look, title, f"{words} {self._doubt(found)}".strip())

    def _show(self, look: str, title: str, words: str) -> None:
        kind, icon_name, token = LOOKS[look]
        self._icon.set_icon(icon_name, token)
        self.title.setText(title)
        self.words.setText(words)
        if self.property("notice") != kind:
            restyle(self, notice=kind)
        self.setAccessibleName(f"{self.tr('Diagnosis')}: {title}. {words}")

    def _on_resume(self) -> None:
        self.resume_wanted.emit(self._number)

    def _end_of(self, info: RunInfo | None) -> str:
        """Return how a run ended before its time; empty for one that came to its end."""
        sentences = {
            "interrupted": self.tr("Interrupted at epoch {done} of {all}"),
            "stopped": self.tr("Stopped at epoch {done} of {all}"),
            "failed": self.tr("Failed at epoch {done} of {all}"),
        }
        sentence = sentences.get(info.state, "") if info is not None else ""
        return sentence.format(done=info.epochs_done, all=info.epochs) if sentence else ""

    def _sentences(self, found: Diagnosis) -> tuple[str, str]:
        name = {"waiting": "_waiting", "early": "_early", "improving": "_improving", "flat": "_flat"}
        name |= {"overfitting": "_overfitting", "at_chance": "_at_chance", "diverged": "_diverged"}
        return getattr(self, name[found.code])(found)

    def _waiting(self, found: Diagnosis) -> tuple[str, str]:
        return self.tr("Nothing to judge yet"), self.tr("The first epoch has not finished.")

    def _early(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("Validation accuracy is {best} after {epochs} of the {needed} epochs that a judgement needs.")
        return self.tr("Too early to say"), words.format(
            best=percent(found.best_accuracy), epochs=found.epochs, needed=found.needed
        )

    def _improving(self, found: Diagnosis) -> tuple[str, str]:
        if found.gain > 0:
            words = self.tr("Validation accuracy rose by {gain} points in {window} epochs, to {best}.").format(
                gain=f"{100 * found.gain:.1f}", window=WINDOW, best=percent(found.best_accuracy)
            )
        else:
            words = self.tr("The validation loss still falls, to {low}.").format(low=write_number(found.loss_low))
        return self.tr("Learning well"), f"{words} {self._gap(found)}"

    def _flat(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr(
            "No better than at epoch {since}: {best}. {gap} A lower learning rate or more varied images may help."
        )
        title = self.tr("No longer improving")
        return title, words.format(since=found.best_epoch, best=percent(found.best_accuracy), gap=self._gap(found))

    def _overfitting(self, found: Diagnosis) -> tuple[str, str]:
        if found.loss_rose:
            words = self.tr("The validation loss rose from {low} to {now} while the training loss fell.").format(
                low=write_number(found.loss_low), now=write_number(found.loss_now)
            )
        else:
            words = self.tr("Validation accuracy fell from {best} to {now} while the training loss fell.").format(
                best=percent(found.best_accuracy), now=percent(found.accuracy_now)
            )
        kept = self.tr("Epoch {epoch} with {best} is kept; augmentation, dropout or more images help.").format(
            epoch=found.best_epoch, best=percent(found.best_accuracy)
        )
        title = self.tr("Overfitting since epoch {since}").format(since=found.since)
        return title, f"{words} {kept}"

    def _at_chance(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr(
            "After {epochs} epochs validation accuracy is {best}; always naming the commonest class gives {chance}."
        ).format(epochs=found.epochs, best=percent(found.best_accuracy), chance=percent(found.chance))
        if found.loss_is_large:
            advice = self.tr(
                "The loss is {now}, blind guessing has {blind}: the learning rate is too high. Try one ten times lower."
            ).format(now=write_number(found.loss_now), blind=write_number(found.blind_loss))
        elif found.learns_by_heart:
            advice = self.tr(
                "Of the training images it knows {share}: it learns them by heart. More images or augmentation help."
            ).format(share=percent(found.train_accuracy))
        else:
            advice = self.tr("Try another learning rate, ten times lower or higher.")
        return self.tr("Not learning"), f"{words} {advice}"

    def _diverged(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("The loss exploded at epoch {since}. A learning rate ten times lower usually cures it.")
        return self.tr("Diverged"), words.format(since=found.since)

    def _done(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("Best at epoch {epoch}: validation accuracy {best}. {gap}").format(
            epoch=found.best_epoch, best=percent(found.best_accuracy), gap=self._gap(found)
        )
        if found.code == "improving":
            words += " " + self.tr("It was still improving: more epochs may help.")
        return self.tr("Done"), words

    def _gap(self, found: Diagnosis) -> str:
        """Return how training and validation differ. No verdict of its own: the title has it."""
        points = f"{abs(100 * found.gap):.1f}"
        if points == "0.0":
            return self.tr("Training and validation are level.")
        if found.gap < 0:
            return self.tr("Validation lies {points} points above training.").format(points=points)
        if found.gap > WIDE_GAP:
            return self.tr(
                "Validation lies {points} points below training: augmentation or more images may narrow that."
            ).format(points=points)
        return self.tr("Validation lies {points} points below training, which is little.").format(points=points)

    def _doubt(self, found: Diagnosis) -> str:
        if not found.is_uncertain or found.code == "diverged":
            return ""
        if found.pictures == 1:
            return self.tr("Only 1 validation image: the accuracy is uncertain.")
        return self.tr("Only {count} validation images: the accuracy is uncertain.").format(count=found.pictures)
