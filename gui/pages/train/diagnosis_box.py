"""The diagnosis in words."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from gui.pages.train.diagnosis import WINDOW, Diagnosis
from gui.plots.series import write_number
from gui.theme import restyle, theme
from gui.widgets.bars import percent
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, text_label

LOOKS = {  # code -> (kind of frame, icon, colour token)
    "waiting": ("info", "info", "train"),
    "early": ("info", "info", "train"),
    "improving": ("good", "check", "good"),
    "flat": ("info", "info", "train"),
    "overfitting": ("warning", "warning", "validation"),
    "at_chance": ("warning", "warning", "validation"),
    "diverged": ("error", "warning", "bad"),
    "done": ("good", "check", "good"),
}


class DiagnosisBox(QFrame):
    """One judgement with its evidence, and what to try."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.diagnosis")
        self._icon = IconView("info", 16, color="train")
        self.title = text_label(strong=True, wrap=True)
        self.words = dim_label(wrap=True)
        head = QHBoxLayout()
        head.setSpacing(theme().tokens.space)
        head.addWidget(self._icon)
        head.addWidget(self.title, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme().tokens.space_large] * 4)
        column.setSpacing(theme().tokens.space_small)
        column.addLayout(head)
        column.addWidget(self.words)

    def show_diagnosis(self, found: Diagnosis, *, ended: bool) -> None:
        """Show a judgement; `ended`: the run is over, so that advice is about the next one."""
        is_done = ended and found.code in ("improving", "flat", "early")
        kind, icon_name, token = LOOKS["done" if is_done else found.code]
        title, words = self._sentences(found, is_done)
        self._icon.set_icon(icon_name, token)
        self.title.setText(title)
        self.words.setText(words)
        if self.property("notice") != kind:
            restyle(self, notice=kind)
        self.setAccessibleName(f"{self.tr('Diagnosis')}: {title}. {words}")

    def _sentences(self, found: Diagnosis, is_done: bool) -> tuple[str, str]:
        if is_done:
            return self._done(found)
        name = {"waiting": "_waiting", "early": "_early", "improving": "_improving", "flat": "_flat"}
        name |= {"overfitting": "_overfitting", "at_chance": "_at_chance", "diverged": "_diverged"}
        return getattr(self, name[found.code])(found)

    def _waiting(self, found: Diagnosis) -> tuple[str, str]:
        return self.tr("Nothing to judge yet"), self.tr("The first epoch has not finished.")

    def _early(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("Validation accuracy is {best} after {epochs} of the {needed} epochs that a judgement needs.")
        return self.tr("Too early to say"), words.format(
            best=percent(found.best_accuracy), epochs=found.epochs, needed=WINDOW
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
        words = self.tr(
            "The validation loss rose from {low} to {now} while the training loss fell. {gap} "
            "The best epoch is kept; augmentation, dropout or more images help."
        )
        title = self.tr("Overfitting since epoch {since}").format(since=found.since)
        low, now = write_number(found.loss_low), write_number(found.loss_now)
        return title, words.format(low=low, now=now, gap=self._gap(found))

    def _at_chance(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr(
            "After {epochs} epochs validation accuracy is {best}; always naming the commonest class gives {chance}. "
            "Try another learning rate, ten times lower or higher."
        )
        return self.tr("Not learning"), words.format(
            epochs=found.epochs, best=percent(found.best_accuracy), chance=percent(found.chance)
        )

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
        points = f"{abs(100 * found.gap):.1f}"
        if found.gap > 0.1:
            return self.tr("Validation lies {points} points below training: a sign of overfitting.").format(
                points=points
            )
        if found.gap > 0:
            return self.tr("Validation lies {points} points below training: no overfitting to speak of.").format(
                points=points
            )
        return self.tr("Validation lies {points} points above training: no overfitting.").format(points=points)
