"""Files that are there whole or not at all, and the folders of this user."""

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs

from engine.errors import EngineError

RESERVE = 512 * 2**20
"""Bytes of the disk that stay free."""

_PART_OF = re.compile(r"\..*\.([0-9]{1,9})-\w+\.part", re.DOTALL)


def write_atomically(path: Path, content: str | bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file so that every reader, also after a power cut, sees the old content or the new, never a part.

    Args:
        content: text (stored as UTF-8), bytes, or a function that writes to the open file.
    Raises:
        OSError: the place cannot be written to; the old file is untouched and nothing is left behind.
    """
    prefix = f".{path.name}.{os.getpid()}-"  # whose it is, for `sweep_dead_parts`
    handle, temporary = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def save_for_user(path: Path, content: str | bytes | Callable[[BinaryIO], None]) -> None:
    """`write_atomically` of what somebody asked to save.

    Raises: EngineError, where the place cannot be written to.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise EngineError(
            f"“{path.name}” could not be saved.",
            why=f"{error.strerror or error}.",
            fix="Choose another folder, or free some space.",
        ) from error


def sweep_parts(folder: Path) -> None:
    """Remove what a killed process left half written in `folder`. Only call it where no other process writes."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def part_name(name: str) -> str:
    """A name for what this process is making, until it is whole and becomes `name`."""
    return f".{name}.{os.getpid()}-{secrets.token_hex(4)}.part"


def sweep_dead_parts(folder: Path) -> None:
    """Remove the parts, files and folders, that killed processes left in `folder`; others may write there meanwhile."""
    for part in folder.glob(".*.part"):
        maker = _PART_OF.fullmatch(part.name)
        with suppress(OSError):
            if maker is None or _lives_since(int(maker[1]), part.stat().st_mtime):
                continue
            if part.is_dir():
                shutil.rmtree(part)
            else:
                part.unlink()


def _lives_since(process: int, moment: float) -> bool:
    """Whether a process lives that was there at this moment, in seconds since 1970; numbers are given again."""
    import psutil  # late: parts are rarely found, and the window shall be up before

    try:
        return psutil.Process(process).create_time() < moment + 1.0
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True  # nobody may know


def cache_folder() -> Path:
    """This user's folder for what can be made again at any time: decoded pictures, drawn samples."""
    return Path(platformdirs.user_cache_dir("atelier", appauthor=False))


def settings_folder() -> Path:
    """This user's folder for small things to remember: recent projects, the look of the window."""
    return Path(platformdirs.user_config_dir("atelier", appauthor=False))


SETTINGS = "engine.json"
"""In `settings_folder`: what window and command line agree on. Damaged, or not there, it says nothing."""


def read_settings() -> dict[str, Any]:
    """What was chosen once for all projects; whoever asks checks what is in it."""
    try:
        settings = json.loads((settings_folder() / SETTINGS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def write_settings(**changes: Any) -> None:
    """Remember choices beside those that are there. Raises: EngineError, where they cannot be kept."""
    folder = settings_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / SETTINGS, json.dumps(read_settings() | changes, indent=2))
    except OSError as error:
        raise EngineError(
            "The setting could not be kept.",
            why=f"{folder} cannot be written to: {(error.strerror or str(error)).lower()}.",
            fix="Free some space, or check that you may write there.",
        ) from error


def resource_folder() -> Path:
    """What Atelier brings along: icons, templates, help; beside the packages in a checkout and when installed."""
    return Path(__file__).resolve().parent.parent / "resources"
