"""Start Atelier. On a machine with nothing but Python, make its environment first.

    python3 main.py [PROJECT.atelier]      start the window
    python3 main.py test [pytest args]     run the tests

Only the standard library until the environment runs. The whole file must parse under Python 3.6, so that an older
Python gets a sentence instead of a syntax error.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (an older Python starts here too)
    sys.stderr.write(
        f"Atelier needs Python 3.11 or newer and this is Python {sys.version_info[0]}.{sys.version_info[1]}: "
        "install a newer one (python.org, or your system's packages) and start main.py with it.\n"
    )
    sys.exit(2)

import argparse
import contextlib
import errno
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# Lies in every environment that is ours. Empty: not complete. Otherwise one fingerprint per line of what is installed.
STAMP = "atelier-stamp"
# Everything installed on Linux comes to 6.4 GB (measured), 3.2 of them CUDA; elsewhere PyPI serves a small torch.
INSTALLED_GB = 6.5 if sys.platform == "linux" else 2.5
DOWNLOAD_SHARE = 0.5  # of the installed size; it lies in DOWNLOADS until all is installed, and once more in pip's cache
# Inside the environment: the system's temporary folder is often too small for torch, and what a killed pip leaves
# behind there is gigabytes that nobody would find.
DOWNLOADS = "atelier-downloads"
WHOLE_SUITE = ["-n", "2", "--dist", "loadfile"]  # tests of one file stay together, they share what they make
NEWER_PIP = "pip>=25.1,<27"  # shows progress while unpacking too; an older one does the same work silently

NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|Max retries exceeded|Temporary failure in name resolution|getaddrinfo"
    r"|Name or service not known|Network is unreachable|No route to host|timed out|ConnectTimeout|ConnectionError"
    r"|ConnectionReset|Connection refused|Connection aborted|ProtocolError|IncompleteRead|IncompleteDownload"
    r"|ProxyError|SSLError|RemoteDisconnected",
    re.IGNORECASE,
)
DISK_FULL = re.compile(r"No space left on device|Errno 28|not enough space on the disk|quota exceeded", re.IGNORECASE)
NOT_FOR_THIS_PYTHON = re.compile(r"No matching distribution found for ([^\s;]+)")


class Problem(Exception):
    """Something the user can put right, said in one sentence; the process ends with exit code 2."""


def main(argv: list[str]) -> int:
    """Do what the command line says and return the exit code (2: the user can put it right; 130: interrupted)."""
    try:
        if argv[:1] == ["test"]:
            return run_tests(argv[1:])
        return run_app(argv, parse_arguments(argv))
    except Problem as problem:
        print(f"Atelier: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nAtelier: interrupted; start it again to go on from here.", file=sys.stderr)
        return 130


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Read the options of the app; `--help`, `--version` and mistakes end the process, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Atelier: build a neural network for images layer by layer, train it here and watch it learn.",
        epilog="'main.py test [pytest arguments]' runs the tests. ATELIER_ENV names another place for the "
        "environment than .venv beside main.py. Without a window: python -m engine --help",
    )
    parser.add_argument("project", nargs="?", help="a project (.atelier) to open")
    parser.add_argument("--install-launcher", action="store_true", help="add Atelier to the menu of the desktop")
    parser.add_argument("--uninstall-launcher", action="store_true", help="take it out of the menu again")
    parser.add_argument("--version", action="version", version=f"Atelier {project_table()['version']}")
    return parser.parse_args(argv)


def run_app(argv: list[str], options: argparse.Namespace) -> int:
    """Open the window, or write the launcher; makes or updates the environment first."""
    if options.project and not Path(options.project).exists():
        raise Problem(f"there is no project '{options.project}': check the name, or start without it.")
    if options.uninstall_launcher:
        from gui import launcher

        return launcher.main("uninstall", ROOT / "main.py", Path(sys.executable))
    python = ensure_environment()
    if options.install_launcher:
        from gui import launcher

        return launcher.main("install", ROOT / "main.py", python)
    if not runs_in(environment_folder()):
        return hand_over([str(python), str(ROOT / "main.py"), *argv])
    check_system()
    from gui.app import main as open_window

    return open_window([options.project] if options.project else [])


def run_tests(arguments: list[str]) -> int:
    """Run pytest in the environment, without a display; returns its exit code.

    The whole suite is shared among two processes: most tests keep one core busy, and no machine has fewer than two.
    """
    python = ensure_environment(("test",))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    check_system()
    os.chdir(ROOT)
    return hand_over([str(python), "-m", "pytest", *(arguments or WHOLE_SUITE)])


def check_system() -> None:
    """Say which packages to install when libraries that Qt needs from the system are missing (Linux)."""
    if sys.platform != "linux":
        return
    from gui import system_libraries

    sentence = system_libraries.problem(os.environ)
    if sentence:
        raise Problem(sentence)


def hand_over(command: list[str]) -> int:
    """Become `command` (POSIX), or run it and return its exit code (Windows cannot replace a process)."""
    sys.stdout.flush()
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(command[0], command)


# The environment: made once, then only compared with its stamp


def environment_folder() -> Path:
    """ATELIER_ENV; or the environment of ours that already runs this, as from the desktop's menu; or .venv."""
    named = os.environ.get("ATELIER_ENV")
    if named:
        return Path(named).expanduser().absolute()
    running = Path(sys.prefix)
    return running if (running / STAMP).is_file() else ROOT / ".venv"


