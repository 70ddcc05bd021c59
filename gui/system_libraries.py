"""Which libraries Qt needs from a Linux system, and how to get the missing ones.

Standard library only: this runs before Qt can be imported. The table is what the dynamic section (`objdump -p`) of
QtGui, QtWidgets, QtNetwork, QtDBus and the platform plugins of PySide6 6.11 names outside Qt and the C library.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """A shared library by its soname, with the package that brings it."""

    soname: str
    debian: str
    fedora: str


ALWAYS = (
    Library("libEGL.so.1", "libegl1", "libglvnd-egl"),
    Library("libGL.so.1", "libgl1", "libglvnd-glx"),
    Library("libX11.so.6", "libx11-6", "libX11"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    Library("libfreetype.so.6", "libfreetype6", "freetype"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
    Library("libgthread-2.0.so.0", "libglib2.0-0", "glib2"),
    Library("libgssapi_krb5.so.2", "libgssapi-krb5-2", "krb5-libs"),
    Library("libbrotlidec.so.1", "libbrotli1", "libbrotli"),
    Library("libzstd.so.1", "libzstd1", "libzstd"),
)
XCB = (
    Library("libxcb.so.1", "libxcb1", "libxcb"),
    Library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb"),
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm"),
    Library("libxcb-util.so.1", "libxcb-util1", "xcb-util"),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms"),
    Library("libxcb-randr.so.0", "libxcb-randr0", "libxcb"),
    Library("libxcb-render.so.0", "libxcb-render0", "libxcb"),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil"),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb"),
    Library("libxcb-shm.so.0", "libxcb-shm0", "libxcb"),
    Library("libxcb-sync.so.1", "libxcb-sync1", "libxcb"),
    Library("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb"),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
)
WAYLAND = (
    Library("libwayland-client.so.0", "libwayland-client0", "libwayland-client"),
    Library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor"),
)


def is_present(soname: str) -> bool:
    """Whether the dynamic loader finds a library, along the same ways as for Qt (which loads it next anyway)."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def platform_plugin(environ: Mapping[str, str]) -> str:
    """The way to the screen that Qt will take: "xcb", "wayland", "offscreen", ...; "" when there is no screen."""
    if named := environ.get("QT_QPA_PLATFORM"):
        return named.partition(":")[0].partition(";")[0]
    if environ.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "xcb" if environ.get("DISPLAY") else ""


def missing_libraries(environ: Mapping[str, str], present: Callable[[str], bool] = is_present) -> list[Library]:
    """The libraries that Qt needs in this session and the system does not have; none when all is well."""
    plugin = platform_plugin(environ)
    extra = XCB if plugin == "xcb" else WAYLAND if plugin.startswith("wayland") else ()
    return [library for library in (*ALWAYS, *extra) if not present(library.soname)]


def problem(environ: Mapping[str, str], present: Callable[[str], bool] = is_present) -> str:
    """One sentence when the window cannot open on this system, with what to install; empty when it can."""
    missing = missing_libraries(environ, present)
    if missing:
        names, debian, fedora = (unique(missing, field) for field in ("soname", "debian", "fedora"))
        return (
            f"libraries that the window needs are missing ({', '.join(names)}): install them with "
            f"'sudo apt install {' '.join(debian)}' on Debian and Ubuntu, or 'sudo dnf install {' '.join(fedora)}' "
            "on Fedora, and start again."
        )
    if not platform_plugin(environ):
        return (
            "there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set): start it in a desktop session, "
            "or work without a window with 'python -m engine --help'."
        )
    return ""


def unique(libraries: list[Library], field: str) -> list[str]:
    """The values of one field, each once, in order."""
    return list(dict.fromkeys(getattr(library, field) for library in libraries))


if __name__ == "__main__":
    # For scripts: the Debian packages that are missing here, one a line.
    if sys.platform == "linux":
        print(*unique(missing_libraries(os.environ), "debian"), sep="\n")
