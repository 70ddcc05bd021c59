"""What the numbers of a training say, judged by plain rules; each judgement carries its evidence.

Pure functions over the history and the stored answers: no files, no torch and no words here, but a code and numbers
from which the window makes a sentence. Each rule is one function; a new one is added to `RULES`, weightiest first.
`engine.train.next_step` knows what to try after each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean
from typing import Any, Literal, NamedTuple

from engine.train.history import EpochLine, best_of

WINDOW = 3  # epochs that are compared with those before: one alone is chance
PATIENCE = 10  # epochs that a network which still learns its training images may take to answer others better
# The validation loss is called rising when its mean over WINDOW epochs is this many times the lowest, and this much
# above it: from 0.023 to 0.025 is nothing.
LOSS_ROSE, LOSS_ROSE_BY = 1.1, 0.05
LOSS_FELL = 0.99  # and still falling when the new lowest is at most this many times the old
EXPLODED = 1.5  # times the loss of blind guessing, and of the first epoch
THROWN = 4.0  # times the loss of blind guessing: steps that threw the network far off; dropout alone does not get there
BLIND = 0.95  # times the loss of blind guessing: below it, something was learnt
LEARNS_BY_HEART = 0.15  # training accuracy above validation, or above chance while validation stays at it
FEW_PICTURES = 30  # fewer validation pictures than this make an uncertain number
FEW_PER_CLASS = 50  # fewer training pictures of each class than this are learnt by heart
JUMP, JUMP_BY = 1.05, 0.02  # a training loss that rose by this factor and this much jumped; falling is what it should
CREEPS = 0.7  # times the loss of the first epoch: one that stays above moves too slowly
FAR_BELOW = 0.1  # times the usual learning rate: at or below it, slowness is the rate's doing
COLLAPSED = 0.98  # share of all answers that name one class
LOPSIDED = 0.9  # share of the commonest class from which naming it alone is no sign of anything
WARM = 0.5  # share of the recipe's learning rate below which a schedule has only begun
UNFINISHED = 0.85  # training accuracy below which a network that no longer improves fits its own images badly
LITTLE_GAP = 0.03  # training accuracy above validation that is little
LEVEL = 0.05  # difference between training and validation accuracy that is none

Code = Literal[
    "waiting",
    "early",
    "diverged",
    "rate_too_high",
    "rate_too_low",
    "collapse",
    "too_few",
    "at_chance",
    "overfitting",
    "underfitting",
    "still_learning",
    "plateau",
]

Trouble = Literal["", "diverged", "exploded"]
"""What broke a run: its loss was no number any more or ended far too high, or it was thrown far off on the way."""


@dataclass(frozen=True)
class Story:
    """What is known of a run: the finished epochs, oldest first, and what they were about.

    Attributes:
        train_loss, train_accuracy, validation_loss, validation_accuracy: one value per epoch.
        classes: how many.
        counts: validation pictures of each class; empty where that is not known.
        answers: for each of the last epochs, newest last, how many validation pictures were given to each class; empty
            where the answers are not known.
        train_pictures: how many; 0 where that is not known.
        learning_rate: that of the recipe; 0 where that is not known.
        usual_rate: what its optimizer usually takes; 0 where that is not known.
        reached_rate: the highest learning rate so far, at the end of an epoch; 0 where that is not known.
        ended: no more epochs come by themselves.
        cut_short: it was ended before its plan and could go on, so that some things are still too early to say.
        diverged: it was ended because its loss was no number any more; that epoch is in no list.
    """

    train_loss: Sequence[float] = ()
    train_accuracy: Sequence[float] = ()
    validation_loss: Sequence[float] = ()
    validation_accuracy: Sequence[float] = ()
    classes: int = 2
    counts: Sequence[int] = ()
    answers: Sequence[Sequence[int]] = ()
    train_pictures: int = 0
    learning_rate: float = 0.0
    usual_rate: float = 0.0
    reached_rate: float = 0.0
    ended: bool = False
    cut_short: bool = False
    diverged: bool = False

    @classmethod
    def of(cls, lines: Sequence[EpochLine], **more: Any) -> Story:
        """That of a run's history; `more` are the other attributes."""
        names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
        return cls(**{name: [getattr(line, name) for line in lines] for name in names}, **more)

    @property
    def epochs(self) -> int:
        return len(self.validation_loss)

    @property
    def pictures(self) -> int:
        """Validation pictures; 0 where that is not known."""
        return sum(self.counts)

    @property
    def chance(self) -> float:
        """The accuracy of always naming the commonest class, 0..1."""
        return max(self.counts) / self.pictures if self.pictures else 1 / max(2, self.classes)

    @property
    def blind_loss(self) -> float:
        """The loss of an answer that knows only how common the classes are."""
        shares = [count / self.pictures for count in self.counts if count] if self.pictures else []
        return -sum(share * math.log(share) for share in shares) if len(shares) > 1 else math.log(max(2, self.classes))


