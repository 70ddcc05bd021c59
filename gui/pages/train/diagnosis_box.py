"""The diagnosis in words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.errors import EngineError
from engine.params import short_number
from engine.spec import ProjectSpec
from engine.train import runs
from engine.train.compare import compare_runs
from engine.train.diagnosis import LITTLE_GAP, WINDOW, Diagnosis, Story, diagnose
from engine.train.next_step import NextStep, next_steps
from engine.train.runs import RunInfo
from engine.train.stories import story_of
from gui.pages.shared.background import LatestAnswer
from gui.pages.train.controls import RUNNING
from gui.pages.train.next_words import step_text
from gui.pages.train.run_words import against_in_words
from gui.plots.ticks import write_number
from gui.theme import restyle, theme
from gui.widgets.bars import percent
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, text_label

LOOKS = {  # code, or state of the run -> (kind of frame, icon, colour token)
    "waiting": ("info", "info", "train"),
    "early": ("info", "info", "train"),
    "still_learning": ("good", "check", "good"),
    "plateau": ("info", "info", "train"),
    "overfitting": ("warning", "warning", "validation"),
    "underfitting": ("warning", "warning", "validation"),
    "too_few": ("warning", "warning", "validation"),
    "at_chance": ("warning", "warning", "validation"),
    "collapse": ("warning", "warning", "validation"),
    "rate_too_low": ("warning", "warning", "validation"),
    "rate_too_high": ("warning", "warning", "validation"),
    "diverged": ("error", "warning", "bad"),
    "done": ("good", "check", "good"),
    "uncertain": ("info", "check", "train"),
    "worse": ("warning", "warning", "validation"),
    "stopped": ("info", "stop", "dim"),
    "interrupted": ("warning", "pause", "validation"),
    "failed": ("error", "warning", "bad"),
}
EXPLODES = 100  # times the loss of blind guessing: no longer a high loss but an explosion
WIDE_GAP = 0.1  # between training and validation accuracy
MOST_STEPS = 2  # buttons; more than two would not be a suggestion but a menu


class DiagnosisBox(QFrame):
    """One judgement with its evidence, what to try next, and whether the last try helped.

    Signals:
        resume_wanted(number): go on with this run.
        step_wanted(step, number): try an experiment on what this run trained.
    """

    resume_wanted = Signal(int)
    step_wanted = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.diagnosis")
        self._number, self._look = 0, "waiting"
        self._about = ""  # the run, where another one is being trained
        self._classes: tuple[str, ...] = ()
        self._compared: tuple[int, int, int] | None = None  # child, parent, epochs of the child
        self._helped: tuple[str, str] = ("", "")  # against the parent: words, and their tone
        self._icon = IconView("info", 16, color="train")
        self.title = text_label(strong=True, wrap=True)
        self.words = dim_label(wrap=True)
        self.helped = text_label(wrap=True)
        self.helped.setObjectName("train.diagnosis.helped")
        self.helped.hide()
        self.resume = QPushButton(self.tr("Resume"))
        self.resume.setObjectName("train.diagnosis.resume")
        self.resume.clicked.connect(self._on_resume)
        self.steps = [self._step_button(place) for place in range(MOST_STEPS)]
        self._offered: tuple[NextStep, ...] = ()
        self._comparing = LatestAnswer(self)
        self._comparing.answered.connect(self._on_compared)
        self._lay_out()

    def _step_button(self, place: int) -> QPushButton:
        button = QPushButton()
        button.setObjectName(f"train.diagnosis.step{place + 1}")
        button.setAccessibleName(self.tr("Experiment {number}").format(number=place + 1))
        button.clicked.connect(lambda: self.step_wanted.emit(self._offered[place], self._number))
        button.hide()
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme().tokens.space)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.title, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme().tokens.space_large] * 4)
        column.setSpacing(theme().tokens.space_small)
        column.addLayout(head)
        column.addWidget(self.words)
        column.addWidget(self.helped)
        column.addSpacing(theme().tokens.space_small)
        column.addWidget(self.resume, 0, Qt.AlignmentFlag.AlignLeft)
        for button in self.steps:
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    # ---- of a run

    def show_run(self, training: object, classes: Sequence[str] = ()) -> None:
        """Judge the run that the session shows.

        Args:
            training: the session.
            classes: names, for a class that is always answered.
        """
        self._classes = tuple(classes)
        number = training.shown_run
        live = training.run is not None and number in (None, training.run.run)
        info = next((info for info in training.runs if info.number == number), None)
        ended = not (live and training.state in RUNNING) and (info is None or info.state != "running")
        folder = info.folder if info is not None else training.run.folder if live else None
        story = Story(ended=ended) if folder is None else story_of(folder, training.epochs, ended=ended)
        found = diagnose(story)
        is_other = training.state in RUNNING and not live and number is not None
        self._about = self.tr("Run {number}: ").format(number=number) if is_other else ""
        self.show_diagnosis(*found, ended=ended, info=info)
        may_start = training.state == "idle"  # one at a time
        self.resume.setEnabled(may_start)
        self._offer(found, info if ended else None, may_start)
        is_judged = ended and found[0].code not in ("waiting", "early")  # as good as chance, or as bad
        self._compare(info if is_judged else None, training.runs)
        self._show_helped()

    def _offer(self, found: Sequence[Diagnosis], info: RunInfo | None, may_start: bool) -> None:
        """Offer what may help, as buttons; for a run that is over."""
        project = _project(info.folder) if info is not None else None
        every = [step for one in found for step in next_steps(one, project)] if project is not None else []
        if not self.resume.isHidden():  # the epochs that are left come first
            every = [step for step in every if step.name != "more_epochs"]
        names = [step.name for step in every]
        self._offered = tuple(step for place, step in enumerate(every) if names.index(step.name) == place)[:MOST_STEPS]
        for place, button in enumerate(self.steps):
            button.setVisible(place < len(self._offered))
            button.setEnabled(may_start)
            if place < len(self._offered):
                text = step_text(self._offered[place])
                button.setText(text)
                button.setAccessibleName(text)
                button.setToolTip(self.tr("Trains a new run in which only this is different, and compares the two."))

    def _compare(self, info: RunInfo | None, known: Sequence[RunInfo]) -> None:
        parent = next((one for one in known if info is not None and one.number == info.parent), None)
        wanted = None if info is None or parent is None else (info.number, parent.number, info.epochs_done)
        if wanted == self._compared:
            return
        self._compared, self._helped = wanted, ("", "")
        if wanted is not None and info.epochs_done and parent.epochs_done:
            self._comparing.ask(lambda: (wanted, _against(parent, info)))

    def _on_compared(self, answer: tuple) -> None:
        wanted, helped = answer
        if wanted == self._compared:
            self._helped = helped
            self._show_helped()

    def _show_helped(self) -> None:
        words, tone = self._helped
        self.helped.setVisible(bool(words))
        self.helped.setText(words)
        self.helped.setAccessibleName(words)
        if self.helped.property("tone") != tone:
            restyle(self.helped, tone=tone)
        if tone == "bad" and self._look in ("done", "uncertain"):  # no green check over a loss
            title = self.tr("Done, but worse than run {number}").format(number=self._compared[1])
            self._show("worse", title, self.words.text())

    # ---- in words

    def show_diagnosis(self, found: Diagnosis, *beside: Diagnosis, ended: bool, info: RunInfo | None = None) -> None:
        """Show a judgement.

        Args:
            beside: what else holds.
            ended: the run is over, so that advice is about the next one.
            info: how it ended; None: it came to its end.
        """
        end = self._end_of(info) if ended else ""
        is_well = found.code in ("still_learning", "plateau", "early")
        title, words = self._done(found) if ended and is_well and found.code != "early" else self._sentences(found)
        look = found.code
        if ended and is_well:
            look = "uncertain" if found.is_uncertain else "done"
        if end and (is_well or found.code == "waiting"):
            title, look = end, info.state
        elif end:
            words = f"{end}. {words}"
        if end and info.state == "failed" and info.reason and found.code != "diverged":
            words = f"{info.reason} {words}"
        self._number = info.number if info is not None else 0
        self.resume.setVisible(bool(end) and info.can_resume and found.code != "diverged")
        also = " ".join(f"{title}: {words}" for title, words in map(self._sentences, beside))
        left = self._left(info) if not self.resume.isHidden() else ""
        self._show(look, title, " ".join(filter(None, (words, also, self._doubt(found), left))))

    def _show(self, look: str, title: str, words: str) -> None:
        self._look = look
        kind, icon_name, token = LOOKS[look]
        title = self._about + title
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

    def _left(self, info: RunInfo) -> str:
        """Return what to resume means."""
        left = info.epochs - info.epochs_done
        if left <= 0:
            return self.tr("Resume brings the run to its end.")
        if left == 1:
            return self.tr("Resume trains the 1 epoch that is left.")
        return self.tr("Resume trains the {left} epochs that are left.").format(left=left)

    def _sentences(self, found: Diagnosis) -> tuple[str, str]:
        return getattr(self, f"_{found.code}")(found)

    def _waiting(self, found: Diagnosis) -> tuple[str, str]:
        return self.tr("Nothing to judge yet"), self.tr("The first epoch has not finished.")

    def _early(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("Validation accuracy is {best} after {epochs} of the {needed} epochs that a judgement needs.")
        if not found.needed:
            words = self.tr("Validation accuracy is {best}; the learning rate has risen to {reached} of {rate} so far.")
        return self.tr("Too early to say"), words.format(
            best=percent(found.best_accuracy),
            epochs=found.epochs,
            needed=found.needed,
            reached=short_number(found.reached_rate, 2),
            rate=short_number(found.learning_rate),
        )

    def _still_learning(self, found: Diagnosis) -> tuple[str, str]:
        if found.gain > 0:
            words = self.tr("Validation accuracy rose by {gain} points in {window} epochs, to {best}.").format(
                gain=f"{100 * found.gain:.1f}", window=WINDOW, best=percent(found.best_accuracy)
            )
        else:
            words = self.tr("The validation loss still falls, to {low}.").format(low=write_number(found.loss_low))
        return self.tr("Learning well"), f"{words} {self._gap(found)}"

    def _plateau(self, found: Diagnosis) -> tuple[str, str]:
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
        words = self._chance(found)
        if found.learns_by_heart:
            advice = self.tr(
                "Of the training images it knows {share}: it learns them by heart. More images or augmentation help."
            ).format(share=percent(found.train_accuracy))
        else:
            advice = self.tr("Try another learning rate, ten times lower or higher.")
        return self.tr("Not learning"), f"{words} {advice}"

    def _chance(self, found: Diagnosis) -> str:
        return self.tr(
            "After {epochs} epochs validation accuracy is {best}; always naming the commonest class gives {chance}."
        ).format(epochs=found.epochs, best=percent(found.best_accuracy), chance=percent(found.chance))

    def _rate_too_high(self, found: Diagnosis) -> tuple[str, str]:
        if found.jumps:
            words = self.tr("The training loss jumped up {jumps} times since epoch {since} and gets nowhere.").format(
                jumps=found.jumps, since=found.since
            )
        else:
            words = self._explosion(found)
        return self.tr("Learning rate too high"), f"{words} {self._rate(found)}"

    def _rate_too_low(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("The training loss only went from {first} to {now} in {epochs} epochs.").format(
            first=write_number(found.first_loss), now=write_number(found.train_loss), epochs=found.epochs
        )
        return self.tr("Learning rate too low"), f"{words} {self._rate(found)}"

    def _explosion(self, found: Diagnosis) -> str:
        top, blind = write_number(found.top_loss), write_number(found.blind_loss)
        if found.top_loss > EXPLODES * found.blind_loss:
            words = self.tr("The loss exploded ({top}); guessing blindly would give one of {blind}.")
        else:
            words = self.tr("The training loss was as high as {top}; guessing blindly would give one of {blind}.")
        return words.format(top=top, blind=blind)

    def _rate(self, found: Diagnosis) -> str:
        if not found.learning_rate:
            return ""
        words = self.tr("The learning rate is {rate}; {usual} is usual for this optimizer.")
        return words.format(rate=short_number(found.learning_rate), usual=short_number(found.usual_rate))

    def _collapse(self, found: Diagnosis) -> tuple[str, str]:
        known = 0 <= found.answered < len(self._classes)
        name = self._classes[found.answered] if known else self.tr("class {number}").format(number=found.answered + 1)
        words = self.tr("{share} of the validation images are called “{name}”; {chance} are of the commonest class.")
        title = self.tr("Always answers “{name}”").format(name=name)
        share, chance = percent(found.answered_share), percent(found.chance)
        return title, words.format(share=share, name=name, chance=chance)

    def _too_few(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr(
            "It knows {train} of its training images and {valid} of others; {count} images of each class are few."
        ).format(train=percent(found.train_accuracy), valid=percent(found.accuracy_now), count=max(1, found.per_class))
        return self.tr("Too few images"), words

    def _underfitting(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr(
            "It no longer improves and knows only {train} of its own training images (loss {loss}): a larger network "
            "or more time may help."
        ).format(train=percent(found.train_accuracy), loss=write_number(found.train_loss))
        return self.tr("Underfitting"), words

    def _diverged(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("The loss exploded at epoch {since}. A learning rate ten times lower usually cures it.")
        return self.tr("Diverged"), words.format(since=found.since)

    def _done(self, found: Diagnosis) -> tuple[str, str]:
        words = self.tr("Best at epoch {epoch}: validation accuracy {best}. {gap}").format(
            epoch=found.best_epoch, best=percent(found.best_accuracy), gap=self._gap(found)
        )
        return self.tr("Done"), " ".join(filter(None, (words, self._trend(found))))

    def _trend(self, found: Diagnosis) -> str:
        """Return how it stood at the end, where the numbers named do not say that."""
        later = found.epochs - found.best_epoch
        if found.code == "still_learning" and not later:
            return self.tr("It was still improving: more epochs may help.")
        if found.code == "still_learning" and found.ends_low:
            return self.tr("The validation loss still fell after that: more epochs may help.")
        if later == 1:
            return self.tr("Epoch {epoch} was no better.").format(epoch=found.epochs)
        return self.tr("The {count} epochs after it were no better.").format(count=later) if later else ""

    def _gap(self, found: Diagnosis) -> str:
        """Return how training and validation differ at the epoch that is named, the best one. No verdict of its own:
        the title has it."""
        points = f"{abs(100 * found.best_gap):.1f}"
        if points == "0.0":
            words = self.tr("Training and validation are level there.")
        elif found.best_gap < -WIDE_GAP:
            words = self.tr(
                "Validation lies {points} points above training there: training images are judged while the network "
                "still changes."
            )
        elif found.best_gap < 0:
            words = self.tr("Validation lies {points} points above training there.")
        elif found.best_gap > WIDE_GAP:
            words = self.tr(
                "Validation lies {points} points below training there: augmentation or more images may narrow that."
            )
        elif found.best_gap < LITTLE_GAP:
            words = self.tr("Validation lies {points} points below training there, which is little.")
        else:
            words = self.tr("Validation lies {points} points below training there.")
        return words.format(points=points)

    def _doubt(self, found: Diagnosis) -> str:
        if not found.is_uncertain or found.code == "diverged":
            return ""
        if found.pictures == 1:
            return self.tr("Only 1 validation image: the accuracy is uncertain.")
        return self.tr("Only {count} validation images: the accuracy is uncertain.").format(count=found.pictures)


@lru_cache(maxsize=8)
def _project_at(folder: Path, modified: int) -> ProjectSpec | None:
    try:
        return runs.read_run_spec(folder)
    except EngineError:
        return None


def _project(folder: Path) -> ProjectSpec | None:
    """What a run trained; None where that cannot be read."""
    try:
        return _project_at(folder, (folder / runs.SPEC).stat().st_mtime_ns)
    except OSError:
        return None


def _against(parent: RunInfo, child: RunInfo) -> tuple[str, str]:
    """How a run does against its parent, in words, and the tone of that. Raises: EngineError."""
    found = compare_runs(parent, child)
    tone = "" if not found.is_sure else "good" if found.gain()[0] > 0 else "bad"
    return against_in_words(found, parent, child), tone
