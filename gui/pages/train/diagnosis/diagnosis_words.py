"""What the diagnosis of a training says: each judgement of the engine in a title and in sentences with its evidence.

A new diagnosis is one function here, named in `SENTENCES`; `diagnosis_box.LOOKS` has its colours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QCoreApplication

from engine.params import short_number
from engine.train.diagnosis import LITTLE_GAP, WINDOW, Code, Diagnosis
from engine.train.next_step import gentler_rate
from engine.train.runs import RunInfo
from gui.plots.ticks import write_number
from gui.widgets.bars import percent

EXPLODES = 100  # times the loss of blind guessing: no longer a high loss but an explosion
WIDE_GAP = 0.1  # between training and validation accuracy

Sentences = tuple[str, str]
"""A title, and below it what speaks for it and may help."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Diagnosis", text)


def sentences_of(found: Diagnosis, classes: Sequence[str] = ()) -> Sentences:
    """Return what a diagnosis says.

    Args:
        classes: names, for a class that is always answered.
    """
    return SENTENCES[found.code](found, classes)


def done_sentences(found: Diagnosis) -> Sentences:
    """Return what is said instead of a run that did well and has come to its end."""
    words = _tr("Best at epoch {epoch}: validation accuracy {best}. {gap}").format(
        epoch=found.best_epoch, best=percent(found.best_accuracy), gap=_gap(found)
    )
    # Without it, a check mark would stand over a training that was cut off while it learnt.
    is_rising = found.code == "still_learning" and (found.best_epoch == found.epochs or found.ends_low)
    title = _tr("Done, and still improving") if is_rising else _tr("Done")
    return title, " ".join(filter(None, (words, _trend(found))))


def _trend(found: Diagnosis) -> str:
    """Return how it stood at the end, where the numbers named do not say that."""
    later = found.epochs - found.best_epoch
    if found.code == "still_learning" and not later:
        return _tr("It was still improving: more epochs may help.")
    if found.code == "still_learning" and found.ends_low:
        return _tr("The validation loss still fell after that: more epochs may help.")
    if later == 1:
        return _tr("Epoch {epoch} was no better.").format(epoch=found.epochs)
    return _tr("The {count} epochs after it were no better.").format(count=later) if later else ""


def doubt_in_words(found: Diagnosis) -> str:
    """Return how little the accuracy says where it was measured on few images; empty for enough of them."""
    if not found.is_uncertain or found.code == "diverged":
        return ""
    if found.pictures == 1:
        return _tr("Only 1 validation image: the accuracy is uncertain.")
    return _tr("Only {count} validation images: the accuracy is uncertain.").format(count=found.pictures)


def end_in_words(info: RunInfo | None) -> str:
    """Return how a run ended before its time; empty for one that came to its end."""
    sentences = {
        "interrupted": _tr("Interrupted at epoch {done} of {all}"),
        "stopped": _tr("Stopped at epoch {done} of {all}"),
        "failed": _tr("Failed at epoch {done} of {all}"),
    }
    if info is None:
        return ""
    sentence = _tr("Stopped early at epoch {done} of {all}") if info.ended_early else sentences.get(info.state, "")
    return sentence.format(done=info.epochs_done, all=info.epochs) if sentence else ""


def left_in_words(info: RunInfo) -> str:
    """Return what to resume means."""
    left = info.epochs - info.epochs_done
    if left <= 0:
        return _tr("Resume brings the run to its end.")
    if left == 1:
        return _tr("Resume trains the 1 epoch that is left.")
    return _tr("Resume trains the {left} epochs that are left.").format(left=left)


# ---- one function for each diagnosis, in the order of the engine


