"""Room on the disk: what all that can be made again takes there, and what of it goes first when it is too much.

Each part of the cache is a folder of entries that stand for themselves: the decoded images of one data folder, one
unpacked archive, one downloaded data set, one sample. An entry goes as a whole or not at all: it gets another name
before anything in it is removed, so that a half removed folder is never taken for a data set.

What never goes: what somebody works with (`hold`), in this process or in another one; what was unpacked from a file
that is gone, since it may be the only copy; and folders to which somebody has added files. `<cache>/uses/` keeps who
uses what, and what is known of each entry.
"""

import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.data.store import FolderLock
from engine.errors import EngineError
from engine.files import cache_folder, read_settings, sweep_dead_parts, write_atomically, write_settings
from engine.jobs import JobControl

PARTS = ("pictures", "unpacked", "downloads", "samples", "looks", "thumbnails")
"""Folders of the cache: decoded images, archives and tables made into folders, data sets from the internet, samples,
what was seen when images were compared, and thumbnails."""

_MADE_OF_IMAGES = ("pictures", "looks", "thumbnails")  # by the way, from files that are somewhere else

GB = 10**9
LARGEST_LIMIT = 100_000
"""GB. More than any disk has."""

_SHARE_OF_DISK = 0.25  # of what would be free without the cache, where no limit was chosen
_ABANDONED_AFTER_S = 3600  # an unfinished folder that nobody has written to for so long
_SETTING = "cache_limit_gb"
_USES = "uses"

_holding = threading.Lock()
_held: dict[str, tuple[Path, FolderLock]] = {}  # at most two: decoded images, and where images come from


@dataclass(frozen=True)
class Cleared:
    """What `clear_cache` did.

    Attributes:
        bytes: that were made free.
        kept: entries that are in use, whose source is gone, or to which somebody has added files.
    """

    bytes: int
    kept: int


@dataclass(frozen=True)
class _Entry:
    part: str
    path: Path
    bytes: int
    used: float  # seconds since 1970


# --- the limit --------------------------------------------------------------------------------------------------------


def cache_limit() -> float:
    """GB that the cache may take; 0: a quarter of what would be free without it."""
    limit = read_settings().get(_SETTING, 0)
    usable = isinstance(limit, int | float) and not isinstance(limit, bool) and 0 <= limit <= LARGEST_LIMIT
    return float(limit) if usable else 0.0


def set_cache_limit(gigabytes: float) -> None:
    """Choose the limit, for the window and the command line alike; it holds from the next `make_room` on.

    Raises: EngineError, where it is no size or cannot be kept.
    """
    if not 0 <= gigabytes <= LARGEST_LIMIT:
        raise EngineError(
            f"{gigabytes:g} GB is no limit for the cache.",
            why=f"It is a size from 0 to {LARGEST_LIMIT:,} GB.",
            fix="Choose 0 to let Atelier decide by the size of the disk.",
        )
    write_settings(**{_SETTING: gigabytes})


# --- who uses what ----------------------------------------------------------------------------------------------------


def hold(folder: Path, source: str | None = None) -> None:
    """Say that this process works with a folder now, in place of the one before; what is in the cache then stays there.

    Decoded images, and the folder where images come from, are held apart. Where the disk refuses to note it, what is
    held is only less safe.

    Args:
        source: the file or folder that it was made from; it never goes where that is gone.
    """
    place = _place_of(folder)
    what = "rows" if place is not None and place.parent.name == "pictures" else "images"
    with _holding, suppress(OSError):
        if place is None:
            _let_go(what)
            return
        _note(place, source)
        if what in _held and _held[what][0] == place:
            return
        mark = place / f"{os.getpid()}-{secrets.token_hex(4)}"
        mark.mkdir()
        lock = FolderLock(mark)
        if lock.acquire():
            _let_go(what)
            _held[what] = (place, lock)


def _let_go(what: str) -> None:
    if what in _held:
        _held.pop(what)[1].release()  # whoever looks next sweeps the mark away


