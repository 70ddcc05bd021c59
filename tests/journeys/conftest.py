"""Fixtures of the journeys."""

from collections.abc import Generator
from pathlib import Path

import pytest

from gui.main_window import MainWindow
from journeys.real_window import RealWindows


@pytest.fixture
def windows(qtbot, user_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[RealWindows, None, None]:
    """Opens and closes the real window as often as a test likes."""
    windows = RealWindows(user_folders, monkeypatch)
    yield windows
    windows.end()


@pytest.fixture
def window(windows: RealWindows) -> MainWindow:
    """The real window, shown."""
    return windows.open()