def environment_python(env: Path) -> Path:
    """The interpreter in an environment."""
    return env / "Scripts" / "python.exe" if os.name == "nt" else env / "bin" / "python"


def runs_in(env: Path) -> bool:
    """Whether this very process runs in `env`."""
    return env.exists() and Path(sys.prefix).samefile(env)


def project_table() -> dict:
    """The [project] table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(extras: tuple[str, ...] = ()) -> list[str]:
    """What the app needs, and what the named extras need on top."""
    table = project_table()
    return [*table["dependencies"], *(name for extra in extras for name in table["optional-dependencies"][extra])]


def fingerprint(names: list[str], python_version: str) -> str:
    """Stands for a list of requirements on one Python ("3.11"); 64 hexadecimal digits."""
    return hashlib.sha256("\n".join([python_version, *sorted(names)]).encode()).hexdigest()


def this_python() -> str:
    """The running Python as "3.11"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def recorded_python(env: Path) -> str:
    """The Python that an environment was made with as "3.11"; empty when there is no environment."""
    with contextlib.suppress(OSError):
        match = re.search(r"(?m)^version\w*\s*=\s*(\d+\.\d+)", (env / "pyvenv.cfg").read_text(encoding="utf-8"))
        return match[1] if match else ""
    return ""


def is_ready(env: Path, extras: tuple[str, ...]) -> bool:
    """Whether everything that is asked for is installed. Reads three small files: this is on the way of every start."""
    version = recorded_python(env)
    if not version or not environment_python(env).exists():
        return False
    # A system that moved on to another Python leaves environments behind whose interpreter is a different one now.
    if version != this_python() and not is_usable(env):
        return False
    with contextlib.suppress(OSError):
        return fingerprint(requirements(extras), version) in (env / STAMP).read_text(encoding="utf-8").split()
    return False


def is_usable(env: Path) -> bool:
    """Whether the environment's interpreter runs, is the one it was made with, and has a working pip."""
    python = environment_python(env)
    question = "import sys, pip._internal; print('%d.%d' % sys.version_info[:2])"
    with contextlib.suppress(OSError):
        answer = subprocess.run([str(python), "-c", question], capture_output=True, text=True, check=False)
        return answer.returncode == 0 and answer.stdout.strip() == recorded_python(env)
    return False


def ensure_environment(extras: tuple[str, ...] = ()) -> Path:
    """Make, repair or update the environment if it needs it, and return its interpreter."""
    env = environment_folder()
    if not is_ready(env, extras):
        try:
            with installation_lock(env) as lock:
                # Another process may have done it while this one waited.
                if not is_ready(env, extras):
                    install(env, extras, lock)
        except OSError as error:
            raise explained(error, env) from error
    return environment_python(env)


def explained(error: OSError, env: Path) -> Problem:
    """The sentence for a file operation that failed while installing."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)) or getattr(error, "winerror", None) == 112:
        return Problem(disk_sentence(env))
    place = error.filename or env
    return Problem(
        f"the environment cannot be made: {error.strerror or error} ({place}); "
        "set ATELIER_ENV to a folder that you can write to, and start again."
    )


def disk_sentence(env: Path) -> str:
    """What to do when the disk is full."""
    return (
        f"the disk is full: installing needs about {INSTALLED_GB:g} GB in {env} and, while downloading, "
        f"{INSTALLED_GB * DOWNLOAD_SHARE:.1f} GB more, so free some space, or set ATELIER_ENV to a folder on "
        "a larger disk, and start again."
    )


@contextlib.contextmanager
def installation_lock(env: Path) -> Iterator[int]:
    """Let one process at a time change `env`; the system frees the lock of a process that was killed.

    Yields the file descriptor: pip inherits it, so that the lock outlives us as long as a pip of ours still works.
    """
    env.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(env.with_name(env.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not try_lock(descriptor, wait=False):
            say("another Atelier is installing; waiting for it to finish ...")
            while not try_lock(descriptor, wait=True):
                pass
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, wait: bool) -> bool:
    """Take the lock; False when somebody else has it (with `wait` only on Windows, after ten seconds)."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


