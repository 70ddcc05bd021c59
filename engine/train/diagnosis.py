"""What the numbers of a training say, judged by plain rules; each judgement carries its evidence.

Pure functions over the history and the stored answers: no files, no torch and no words here, but a code and numbers
from which the window makes a sentence. Each rule is one function; a new one is added to `RULES`, weightiest first.
`engine.train.next_step` knows what to try after each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from engine.tasks.losses import CrossEntropy, LossKind
from engine.train.blind import blind_losses, untrained_loss
from engine.train.history import EpochLine, best_of

WINDOW = 3  # epochs that are compared with those before: one alone is chance
PATIENCE = 10  # epochs that a network which still learns its training images may take to answer others better
# The validation loss is called rising when its mean over WINDOW epochs is this many times the lowest, and this much
# above it: from 0.023 to 0.025 is nothing. Of cross-entropy with two classes; see `_scale` for other losses.
LOSS_ROSE, LOSS_ROSE_BY = 1.1, 0.05
# And still falling when the new lowest is at most this many times the old, and this much below it.
LOSS_FELL, LOSS_FELL_BY = 0.99, 0.002
SURELY_WRONG = 4.0  # times the loss of blind guessing: what one image costs that is surely taken for another class
EXPLODED = 1.5  # times the loss of blind guessing, and of the first epoch
THROWN = 4.0  # times the loss of blind guessing: steps that threw the network far off; dropout alone does not get there
BLIND = 0.95  # times the loss of blind guessing: below it, something was learnt
LEARNS_BY_HEART = 0.15  # training accuracy above validation, or above chance while validation stays at it
FEW_PICTURES = 30  # fewer validation pictures than this make an uncertain number
FEW_PER_CLASS = 50  # fewer training pictures of each class than this are learnt by heart
JUMP, JUMP_BY = 1.05, 0.02  # a training loss that rose by this factor and this much jumped; falling is what it should
CREEPS = 0.7  # times the loss of the first epoch: one that stays above moves too slowly
FAR_BELOW = 0.1  # times the usual learning rate: at or below it, slowness is the rate's doing, and jumps are not
# Validation is good that is this share of the way from chance to certainty, or this many times the loss of guessing.
GOOD, GOOD_LOSS = 0.8, 0.3
COLLAPSED = 0.98  # share of all answers that name one class
LOPSIDED = 0.9  # share of the commonest class from which naming it alone is no sign of anything
WARM = 0.5  # share of the recipe's learning rate below which a schedule has only begun
UNFINISHED = 0.85  # training accuracy below which a network that no longer improves fits its own images badly
LITTLE_GAP = 0.03  # training accuracy above validation that is little
LEVEL = 0.05  # difference of accuracy, between training and validation or then and now, that is none

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
    "overconfident",
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
        train_counts: training pictures of each class; where they are not known, shares as in validation are assumed.
        loss: what was trained with; cross-entropy, the largest of all, where that is not known.
        is_balanced: every class counts the same in training.
        mixes: training pictures are mixed with each other, so that even the best answers to them stay well below
            100 %, and how far their loss can fall is chance.
        answers: for each of the last epochs, newest last, how many validation pictures were given to each class; empty
            where the answers are not known.
        train_pictures: how many; 0 where that is not known.
        learning_rate: that of the recipe; 0 where that is not known.
        usual_rate: what its optimizer usually takes; 0 where that is not known.
        reached_rate: the highest learning rate so far, at the end of an epoch; 0 where that is not known.
        recent_rate: the same of the last `2 * WINDOW` epochs.
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
    train_counts: Sequence[int] = ()
    loss: LossKind = field(default_factory=CrossEntropy)
    is_balanced: bool = False
    mixes: bool = False
    answers: Sequence[Sequence[int]] = ()
    train_pictures: int = 0
    learning_rate: float = 0.0
    usual_rate: float = 0.0
    reached_rate: float = 0.0
    recent_rate: float = 0.0
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
        """What validation measures of an answer that knows only how common the classes are in training."""
        return self._blind_losses[1]

    @property
    def train_blind_loss(self) -> float:
        """The training loss of that answer: weighted and smoothed as the training is."""
        return self._blind_losses[0]

    @property
    def untrained_loss(self) -> float:
        """The loss where a network begins. Where classes are uneven, that is far above guessing and no sign of harm."""
        return untrained_loss(self.loss, len(self.counts) or max(2, self.classes))

    @property
    def _blind_losses(self) -> tuple[float, float]:
        counts = self.counts if sum(map(bool, self.counts)) > 1 else [1] * max(2, self.classes)
        is_known = len(self.train_counts) == len(counts) and sum(map(bool, self.train_counts)) > 1
        train_counts = self.train_counts if is_known else counts
        return blind_losses(self.loss, train_counts, counts, is_balanced=self.is_balanced)


@dataclass(frozen=True)
class Diagnosis:
    """One judgement.

    Attributes:
        code: "waiting" (no epoch yet), "early" (too few to judge), "diverged", "rate_too_high", "rate_too_low",
            "collapse" (always answers one class), "too_few" (training pictures), "at_chance" (answers no better than
            always saying the commonest class), "overfitting", "overconfident" (surer also where it is wrong, although
            it is right more often), "underfitting", "still_learning", "plateau".
        epochs: finished ones.
        needed: "early": how many it takes to judge; 0: as many as it takes the learning rate to rise.
        since: the epoch from which it holds: the first rising one, or the best one; for "diverged" and
            "rate_too_high", where it broke.
        best_accuracy: validation accuracy of the epoch whose weights are kept, 0..1.
        best_epoch: which one that is, 1-based; `engine.train.history.is_better` decides.
        gain: how much the best validation accuracy rose in the last `WINDOW` epochs, 0..1.
        gap: training accuracy - validation accuracy at the last epoch.
        best_gap: the same at the best epoch.
        ends_low: the validation loss of the last epoch is the lowest of all.
        loss_low, loss_now: validation loss at its lowest and now (mean of the last `WINDOW`).
        first_loss, top_loss, least_loss: training loss of the first epoch, of the worst, and of the best.
        train_accuracy, train_loss: at the last epoch.
        accuracy_now: validation, mean of the last `WINDOW`.
        chance: what blind answering would reach, 0..1.
        blind_loss, train_blind_loss: the loss of an answer that knows only how common the classes are, in validation
            and in training.
        pictures: validation pictures; 0: not known.
        mixes: as in `Story`.
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
    least_loss: float = 0.0
    train_accuracy: float = 0.0
    train_loss: float = 0.0
    accuracy_now: float = 0.0
    chance: float = 0.0
    blind_loss: float = 0.0
    train_blind_loss: float = 0.0
    pictures: int = 0
    mixes: bool = False
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
        return _is_above(self, self.loss_low)

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
        train_blind_loss=story.train_blind_loss,
        pictures=story.pictures,
        mixes=story.mixes,
        per_class=story.train_pictures // max(1, story.classes),
        learning_rate=story.learning_rate,
        usual_rate=story.usual_rate,
        reached_rate=story.reached_rate,
    )
    if not story.epochs:
        return known
    accuracy = story.validation_accuracy
    highest = max(accuracy)  # those below it cannot be the best one, whatever their loss
    pairs = enumerate(zip(accuracy, story.validation_loss, strict=True), start=1)
    best = best_of([_Line(epoch, *values) for epoch, values in pairs if values[0] == highest])
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
        loss_now=_mean(story.validation_loss[-WINDOW:]),
        first_loss=story.train_loss[0],
        top_loss=max(story.train_loss),
        least_loss=min(story.train_loss),
        train_accuracy=story.train_accuracy[-1],
        train_loss=story.train_loss[-1],
        accuracy_now=_mean(accuracy[-WINDOW:]),
    )


