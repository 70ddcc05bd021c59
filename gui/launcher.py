"""Atelier in the desktop's menu, and `.atelier` files that open by double-click.

Standard library only and no Qt: it runs before the window can. Everything goes to the user's own folders, nothing
needs an administrator, and `uninstall` takes away exactly what `install` wrote.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"
MIME_TYPE = "application/x-atelier"
PROGRAM_ID = "Atelier.Project"  # the name of the file type in the Windows registry

MIME_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{MIME_TYPE}">
    <comment>Atelier project</comment>
    <comment xml:lang="fr">Projet Atelier</comment>
    <sub-class-of type="application/json"/>
    <icon name="application-x-atelier"/>
    <glob pattern="*.atelier"/>
  </mime-type>
</mime-info>
"""

# The values come in as environment variables, so that no path needs quoting for PowerShell.
SHORTCUT_SCRIPT = (
    "$link = (New-Object -ComObject WScript.Shell).CreateShortcut($env:ATELIER_LINK);"
    "$link.TargetPath = $env:ATELIER_TARGET;"
    "$link.Arguments = $env:ATELIER_ARGUMENTS;"
    "$link.WorkingDirectory = $env:ATELIER_FOLDER;"
    "$link.IconLocation = $env:ATELIER_ICON;"
    "$link.Description = 'Build and train networks for images';"
    "$link.Save()"
)


def main(action: str, program: Path, python: Path) -> int:
    """Install or uninstall the launcher and say what was done.

    Args:
        action: "install" or "uninstall".
        program: the main.py to start.
        python: the interpreter to start it with, absolute.
    Returns:
        0 done; 2 not possible here, with a sentence on stderr.
    """
    if sys.platform == "darwin":
        print(
            "Atelier: a launcher is not supported on macOS; start Atelier there in a terminal with "
            f"'python3 {program}', and open a project with 'python3 {program} PROJECT.atelier'.",
            file=sys.stderr,
        )
        return 2
    on_windows = sys.platform == "win32"
    try:
        if action == "install":
            done = install_windows(program, python) if on_windows else install_freedesktop(program, python)
        else:
            done = uninstall_windows() if on_windows else uninstall_freedesktop()
    except OSError as error:
        print(f"Atelier: the launcher could not be changed: {error}.", file=sys.stderr)
        return 2
    print(done)
    return 0


# Linux and the BSDs: the freedesktop.org specifications


