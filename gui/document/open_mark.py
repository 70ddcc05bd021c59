"""Which window has a project open: two that edit one project must not write over each other's unsaved changes."""

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from engine.data.store import FolderLock
from engine.files import cache_folder


class OpenMark:
    """Marks one project at a time as open in this window.

    The mark lies in this user's cache, beside no project: a folder that cannot be written to can be marked too. The
    system takes it away when the process dies, however that happens.

    Attributes:
        is_alone: no other window had the project open when it was opened here.
    """

    def __init__(self) -> None:
        self._lock: FolderLock | None = None
        self.is_alone = True

    def put_on(self, project: Path) -> None:
        """Mark a project as open here, and none other."""
        self.take_away()
        self.is_alone = True
        name = blake2b(os.fsencode(os.path.realpath(project)), digest_size=12).hexdigest()
        folder = cache_folder() / "open" / name
        with suppress(OSError):  # without a cache nobody is told of anybody
            folder.mkdir(parents=True, exist_ok=True)
            lock = FolderLock(folder)
            self.is_alone = lock.acquire()
            self._lock = lock if self.is_alone else None

    def take_away(self) -> None:
        """The project is open here no more."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
