"""Classes that stand in the names of the files: "cat.123.jpg", "dog_0007.png", "IMG_12-rose.jpg".

A pattern is a file name with fields in place of what changes: `{class}`, `{number}` (digits), `{rest}` (anything).
There are no regular expressions to write, and none that could take for ever: see `_check`.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import permutations
from pathlib import Path

from engine.data.formats import looks_like_picture, picture_suffixes
from engine.data.scan import SPLIT_NAMES, natural_key
from engine.errors import EngineError
from engine.jobs import JobControl

FIELDS = {"class": r"(?P<class>.+?)", "number": r"\d++", "rest": r".*"}
"""What may stand in a pattern, as regular expressions: the class is as short as what follows it allows."""

MOST_CLASSES = 1000
LONGEST_PATTERN = 120
LONGEST_NAME = 255  # of a file, on every system in use
_MOST_FIELDS = 5

_SAMPLE = 1000  # names by which a pattern is judged
_SEPARATORS = ("_", "-", ".", " ", "__", "--", " - ", "+", ",", "~", "@", "#", "=")
_MOST_SEPARATORS = 4
_LEAST_MATCHED, _LEAST_REPEATED = 0.8, 0.8  # shares of the names

_NO_CLASSES = {
    *("img", "image", "images", "dsc", "dscn", "dscf", "dcim", "pxl", "mvimg", "gopr", "vid", "video", "frame", "scan"),
    *("photo", "picture", "pic", "screenshot", "screen", "file", "untitled", "copy", "edited", "small", "large"),
    *("am", "pm", "jpg", "jpeg", "png", "px", "x", "p", "no", "nr", "n"),
    *SPLIT_NAMES,
}
"""What cameras, telephones and programs begin or end names with, which says nothing about what is to be seen."""


# ---- patterns


def apply_pattern(names: Iterable[str], pattern: str) -> list[str | None]:
    """The class that stands in each name of a file; None for a name that is built differently.

    Args:
        names: without folders; the suffix does not count (".jpg").
        pattern: for example "{class}_{number}"; capitals do not matter, a suffix is passed over.
    Raises:
        EngineError: the pattern cannot be used; it says why in one sentence.
    """
    return list(_classes(_compiled(pattern), names))


def _classes(compiled: re.Pattern, names: Iterable[str]) -> Iterator[str | None]:
    for name in names:
        match = compiled.fullmatch(_stem(name)) if len(name) <= LONGEST_NAME else None
        yield (match["class"].strip() or None) if match is not None else None


def _stem(name: str) -> str:
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in picture_suffixes() else name


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern:
    """Raises: EngineError, see `apply_pattern`."""
    text = _stem(pattern.strip())
    if len(text) > LONGEST_PATTERN:
        raise _unusable(pattern, f"It is longer than {LONGEST_PATTERN} characters.")
    parts = re.split(r"\{([^{}]*)\}", text)  # text, field, text, field, text
    fields = [field.strip().casefold() for field in parts[1::2]]
    if any(sign in piece for piece in parts[::2] for sign in "{}"):
        raise _unusable(pattern, "A bracket is open: fields stand between “{” and “}”.")
    for field in fields:
        if field not in FIELDS:
            near = get_close_matches(field, FIELDS, n=1)
            hint = f"did you mean {{{near[0]}}}?" if near else "there are {class}, {number} and {rest}."
            raise _unusable(pattern, f"There is no field {{{field[:30]}}}: {hint}")
    _check(pattern, fields, parts[2:-1:2])
    pieces = [re.escape(parts[0])]
    for field, following in zip(fields, parts[2::2], strict=True):
        pieces += [FIELDS[field], re.escape(following)]
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def _check(pattern: str, fields: Sequence[str], between: Sequence[str]) -> None:
    if fields.count("class") != 1:
        said = "It does not say where the class stands." if "class" not in fields else "It has more than one {class}."
        raise _unusable(pattern, said)
    if len(fields) > _MOST_FIELDS:
        raise _unusable(pattern, f"It has more than {_MOST_FIELDS} fields.")
    place = fields.index("class")
    # With three fields of any length the work for one name grows with the cube of its length at worst: milliseconds.
    if max(fields[:place].count("rest"), fields[place:].count("rest")) > 1:
        raise _unusable(pattern, "{rest} stands twice on one side of {class}; once is enough.")
    for left, text, right in zip(fields, between, fields[1:], strict=False):
        # A number ends where digits end; anything else needs a sign that ends it.
        if not text and (left == right or "number" not in (left, right)):
            raise _unusable(pattern, f"Nothing stands between {{{left}}} and {{{right}}} to tell where one ends.")


def _unusable(pattern: str, why: str) -> EngineError:
    return EngineError(
        f"The pattern “{pattern[:60]}” cannot be used." if pattern.strip() else "There is no pattern.",
        why=why,
        fix="Write {class} where the class stands, as in {class}_{number} for “cat_12.jpg”.",
    )


# ---- which patterns are likely


@dataclass(frozen=True)
class _Judged:
    """A pattern with what it makes of the names; `is_sure`: the classes differ by more than numbers."""

    pattern: str
    score: float
    classes: tuple[str | None, ...]
    is_sure: bool


def suggest_patterns(names: Sequence[str], most: int = 6) -> list[str]:
    """The patterns that sort these names into 2 to 1000 classes of mostly several images, the likeliest first."""
    return [judged.pattern for judged in _judged(names)[:most]]


def sure_pattern(names: Sequence[str]) -> str | None:
    """The likeliest pattern where its classes are words rather than numbers, dates or what a camera writes."""
    return next((judged.pattern for judged in _judged(names)[:1] if judged.is_sure), None)


def _judged(names: Sequence[str]) -> list[_Judged]:
    step = max(1, len(names) // _SAMPLE)
    sample = [name for name in names[::step] if len(name) <= LONGEST_NAME]
    found: dict[tuple[str | None, ...], _Judged] = {}
    for pattern in _candidates([_stem(name) for name in sample]):
        judged = _judge(pattern, sample)
        if judged is None:
            continue
        # “{class}{number}” reads “cat_” where “{class}_{number}” reads “cat”: one of them is enough.
        same = tuple(name and name.strip("".join(_SEPARATORS)) for name in judged.classes)
        if same not in found or judged.score > found[same].score:
            found[same] = judged
    # Sorting is stable: of two that are about as good the one that says more about the names stays first.
    return sorted(found.values(), key=lambda judged: -round(judged.score, 1))


def _candidates(stems: Sequence[str]) -> Iterator[str]:
    least = _LEAST_MATCHED * len(stems)
    used = [sign for sign in _SEPARATORS if sum(sign in stem for stem in stems) >= max(1, least)][:_MOST_SEPARATORS]
    for sign in used:
        yield from (f"{{class}}{sign}{{number}}", f"{{number}}{sign}{{class}}")
    yield from ("{class} ({number})", "{class}({number})", "{class}{number}", "{number}{class}")
    for first, second in (*((sign, sign) for sign in used), *permutations(used, 2)):
        yield f"{{rest}}{first}{{class}}{second}{{number}}"
        yield f"{{number}}{first}{{class}}{second}{{rest}}"
    for sign in used:
        yield from (f"{{class}}{sign}{{rest}}", f"{{rest}}{sign}{{class}}")
    for first, second in permutations(used, 2):
        yield f"{{rest}}{first}{{class}}{second}{{rest}}"


def _judge(pattern: str, sample: Sequence[str]) -> _Judged | None:
    classes = tuple(_classes(_compiled(pattern), sample))
    counts = Counter(name for name in classes if name is not None)
    matched = sum(counts.values())
    if matched < max(1.0, _LEAST_MATCHED * len(sample)) or not 2 <= len(counts) <= MOST_CLASSES:
        return None
    repeated = sum(count for count in counts.values() if count > 1) / matched
    letters = {name: re.sub(r"[\W\d_]+", "", name).casefold() for name in counts}
    worded = sum(count for name, count in counts.items() if letters[name] and not letters[name].isdigit()) / matched
    hollow = sum(count for name, count in counts.items() if letters[name] in _NO_CLASSES) / matched
    if repeated < _LEAST_REPEATED or hollow > 0.5:
        return None
    is_sure = worded > 0.9 and hollow < 0.1 and len({word for word in letters.values() if word}) > len(counts) / 2
    several = min(1.0, matched / len(counts) / 3)
    score = matched / len(sample) * repeated * several * (1.0 if is_sure else 0.5)
    return _Judged(pattern, score, classes, is_sure)


# ---- the files of a folder


@dataclass(frozen=True)
class NamedFile:
    """An image below a folder: its path relative to it with "/", and what it is for ("" where no folder says so)."""

    path: str
    split: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def list_files(folder: Path, control: JobControl | None = None) -> list[NamedFile]:
    """All images below `folder` in natural order; hidden ones are ignored, links to folders not followed.

    Raises:
        EngineError: there is no such folder, or it cannot be opened.
        Cancelled: `control` asked to stop.
    """

    def stop(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise EngineError(
                f"The folder “{folder}” cannot be opened.",
                why=f"The system says: {(error.strerror or str(error)).lower()}.",
                fix="Choose it again.",
            ) from error

    files: list[NamedFile] = []
    for place, folders, names in os.walk(folder, onerror=stop):
        if control is not None:
            control.checkpoint()
        folders[:] = sorted(name for name in folders if _counts(name))
        below = Path(place).relative_to(folder).as_posix()
        top = below.split("/")[0].lower()
        split = top if top in SPLIT_NAMES else ""
        pictures = [name for name in names if _counts(name) and looks_like_picture(name)]
        files += [NamedFile(name if below == "." else f"{below}/{name}", split) for name in pictures]
    return sorted(files, key=lambda file: natural_key(file.path))


def _counts(name: str) -> bool:
    """Whether a file or folder is looked at: not hidden, and its name is text."""
    return not name.startswith(".") and name.lower() != "__macosx" and not re.search("[\ud800-\udfff]", name)


def flat_names(folder: Path) -> list[str]:
    """The names of the images that lie side by side in `folder`, or in folders called train, test and so on.

    None where there are images in other folders below: these are classes.
    """
    names, folders = _listed(folder)
    for below in folders:
        inside, deeper = _listed(folder / below)
        if any(_holds_images(folder / below / each) for each in deeper):
            return []
        if below.lower() in SPLIT_NAMES:
            names += inside
        elif inside:
            return []
    return names


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Names of images and of folders directly in `folder`; nothing where it cannot be opened."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries if _counts(entry.name)]
    except OSError:
        return [], []
    pictures = sorted(name for name, is_dir in found if not is_dir and looks_like_picture(name))
    return pictures, sorted(name for name, is_dir in found if is_dir)


def _holds_images(folder: Path) -> bool:
    """Whether there is an image anywhere below; looks at so many folders only."""
    waiting = [folder]
    for _ in range(200):
        if not waiting:
            return False
        here = waiting.pop()
        names, folders = _listed(here)
        if names:
            return True
        waiting += [here / name for name in folders]
    return True