def _place_of(folder: Path) -> Path | None:
    """Where it is noted who uses an entry, the folder itself or one below it; None outside of the cache."""
    try:
        inside = Path(folder).absolute().relative_to(cache_folder().absolute()).parts
    except ValueError:
        return None
    return _uses(inside[0], inside[1]) if len(inside) > 1 and inside[0] in PARTS else None


def _uses(part: str, name: str) -> Path:
    return cache_folder() / _USES / part / name


def _note(place: Path, source: str | None) -> None:
    """Write down what is known of an entry, once; the time of that file is when it was used last."""
    place.mkdir(parents=True, exist_ok=True)
    about = place / "about.json"
    if about.exists():
        os.utime(about)
    else:
        known = {"made": time.time(), "source": str(Path(source).expanduser().absolute()) if source else None}
        sweep_dead_parts(place)
        write_atomically(about, json.dumps(known))


def _about(part: str, name: str) -> dict:
    try:
        known = json.loads((_uses(part, name) / "about.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _is_in_use(part: str, name: str) -> bool:
    """Whether a living process holds an entry. Marks of dead ones are swept away."""
    found = False
    with suppress(OSError):
        for mark in list(_uses(part, name).iterdir()):
            if not mark.is_dir():
                continue
            lock = FolderLock(mark)
            if lock.acquire():
                lock.release()  # at once: Windows removes no open file
                shutil.rmtree(mark, ignore_errors=True)
            else:
                found = True
    return found


# --- sizes ------------------------------------------------------------------------------------------------------------


def cache_use(control: JobControl | None = None) -> dict[str, int]:
    """Bytes on the disk by part, and "other" for the rest. May take seconds: not for the thread of the window.

    Raises: Cancelled: `control` asked to stop.
    """
    found = dict.fromkeys((*PARTS, "other"), 0)
    for entry in _scanned(cache_folder()):
        if entry.name in PARTS and entry.is_dir(follow_symlinks=False):
            for inside in _scanned(Path(entry.path)):
                _heed(control)
                found[entry.name] += _bytes(entry.name, Path(inside.path))
        elif entry.name != _USES:
            found["other"] += _measured(Path(entry.path))
    return found


def _entries(parts: tuple[str, ...] = PARTS) -> list[_Entry]:
    """All that may be removed as a whole; what is being made is hidden."""
    found = []
    for part in parts:
        for inside in _scanned(cache_folder() / part):
            if inside.name.startswith("."):
                continue
            path = Path(inside.path)
            with suppress(OSError):
                about = _uses(part, inside.name) / "about.json"
                used = max(path.stat().st_mtime, about.stat().st_mtime if about.exists() else 0.0)
                found.append(_Entry(part, path, _bytes(part, path), used))
    return found


def _bytes(part: str, path: Path) -> int:
    """Size of an entry. Data sets do not change once they are made, and counting a million files takes seconds."""
    if part in _MADE_OF_IMAGES or path.name.startswith("."):
        return _measured(path)
    about = _uses(part, path.name) / "about.json"
    known = _about(part, path.name)
    if isinstance(known.get("bytes"), int):
        return known["bytes"]
    size = _measured(path)
    if known:
        with suppress(OSError):
            used = about.stat()
            write_atomically(about, json.dumps(known | {"bytes": size}))
            os.utime(about, (used.st_atime, used.st_mtime))
    return size


def _measured(path: Path) -> int:
    """Bytes that removing `path` would free: links to files elsewhere are none."""
    if not path.is_dir():
        with suppress(OSError):
            return path.lstat().st_size
        return 0
    return sum(facts.st_size for facts in _facts_below(path) if facts.st_nlink == 1)


def _facts_below(folder: Path) -> Iterator[os.stat_result]:
    """The facts of every file in `folder` and below it, links not followed."""
    waiting: list[Path | str] = [folder]
    while waiting:
        for entry in _scanned(waiting.pop()):
            with suppress(OSError):  # gone meanwhile
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False)


def _scanned(folder: Path | str) -> Iterator[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:  # not there, or not ours to see: then there is nothing in it
        return


# --- removing ---------------------------------------------------------------------------------------------------------


def make_room(keep: Path | None = None) -> None:
    """Remove the entries that were used longest ago, until all take at most the limit.

    Without a limit of the user, a quarter of the disk counts as one, which is what is free there and what the entries
    hold; data sets from the internet then count but stay.

    Args:
        keep: an entry that is needed now.
    """
    _sweep()
    limit = cache_limit() * GB
    entries = _entries()
    total = sum(entry.bytes for entry in entries)
    allowed = limit or _SHARE_OF_DISK * (total + _free())
    for entry in sorted(entries, key=lambda entry: entry.used):
        if total <= allowed:
            break
        if entry.path == keep or (entry.part == "downloads" and not limit):
            continue
        if _removed(entry):
            total -= entry.bytes


def clear_cache(control: JobControl | None = None) -> Cleared:
    """Remove everything that can be made again and that nobody works with.

    Raises: Cancelled: `control` asked to stop; what has gone until then is gone.
    """
    _sweep(at_once=True)
    freed = kept = 0
    for entry in _entries():
        _heed(control)
        if _removed(entry):
            freed += entry.bytes
        else:
            kept += 1
    return Cleared(freed, kept)


def _heed(control: JobControl | None) -> None:
    if control is not None:
        control.checkpoint()


def _free() -> int:
    try:
        return shutil.disk_usage(cache_folder()).free
    except OSError:
        return 0


def _removed(entry: _Entry) -> bool:
    """Remove one entry if it may go. Returns: whether it went."""
    part, path = entry.part, entry.path
    if _is_in_use(part, path.name) or not _can_be_made_again(part, path):
        return False
    if part == "pictures":
        lock = FolderLock(path)
        try:
            if not lock.acquire():  # somebody writes to it
                return False
        except OSError:
            return False
        lock.release()  # at once: Windows removes no open file
    if path.is_file():
        with suppress(OSError):
            path.unlink()
        return not path.exists()
    aside = path.with_name(f".{path.name}.removed-{secrets.token_hex(4)}")
    try:
        path.rename(aside)
    except OSError:  # Windows: a file in it is open
        return False
    if _is_in_use(part, path.name):  # from one moment to the next
        aside.rename(path)
        return False
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(_uses(part, path.name), ignore_errors=True)
    return True


def _can_be_made_again(part: str, path: Path) -> bool:
    if part in _MADE_OF_IMAGES:
        return True
    known = _about(part, path.name)
    if part == "unpacked" and not (isinstance(known.get("source"), str) and os.path.exists(known["source"])):
        return False
    made = known.get("made")
    return not isinstance(made, int | float) or not _was_added_to(path, made)


def _was_added_to(folder: Path, made: float) -> bool:
    """Whether a file in `folder` is younger than the folder's first use."""
    return any(facts.st_mtime > made for facts in _facts_below(folder))


def _sweep(at_once: bool = False) -> None:
    """Finish what an interrupted removal has left, and drop what nobody has finished.

    Args:
        at_once: also what was fetched of a download that broke off, and would go on from there.
    """
    for part in PARTS:
        for entry in _scanned(cache_folder() / part):
            name, path = entry.name, Path(entry.path)
            unfinished = ".unfinished-" in name or (at_once and name.endswith(".arriving"))
            with suppress(OSError):
                idle = time.time() - _newest(path) > _ABANDONED_AFTER_S
                if name.startswith(".") and (".removed-" in name or (unfinished and idle)):
                    shutil.rmtree(path, ignore_errors=True)


def _newest(folder: Path) -> float:
    """When something was last written to `folder` or to what lies in it, not deeper."""
    times = [folder.stat().st_mtime]
    for entry in _scanned(folder):
        with suppress(OSError):
            times.append(entry.stat(follow_symlinks=False).st_mtime)
    return max(times)