def _waiting(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    return _tr("Nothing to judge yet"), _tr("The first epoch has not finished.")


def _early(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _tr("Validation accuracy is {best} after {epochs} of the {needed} epochs that a judgement needs.")
    if not found.needed:
        words = _tr("Validation accuracy is {best}; the learning rate has risen to {reached} of {rate} so far.")
    return _tr("Too early to say"), words.format(
        best=percent(found.best_accuracy),
        epochs=found.epochs,
        needed=found.needed,
        reached=short_number(found.reached_rate, 2),
        rate=short_number(found.learning_rate),
    )


def _diverged(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _tr("The loss exploded at epoch {since}. A learning rate ten times lower usually cures it.")
    if found.learning_rate:
        words = _tr("The loss exploded at epoch {since}. A learning rate of {rate} instead of {now} usually cures it.")
    rate = short_number(gentler_rate(found.learning_rate, found.usual_rate))
    return _tr("Diverged"), words.format(since=found.since, rate=rate, now=short_number(found.learning_rate))


def _rate_too_high(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    if found.jumps:
        words = _tr("The training loss jumped up {jumps} times since epoch {since} and gets nowhere.").format(
            jumps=found.jumps, since=found.since
        )
    else:
        words = _explosion(found)
    return _tr("Learning rate too high"), f"{words} {_rate(found)}"


def _explosion(found: Diagnosis) -> str:
    top, blind = write_number(found.top_loss), write_number(found.train_blind_loss)
    if found.top_loss > EXPLODES * found.train_blind_loss:
        words = _tr("The loss exploded ({top}); guessing blindly would give one of {blind}.")
    else:
        words = _tr("The training loss was as high as {top}; guessing blindly would give one of {blind}.")
    return words.format(top=top, blind=blind)


def _rate_too_low(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _tr("The training loss only went from {first} to {now} in {epochs} epochs.").format(
        first=write_number(found.first_loss), now=write_number(found.train_loss), epochs=found.epochs
    )
    return _tr("Learning rate too low"), f"{words} {_rate(found)}"


def _rate(found: Diagnosis) -> str:
    if not found.learning_rate:
        return ""
    words = _tr("The learning rate is {rate}; {usual} is usual for this optimizer.")
    return words.format(rate=short_number(found.learning_rate), usual=short_number(found.usual_rate))


def _collapse(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    known = 0 <= found.answered < len(classes)
    name = classes[found.answered] if known else _tr("class {number}").format(number=found.answered + 1)
    words = _tr("{share} of the validation images are called “{name}”; {chance} are of the commonest class.")
    title = _tr("Always answers “{name}”").format(name=name)
    share, chance = percent(found.answered_share), percent(found.chance)
    return title, words.format(share=share, name=name, chance=chance)


def _too_few(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _tr(
        "It knows {train} of its training images and {valid} of others; {count} images of each class are few."
    ).format(train=percent(found.train_accuracy), valid=percent(found.accuracy_now), count=max(1, found.per_class))
    return _tr("Too few images"), words


def _at_chance(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _chance(found)
    if found.learns_by_heart:
        advice = _tr(
            "Of the training images it knows {share}: it learns them by heart. More images or augmentation help."
        ).format(share=percent(found.train_accuracy))
    else:
        advice = _tr("Try another learning rate, ten times lower or higher.")
    return _tr("Not learning"), f"{words} {advice}"


def _chance(found: Diagnosis) -> str:
    return _tr(
        "After {epochs} epochs validation accuracy is {best}; always naming the commonest class gives {chance}."
    ).format(epochs=found.epochs, best=percent(found.best_accuracy), chance=percent(found.chance))


def _overfitting(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    if found.loss_rose:
        words = _tr("The validation loss rose from {low} to {now} while the training loss fell.").format(
            low=write_number(found.loss_low), now=write_number(found.loss_now)
        )
    else:
        words = _tr("Validation accuracy fell from {best} to {now} while the training loss fell.").format(
            best=percent(found.best_accuracy), now=percent(found.accuracy_now)
        )
    kept = _tr("Epoch {epoch} with {best} is kept; augmentation, dropout or more images help.").format(
        epoch=found.best_epoch, best=percent(found.best_accuracy)
    )
    title = _tr("Overfitting since epoch {since}").format(since=found.since)
    return title, f"{words} {kept}"


def _overconfident(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _tr(
        "Validation accuracy went on rising, to {best}, but the validation loss rose from {low} to {now} since epoch "
        "{since}: answers get surer also where they are wrong. Trust the classes more than their percentages."
    ).format(
        low=write_number(found.loss_low),
        now=write_number(found.loss_now),
        since=found.since,
        best=percent(found.best_accuracy),
    )
    return _tr("Too sure of itself"), words


def _underfitting(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _tr(
        "It no longer improves and knows only {train} of its own training images (loss {loss}): a larger network "
        "or more time may help."
    ).format(train=percent(found.train_accuracy), loss=write_number(found.train_loss))
    return _tr("Underfitting"), words


def _still_learning(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    if found.gain > 0:
        words = _tr("Validation accuracy rose by {gain} points in {window} epochs, to {best}.").format(
            gain=f"{100 * found.gain:.1f}", window=WINDOW, best=percent(found.best_accuracy)
        )
    else:
        words = _tr("The validation loss still falls, to {low}.").format(low=write_number(found.loss_low))
    return _tr("Learning well"), f"{words} {_gap(found)}"


def _plateau(found: Diagnosis, classes: Sequence[str]) -> Sentences:
    words = _tr("No better than at epoch {since}: {best}. {gap} A lower learning rate or more varied images may help.")
    title = _tr("No longer improving")
    return title, words.format(since=found.best_epoch, best=percent(found.best_accuracy), gap=_gap(found))


def _gap(found: Diagnosis) -> str:
    """Return how training and validation differ at the epoch that is named, the best one. No verdict of its own:
    the title has it."""
    points = f"{abs(100 * found.best_gap):.1f}"
    if points == "0.0":
        words = _tr("Training and validation are level there.")
    elif found.best_gap < 0 and found.mixes:
        words = _tr(
            "Validation lies {points} points above training there: training images are mixed, so that no answer to "
            "them is quite right."
        )
    elif found.best_gap < -WIDE_GAP:
        words = _tr(
            "Validation lies {points} points above training there: training images are judged while the network "
            "still changes."
        )
    elif found.best_gap < 0:
        words = _tr("Validation lies {points} points above training there.")
    elif found.best_gap > WIDE_GAP:
        words = _tr(
            "Validation lies {points} points below training there: augmentation or more images may narrow that."
        )
    elif found.best_gap < LITTLE_GAP:
        words = _tr("Validation lies {points} points below training there, which is little.")
    else:
        words = _tr("Validation lies {points} points below training there.")
    return words.format(points=points)


SENTENCES: Mapping[Code, Callable[[Diagnosis, Sequence[str]], Sentences]] = {
    "waiting": _waiting,
    "early": _early,
    "diverged": _diverged,
    "rate_too_high": _rate_too_high,
    "rate_too_low": _rate_too_low,
    "collapse": _collapse,
    "too_few": _too_few,
    "at_chance": _at_chance,
    "overfitting": _overfitting,
    "overconfident": _overconfident,
    "underfitting": _underfitting,
    "still_learning": _still_learning,
    "plateau": _plateau,
}
"""What says each diagnosis; it is given the names of the classes too."""
