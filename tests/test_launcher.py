"""The launcher: what is written for each desktop, and that all of it goes away again."""

import configparser
import contextlib
import shlex
import shutil
import subprocess
import sys
import types
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from gui import launcher

PROGRAM = Path("/opt/My $tudio 100%/main.py")
PYTHON = Path('/opt/an "odd" place/bin/python')


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stand in for the desktop's helpers and shells: all are there, each call is recorded and does nothing."""
    calls: list[list[str]] = []

    def run(command: list[str], **options: object) -> types.SimpleNamespace:
        calls.append(command)
        return types.SimpleNamespace(returncode=0, stderr="", environ=options.get("env"))

    monkeypatch.setattr(launcher.subprocess, "run", run)
    monkeypatch.setattr(launcher.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    return calls


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Linux desktop of its own; returns its XDG_DATA_HOME."""
    monkeypatch.setattr(launcher.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share"


def read_entry(text: str) -> configparser.SectionProxy:
    """Parse a .desktop file."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser["Desktop Entry"]


def exec_arguments(value: str) -> list[str]:
    """Split an Exec line as a desktop does: undo the escapes of values, then split, then undo the field codes."""
    plain = value.replace("\\\\", "\\")
    # Unlike a shell, shlex keeps the backslash before a dollar in quotes.
    return [part.replace("\\$", "$").replace("%%", "%") for part in shlex.split(plain)]


def test_everything_is_written_where_a_linux_desktop_looks(linux: Path, tools: list[list[str]]) -> None:
    assert launcher.main("install", PROGRAM, PYTHON) == 0
    written = {str(file.relative_to(linux)) for file in linux.rglob("*") if file.is_file()}
    assert written == {
        "applications/atelier.desktop",
        "mime/packages/atelier.xml",
        "icons/hicolor/scalable/apps/atelier.svg",
        "icons/hicolor/256x256/apps/atelier.png",
        "icons/hicolor/scalable/mimetypes/application-x-atelier.svg",
        "icons/hicolor/256x256/mimetypes/application-x-atelier.png",
    }
    assert tools == [
        ["/usr/bin/update-mime-database", str(linux / "mime")],
        ["/usr/bin/update-desktop-database", str(linux / "applications")],
    ]


def test_the_entry_starts_the_program_with_the_file(linux: Path, tools: list[list[str]]) -> None:
    launcher.main("install", PROGRAM, PYTHON)
    entry = read_entry((linux / "applications" / "atelier.desktop").read_text(encoding="utf-8"))
    assert exec_arguments(entry["Exec"]) == [str(PYTHON), str(PROGRAM), "%f"]
    assert (entry["Type"], entry["Terminal"], entry["Icon"]) == ("Application", "false", "atelier")
    assert entry["MimeType"] == "application/x-atelier;"
    assert entry["Categories"].endswith(";")


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="needs desktop-file-utils")
def test_the_entry_keeps_the_specification(tmp_path: Path) -> None:
    file = tmp_path / "atelier.desktop"
    file.write_text(launcher.desktop_entry(PROGRAM, PYTHON), encoding="utf-8")
    done = subprocess.run(["desktop-file-validate", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_file_type_knows_the_ending(linux: Path, tools: list[list[str]]) -> None:
    launcher.main("install", PROGRAM, PYTHON)
    space = {"m": "http://www.freedesktop.org/standards/shared-mime-info"}
    tree = ElementTree.parse(linux / "mime" / "packages" / "atelier.xml").getroot()
    (kind,) = tree.findall("m:mime-type", space)
    assert kind.get("type") == "application/x-atelier"
    assert [glob.get("pattern") for glob in kind.findall("m:glob", space)] == ["*.atelier"]


def test_uninstall_takes_away_all_of_it_and_nothing_else(linux: Path, tools: list[list[str]]) -> None:
    other = linux / "applications" / "other.desktop"
    other.parent.mkdir(parents=True)
    other.write_text("[Desktop Entry]\n", encoding="utf-8")
    launcher.main("install", PROGRAM, PYTHON)
    assert launcher.main("uninstall", PROGRAM, PYTHON) == 0
    assert [file for file in linux.rglob("*") if file.is_file()] == [other]
    assert launcher.main("uninstall", PROGRAM, PYTHON) == 0, "a second time is no mistake"


def test_without_the_helpers_of_a_desktop(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.shutil, "which", lambda _: None)
    assert launcher.main("install", PROGRAM, PYTHON) == 0
    assert (linux / "applications" / "atelier.desktop").exists()


def test_a_folder_that_cannot_be_written_is_said(
    linux: Path, tools: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    linux.write_text("a file where a folder should be", encoding="utf-8")
    assert launcher.main("install", PROGRAM, PYTHON) == 2
    assert "could not be changed" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["", "relative/share"])
def test_a_relative_data_home_is_ignored(named: str) -> None:
    assert launcher.data_home({"XDG_DATA_HOME": named}) == Path.home() / ".local" / "share"


def test_macos_is_told_how_to_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(launcher.sys, "platform", "darwin")
    assert launcher.main("install", PROGRAM, PYTHON) == 2
    said = capsys.readouterr().err
    assert "not supported on macOS" in said and f"python3 {PROGRAM}" in said


class FakeRegistry(types.ModuleType):
    """As much of `winreg` as the launcher uses, over a dictionary."""

    HKEY_CURRENT_USER, REG_SZ = "HKCU", 1

    def __init__(self) -> None:
        super().__init__("winreg")
        self.values: dict[str, str] = {}

    def CreateKey(self, root: str, key: str):
        assert root == "HKCU"
        return contextlib.nullcontext(key)

    def SetValueEx(self, key: str, name: str, reserved: int, kind: int, value: str) -> None:
        assert (name, kind) == ("", 1)
        self.values[key] = value

    def DeleteKey(self, root: str, key: str) -> None:
        if key not in self.values:
            raise FileNotFoundError(key)
        assert not [other for other in self.values if other.startswith(key + "\\")], "a key with others below it"
        del self.values[key]


def test_windows_gets_a_shortcut_and_a_file_type(
    tools: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = FakeRegistry()
    monkeypatch.setitem(sys.modules, "winreg", registry)
    monkeypatch.setattr(launcher.sys, "platform", "win32")
    monkeypatch.setattr(launcher, "tell_explorer", lambda: None)
    monkeypatch.setenv("APPDATA", str(tmp_path))
    python = tmp_path / "Scripts" / "python.exe"
    python.parent.mkdir()
    python.with_name("pythonw.exe").touch()

    assert launcher.main("install", PROGRAM, python) == 0
    assert [call[0] for call in tools] == ["powershell"]
    assert registry.values["Software\\Classes\\.atelier"] == "Atelier.Project"
    command = registry.values["Software\\Classes\\Atelier.Project\\shell\\open\\command"]
    assert command == f'"{python.with_name("pythonw.exe")}" "{PROGRAM}" "%1"'

    link = launcher.shortcut_path()
    assert link.parent.is_dir()
    link.touch()
    assert launcher.main("uninstall", PROGRAM, python) == 0
    assert registry.values == {}
    assert not link.exists()


def test_the_icons_are_whole() -> None:
    assert ElementTree.parse(launcher.ICONS / "atelier.svg").getroot().tag.endswith("svg")
    with Image.open(launcher.ICONS / "atelier.png") as picture:
        assert (picture.size, picture.mode) == ((256, 256), "RGBA")
    with Image.open(launcher.ICONS / "atelier.ico") as icon:
        assert {(16, 16), (32, 32), (48, 48), (256, 256)} <= icon.info["sizes"]


def test_the_picture_folder_for_tests_has_two_classes(picture_folder: Path) -> None:
    for name in ("disc", "stripes"):
        files = sorted((picture_folder / name).glob("*.png"))
        assert len(files) == 12
        assert len({file.read_bytes() for file in files}) == 12, "no two are the same"
        with Image.open(files[0]) as picture:
            assert (picture.size, picture.mode) == ((32, 32), "RGB")


def test_tests_stay_out_of_the_folders_of_the_user(user_folders: Path) -> None:
    import platformdirs

    places = [platformdirs.user_cache_path(), platformdirs.user_config_path(), platformdirs.user_data_path()]
    # macOS derives its folders from HOME, which is the test's own too.
    assert all(place.is_relative_to(user_folders) for place in places)
