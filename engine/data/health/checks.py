"""The health check: each check turns what is known of a data set into sentences. A new check is one function here.

A check says nothing where what it needs is not known yet, and something good where that is worth knowing.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from engine.compile import Facts, infer
from engine.data import edits
from engine.data.health import fixes
from engine.data.health.finding import Finding, Groups, Known, count_of
from engine.data.index import SPLITS, TEST, TRAIN, VALIDATION, Index

Check = Callable[[Known], Iterable[Finding]]

BALANCED, UNEVEN = 1.5, 3.0
"""Times as many images in the largest class as in the smallest: still balanced; worth a warning."""

FEWEST, FEW, ENOUGH = 3, 10, 50
"""Images of a class: too few to divide; hardly learned; usually learned well."""

TINY, LARGE = 16, 50_000_000
"""Pixels of the shorter side below which there is little to see; pixels in all that take seconds to read."""

LONG = 4.0
"""Sides in this ratio or more lose most of the image when it is cropped, or its shape when it is squeezed."""

BY_HEART = 100
"""Parameters per training image. Zhang et al. 2017, "Understanding deep learning requires rethinking generalization":
networks with far more parameters than images fit any labels, so the figure only says where that is certain."""

BLANK = 4 / 255
"""Spread of brightness below which an image is one even area."""

MOST_NOTES = 5
MOST_REASONS = 10_000  # images of one finding that each get a sentence of their own


def examined(known: Known) -> list[Finding]:
    """All findings, in the order of `CHECKS`."""
    return [finding for check in CHECKS for finding in check(known)]


# --- what can be read -------------------------------------------------------------------------------------------------


def reading(known: Known) -> Iterator[Finding]:
    """How many images there are, and which cannot be read."""
    index, failures = known.index, known.failures
    if failures is None:
        yield Finding("reading", "info", f"{count_of(len(index), 'image')} found")
        return
    readable = len(index) - len(failures)
    yield Finding("reading", "good" if readable else "warning", f"{count_of(readable, 'image')} can be read")
    if failures:
        numbers = tuple(sorted(failures))
        them = "1 file cannot be read and is" if len(numbers) == 1 else f"{len(numbers):,} files cannot be read and are"
        yield Finding(
            "unreadable",
            "warning",
            f"{them} left out",
            numbers,
            badge="cannot be read",
            reasons=dict(failures),
            fixes=(fixes.leave_out(index, numbers),),
        )


def by_hand(known: Known) -> Iterator[Finding]:
    """What was changed by hand, so that it can be taken back."""
    data = known.project.data
    if data.edits.left_out:
        text = f"{count_of(len(data.edits.left_out), 'image')} left out by you"
        yield Finding("left_out", "info", text, fixes=(fixes.take_back(),))
    if data.edits.moved:
        moved = tuple(n for n, path in enumerate(known.index.paths.tolist()) if path in data.edits.moved)
        text = f"{count_of(len(data.edits.moved), 'image')} moved to another class by you"
        yield Finding("moved", "info", text, moved, badge="moved", fixes=(fixes.move_home(),))
    if hidden := edits.hidden_classes(data):
        names = ", ".join(f"“{name}”" for name in hidden[:3]) + (" and others" if len(hidden) > 3 else "")
        yield Finding("hidden", "info", f"{names} hidden by you", fixes=(fixes.show_hidden(),))


def notes(known: Known) -> Iterator[Finding]:
    """What was noticed while listing files."""
    told = known.index.notes
    yield from (Finding("note", "warning", note) for note in told[:MOST_NOTES])
    if len(told) > MOST_NOTES:
        yield Finding("notes", "warning", f"{len(told) - MOST_NOTES:,} more notes")


# --- the same image twice ---------------------------------------------------------------------------------------------


def exact_copies(known: Known) -> Iterator[Finding]:
    """Files that are equal byte for byte."""
    copies, index = known.copies, known.index
    if copies is None:
        return
    if copies.across_splits:
        count = len(copies.across_splits)
        them = "1 image stands" if count == 1 else f"{count:,} images stand"
        text = f"{them} in more than one of training, validation and test: the scores will look too good"
        yield _copied(index, "leaks", "warning", text, copies.across_splits, "duplicate", which="across_splits")
    if copies.across_classes:
        count = len(copies.across_classes)
        text = f"{count:,} images stand in more than one class: a label must be wrong"
        one = "1 image stands in two classes: one of them must be wrong"
        text = one if count == 1 else text
        yield _copied(index, "contradictions", "warning", text, copies.across_classes, "label?", which="across_classes")
    if not copies.groups:
        yield Finding("copies", "good", "no image is there twice")
    else:
        extra = copies.extra
        text = "1 file is an exact copy of another" if extra == 1 else f"{extra:,} files are exact copies of others"
        yield _copied(index, "copies", "info", text, copies.groups, "duplicate", which="groups")


def _copied(index: Index, check: str, level: str, text: str, groups: Groups, badge: str, which: str) -> Finding:
    numbers = to_leave_out(index, groups, which)
    offered = (fixes.leave_out(index, numbers),)
    if which == "across_splits":
        offered += (fixes.keep_together(index, groups),) if not index.brings_splits else ()
    flat = tuple(number for group in groups for number in group)
    return Finding(check, level, text, flat, groups, badge, fixes=offered)


def to_leave_out(index: Index, groups: Groups, which: str) -> tuple[int, ...]:
    """The images that end a trouble when they are left out.

    Args:
        which: "groups": all but the first of each; "across_splits": those that are trained with or validated on, the
            tests stay what they were; "across_classes": all, since nobody knows which label is right.
    """
    found: set[int] = set()
    for group in groups:
        if which == "across_classes":
            found.update(group)
        elif which == "across_splits":
            last = max(int(index.splits[number]) for number in group)
            found.update(number for number in group if index.splits[number] != last)
        else:
            found.update(group[1:])
    return tuple(sorted(found))


def near_duplicates(known: Known) -> Iterator[Finding]:
    """Images that look the same without being the same file."""
    index = known.index
    if known.near is None:
        return
    equal = known.copies.groups if known.copies is not None else ()
    copy_of = {number: place for place, group in enumerate(equal) for number in group}
    groups = tuple(group for group in known.near if len({copy_of.get(n, -1 - n) for n in group}) > 1)
    if not groups:
        yield Finding("near", "good", "no two images look the same")
        return
    across = tuple(group for group in groups if len(set(index.splits[list(group)].tolist())) > 1)
    classes = tuple(group for group in groups if len(set(index.labels[list(group)].tolist())) > 1)
    if across:
        text = f"{_alike(len(across))} on both sides of training, validation and test"
        yield _copied(index, "near_leaks", "warning", text, across, "alike", which="across_splits")
    if classes:
        text = f"{_alike(len(classes))} in different classes: look which label is right"
        flat = tuple(number for group in classes for number in group)
        yield Finding("near_contradictions", "warning", text, flat, classes, "label?")
    if len(across) < len(groups):
        yield _copied(index, "near", "info", f"{_alike(len(groups))} in all", groups, "alike", which="groups")


def _alike(count: int) -> str:
    return "1 group of images that look the same" if count == 1 else f"{count:,} groups of images that look the same"


# --- single images ----------------------------------------------------------------------------------------------------


def wrong_suffixes(known: Known) -> Iterator[Finding]:
    """Files whose name promises another format than they hold."""
    if known.looks is None:
        return
    numbers = np.flatnonzero(known.looks.rows["named_wrong"])
    if len(numbers):
        formats = known.looks.rows["format"]
        reasons = {int(n): f"It is a {formats[n].decode()} file by its content." for n in numbers}
        them = "1 file is" if len(numbers) == 1 else f"{len(numbers):,} files are"
        text = f"{them} of another format than the name says; they are read all the same"
        yield Finding("suffix", "info", text, tuple(numbers.tolist()), badge="name", reasons=reasons)


def sizes(known: Known) -> Iterator[Finding]:
    """Images too small, too large or too long."""
    if known.looks is None:
        return
    rows, good = known.looks.rows, known.looks.readable
    width, height = rows["width"].astype(np.int64), rows["height"].astype(np.int64)
    shorter, longer = np.minimum(width, height), np.maximum(width, height)
    yield from _single(
        known, "tiny", good & (shorter < TINY), f"of less than {TINY} pixels a side show little", "tiny", width, height
    )
    text = f"of more than {LARGE // 1_000_000} megapixels take long to read the first time"
    yield from _single(known, "large", good & (width * height > LARGE), text, "large", width, height, fix=False)
    long = good & (longer >= LONG * np.maximum(1, shorter)) & (shorter >= TINY)
    text = f"{int(LONG)} or more times as long as wide lose much when brought to one shape"
    yield from _single(known, "long", long, text, "long", width, height)


def blank(known: Known) -> Iterator[Finding]:
    """Images on which there is nothing."""
    if known.looks is None:
        return
    rows = known.looks.rows
    mask = known.looks.readable & (rows["spread"] < BLANK)
    yield from _single(known, "blank", mask, "nearly blank: nothing can be learnt from them", "blank")


def _single(
    known: Known,
    check: str,
    mask: np.ndarray,
    text: str,
    badge: str,
    width: np.ndarray | None = None,
    height: np.ndarray | None = None,
    fix: bool = True,
) -> Iterator[Finding]:
    numbers = np.flatnonzero(mask)
    if not len(numbers):
        return
    reasons = {}
    if width is not None and len(numbers) <= MOST_REASONS:
        reasons = {int(n): f"{width[n]} × {height[n]} pixels" for n in numbers}
    told = f"{count_of(len(numbers), 'image')} {text}"
    usual = 2 * len(numbers) > len(known.index)  # it is the nature of this data set then, and nothing to mend
    offered = (fixes.leave_out(known.index, numbers.tolist()),) if fix and not usual else ()
    level, images = "info" if usual else "warning", tuple(numbers.tolist())
    yield Finding(check, level, told, images, badge=badge, reasons=reasons, fixes=offered)


# --- classes ----------------------------------------------------------------------------------------------------------


def usable_counts(known: Known) -> np.ndarray:
    """(classes, 3) images that training can use: all until they were read, then those that can be."""
    index = known.index
    if not known.failures:
        return index.counts()
    failed = np.fromiter(known.failures, np.int64, len(known.failures))
    cells = index.labels[failed] * 3 + index.splits[failed]
    return index.counts() - np.bincount(cells, minlength=3 * len(index.classes)).reshape(-1, 3)


def balance(known: Known) -> Iterator[Finding]:
    """How even the classes are."""
    counts = usable_counts(known)
    totals = counts.sum(1)
    there = np.flatnonzero(totals > 0)
    if len(there) < 2:
        return
    most, least = there[totals[there].argmax()], there[totals[there].argmin()]
    ratio = totals[most] / totals[least]
    if ratio <= BALANCED:
        yield Finding("balance", "good", f"classes are balanced (1 : {ratio:.1f})")
        return
    names = known.index.classes
    times = f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
    text = f"“{names[most]}” has {times} times as many images as “{names[least]}”: the network will lean towards it"
    is_weighed = known.project.recipe.class_weights == "balanced"
    if is_weighed:
        text += "; the loss weighs the classes against it"
    level = "warning" if ratio >= UNEVEN and not is_weighed else "info"
    yield Finding("balance", level, text, fixes=() if is_weighed else (fixes.weigh_classes(),))


def too_few(known: Known) -> Iterator[Finding]:
    """Classes with too few images to learn."""
    index, counts = known.index, usable_counts(known)
    totals, train, listed = counts.sum(1), counts[:, TRAIN], index.counts().sum(1)
    empty = np.flatnonzero((totals == 0) & (listed > 0))
    if len(empty) == 1:
        yield Finding("empty", "warning", f"“{index.classes[empty[0]]}” has no image that can be read")
    elif len(empty):
        yield Finding("empty", "warning", f"{len(empty):,} classes have no image that can be read")
    if (totals > 0).sum() < 2:
        return
    # Classes of one or two files have a note of the scan already; here are those that turned out to be so few.
    noted = (listed < FEWEST) & (not index.brings_splits)
    yield from _few(index, np.flatnonzero((totals > 0) & (totals < FEWEST) & ~noted), totals, "fewest")
    few = np.flatnonzero((totals >= FEWEST) & (train > 0) & (train < FEW))
    yield from _few(index, few, train, "few")
    some = np.flatnonzero((train >= FEW) & (train < ENOUGH))
    yield from _few(index, some, train, "some")


_SAID_FEW = {
    "fewest": ("warning", ": too few for training, validation and test", f"fewer than {FEWEST} images"),
    "few": ("warning", f" to train with; {ENOUGH} or more usually learn far better", f"fewer than {FEW} images"),
    "some": ("info", f" to train with; {ENOUGH} or more usually learn far better", f"fewer than {ENOUGH} images"),
}


def _few(index: Index, labels: np.ndarray, counts: np.ndarray, kind: str) -> Iterator[Finding]:
    level, what, fewer = _SAID_FEW[kind]
    if len(labels) == 1:
        name, count = index.classes[labels[0]], count_of(int(counts[labels[0]]), "image")
        yield Finding(kind, level, f"“{name}” has only {count}{what}")
    elif len(labels):
        yield Finding(kind, level, f"{len(labels):,} classes have {fewer}{what}")


def missing_splits(known: Known) -> Iterator[Finding]:
    """Classes that are tested and never trained, or never validated."""
    index, counts = known.index, usable_counts(known)
    there = counts.sum(1) > 0
    untrained = np.flatnonzero(there & (counts[:, TRAIN] == 0))
    if len(untrained) and not index.brings_splits:  # a folder that brings its splits has a note of the scan
        names = ", ".join(f"“{index.classes[label]}”" for label in untrained[:3])
        yield Finding("untrained", "warning", f"{names} has no image to train with")
    if not len(index):
        return
    for split in (VALIDATION, TEST):
        missing = np.flatnonzero(there & (counts[:, TRAIN] > 0) & (counts[:, split] == 0))
        if len(missing) and counts[:, split].sum():
            names = ", ".join(f"“{index.classes[label]}”" for label in missing[:3])
            more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
            text = f"{names}{more} has no image for {SPLITS[split]}: nobody will know how well it is told"
            yield Finding(f"no_{SPLITS[split]}", "info", text)


def by_heart(known: Known) -> Iterator[Finding]:
    """Whether the network could learn its few images by heart."""
    data = known.project.data
    images = int(usable_counts(known)[:, TRAIN].sum())
    parameters = infer(known.project.network, Facts(data.shape, len(data.classes))).parameters
    if images and not data.augment and parameters >= BY_HEART * images:
        text = (
            f"the network has {parameters:,} parameters for {images:,} training images: it can learn them by heart; "
            "augmentation makes that harder"
        )
        yield Finding("by_heart", "info", text, fixes=(fixes.augment(data),))


# --- what is learnt ---------------------------------------------------------------------------------------------------


def shortcut_test(known: Known) -> Iterator[Finding]:
    """Whether the classes can be told apart without looking at what is on the images."""
    if not known.shortcuts:
        return
    for found in known.shortcuts:
        if found.is_strong:
            level, said, follows = _FOLLOWS[found.name]
            detail = (
                f"A simple predictor that sees only {found.sees} told {found.accuracy:.1%} of {found.images:,} images "
                f"right that it had not seen before (95% sure: {found.low:.1%} to {found.high:.1%}; always saying the "
                f"largest class: {found.chance:.1%}). {follows}"
            )
            text = f"{said} {found.accuracy:.0%} right"
            yield Finding(f"shortcut_{found.name}", level, text, detail=detail)
    plain = [found for found in known.shortcuts if found.name != "blur"]
    if plain and not any(found.is_strong for found in plain):
        best = max(plain, key=lambda found: found.accuracy)
        detail = (
            f"Simple predictors that see only {plain[0].sees}, or only {plain[-1].sees}, told at most "
            f"{best.accuracy:.1%} of {best.images:,} images right that they had not seen before (always saying the "
            f"largest class: {best.chance:.1%})."
        )
        yield Finding("shortcut", "good", "no shortcut was found", detail=detail)


_FOLLOWS = {
    "facts": (
        "warning",
        "a shortcut: file size, shape and mean colour alone tell",
        "The network may learn how the classes were photographed instead of what they are: take the images of all "
        "classes from the same sources, or keep to one size and colour.",
    ),
    "border": (
        "warning",
        "a shortcut: the outermost pixels alone tell",
        "Unless the things themselves reach the edge, the network may learn the background: vary it, or crop closer.",
    ),
    "blur": (
        "info",
        "an easy task: a blur of 16 × 16 pixels is enough to tell",
        "A small network and small images will do; a large one has to beat this figure to be worth its time.",
    ),
}


def after_a_run(known: Known) -> Iterator[Finding]:
    """What a trained network makes one doubt."""
    yield from known.answers


CHECKS: tuple[Check, ...] = (
    reading,
    exact_copies,
    near_duplicates,
    after_a_run,
    shortcut_test,
    by_hand,
    notes,
    missing_splits,
    balance,
    too_few,
    by_heart,
    sizes,
    blank,
    wrong_suffixes,
)
"""In the order in which findings are shown."""