@dataclass(frozen=True)
class Diagnosis:
    """One judgement.

    Attributes:
        code: "waiting" (no epoch yet), "early" (too few to judge), "diverged", "rate_too_high", "rate_too_low",
            "collapse" (always answers one class), "too_few" (training pictures), "at_chance" (answers no better than
            always saying the commonest class), "overfitting", "underfitting", "still_learning", "plateau".
        epochs: finished ones.
        needed: "early": how many it takes to judge; 0: as many as it takes the learning rate to rise.
        since: the epoch from which it holds: the first rising one, or the best one; for "diverged", where it broke.
        best_accuracy: validation accuracy of the epoch whose weights are kept, 0..1.
        best_epoch: which one that is, 1-based; `engine.train.history.is_better` decides.
        gain: how much the best validation accuracy rose in the last `WINDOW` epochs, 0..1.
        gap: training accuracy - validation accuracy at the last epoch.
        best_gap: the same at the best epoch.
        ends_low: the validation loss of the last epoch is the lowest of all.
        loss_low, loss_now: validation loss at its lowest and now (mean of the last `WINDOW`).
        first_loss, top_loss: training loss of the first epoch, and of the worst.
        train_accuracy, train_loss: at the last epoch.
        accuracy_now: validation, mean of the last `WINDOW`.
        chance: what blind answering would reach, 0..1.
        blind_loss: the loss of an answer that knows only how common the classes are.
        pictures: validation pictures; 0: not known.
        per_class: training pictures of a class, on average; 0: not known.
        learning_rate, usual_rate, reached_rate: as in `Story`.
        answered: "collapse": the number of the class that is always named.
        answered_share: which share of the answers names it, 0..1.
        jumps: "rate_too_high": how often the training loss jumped up in the last epochs.
    """

    code: Code
    epochs: int = 0
    needed: int = WINDOW
    since: int = 0
    best_accuracy: float = 0.0
    best_epoch: int = 0
    gain: float = 0.0
    gap: float = 0.0
    best_gap: float = 0.0
    ends_low: bool = False
    loss_low: float = 0.0
    loss_now: float = 0.0
    first_loss: float = 0.0
    top_loss: float = 0.0
    train_accuracy: float = 0.0
    train_loss: float = 0.0
    accuracy_now: float = 0.0
    chance: float = 0.0
    blind_loss: float = 0.0
    pictures: int = 0
    per_class: int = 0
    learning_rate: float = 0.0
    usual_rate: float = 0.0
    reached_rate: float = 0.0
    answered: int = -1
    answered_share: float = 0.0
    jumps: int = 0

    @property
    def learns_by_heart(self) -> bool:
        """Whether it knows the training images and no others."""
        return self.train_accuracy > self.chance + LEARNS_BY_HEART

    @property
    def loss_rose(self) -> bool:
        """Whether the validation loss is materially above its lowest."""
        return self.loss_now > LOSS_ROSE * self.loss_low and self.loss_now - self.loss_low > LOSS_ROSE_BY

    @property
    def lost(self) -> float:
        """How far the accuracy fell from that of the best epoch, 0..1."""
        return self.best_accuracy - self.accuracy_now

    @property
    def is_uncertain(self) -> bool:
        """Whether there are so few validation pictures that the accuracy says little."""
        return 0 < self.pictures < FEW_PICTURES


class _Line(NamedTuple):
    """What `history.best_of` compares."""

    epoch: int
    validation_accuracy: float
    validation_loss: float


def diagnose(story: Story) -> tuple[Diagnosis, ...]:
    """Judge a run: everything that holds of it, weightiest first; never empty."""
    if not story.epochs and not story.diverged:
        return (Diagnosis("waiting"),)
    facts = _facts(story)
    found: list[Diagnosis] = []
    for rule in RULES:
        judged = rule(story, facts)
        if judged is not None and (not found or judged.code in BESIDE):
            found.append(judged)
        if found and found[0].code in ALONE:
            break
    return tuple(found) or (replace(facts, code="plateau", since=facts.best_epoch),)


