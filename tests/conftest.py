"""What all tests share: no display, no folder of the user, few threads, and small pictures to learn from."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# torch reads this when it is first imported, which is not now: many tests never need it. Two threads are what the
# smallest machine has, and more of them only make tests that share it slower.
os.environ.setdefault("OMP_NUM_THREADS", "2")

ROOT = Path(__file__).resolve().parent.parent
USER_FOLDERS = {
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "XDG_RUNTIME_DIR": "runtime",
    "WIN_PD_OVERRIDE_LOCAL_APPDATA": "local",
    "WIN_PD_OVERRIDE_APPDATA": "roaming",
    "APPDATA": "roaming",
    "LOCALAPPDATA": "local",
    "HOME": "home",
    "USERPROFILE": "home",
}


SESSION_FOLDERS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the user's own folders out of reach for fixtures too that live longer than one test."""
    base = Path(tempfile.mkdtemp(prefix="atelier-tests-"))
    config.stash[SESSION_FOLDERS] = base
    for variable, folder in make_user_folders(base).items():
        os.environ[variable] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what `pytest_configure` made."""
    shutil.rmtree(config.stash[SESSION_FOLDERS], ignore_errors=True)


def make_user_folders(base: Path) -> dict[str, Path]:
    """Make empty folders for a user in `base`, by the environment variable that names each."""
    folders = {variable: base / name for variable, name in USER_FOLDERS.items()}
    for folder in folders.values():
        folder.mkdir(mode=0o700, exist_ok=True)
    return folders


@pytest.fixture(autouse=True)
def user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test empty folders of its own for caches, settings and data; returns the folder that holds them."""
    base = tmp_path_factory.mktemp("user")
    for variable, folder in make_user_folders(base).items():
        monkeypatch.setenv(variable, str(folder))
    return base


@pytest.fixture(autouse=True)
def qt_settings(user_folders: Path) -> None:
    """Point QSettings at the test's own folder, where Qt is loaded: it remembers its folders from its first use."""
    core = sys.modules.get("PySide6.QtCore")
    if core is None:
        return
    for form in (core.QSettings.Format.NativeFormat, core.QSettings.Format.IniFormat):
        core.QSettings.setPath(form, core.QSettings.Scope.UserScope, str(user_folders / "config"))


MUCH_GARBAGE = 100_000
"""Objects made since the last collection from which it is worth its time."""


@pytest.fixture(autouse=True)
def garbage_in_this_thread():
    """Collect garbage between tests only, as the window does: a widget that another thread frees ends the process."""
    gc.disable()
    yield
    gc.disable()  # where the test switched it on
    if gc.get_count()[0] > MUCH_GARBAGE:
        gc.collect()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of example data beside the checkout (or ATELIER_SHARED_DATA); the test is skipped without it."""
    folder = Path(os.environ.get("ATELIER_SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"needs the example data in {folder}")
    return folder


@pytest.fixture
def picture_folder(tmp_path: Path) -> Path:
    """A folder with two classes, `disc` and `stripes`, of 12 PNG pictures of 32 × 32 each; easy to learn."""
    folder = tmp_path / "pictures"
    draw_pictures(folder, per_class=12, side=32)
    return folder


def draw_pictures(folder: Path, *, per_class: int, side: int) -> None:
    """Draw discs and stripes in varied colours, sizes and places; the same ones every time."""
    for number in range(per_class):
        step = number / max(1, per_class - 1)
        ground = (30 + int(60 * step), 40, 90 - int(50 * step))
        for name, figure in (("disc", draw_disc), ("stripes", draw_stripes)):
            picture = Image.new("RGB", (side, side), ground)
            figure(ImageDraw.Draw(picture), side, number)
            target = folder / name / f"{name}-{number:02d}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            picture.save(target)


def draw_disc(pen: ImageDraw.ImageDraw, side: int, number: int) -> None:
    """One orange disc."""
    radius = side * (0.22 + 0.03 * (number % 4))
    x, y = side * (0.4 + 0.05 * (number % 5)), side * (0.4 + 0.07 * (number % 4))
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(240, 140 + 8 * (number % 6), 50))


def draw_stripes(pen: ImageDraw.ImageDraw, side: int, number: int) -> None:
    """Upright light-blue stripes."""
    period = 6 + number % 3
    for x in range(number % period, side, period):
        pen.rectangle((x, 0, x + 2, side), fill=(90, 160 + 8 * (number % 6), 245))