def data_home(environ: Mapping[str, str] = os.environ) -> Path:
    """XDG_DATA_HOME; the specification says to ignore a relative one."""
    named = Path(environ.get("XDG_DATA_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".local" / "share"


def freedesktop_files(data: Path) -> dict[Path, Path]:
    """Where each icon goes and where it comes from."""
    hicolor = data / "icons" / "hicolor"
    svg, png = ICONS / "atelier.svg", ICONS / "atelier.png"
    return {
        hicolor / "scalable" / "apps" / "atelier.svg": svg,
        hicolor / "256x256" / "apps" / "atelier.png": png,
        hicolor / "scalable" / "mimetypes" / "application-x-atelier.svg": svg,
        hicolor / "256x256" / "mimetypes" / "application-x-atelier.png": png,
    }


def desktop_entry(program: Path, python: Path) -> str:
    """The text of the .desktop file."""
    return "\n".join(
        [
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.0",
            "Name=Atelier",
            "GenericName=Image network studio",
            "GenericName[fr]=Studio de réseaux pour images",
            "Comment=Build a network for images layer by layer, train it here and watch it learn",
            "Comment[fr]=Construire un réseau pour images couche par couche, l'entraîner ici et le voir apprendre",
            f"Exec={exec_argument(str(python))} {exec_argument(str(program))} %f",
            f"TryExec={entry_text(str(python))}",
            "Icon=atelier",
            "Terminal=false",
            "StartupNotify=true",
            "StartupWMClass=atelier",
            "Categories=Education;ArtificialIntelligence;",
            "Keywords=neural;network;image;training;classification;deep learning;",
            f"MimeType={MIME_TYPE};",
            "",
        ]
    )


def exec_argument(text: str) -> str:
    """Quote one argument of an Exec line: the rules for arguments first, then those for any text."""
    for character in '\\"`$':
        text = text.replace(character, "\\" + character)
    return entry_text(f'"{text}"').replace("%", "%%")


def entry_text(text: str) -> str:
    """Escape a value of a .desktop file."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def install_freedesktop(program: Path, python: Path) -> str:
    """Write the menu entry, the icons and the file type; returns what was done in words."""
    data = data_home()
    for target, source in freedesktop_files(data).items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for target, text in (
        (data / "mime" / "packages" / "atelier.xml", MIME_XML),
        (data / "applications" / "atelier.desktop", desktop_entry(program, python)),
    ):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    # No `xdg-mime default`: the only program for a type is its default, and uninstalling leaves no line of ours behind.
    refresh_freedesktop(data)
    return f"Atelier is in the menu now, and .atelier files open with it ({data / 'applications' / 'atelier.desktop'})."


def uninstall_freedesktop() -> str:
    """Take away what `install_freedesktop` wrote; returns what was done in words."""
    data = data_home()
    for target in (
        data / "applications" / "atelier.desktop",
        data / "mime" / "packages" / "atelier.xml",
        *freedesktop_files(data),
    ):
        target.unlink(missing_ok=True)
    refresh_freedesktop(data)
    return "Atelier is out of the menu."


def refresh_freedesktop(data: Path) -> None:
    """Let the desktop know. The tools are part of most desktops; without them it notices at the next login."""
    if (data / "mime" / "packages").is_dir():
        run_if_there("update-mime-database", str(data / "mime"))
    if (data / "applications").is_dir():
        run_if_there("update-desktop-database", str(data / "applications"))


def run_if_there(tool: str, *arguments: str) -> None:
    """Run a helper of the desktop when it is installed; what it thinks of other entries is none of our business."""
    found = shutil.which(tool)
    if found:
        subprocess.run([found, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


# Windows: a shortcut in the Start menu, and the file type under the user's own classes


def shortcut_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The shortcut in the user's Start menu."""
    return Path(environ["APPDATA"]) / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Atelier.lnk"


def windowed_python(python: Path) -> Path:
    """The interpreter that opens no console window, where there is one beside `python`."""
    windowed = python.with_name("pythonw.exe")
    return windowed if windowed.exists() else python


def registry_values(program: Path, python: Path) -> dict[str, str]:
    """Default values of the keys under HKEY_CURRENT_USER that make .atelier files ours."""
    classes = "Software\\Classes"
    return {
        f"{classes}\\.atelier": PROGRAM_ID,
        f"{classes}\\{PROGRAM_ID}": "Atelier project",
        f"{classes}\\{PROGRAM_ID}\\DefaultIcon": str(ICONS / "atelier.ico"),
        f"{classes}\\{PROGRAM_ID}\\shell": "",
        f"{classes}\\{PROGRAM_ID}\\shell\\open": "",
        f"{classes}\\{PROGRAM_ID}\\shell\\open\\command": f'"{python}" "{program}" "%1"',
    }


def install_windows(program: Path, python: Path) -> str:
    """Write the shortcut and the file type; returns what was done in words."""
    import winreg

    python = windowed_python(python)
    link = shortcut_path()
    values = {
        "ATELIER_LINK": str(link),
        "ATELIER_TARGET": str(python),
        "ATELIER_ARGUMENTS": f'"{program}"',
        "ATELIER_FOLDER": str(program.parent),
        "ATELIER_ICON": str(ICONS / "atelier.ico"),
    }
    link.parent.mkdir(parents=True, exist_ok=True)
    command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", SHORTCUT_SCRIPT]
    done = subprocess.run(command, env={**os.environ, **values}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"PowerShell made no shortcut ({done.stderr.strip() or done.returncode})")
    for key, value in registry_values(program, python).items():
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
            winreg.SetValueEx(opened, "", 0, winreg.REG_SZ, value)
    tell_explorer()
    return "Atelier is in the Start menu now, and .atelier files open with it."


def uninstall_windows() -> str:
    """Take away what `install_windows` wrote; returns what was done in words."""
    import winreg

    shortcut_path().unlink(missing_ok=True)
    # The deepest key first: a key with others below it cannot be deleted.
    for key in reversed(registry_values(Path(), Path())):
        try:
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
        except FileNotFoundError:
            continue
    tell_explorer()
    return "Atelier is out of the Start menu."


def tell_explorer() -> None:
    """Make the Explorer read the file types again (SHCNE_ASSOCCHANGED), so that the icon appears at once."""
    import ctypes

    ctypes.windll.shell32.SHChangeNotify(0x08000000, 0, None, None)