def install(env: Path, extras: tuple[str, ...], lock: int) -> None:
    """Bring `env` to what pyproject.toml asks for. May be interrupted anywhere and repeated."""
    stamp = env / STAMP
    usable = is_usable(env)
    if env.exists() and any(env.iterdir()) and not usable and not stamp.exists():
        raise Problem(f"{env} exists and is no environment of Atelier: set ATELIER_ENV to a new or an empty folder.")
    cache = [] if room_for_cache(env) else ["--no-cache-dir"]
    env.mkdir(exist_ok=True)
    stamp.write_text("", encoding="utf-8")  # from here on it is ours, and not complete
    if usable:
        say(f"bringing the environment in {env} up to date ...")
        drop_half_installed(env)
    else:
        say(f"making an environment in {env} (once; about {INSTALLED_GB:g} GB) ...")
        make_environment(env)
        pip(env, ["install", "--quiet", "--upgrade", *cache, NEWER_PIP], lock, must_work=False)
    names = requirements(extras)
    say(f"installing {len(names)} packages and what they need; this takes some minutes the first time ...")
    pip(env, ["install", "--only-binary", ":all:", *cache, *names], lock)
    version = recorded_python(env)
    complete = [fingerprint(requirements(extras), version), fingerprint(requirements(), version)]
    fresh = stamp.with_suffix(".new")
    fresh.write_text("\n".join(complete) + "\n", encoding="utf-8")
    os.replace(fresh, stamp)
    say("ready.")


def make_environment(env: Path) -> None:
    """Make an empty environment with pip; whatever a broken one left in `env` goes, except the stamp."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            package = f"python{this_python()}-venv"
            raise Problem(
                f"this Python has no module '{module}': install it ('sudo apt install {package}' on Debian and "
                "Ubuntu, a complete Python from python.org elsewhere) and start again."
            )
    for left in env.iterdir():
        if left.name != STAMP:
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(env)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        raise Problem(why_failed(env, done.stdout, "the environment could not be made"))


def drop_half_installed(env: Path) -> None:
    """Forget packages that an interrupted pip left behind, which it would take for installed.

    pip writes INSTALLER after all files of a package; a name that starts with "~" is what it was about to replace.
    """
    for site in [*env.glob("lib/python*/site-packages"), *env.glob("Lib/site-packages")]:
        for entry in site.iterdir():
            half = entry.name.endswith(".dist-info") and not (entry / "INSTALLER").exists()
            if entry.is_dir() and (half or entry.name.startswith("~")):
                shutil.rmtree(entry)


def room_for_cache(env: Path) -> bool:
    """Compare what is still to come with the free space of the disks it goes to.

    Returns whether pip may also keep its downloads, which makes a second try quick.
    Raises Problem when it does not even fit without.
    """
    shutil.rmtree(env / DOWNLOADS, ignore_errors=True)  # of a pip that was killed
    there = sum(file.stat(follow_symlinks=False).st_size for file in env.rglob("*") if file.is_file())
    to_come = max(0.0, INSTALLED_GB * 1e9 - there)
    here = (env.parent, to_come * (1 + DOWNLOAD_SHARE))
    if not fits([here]):
        raise Problem(disk_sentence(env))
    return fits([here, (Path.home(), to_come * DOWNLOAD_SHARE)])


def fits(places: list[tuple[Path, float]]) -> bool:
    """Whether each folder's disk has room for the bytes that go to it, together with the others on that disk."""
    needed: dict[int, float] = {}
    free: dict[int, int] = {}
    for folder, size in places:
        disk = folder.stat().st_dev
        needed[disk] = needed.get(disk, 0.0) + size
        free[disk] = shutil.disk_usage(folder).free
    return all(free[disk] >= needed[disk] for disk in needed)


def pip(env: Path, arguments: list[str], lock: int, must_work: bool = True) -> None:
    """Run the environment's pip. Its progress is shown; its complaints go to a log and come back as one sentence."""
    command = [str(environment_python(env)), "-m", "pip", *arguments, "--no-input", "--disable-pip-version-check"]
    log = env / "atelier-install.log"
    inherited = {} if os.name == "nt" else {"pass_fds": (lock,)}
    downloads = env / DOWNLOADS
    downloads.mkdir(exist_ok=True)
    try:
        with open(log, "w", encoding="utf-8") as errors:
            environ = {**os.environ, "TMPDIR": str(downloads)}
            done = subprocess.run(command, stderr=errors, env=environ, check=False, **inherited)
    finally:
        shutil.rmtree(downloads, ignore_errors=True)
    if done.returncode == 0:
        return
    said = log.read_text(encoding="utf-8", errors="replace")
    # What need not work may still tell that nothing else will.
    if must_work or NO_NETWORK.search(said) or DISK_FULL.search(said):
        raise Problem(why_failed(env, said, f"installing failed ({log})"))


def why_failed(env: Path, output: str, otherwise: str) -> str:
    """One sentence for what pip or venv complained about."""
    # venv keeps to itself what ensurepip said, so look at the disk too.
    if DISK_FULL.search(output) or shutil.disk_usage(env).free < 20e6:
        return disk_sentence(env)
    if NO_NETWORK.search(output):
        return (
            "the packages cannot be downloaded: check the connection to the internet (or the settings of the proxy) "
            "and start again."
        )
    missing = NOT_FOR_THIS_PYTHON.search(output)
    if missing:
        return (
            f"there is no '{missing[1]}' for Python {this_python()} on this machine ({platform.system()}, "
            f"{platform.machine()}): start main.py with another Python from 3.11 on."
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no message")
    return f"{otherwise}: {said.removeprefix('ERROR: ')}"


def say(text: str) -> None:
    """Tell the user what is going on; stdout stays for what was asked for."""
    print(f"Atelier: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
