"""main.py on an empty machine: real environments and a real pip, with tiny wheels in place of the large packages."""

import ast
import contextlib
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import main
from gui import system_libraries

ROOT = Path(main.__file__).parent
# Not the one of the environment that runs the tests: started from an environment of ours, main.py would use that.
PYTHON = getattr(sys, "_base_executable", sys.executable)
posix_only = pytest.mark.skipif(os.name == "nt", reason="processes are replaced and killed differently on Windows")

# What stands in for the window and for pytest. Both say which interpreter runs them.
FAKE_APP = "import sys\ndef main(argv):\n    import part_one\n    print('window', argv, sys.prefix)\n    return 5\n"
FAKE_PYTEST = "import sys\nprint('tests', sys.argv[1:], sys.prefix)\nsys.exit(3)\n"
DRIVER = "import sys, main; main.INSTALLED_GB = 0.01; sys.exit(main.main(sys.argv[1:]))"


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Write the smallest wheel that pip installs."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)


@dataclass(frozen=True)
class Checkout:
    """A copy of what starting needs, with small dependencies that come from a local folder."""

    root: Path
    wheels: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> Path:
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        return self.env / main.STAMP

    def ask_for(self, *requirements: str) -> None:
        """Make these the dependencies, and the stand-in of pytest the extra `test`."""
        (self.root / "pyproject.toml").write_text(
            f"[project]\nversion = '1.2.3'\ndependencies = {list(requirements)!r}\n"
            "optional-dependencies.test = ['pytest']\n",
            encoding="utf-8",
        )

    def process(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start main.py in a process group of its own."""
        return subprocess.Popen(
            [PYTHON, "-c", DRIVER, *arguments],
            cwd=self.root,
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run main.py to its end."""
        with self.process(*arguments, **environ) as process:
            out, err = process.communicate(timeout=100)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture(scope="session")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but pip, to be copied: making one takes seconds."""
    folder = tmp_path_factory.mktemp("environment") / "empty"
    subprocess.run([PYTHON, "-m", "venv", str(folder)], check=True)
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Checkout:
    """A checkout on a machine where Atelier never ran."""
    root, wheels = tmp_path / "atelier", tmp_path / "wheels"
    (root / "gui").mkdir(parents=True)
    for name in ("main.py", "gui/__init__.py", "gui/system_libraries.py", "gui/launcher.py"):
        shutil.copyfile(ROOT / name, root / name)
    (root / "gui" / "app.py").write_text(FAKE_APP, encoding="utf-8")
    write_wheel(wheels, "part_one", "1.0", {"part_one.py": ""})
    write_wheel(wheels, "part_two", "1.0", {"part_two.py": ""})
    write_wheel(wheels, "pytest", "1.0", {"pytest/__init__.py": "", "pytest/__main__.py": FAKE_PYTEST})
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "ATELIER_", "PYTHON"))}
    environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    checkout = Checkout(root, wheels, environ)
    checkout.ask_for("part-one>=1")
    return checkout


@pytest.fixture
def begun(bare: Checkout, empty_environment: Path) -> Checkout:
    """A checkout whose environment was made, and whose installation has not happened yet."""
    shutil.copytree(empty_environment, bare.env, symlinks=True)
    bare.stamp.touch()
    return bare


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a start that failed: the last line on stderr, with exit code 2 and no traceback."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Atelier: ")
    return last


# The environment


@posix_only
@pytest.mark.slow
def test_from_nothing_through_a_kill_to_a_start_at_once(bare: Checkout) -> None:
    project = bare.root / "One.atelier"
    project.touch()
    with bare.process() as process:
        assert process.stderr is not None
        assert "making an environment" in process.stderr.readline()
        os.killpg(process.pid, signal.SIGKILL)
    assert bare.stamp.read_text(encoding="utf-8") == "", "ours, and not complete"

    first = bare.start(str(project))
    assert first.returncode == 5, first.stderr
    assert f"window ['{project}'] {bare.env}" in first.stdout
    assert "making an environment" in first.stderr
    assert "Installing collected packages: part-one" in first.stdout

    shutil.rmtree(bare.wheels)  # nothing can be installed any more, so nothing may be wanted
    second = bare.start(str(project))
    assert (second.returncode, second.stderr) == (5, "")
    assert second.stdout.splitlines() == [f"window ['{project}'] {bare.env}"]


def test_a_changed_list_is_noticed_and_installed(begun: Checkout) -> None:
    assert begun.start().returncode == 5
    begun.ask_for("part-one>=1", "part-two>=1")
    changed = begun.start()
    assert changed.returncode == 5
    assert "Successfully installed part_two-1.0" in changed.stdout.replace("part-two", "part_two")
    assert begun.start().stderr == ""


def test_the_tests_bring_their_own_packages_and_exit_code(begun: Checkout) -> None:
    assert begun.start().returncode == 5
    tested = begun.start("test", "-k", "one or two")
    assert tested.returncode == 3
    assert f"tests ['-k', 'one or two'] {begun.env}" in tested.stdout
    assert begun.start().stderr == "", "what the tests brought is no reason to install again"
    whole = begun.start("test")
    assert whole.stderr == "" and "tests ['-n', '2', '--dist', 'loadfile']" in whole.stdout


def test_another_place_for_the_environment(begun: Checkout, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "env"
    place.parent.mkdir()
    begun.env.rename(place)
    done = begun.start(ATELIER_ENV=str(place))
    assert done.returncode == 5, done.stderr
    assert str(place) in done.stdout
    assert not begun.env.exists()


@posix_only
def test_a_start_from_the_menu_stays_in_its_environment(begun: Checkout, tmp_path: Path) -> None:
    place = tmp_path / "env"
    begun.env.rename(place)
    assert begun.start(ATELIER_ENV=str(place)).returncode == 5
    program = [str(place / "bin" / "python"), str(begun.root / "main.py")]
    done = subprocess.run(
        program, env={**begun.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (5, f"window [] {place}")
    assert not begun.env.exists()


def test_packages_that_an_interrupted_pip_left_half_are_installed_again(begun: Checkout) -> None:
    assert begun.start().returncode == 5
    (info,) = begun.env.rglob("part_one-1.0.dist-info")
    (info / "INSTALLER").unlink()
    (info.parent / "part_one.py").unlink()
    (info.parent / "~art_one").mkdir()
    downloads = begun.env / main.DOWNLOADS
    downloads.mkdir()
    begun.stamp.write_text("", encoding="utf-8")
    again = begun.start()
    assert again.returncode == 5, again.stderr
    assert not (info.parent / "~art_one").exists()
    assert not downloads.exists()


@posix_only
@pytest.mark.slow
def test_an_environment_without_its_interpreter_is_made_again(begun: Checkout) -> None:
    assert begun.start().returncode == 5
    (begun.env / "bin" / "python").unlink()
    (begun.env / "left").write_text("from the broken one", encoding="utf-8")
    again = begun.start()
    assert again.returncode == 5, again.stderr
    assert not (begun.env / "left").exists()


def test_a_folder_of_somebody_else_is_left_alone(bare: Checkout, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear", encoding="utf-8")
    said = sentence(bare.start(ATELIER_ENV=str(precious)))
    assert str(precious) in said and "empty folder" in said
    assert [file.name for file in precious.iterdir()] == ["letter.txt"]


@posix_only
def test_a_second_start_waits_for_the_first(begun: Checkout) -> None:
    with contextlib.ExitStack() as stack:
        with main.installation_lock(begun.env):
            process = stack.enter_context(begun.process())
            assert process.stderr is not None
            assert "waiting for it to finish" in process.stderr.readline()
            assert process.poll() is None
        out, err = process.communicate(timeout=100)
    assert (process.returncode, "window" in out) == (5, True), err


def test_two_starts_at_once_both_arrive(begun: Checkout) -> None:
    with begun.process() as one, begun.process() as other:
        outputs = [process.communicate(timeout=100) for process in (one, other)]
    assert [one.returncode, other.returncode] == [5, 5], outputs
    assert sum("Installing collected packages" in out for out, _ in outputs) == 1


def test_the_stamp_follows_the_list_and_the_python() -> None:
    one = main.fingerprint(["a>=1", "b"], "3.11")
    assert one == main.fingerprint(["b", "a>=1"], "3.11")
    assert len({one, main.fingerprint(["a>=2", "b"], "3.11"), main.fingerprint(["a>=1", "b"], "3.12")}) == 3


def test_an_environment_whose_interpreter_moved_on_is_not_used(begun: Checkout) -> None:
    assert main.is_usable(begun.env)
    config = begun.env / "pyvenv.cfg"
    config.write_text(re.sub(r"(?m)^(version\w*) = .*", r"\1 = 3.9.1", config.read_text()), encoding="utf-8")
    assert main.recorded_python(begun.env) == "3.9"
    assert not main.is_usable(begun.env)


# One sentence each


def test_an_older_python_gets_a_sentence() -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 10, 'final', 0); "
        f"runpy.run_path({str(ROOT / 'main.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer and this is Python 3.8" in done.stderr


def test_an_older_python_can_read_the_file() -> None:
    source = (ROOT / "main.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    with pytest.raises(SyntaxError):
        ast.parse("(a := 1)", feature_version=(3, 6))
    assert "__future__" not in source, "3.6 does not know today's future imports"


def test_no_network(begun: Checkout) -> None:
    nobody = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    begun.ask_for("part-nowhere>=1")
    done = begun.start(**nobody, no_proxy="127.0.0.1", NO_PROXY="127.0.0.1")
    assert "check the connection to the internet" in sentence(done)
    assert begun.stamp.read_text(encoding="utf-8") == ""


def test_a_package_that_this_python_has_no_build_of(begun: Checkout) -> None:
    begun.ask_for("part-one>=2")
    said = sentence(begun.start())
    assert f"there is no 'part-one>=2' for Python {main.this_python()}" in said


def test_a_disk_that_is_too_small_is_said_before_anything_is_made(
    bare: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main, "ROOT", bare.root)
    monkeypatch.setattr(main, "INSTALLED_GB", 1e9)
    monkeypatch.delenv("ATELIER_ENV", raising=False)
    monkeypatch.setattr(sys, "prefix", str(bare.root))
    assert main.main([]) == 2
    said = capsys.readouterr().err
    assert "the disk is full" in said and str(bare.env) in said
    assert not bare.env.exists()


def test_a_tight_disk_goes_without_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "INSTALLED_GB", 6.0)  # 6 there, 3 for downloads, 3 for the cache
    for free, answer in ((12.5e9, True), (9.5e9, False)):
        monkeypatch.setattr(main.shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(0, 0, int(free)))
        assert main.room_for_cache(tmp_path / "env") is answer
    monkeypatch.setattr(main.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, int(8e9)))
    with pytest.raises(main.Problem, match="disk is full"):
        main.room_for_cache(tmp_path / "env")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: [Errno 122] Disk quota exceeded", "disk is full"),
        (
            "NameResolutionError: Temporary failure in name resolution\nERROR: No matching distribution found for x",
            "net",
        ),
        ("WARNING: odd\nERROR: the wheel is damaged", "it failed: the wheel is damaged"),
        ("", "it failed: no message"),
    ],
)
def test_what_pip_says_becomes_one_sentence(said: str, expected: str, tmp_path: Path) -> None:
    answer = main.why_failed(tmp_path, said, "it failed")
    assert expected in answer
    assert "\n" not in answer


def test_a_disk_that_filled_up_unsaid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 4096))
    assert "disk is full" in main.why_failed(tmp_path, "ensurepip returned 1", "it failed")


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "set ATELIER_ENV to a folder that you can")]
)
def test_a_file_operation_that_fails_becomes_one_sentence(
    number: int, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number), str(tmp_path))

    monkeypatch.setenv("ATELIER_ENV", str(tmp_path / "env"))
    monkeypatch.setattr(main, "install", fail)
    assert main.main([]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_names_the_package(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = main.importlib.util.find_spec
    monkeypatch.setattr(main.importlib.util, "find_spec", lambda name: None if name == module else found(name))
    monkeypatch.setattr(main, "INSTALLED_GB", 0.01)
    monkeypatch.setenv("ATELIER_ENV", str(tmp_path / "env"))
    assert main.main([]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"no module '{module}'" in said and f"apt install python{main.this_python()}-venv" in said


def test_an_interruption_says_that_it_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "ensure_environment", interrupted)
    assert main.main([]) == 130
    assert "start it again to go on" in capsys.readouterr().err


def test_a_project_that_does_not_exist_is_said_before_installing(bare: Checkout) -> None:
    assert "there is no project 'Gone.atelier'" in sentence(bare.start("Gone.atelier"))
    assert not bare.env.exists()


def test_version_and_help_need_no_environment(bare: Checkout) -> None:
    assert bare.start("--version").stdout == "Atelier 1.2.3\n"
    assert "--install-launcher" in bare.start("--help").stdout
    assert not bare.env.exists()


# Libraries of the system


def without(*sonames: str):
    return lambda soname: soname not in sonames


def test_missing_libraries_name_the_packages_of_both_families() -> None:
    said = system_libraries.problem({"DISPLAY": ":0"}, without("libEGL.so.1", "libxcb-cursor.so.0", "libxcb-xkb.so.1"))
    assert "libEGL.so.1, libxcb-cursor.so.0, libxcb-xkb.so.1" in said
    assert "'sudo apt install libegl1 libxcb-cursor0 libxcb-xkb1' on Debian and Ubuntu" in said
    assert "'sudo dnf install libglvnd-egl xcb-util-cursor libxcb' on Fedora" in said


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({"DISPLAY": ":0"}, system_libraries.XCB),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, system_libraries.WAYLAND),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "wayland;xcb"}, system_libraries.WAYLAND),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, ()),
    ],
)
def test_only_what_the_session_needs_is_asked_for(environ: dict[str, str], asked: tuple) -> None:
    missing = system_libraries.missing_libraries(environ, lambda _: False)
    assert missing == [*system_libraries.ALWAYS, *asked]


def test_no_screen_is_said() -> None:
    assert "there is no screen" in system_libraries.problem({}, lambda _: True)
    assert system_libraries.problem({"QT_QPA_PLATFORM": "offscreen"}, lambda _: True) == ""


def test_a_package_is_named_once() -> None:
    said = system_libraries.problem({"DISPLAY": ":0"}, lambda _: False)
    assert said.count("libglib2.0-0") == 1
    assert said.count("glib2 ") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="Linux brings Qt's libraries itself")
def test_the_table_names_all_that_qt_asks_the_system_for() -> None:
    pyside = pytest.importorskip("PySide6")
    qt = Path(pyside.__file__).parent / "Qt"
    known = {library.soname for library in (*system_libraries.ALWAYS, *system_libraries.XCB, *system_libraries.WAYLAND)}
    # Present wherever Python itself runs, or brought along by PySide6, or a dependency of one that is in the table.
    known |= {f"lib{name}" for name in ("c.so.6", "m.so.6", "gcc_s.so.1", "stdc++.so.6", "z.so.1", "resolv.so.2")}
    known |= {"libbrotlicommon.so.1"}
    asked = set(re.findall(r"lib[\w.+-]+?\.so\.\d+", " ".join(needed_by(qt))))
    assert "libEGL.so.1" in asked and "libxcb-cursor.so.0" in asked, "the files of Qt were not read"
    assert {name for name in asked if not name.startswith(("libQt6", "libicu"))} - known == set()


def needed_by(qt: Path) -> Iterator[str]:
    """The names of shared libraries in the string tables of Qt's files that a window loads."""
    modules = ("Core", "Gui", "Widgets", "Svg", "Network", "DBus", "XcbQpa", "WaylandClient")
    files = [qt / "lib" / f"libQt6{name}.so.6" for name in modules]
    files += [qt / "plugins" / "platforms" / name for name in ("libqxcb.so", "libqoffscreen.so", "libqwayland.so")]
    for file in files:
        for match in re.finditer(rb"\x00(lib[\w.+-]+\.so\.\d+)(?=\x00)", file.read_bytes()):
            yield match[1].decode()


# What stands beside main.py


def test_every_dependency_has_bounds_and_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)["project"]
    lines = [line.strip() for line in text.splitlines()]
    for name in [*table["dependencies"], *table["optional-dependencies"]["test"]]:
        assert ">=" in name and ",<" in name, f"{name} has no bounds"
        assert lines[lines.index(f'"{name}",') - 1].startswith("#"), f"{name} has no reason"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_ci_script_can_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.name == "nt" or os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