def _mean(values: Sequence[float]) -> float:
    """Infinite where `fmean` would refuse: the losses of a run that explodes may be as large as numbers get."""
    return sum(values) / len(values)


# ---- the rules, weightiest first


def _diverged(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """The loss is no number, or it explodes."""
    if story.diverged:
        return replace(facts, code="diverged", since=story.epochs + 1)
    train_loss = story.train_loss
    is_finite = math.isfinite(train_loss[-1]) and math.isfinite(story.validation_loss[-1])
    # On the scale of cross-entropy whatever the loss is: to explode, one must have no bounds.
    even = math.log(max(2, story.classes))
    limit = EXPLODED * max(even, train_loss[0])
    exploded = len(train_loss) >= 2 and train_loss[-1] > limit
    exploded = exploded and story.validation_loss[-1] > EXPLODED * even  # dropout makes the training loss alone large
    is_fine = is_finite and not exploded
    return None if is_fine else replace(facts, code="diverged", since=_first_bad(story, limit))


def _first_bad(story: Story, limit: float) -> int:
    """The first epoch, 1-based, whose loss is no number, or from which the training loss stayed above `limit`."""
    pairs = enumerate(zip(story.train_loss, story.validation_loss, strict=True), start=1)
    broken = (epoch for epoch, losses in pairs if not all(map(math.isfinite, losses)))
    fine = (epoch for epoch in range(story.epochs, 0, -1) if story.train_loss[epoch - 1] <= limit)
    return next(broken, 0) or next(fine, 0) + 1


def _early(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """Too few epochs to judge; a network that still learns its own images and needs time for others; or a schedule
    that has not reached the learning rate it was given yet."""
    if story.ended and (not story.cut_short or _was_thrown(story, facts)):
        return None
    if story.epochs < WINDOW:
        return replace(facts, code="early")
    if not _is_at_chance(story, facts) or _is_large(story, facts):
        return None
    still_falls = story.train_loss[-1] <= BLIND * story.train_loss[0]
    if still_falls and story.epochs < PATIENCE:
        return replace(facts, code="early", needed=PATIENCE)
    return replace(facts, code="early", needed=0) if 0 < story.reached_rate < WARM * story.learning_rate else None


def _rate_too_high(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """A loss far above that of blind guessing from which it did not recover, or one that jumps up and down and gets
    nowhere."""
    if _was_thrown(story, facts):
        return replace(facts, code="rate_too_high", since=_first_thrown(story, facts))
    recent = story.train_loss[-2 * WINDOW :]
    if len(recent) < 2 * WINDOW or not _jumps_are_the_rates(story, facts):
        return None
    least = JUMP_BY * _scale(facts.train_blind_loss)
    jumps = sum(later > JUMP * former and later - former > least for former, later in pairwise(recent))
    gets_nowhere = _mean(recent[WINDOW:]) > BLIND * _mean(recent[:WINDOW])
    if jumps < WINDOW - 1 or not gets_nowhere:
        return None
    return replace(facts, code="rate_too_high", jumps=jumps, since=story.epochs - len(recent) + 1)


def _jumps_are_the_rates(story: Story, facts: Diagnosis) -> bool:
    """Whether a training loss that jumps can only be the learning rate's doing, and does harm."""
    if story.mixes:
        return False  # how hard the images of an epoch are is drawn anew each time
    if 0 < story.recent_rate <= FAR_BELOW * story.reached_rate:
        return False  # a schedule has brought it down already
    # What is good, or gets better all the same, is not thrown about.
    return not _is_good(facts) and facts.best_epoch <= story.epochs - WINDOW and not _improves(story, facts)


def _is_good(facts: Diagnosis) -> bool:
    """Whether validation went most of the way from guessing to knowing."""
    is_right = facts.accuracy_now >= facts.chance + GOOD * (1 - facts.chance) and facts.chance < 1
    return is_right or facts.loss_now <= GOOD_LOSS * facts.blind_loss


def _was_thrown(story: Story, facts: Diagnosis) -> bool:
    """Whether steps made the network far worse than one that knows nothing, and it is not what it was again."""
    if _is_large(story, facts):
        return True
    losses, limit = story.train_loss, THROWN * _nothing_known(story, facts)
    first = _first_above(limit, story, facts)
    if not first:
        return False
    last = max(epoch for epoch, loss in enumerate(losses, start=1) if loss > limit)
    # One bad epoch among a hundred good ones is forgotten: what counts is where it has come to since.
    has_learnt = _beats(facts.loss_now, facts.blind_loss) or _beats(losses[-1], facts.train_blind_loss)
    is_better = facts.best_epoch > last or min(losses[last:], default=math.inf) <= min(losses[: first - 1], default=0.0)
    return not (has_learnt and (is_better or facts.lost <= LEVEL))


def _first_thrown(story: Story, facts: Diagnosis) -> int:
    """The first epoch, 1-based, in which the network was thrown far off."""
    nothing = _nothing_known(story, facts)
    return _first_above(THROWN * nothing, story, facts) or _first_above(EXPLODED * nothing, story, facts) or 1


def _first_above(limit: float, story: Story, facts: Diagnosis) -> int:
    """The first epoch, 1-based, with a training loss above `limit`; 0 for none."""
    # A network without norms may begin far off; that it was thrown there later is the rate's doing.
    begin = 0 if _is_at_chance(story, facts) else 1
    losses = enumerate(story.train_loss[begin:], start=begin + 1)
    return next((epoch for epoch, loss in losses if loss > limit), 0)


def _nothing_known(story: Story, facts: Diagnosis) -> float:
    """The training loss of a network that knows nothing: not even how common the classes are, or only that."""
    return max(facts.train_blind_loss, story.untrained_loss)


def _is_large(story: Story, facts: Diagnosis) -> bool:
    """Whether the network is far worse than one that knows nothing, on its own images too."""
    is_large = facts.train_loss > EXPLODED * _nothing_known(story, facts)
    return is_large and facts.loss_now > EXPLODED * max(facts.blind_loss, story.untrained_loss)


def _beats(loss: float, blind: float) -> bool:
    """Whether a loss is so far below that of guessing that something was learnt."""
    return loss <= BLIND * blind


def _scale(blind: float) -> float:
    """What a difference between losses is to be multiplied with that is nothing for cross-entropy with two classes.

    Others are smaller by nature: a mean squared error of 0.1 is much, and so is any loss where nearly all images are
    of one class.
    """
    return min(1.0, blind / math.log(2)) if blind > 0 else 1.0


def _is_above(facts: Diagnosis, loss: float) -> bool:
    """Whether the validation loss of now is materially above an earlier one."""
    least = LOSS_ROSE_BY * _scale(facts.blind_loss)
    if facts.pictures:  # of few, a single one that is surely wrong moves the mean
        least = max(least, SURELY_WRONG * facts.blind_loss / max(FEW_PICTURES, facts.pictures))
    return facts.loss_now > LOSS_ROSE * loss and facts.loss_now - loss > least


def _rate_too_low(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """A training loss that hardly moves, and is not far below guessing, at a learning rate far below the usual one."""
    if not 0 < story.learning_rate <= FAR_BELOW * story.usual_rate * (1 + 1e-9):
        return None
    creeps = facts.train_loss > CREEPS * facts.first_loss and facts.train_loss > CREEPS * facts.train_blind_loss
    # A network may be at its best from the start, where it goes on with one that was trained before. Its training
    # images may be harder than those of validation: varied, mixed, or seen through dropout.
    is_unfinished = max(facts.train_accuracy, facts.accuracy_now) < UNFINISHED
    return replace(facts, code="rate_too_low", since=1) if creeps and is_unfinished else None


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
    return replace(facts, code="at_chance", since=1) if _is_at_chance(story, facts) else None


def _noise(share: float, pictures: int) -> float:
    """Two standard errors of a share measured on so many pictures, which is never 0: all of two may well be luck."""
    careful = (share * pictures + 2) / (pictures + 4)
    return 2 * math.sqrt(careful * (1 - careful) / (pictures + 4))


def _is_at_chance(story: Story, facts: Diagnosis) -> bool:
    """By accuracy and loss together: either alone may say so of a network that knows a lot.

    Where nearly all images are of one class, naming it alone is right so often that only the loss tells how much was
    learnt of the others; and the best of many epochs may well be luck.
    """
    limit = facts.chance + _noise(facts.chance, facts.pictures)
    # Of images that are mixed, the loss may stay near that of guessing all the same.
    learns = story.mixes or _beats(facts.least_loss, facts.train_blind_loss)
    if facts.best_accuracy <= limit:
        return not (learns and _beats(facts.loss_low, facts.blind_loss))
    return facts.accuracy_now <= limit and not learns and not _beats(facts.loss_low, facts.blind_loss)


def _overfitting(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """The validation loss has risen, or accuracy was lost, since its best epoch, while the training loss fell."""
    turned = _turned(story, facts)
    if not turned or _is_still_better(story, facts, turned):
        return None
    lost = facts.loss_now > facts.loss_low and _is_lost(facts)
    return replace(facts, code="overfitting", since=turned + 1) if lost or _rises(story, facts, turned) else None


def _overconfident(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """The validation loss rises although more and more answers are right: they get surer also where they are wrong.

    Guo et al., 2017, "On calibration of modern neural networks".
    """
    turned = _turned(story, facts)
    if not turned or not _is_still_better(story, facts, turned) or not _rises(story, facts, turned):
        return None
    return replace(facts, code="overconfident", since=turned + 1)


def _turned(story: Story, facts: Diagnosis) -> int:
    """The epoch of the lowest validation loss, where it is some epochs ago and the training loss fell since; else 0."""
    losses = story.validation_loss
    lowest = min(range(len(losses)), key=losses.__getitem__)
    is_recent = len(losses) - 1 - lowest < WINDOW
    # By its mean: the last epoch alone may have gone well or badly.
    is_falling = _mean(story.train_loss[-WINDOW:]) < story.train_loss[lowest]
    return lowest + 1 if is_falling and not is_recent and not _is_at_chance(story, facts) else 0


def _is_still_better(story: Story, facts: Diagnosis, turned: int) -> bool:
    """Whether the accuracy went on rising after epoch `turned`, and was not lost since."""
    if _is_lost(facts):
        return False
    rose = facts.best_accuracy - max(story.validation_accuracy[:turned])
    # The best epoch of all among the last ones is never one after which it became worse.
    return facts.best_epoch > story.epochs - WINDOW or rose > _noise(facts.best_accuracy, facts.pictures)


def _is_lost(facts: Diagnosis) -> bool:
    """Whether the accuracy fell from its best by more than noise; the best of many is lucky."""
    return facts.lost > 1.5 * _noise(facts.best_accuracy, facts.pictures)


def _rises(story: Story, facts: Diagnosis, turned: int) -> bool:
    """Whether the validation loss is above its lowest for good, and does not only waver."""
    losses = story.validation_loss
    # One lucky epoch is no level that could be left.
    starts = range(max(0, turned - WINDOW), turned)
    level = min(_mean(losses[start : start + WINDOW]) for start in starts)
    step = _mean([abs(later - former) for former, later in pairwise(losses[turned - 1 :])])
    return facts.loss_rose and facts.loss_now - level > step and _is_above(facts, level)


def _underfitting(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """It no longer improves, and fits neither the images it learns from nor others."""
    if story.mixes or story.epochs < 2 * WINDOW or _improves(story, facts):
        return None  # how well it knows images that are mixed, nobody can say
    still_falls = min(story.train_loss[-WINDOW:]) < LOSS_FELL * min(story.train_loss[:-WINDOW])
    # Training images are varied, seen through dropout and judged while the network still changes: a network that does
    # well on others fits its own too, whatever its training accuracy says.
    is_unfinished = max(facts.train_accuracy, facts.accuracy_now) < UNFINISHED and facts.gap < LEVEL
    return replace(facts, code="underfitting", since=facts.best_epoch) if is_unfinished and not still_falls else None


def _still_learning(story: Story, facts: Diagnosis) -> Diagnosis | None:
    """A new lowest loss, or a higher accuracy by more than luck, within the last epochs."""
    return replace(facts, code="still_learning") if _improves(story, facts) else None


def _improves(story: Story, facts: Diagnosis) -> bool:
    losses = story.validation_loss
    # More than one image, and of many images more than half a standard error.
    if facts.gain > max(1.5 / max(1, facts.pictures), _noise(facts.best_accuracy, facts.pictures) / 4):
        return True
    if len(losses) == 1:
        return _beats(losses[0], facts.blind_loss)  # it has come from knowing nothing
    before = min(losses[:-WINDOW]) if len(losses) > WINDOW else losses[0]
    low = min(losses[-WINDOW:])
    return low < LOSS_FELL * before and before - low > LOSS_FELL_BY * _scale(facts.blind_loss)


RULES: tuple[Callable[[Story, Diagnosis], Diagnosis | None], ...] = (
    _diverged,
    _early,
    _rate_too_high,
    _rate_too_low,
    _collapse,
    _overfitting,
    _overconfident,
    _too_few,
    _at_chance,
    _underfitting,
    _still_learning,
)

ALONE = ("diverged", "early")
"""Beside these nothing else can be said."""

BESIDE = ("too_few",)
"""What is worth saying beside something weightier."""