def trouble_of(story: Story) -> Trouble:
    """What broke a run, by its losses alone: cheap enough for each row of a list."""
    if not story.epochs:
        return "diverged" if story.diverged else ""
    facts = _facts(story)
    if _diverged(story, facts) is not None:
        return "diverged"
    high = _rate_too_high(story, facts)
    return "exploded" if high is not None and not high.jumps else ""


def _facts(story: Story) -> Diagnosis:
    """The evidence, the same for all rules; the code is still to be found."""
    known = Diagnosis(
        "plateau",
        chance=story.chance,
        blind_loss=story.blind_loss,
        pictures=story.pictures,
        per_class=story.train_pictures // max(1, story.classes),
        learning_rate=story.learning_rate,
        usual_rate=story.usual_rate,
        reached_rate=story.reached_rate,
    )
    if not story.epochs:
        return known
    accuracy = story.validation_accuracy
    pairs = enumerate(zip(accuracy, story.validation_loss, strict=True), start=1)
    best = best_of([_Line(epoch, *values) for epoch, values in pairs])
    before = max(accuracy[:-WINDOW], default=accuracy[0])
    return replace(
        known,
        epochs=story.epochs,
        best_accuracy=best.validation_accuracy,
        best_epoch=best.epoch,
        gain=max(accuracy) - before,
        gap=story.train_accuracy[-1] - accuracy[-1],
        best_gap=story.train_accuracy[best.epoch - 1] - best.validation_accuracy,
        ends_low=story.validation_loss[-1] <= min(story.validation_loss),
        loss_low=min(story.validation_loss),
        loss_now=fmean(story.validation_loss[-WINDOW:]),
        first_loss=story.train_loss[0],
        top_loss=max(story.train_loss),
        train_accuracy=story.train_accuracy[-1],
        train_loss=story.train_loss[-1],
        accuracy_now=fmean(accuracy[-WINDOW:]),
    )


# ---- the rules, weightiest first


