"""The one theme: which look is on, and putting it on the application."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.theme.style import STYLE_IMAGES, build_palette, build_style
from gui.theme.svg import tinted_svg
from gui.theme.tokens import DARK, LIGHT, Tokens

MODES = ("system", "dark", "light")
FALLBACK_FAMILIES = ("Inter", "Segoe UI", "Noto Sans", "DejaVu Sans", "Arial")
NORMAL_SYSTEM_PX = 15  # desktops ship 12 to 15 px; a larger system font is the user's wish for larger text
LARGEST_SCALE = 2.0

_log = logging.getLogger(__name__)


@cache
def _installed(families: tuple[str, ...]) -> list[str]:
    """Those font families that are there; asked once, since asking takes half a millisecond each time."""
    return [name for name in families if QFontDatabase.hasFamily(name)]


class Theme(QObject):
    """Which look is on. Widgets that paint themselves read `tokens` when painting and repaint on `changed`."""

    changed = Signal()  # colours or text size are new; the application wears them already

    def __init__(self) -> None:
        super().__init__()
        self._mode = "system"
        self._scale: float | None = None
        self._app: QApplication | None = None
        self._images: TemporaryDirectory[str] | None = None
        self._system_px = NORMAL_SYSTEM_PX
        self._family = ""
        self._worn: tuple[Tokens, float] | None = None

    @property
    def mode(self) -> str:
        """ "system", "dark" or "light"."""
        return self._mode

    def set_mode(self, mode: str) -> None:
        """Choose "system" (follow the desktop), "dark" or "light".

        Raises:
            ValueError: any other mode.
        """
        if mode not in MODES:
            raise ValueError(f"theme mode {mode!r} is none of {', '.join(MODES)}")
        self._mode = mode
        self._tell_desktop()
        self._wear()

    @property
    def tokens(self) -> Tokens:
        """The colours and measures of the look that is on."""
        # Asked for thousands of times in a frame: what is worn is kept, once there is somebody who tells of changes.
        if self._app is not None and self._worn is not None:
            return self._worn[0]
        return self._chosen()

    def _chosen(self) -> Tokens:
        if self._mode == "system":
            light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
            return LIGHT if light else DARK  # a desktop that does not say gets the dark look
        return LIGHT if self._mode == "light" else DARK

    @property
    def scale(self) -> float:
        """Text size, 1.0 = 13 px body text. Follows the desktop's font unless `set_scale` chose one."""
        if self._scale is not None:
            return self._scale
        return min(LARGEST_SCALE, max(1.0, self._system_px / NORMAL_SYSTEM_PX))

    def set_scale(self, scale: float | None) -> None:
        """Set the text size, 0.75..2.0; None follows the desktop's font again.

        Raises:
            ValueError: outside these bounds.
        """
        if scale is not None and not 0.75 <= scale <= LARGEST_SCALE:
            raise ValueError(f"text size {scale} is not between 0.75 and {LARGEST_SCALE}")
        self._scale = scale
        self._wear()

    def px(self, size: float) -> int:
        """Return `size` device-independent pixels enlarged with the text size."""
        return round(size * self.scale)

    def color(self, name: str) -> QColor:
        """Return a colour token ("accent", "family.dense") as it is in the look that is on."""
        return QColor(self.tokens.color(name))

    def font(self, size: float | None = None, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the system's font with digits of one width, `size` px at 100 % text size (body text by default)."""
        families = [self._family] if self._family else []
        families += _installed(FALLBACK_FAMILIES)
        font = QFont()
        font.setFamilies(families)
        font.setPixelSize(self.px(self.tokens.body if size is None else size))
        font.setWeight(weight)
        # Figures change while one looks at them: they must not dance. Fonts without the feature ignore it.
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def apply(self, app: QApplication) -> None:
        """Put the look on `app` and keep it up to date with the desktop; call once, before the first window."""
        if self._app is None:
            system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
            self._family, self._system_px = system.family(), QFontInfo(system).pixelSize()
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._wear)
        self._app, self._worn = app, None
        app.setStyle("Fusion")
        self._tell_desktop()
        self._wear()

    def _tell_desktop(self) -> None:
        """Let title bars and the desktop's own dialogs follow the mode."""
        schemes = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light, "system": Qt.ColorScheme.Unknown}
        if self._app is not None:
            QGuiApplication.styleHints().setColorScheme(schemes[self._mode])

    def _wear(self) -> None:
        tokens, scale = self._chosen(), self.scale
        if self._worn == (tokens, scale):  # the desktop also reports the change that we asked it for
            return
        self._worn = (tokens, scale)
        if self._app is not None:
            self._app.setPalette(build_palette(tokens))
            self._app.setFont(self.font())
            self._app.setStyleSheet(build_style(tokens, scale, self._write_images(tokens)))
        self.changed.emit()

    def _write_images(self, tokens: Tokens) -> dict[str, str]:
        """Write the little drawings that the style sheet can only take from files; return their paths by name."""
        paths = {}
        try:
            if self._images is None:
                self._images = TemporaryDirectory(prefix="atelier-style-", ignore_cleanup_errors=True)
            for key, (name, color) in STYLE_IMAGES.items():
                # A name of its own per look: Qt caches style sheet images by path.
                path = Path(self._images.name) / f"{tokens.name}-{key}.svg"
                path.write_text(tinted_svg(name, tokens.color(color)), encoding="utf-8")
                paths[key] = path.as_posix()
        except OSError as error:  # a full disk costs check marks and arrows, not the window
            _log.warning("The style sheet's drawings cannot be written: %s", error)
        return paths


@cache
def theme() -> Theme:
    """Return the theme of this process; first called on the GUI thread."""
    return Theme()


def mono_font(size: float = 12) -> QFont:
    """Return the system's fixed-width font, `size` px at 100 % text size: shapes, formulas, code."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(theme().px(size))
    return font
