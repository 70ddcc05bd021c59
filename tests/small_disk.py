"""A disk for a test, soon full or made read-only: a file system in memory, for root on Linux."""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"


class SmallDisk:
    """A mounted file system of `size` bytes."""

    def __init__(self, folder: Path):
        self.folder = folder

    def fill(self, free: int) -> None:
        """Leave so many bytes free, rounded up to whole pages."""
        self.empty()
        room = shutil.disk_usage(self.folder).free - free
        if room > 0:
            with open(self.folder / BALLAST, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, room)

    def empty(self) -> None:
        """Take out what `fill` put there."""
        (self.folder / BALLAST).unlink(missing_ok=True)

    def make_read_only(self, read_only: bool = True) -> None:
        """Let nobody write there, not even root; or again."""
        _mount("-o", f"remount,{'ro' if read_only else 'rw'}", str(self.folder))


@contextmanager
def small_disk(folder: Path, size: int = 1 << 20) -> Generator[SmallDisk, None, None]:
    """Mount a small disk at `folder`; the test is skipped where that is not allowed."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder.mkdir(parents=True)
    try:
        _mount("-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder))
    except subprocess.CalledProcessError:
        pytest.skip("nothing can be mounted here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
