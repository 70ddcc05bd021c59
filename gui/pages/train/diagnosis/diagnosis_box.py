"""The box in which the diagnosis of a run stands, with buttons for what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.train import runs
from engine.train.compare import compare_runs
from engine.train.diagnosis import Diagnosis, Story, diagnose
from engine.train.next_step import NextStep, next_steps
from engine.train.runs import RunInfo
from engine.train.stories import story_of
from gui.pages.shared.background import LatestAnswer
from gui.pages.train.controls import RUNNING
from gui.pages.train.diagnosis.diagnosis_words import (
    done_sentences,
    doubt_in_words,
    end_in_words,
    left_in_words,
    sentences_of,
)
from gui.pages.train.diagnosis.next_words import step_text
from gui.pages.train.runs.run_spec import spec_of
from gui.pages.train.runs.run_words import added_nothing, added_nothing_in_words, against_in_words, so_far_in_words
from gui.theme import restyle, theme
from gui.widgets.empty import IconView
from gui.widgets.panel import dim_label, text_label

LOOKS = {  # code, or state of the run -> (kind of frame, icon, colour token)
    "waiting": ("info", "info", "train"),
    "early": ("info", "info", "train"),
    "still_learning": ("good", "check", "good"),
    "plateau": ("info", "info", "train"),
    "overfitting": ("warning", "warning", "validation"),
    "overconfident": ("info", "info", "train"),
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
        project = spec_of(info.folder) if info is not None else None
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
        parent = runs.compared_with(info, known)
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
        end = end_in_words(info) if ended else ""
        is_well = found.code in ("still_learning", "plateau", "early")
        is_done = ended and is_well and found.code != "early"
        title, words = done_sentences(found) if is_done else sentences_of(found, self._classes)
        look = found.code
        if ended and is_well:
            look = "uncertain" if found.is_uncertain else "done"
        if end and found.code != "diverged":
            words = f"{info.reason} {words}".lstrip()
        if end and (is_well or found.code == "waiting"):
            title, look = end, look if info.ended_early else info.state
        elif end:
            words = f"{end}. {words}"
        self._number = info.number if info is not None else 0
        self.resume.setVisible(bool(end) and info.can_resume and found.code != "diverged")
        more = (sentences_of(other, self._classes) for other in beside)
        also = " ".join(f"{title}: {words}" for title, words in more)
        left = left_in_words(info) if not self.resume.isHidden() else ""
        self._show(look, title, " ".join(filter(None, (words, also, doubt_in_words(found), left))))

    def _show(self, look: str, title: str, words: str) -> None:
        self._look = look
        kind, icon_name, token = LOOKS[look]
        title = self._about + title
        self._icon.set_icon(icon_name, token)
        self.title.setText(title)
        self.words.setText(words.replace(" %", "\N{NO-BREAK SPACE}%"))  # a line that begins with "%" reads badly
        if self.property("notice") != kind:
            restyle(self, notice=kind)
        self.setAccessibleName(f"{self.tr('Diagnosis')}: {title}. {words}")

    def _on_resume(self) -> None:
        self.resume_wanted.emit(self._number)


def _against(parent: RunInfo, child: RunInfo) -> tuple[str, str]:
    """How a run does against its parent, in words, and the tone of that. Raises: EngineError."""
    if added_nothing(child):
        return added_nothing_in_words(child), ""
    found = compare_runs(parent, child)
    # Of a run that can still go on nothing is decided yet.
    is_decided = found.is_sure and not child.can_resume
    tone = "" if not is_decided else "good" if found.gain()[0] > 0 else "bad"
    return so_far_in_words(child) + against_in_words(found, parent, child), tone