def _diverged(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """The loss is no number, or it explodes."""
    if story.diverged:
        return replace(facts, code="diverged", since=story.epochs + 1)
    train_loss = story.train_loss
    is_finite = math.isfinite(train_loss[-1]) and math.isfinite(story.validation_loss[-1])
    even = math.log(max(2, story.classes))
    exploded = len(train_loss) >= 2 and train_loss[-1] > EXPLODED * max(even, train_loss[0])
    exploded = exploded and story.validation_loss[-1] > EXPLODED * even  # dropout makes the training loss alone large
    return None if is_finite and not exploded else replace(facts, code="diverged", since=_first_bad(story))


def _first_bad(story: Story) -> int:
    pairs = enumerate(zip(story.train_loss, story.validation_loss, strict=True), start=1)
    broken = (epoch for epoch, losses in pairs if not all(map(math.isfinite, losses)))
    return next(broken, story.epochs)


def _early(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """Too few epochs to judge; a network that still learns its own images and needs time for others; or a schedule
    that has not reached the learning rate it was given yet."""
    if story.ended and (not story.cut_short or _was_thrown(story, facts)):
        return None
    if story.epochs < WINDOW:
        return replace(facts, code="early")
    if not _is_at_chance(facts) or _is_large(facts):
        return None
    still_falls = story.train_loss[-1] <= BLIND * story.train_loss[0]
    if still_falls and story.epochs < PATIENCE:
        return replace(facts, code="early", needed=PATIENCE)
    return replace(facts, code="early", needed=0) if 0 < story.reached_rate < WARM * story.learning_rate else None


def _rate_too_high(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """A loss far above that of blind guessing, or one that jumps up and down and gets nowhere."""
    if _was_thrown(story, facts):
        return replace(facts, code="rate_too_high", since=1)
    recent = story.train_loss[-2 * WINDOW :]
    if len(recent) < 2 * WINDOW:
        return None
    pairs = pairwise(recent)
    jumps = sum(later > JUMP * former and later - former > JUMP_BY for former, later in pairs)
    gets_nowhere = fmean(recent[WINDOW:]) > BLIND * fmean(recent[:WINDOW])
    if jumps < WINDOW - 1 or not gets_nowhere:
        return None
    return replace(facts, code="rate_too_high", jumps=jumps, since=story.epochs - len(recent) + 1)


def _was_thrown(story: Story, facts: Diagnosis) -> bool:
    """Whether steps made the network far worse than one that knows nothing."""
    # A network without norms may begin far off; that it was thrown there later is the rate's doing.
    thrown = max(story.train_loss[0 if _is_at_chance(facts) else 1 :], default=0.0) > THROWN * facts.blind_loss
    return thrown or _is_large(facts)


def _is_large(facts: Diagnosis) -> bool:
    """Whether the network is far worse than one that knows nothing, on its own images too."""
    return facts.loss_now > EXPLODED * facts.blind_loss and facts.train_loss > EXPLODED * facts.blind_loss


def _rate_too_low(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """A training loss that hardly moves at a learning rate far below the usual one."""
    if not 0 < story.learning_rate <= FAR_BELOW * story.usual_rate * (1 + 1e-9):
        return None
    creeps = story.train_loss[-1] > CREEPS * story.train_loss[0]
    # A network may be at its best from the start, where it goes on with one that was trained before.
    return replace(facts, code="rate_too_low", since=1) if creeps and facts.train_accuracy < UNFINISHED else None


def _collapse(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """All images get the same answer, although they are of several classes."""
    if len(story.answers) < min(WINDOW, story.epochs) or facts.chance > LOPSIDED:
        return None
    for counts in story.answers[-WINDOW:]:
        if not sum(counts) or max(counts) < COLLAPSED * sum(counts):
            return None
    last = story.answers[-1]
    named = max(range(len(last)), key=last.__getitem__)
    return replace(facts, code="collapse", answered=named, answered_share=last[named] / sum(last), since=1)


def _too_few(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """It knows its training images and no others, and there are few of them."""
    is_wide = facts.gap > max(LEARNS_BY_HEART, _noise(facts.accuracy_now, facts.pictures))
    if not 0 < facts.per_class < FEW_PER_CLASS or not is_wide or not facts.learns_by_heart:
        return None
    return replace(facts, code="too_few")


def _at_chance(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """The answers are no better than always naming the commonest class."""
    return replace(facts, code="at_chance", since=1) if _is_at_chance(facts) else None


def _noise(share: float, pictures: int) -> float:
    """Two standard errors of a share measured on so many pictures, which is never 0: all of two may well be luck."""
    careful = (share * pictures + 2) / (pictures + 4)
    return 2 * math.sqrt(careful * (1 - careful) / (pictures + 4))


def _is_at_chance(facts: Diagnosis) -> bool:
    if facts.best_accuracy <= facts.chance:
        return True
    # A little above chance may be chance too, unless the loss says that something was learnt.
    is_near = facts.best_accuracy <= facts.chance + _noise(facts.chance, facts.pictures)
    return is_near and facts.loss_low > BLIND * facts.blind_loss


def _overfitting(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """The validation loss has risen, or accuracy was lost, since its best epoch, while the training loss fell."""
    losses, train_loss = story.validation_loss, story.train_loss
    lowest = min(range(len(losses)), key=losses.__getitem__)
    if _is_at_chance(facts) or len(losses) - 1 - lowest < WINDOW or train_loss[-1] >= train_loss[lowest]:
        return None
    lost = facts.loss_now > facts.loss_low and facts.lost > 1.5 * _noise(facts.best_accuracy, facts.pictures)
    return replace(facts, code="overfitting", since=lowest + 2) if facts.loss_rose or lost else None


def _underfitting(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """It no longer improves, and fits not even the images it learns from."""
    if story.epochs < 2 * WINDOW or _improves(story, facts):
        return None
    still_falls = min(story.train_loss[-WINDOW:]) < LOSS_FELL * min(story.train_loss[:-WINDOW])
    is_unfinished = facts.train_accuracy < UNFINISHED and facts.gap < LEVEL
    return replace(facts, code="underfitting", since=facts.best_epoch) if is_unfinished and not still_falls else None


def _still_learning(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """A new lowest loss, or a higher accuracy by more than one picture, within the last epochs."""
    return replace(facts, code="still_learning") if _improves(story, facts) else None


def _improves(story: Story, facts: Diagnosis) -> bool:
    losses, more_than_luck = story.validation_loss, 1.5 / max(1, facts.pictures)
    if len(losses) <= WINDOW:
        return losses[-1] < LOSS_FELL * losses[0] or facts.gain > more_than_luck
    return min(losses[-WINDOW:]) < LOSS_FELL * min(losses[:-WINDOW]) or facts.gain > more_than_luck


RULES: tuple[Callable[[Story, Diagnosis], Diagnosis | None], ...] = (
    _diverged,
    _early,
    _rate_too_high,
    _rate_too_low,
    _collapse,
    _overfitting,
    _too_few,
    _at_chance,
    _underfitting,
    _still_learning,
)

ALONE = ("diverged", "early")
"""Beside these nothing else can be said."""

BESIDE = ("too_few",)
"""What is worth saying beside something weightier."""
