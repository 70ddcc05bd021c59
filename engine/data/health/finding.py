"""What a check says: a sentence, the images it is about, and what can be done at a press."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.data.copies import Copies
from engine.data.health.look import Looks
from engine.data.index import Index
from engine.spec import ProjectSpec

Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Fix:
    """Something that can be done about a finding; it changes the project and never a file.

    Attributes:
        name: stable, for example "leave_out".
        words: what stands on the button.
        said: what undo calls it.
        apply: from the project to the project without the trouble.
    """

    name: str
    words: str
    said: str
    apply: Callable[[ProjectSpec], ProjectSpec] = field(compare=False)


@dataclass(frozen=True)
class Finding:
    """One true sentence about a data set.

    Attributes:
        check: which check says it, stable.
        level: "good", "info" or "warning".
        text: the sentence.
        detail: how it is known and what to make of it, for who asks why; empty: the sentence says it all.
        images: numbers of the images it is about, in an order in which they are worth looking at.
        groups: the same ones where they belong together.
        badge: a word for each of them; empty: none.
        reasons: for some of them, a sentence of their own.
        fixes: what can be done.
    """

    check: str
    level: str
    text: str
    images: tuple[int, ...] = ()
    groups: Groups = ()
    badge: str = ""
    reasons: Mapping[int, str] = field(default_factory=dict)
    fixes: tuple[Fix, ...] = ()
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Known:
    """All that is known of a data set so far; None: not yet.

    Attributes:
        failures: for each image that cannot be read, a sentence that says what is wrong.
        copies: files that are equal byte for byte.
        near: groups of images that look the same, exact copies among them.
        shortcuts: how well the classes can be told apart without looking closely, by kind of look.
        answers: findings of a run over its validation images.
    """

    index: Index
    project: ProjectSpec
    failures: Mapping[int, str] | None = None
    copies: Copies | None = None
    looks: Looks | None = None
    near: Groups | None = None
    shortcuts: Sequence["Shortcut"] | None = None
    answers: Sequence[Finding] = ()


@dataclass(frozen=True)
class Shortcut:
    """How well something that is no image content tells the classes apart.

    Attributes:
        sees: what it saw, in words that follow "only": "the size of the file ...".
        accuracy: share of images told right, each by a fit that had not seen it.
        low, high: 95 % interval of it.
        chance: share of the largest class, which needs no look at all.
        images: how many were tried.
    """

    name: str
    sees: str
    accuracy: float
    low: float
    high: float
    chance: float
    images: int

    @property
    def is_strong(self) -> bool:
        """Whether more than half of what is to be learnt can be had without learning it."""
        return self.chance < 1 and (self.low - self.chance) / (1 - self.chance) > 0.5


def count_of(count: int, noun: str) -> str:
    """ "1 image", "1,234 images"."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
