"""Fetching a file of known content: in pieces, with a way out, going on where it broke off, and checked at the end."""

import hashlib
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from engine.data.remote import Remote
from engine.errors import EngineError
from engine.files import RESERVE

Tell = Callable[[int, int], None]

TIMEOUT_S = 20.0
"""Without a byte for so long a connection counts as lost; a stop that was asked for is heeded at the latest then."""

_BLOCK = 1 << 16
_EVERY_S = 0.05  # between two tellings: blocks may come by the thousand, and each is shown somewhere
_SLACK = 1 << 20


class _Gone(Exception):
    """One address did not work; `error` is what to say if no other does."""

    def __init__(self, error: EngineError):
        super().__init__(str(error))
        self.error = error


def fetch(remotes: Sequence[Remote], folder: Path, tell: Tell) -> list[Path]:
    """Bring files into `folder`, which exists; those that lie there already and are right are left as they are.

    What has arrived when the connection breaks, or `tell` raises, stays as NAME.part: the next call goes on from there.

    Args:
        tell: told (bytes, of how many in all).
    Returns:
        the files, in the order of `remotes`.
    Raises:
        EngineError: no connection, a refusal, a damaged file (which is removed), or a full disk.
        Whatever `tell` raises.
    """
    total = sum(remote.bytes for remote in remotes)
    before = 0
    paths = []
    for remote in remotes:

        def tell_part(share: float, remote: Remote = remote, before: int = before) -> None:
            tell(before + round(remote.bytes * min(1.0, share)), total)

        paths.append(_fetch_one(remote, folder, tell_part))
        before += remote.bytes
        tell(before, total)
    return paths


def _fetch_one(remote: Remote, folder: Path, tell: Callable[[float], None]) -> Path:
    path = folder / remote.name
    if path.is_file() and _md5(path, tell) == remote.md5:
        return path
    first: EngineError | None = None
    for address in remote.addresses:
        try:
            _receive(remote, address, folder, tell)
            _check(remote, folder, tell)
            return path
        except _Gone as gone:
            first = first or gone.error
    assert first is not None, "a file without an address"
    raise first


def _receive(remote: Remote, address: str, folder: Path, tell: Callable[[float], None]) -> None:
    """Append what is missing to NAME.part. Raises: _Gone, EngineError for the disk, whatever `tell` raises."""
    part = folder / f"{remote.name}.part"
    tell(0.0)
    start = part.stat().st_size if part.is_file() else 0
    try:
        response = _opened(address, start)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # nothing comes after what is there: it is whole, or wrong, and will be checked
            return
        raise _Gone(_refused(remote, address, folder, f"{error.code} {error.reason}")) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _Gone(_no_connection(remote, address, folder, error)) from error
    with response:
        goes_on = response.status == 206
        arrived = start if goes_on else 0
        length = response.headers.get("Content-Length", "")
        whole = arrived + int(length) if length.isdigit() else None
        limit = 2 * remote.bytes + _SLACK
        if shutil.disk_usage(folder).free < (whole or remote.bytes) - arrived + RESERVE:
            raise _no_room(remote, folder)
        last = 0.0
        with open(part, "ab" if goes_on else "wb") as file:
            while block := _next_block(response, remote, address, arrived):
                file.write(block)
                arrived += len(block)
                if time.monotonic() - last >= _EVERY_S:
                    last = time.monotonic()
                    tell(arrived / (whole or remote.bytes))
                if arrived > limit:
                    return  # something else is being sent; the check says so
    if whole is not None and arrived < whole:
        raise _Gone(_broken_off(remote, address, arrived, None))


def _opened(address: str, start: int) -> HTTPResponse:
    request = urllib.request.Request(address, headers={"User-Agent": "Atelier"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)


def _next_block(response: HTTPResponse, remote: Remote, address: str, arrived: int) -> bytes:
    try:
        return response.read1(_BLOCK)  # what is there by now: a slow line still shows progress, and a stop is heeded
    except (OSError, HTTPException) as error:
        raise _Gone(_broken_off(remote, address, arrived, error)) from error


def _check(remote: Remote, folder: Path, tell: Callable[[float], None]) -> None:
    """Give the part its name if its content is the right one, else remove it."""
    part = folder / f"{remote.name}.part"
    if _md5(part, tell) != remote.md5:
        part.unlink(missing_ok=True)
        raise _Gone(
            EngineError(
                f"“{remote.name}” arrived damaged.",
                why="Its content is not the known one (the checksum differs), so it was removed.",
                fix="Try again. If it happens once more, something between you and the server changes files.",
            )
        )
    part.replace(folder / remote.name)


def _md5(path: Path, tell: Callable[[float], None]) -> str:
    """The checksum that is published for these sets; it finds damage, it does not protect from a forger."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            tell(1.0)
    return digest.hexdigest()


# ---- sentences


def _host(address: str) -> str:
    return urlsplit(address).hostname or address


def _by_hand(remote: Remote, address: str, folder: Path) -> str:
    return f"or fetch {address} on another computer and put it as “{remote.name}” into {folder}"


def _no_connection(remote: Remote, address: str, folder: Path, error: Exception) -> EngineError:
    reason = getattr(error, "reason", error)
    said = "nothing answers" if isinstance(reason, TimeoutError) else str(getattr(reason, "strerror", "") or reason)
    return EngineError(
        f"There is no connection to {_host(address)}.",
        why=f"“{remote.name}” comes from there, and the system says: {said.rstrip('.')}.",
        fix=f"Connect this computer to the internet and try again, {_by_hand(remote, address, folder)}.",
    )


def _refused(remote: Remote, address: str, folder: Path, answer: str) -> EngineError:
    return EngineError(
        f"{_host(address)} does not hand out “{remote.name}”.",
        why=f"It answers: {answer}.",
        fix=f"Try again later, {_by_hand(remote, address, folder)}.",
    )


def _broken_off(remote: Remote, address: str, arrived: int, error: Exception | None) -> EngineError:
    reason = f" ({error})" if error is not None and str(error) else ""
    return EngineError(
        f"The connection to {_host(address)} broke off{reason}.",
        why=f"{arrived / 1e6:.1f} of about {remote.bytes / 1e6:.1f} MB of “{remote.name}” have arrived and are kept.",
        fix="Try again: it goes on from there.",
    )


def _no_room(remote: Remote, folder: Path) -> EngineError:
    return EngineError(
        f"There is too little room to fetch “{remote.name}”.",
        why=f"It has about {remote.bytes / 1e6:.0f} MB, and {shutil.disk_usage(folder).free / 1e6:.0f} MB are free.",
        fix=f"Make room on the disk of {folder}.",
    )
