"""The look: contrast, style sheet, icons, and the switch between dark and light."""

import re
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QIcon, QImage
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QWidget

from gui.theme import DARK, LIGHT, icon, icon_names, mono_font, pixmap, resource_path, restyle, theme
from gui.theme.style import STYLE_IMAGES, build_style
from gui.theme.tokens import COLOR_NAMES, Tokens, contrast

ROOT = Path(__file__).resolve().parents[2]
LOOKS = pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=lambda tokens: tokens.name)
SURFACES = ("window", "panel", "raised", "selection")
ASKED_FOR = """
home data network train evaluate understand predict share lab undo redo play pause stop plus minus trash
duplicate search folder open image paste chevron-down chevron-right chevron-up check cross warning info sun
moon drag-handle arrow-up arrow-down copy settings close menu eye
"""


@pytest.fixture
def look(qapp: QApplication):
    """Return the theme, worn by the application; afterwards it is as it was."""
    current = theme()
    mode = current.mode
    current.apply(qapp)
    current.set_mode("dark")
    yield current
    current.set_scale(None)
    current.set_mode(mode)


def drawn_colors(image: QImage) -> set[str]:
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def has_ink(image: QImage) -> bool:
    return any(image.pixelColor(x, y).alpha() > 128 for x in range(image.width()) for y in range(image.height()))


@LOOKS
def test_words_can_be_read_on_every_surface(tokens: Tokens) -> None:
    for surface in SURFACES:
        for ink in ("text", "dim"):
            ratio = contrast(getattr(tokens, ink), getattr(tokens, surface))
            assert ratio >= 4.5, f"{ink} on {surface}: {ratio:.2f}"
    for surface in ("window", "panel", "raised"):
        for ink in ("train", "validation", "good", "bad"):
            ratio = contrast(getattr(tokens, ink), getattr(tokens, surface))
            assert ratio >= 4.5, f"{ink} on {surface}: {ratio:.2f}"
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.on_accent, tokens.accent_hover) >= 4.5


@LOOKS
def test_marks_stand_out(tokens: Tokens) -> None:
    for name, color in tokens.families.items():
        assert contrast(color, tokens.panel) >= 3, name
    for surface in ("window", "panel", "raised"):
        assert contrast(tokens.accent, getattr(tokens, surface)) >= 3, f"focus ring on {surface}"
    for fill in ("train", "validation", "good", "bad"):
        assert contrast(tokens.readable_on(getattr(tokens, fill)), getattr(tokens, fill)) >= 4.5, fill


def test_both_looks_name_the_same_families() -> None:
    assert DARK.families.keys() == LIGHT.families.keys()
    plain = "input convolution activation pooling normalisation dense merge reshape recurrent output regularisation"
    wanted = f"{plain} attention block"
    assert set(wanted.split()) == DARK.families.keys()


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_colors_are_found_by_name() -> None:
    assert DARK.color("accent") == "#f0a63a"
    assert DARK.color("family.pooling") == DARK.families["pooling"]
    assert {"window", "faint", "on_accent"} <= set(COLOR_NAMES)
    for wrong in ("pink", "families", "name", "radius", "family.pink"):
        with pytest.raises(KeyError):
            DARK.color(wrong)


@LOOKS
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_style_sheet_is_complete(tokens: Tokens, scale: float) -> None:
    style = build_style(tokens, scale, {key: f"/with space/{key}.svg" for key in STYLE_IMAGES})
    assert "$" not in style
    assert style.count("{") == style.count("}")
    assert 'url("/with space/check.svg")' in style
    known = {tokens.color(name) for name in COLOR_NAMES}
    assert set(re.findall(r"#[0-9a-f]{6}\b", style)) <= known
    assert f"font-size: {round(13 * scale)}px" in style


def test_qt_understands_the_style_sheet(look, qtbot, caplog, qtlog) -> None:
    for mode in ("dark", "light"):
        look.set_mode(mode)
        button = QPushButton("x")
        qtbot.addWidget(button)
        button.ensurePolished()
    assert not [record for record in qtlog.records if "stylesheet" in record.message.lower()]


def test_a_quiet_button_that_is_switched_on_looks_switched_on(look, qtbot) -> None:
    for mode in ("dark", "light"):
        look.set_mode(mode)
        button = QPushButton("log")
        qtbot.addWidget(button)
        button.setProperty("quiet", True)
        button.setCheckable(True)
        inside = button.grab().toImage().pixelColor(8, 5)
        button.setChecked(True)
        assert button.grab().toImage().pixelColor(8, 5) == look.color("selection") != inside


def test_a_full_disk_costs_only_the_drawings(look, qtbot, monkeypatch, caplog) -> None:
    def no_room(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", no_room)
    with qtbot.waitSignal(look.changed):
        look.set_mode("light")
    assert "No space left" in caplog.text
    check = QCheckBox("Mirror")
    qtbot.addWidget(check)
    check.setChecked(True)
    assert LIGHT.accent in drawn_colors(check.grab().toImage())


def test_colors_are_only_in_tokens() -> None:
    files = [*(ROOT / "gui" / "theme").glob("*.py"), *(ROOT / "gui" / "widgets").glob("*.py")]
    assert len(files) > 15
    for path in files:
        if path.name != "tokens.py":
            assert not re.findall(r"[\"']#[0-9a-fA-F]{3,8}[\"']", path.read_text(encoding="utf-8")), path


def test_switching_changes_what_is_drawn(look, qtbot) -> None:
    button, label = QPushButton("Train"), QWidget()
    button.setProperty("primary", True)
    for widget in (button, label):
        qtbot.addWidget(widget)
        widget.resize(90, 40)
    dark = drawn_colors(button.grab().toImage()), drawn_colors(label.grab().toImage())
    with qtbot.waitSignal(look.changed):
        look.set_mode("light")
    light = drawn_colors(button.grab().toImage()), drawn_colors(label.grab().toImage())
    assert DARK.accent in dark[0] and LIGHT.accent in light[0]
    assert DARK.window in dark[1] and LIGHT.window in light[1]
    assert DARK.accent not in light[0] and DARK.window not in light[1]


def test_the_same_look_is_not_put_on_twice(look, qtbot) -> None:
    with qtbot.assertNotEmitted(look.changed):
        look.set_mode("dark")
    with pytest.raises(ValueError, match="pink"):
        look.set_mode("pink")


def test_system_mode_follows_the_desktop(look, qtbot, monkeypatch) -> None:
    real = QGuiApplication.styleHints()

    class Desktop:
        scheme = Qt.ColorScheme.Light

        @staticmethod
        def styleHints() -> type["Desktop"]:
            return Desktop

        @staticmethod
        def colorScheme() -> Qt.ColorScheme:
            return Desktop.scheme

        @staticmethod
        def setColorScheme(scheme: Qt.ColorScheme) -> None:
            """The desktop does as it is told."""

    # By its entry in sys.modules: `gui.theme.theme` is the function of that name.
    monkeypatch.setattr(sys.modules["gui.theme.theme"], "QGuiApplication", Desktop)
    look.set_mode("system")
    assert look.tokens is LIGHT
    for scheme, tokens in ((Qt.ColorScheme.Dark, DARK), (Qt.ColorScheme.Light, LIGHT), (Qt.ColorScheme.Unknown, DARK)):
        Desktop.scheme = scheme
        with qtbot.waitSignal(look.changed):
            real.colorSchemeChanged.emit(scheme)
        assert look.tokens is tokens
    look.set_mode("light")
    Desktop.scheme = Qt.ColorScheme.Dark
    with qtbot.assertNotEmitted(look.changed):
        real.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert look.tokens is LIGHT


def test_larger_text_makes_larger_widgets(look, qtbot) -> None:
    button = QPushButton("Train")
    qtbot.addWidget(button)
    button.ensurePolished()
    before = button.sizeHint()
    with qtbot.waitSignal(look.changed):
        look.set_scale(1.5)
    after = button.sizeHint()
    assert after.width() > 1.15 * before.width()
    assert after.height() >= button.fontMetrics().height() + 10 > before.height()
    assert look.px(13) == button.font().pixelSize() == 20
    with pytest.raises(ValueError, match="text size"):
        look.set_scale(9)


def test_fonts_exist_and_have_digits_of_one_width(look, qapp) -> None:
    metrics = QLabel("0").fontMetrics()
    assert {metrics.horizontalAdvance(digit) for digit in "0123456789"} == {metrics.horizontalAdvance("0")}
    assert qapp.font().pixelSize() == 13
    assert QFontDatabase.isFixedPitch(mono_font().family())


def test_restyle_takes_effect_at_once(look, qtbot) -> None:
    label = QLabel("██")
    qtbot.addWidget(label)
    label.resize(90, 30)
    plain = label.grab().toImage()
    restyle(label, tone="bad")
    assert DARK.bad in drawn_colors(label.grab().toImage())
    assert DARK.bad not in drawn_colors(plain)


def test_every_icon_asked_for_exists() -> None:
    assert set(ASKED_FOR.split()) <= set(icon_names())


@pytest.mark.parametrize("name", sorted(path.stem for path in resource_path("icons").glob("*.svg")))
def test_every_icon_is_drawn_at_every_ratio(qapp, name: str) -> None:
    for ratio in (1.0, 1.5, 2.0):
        drawn = icon(name).pixmap(QSize(20, 20), ratio)
        assert drawn.size() == QSize(round(20 * ratio), round(20 * ratio))
        assert drawn.deviceIndependentSize().toSize() == QSize(20, 20)
        assert has_ink(drawn.toImage())
    assert has_ink(pixmap(name, 24).toImage())


def test_icons_named_in_the_code_exist() -> None:
    """Every literal icon name in `gui` is a file: a wrong one would only show when its widget is made."""
    pattern = re.compile(r"""\b(?:icon|pixmap|IconView|EmptyState)\(\s*"([a-z-]+)"|icon_name="([a-z-]+)\"""")
    missing = {}
    for path in (ROOT / "gui").rglob("*.py"):
        names = {first or second for first, second in pattern.findall(path.read_text(encoding="utf-8"))}
        unknown = {name for name in names if not resource_path("icons", f"{name}.svg").is_file()}
        if unknown:
            missing[str(path.relative_to(ROOT))] = unknown
    assert not missing
    assert {name for name, _ in STYLE_IMAGES.values()} <= set(icon_names())


def test_an_icon_follows_the_theme_and_its_state(look) -> None:
    play = icon("play", color="accent", active="text")

    def colors(mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off) -> set[str]:
        return drawn_colors(play.pixmap(QSize(32, 32), 1.0, mode, state).toImage())

    assert DARK.accent in colors()
    assert DARK.text in colors(QIcon.Mode.Active)
    assert DARK.text in colors(state=QIcon.State.On)
    assert DARK.faint in colors(QIcon.Mode.Disabled)
    look.set_mode("light")
    assert LIGHT.accent in colors()


def test_an_icon_survives_being_copied(look) -> None:
    copy = QIcon(icon("stop", color="bad"))
    copy.addPixmap(pixmap("play", 16))  # makes the copy a separate one
    assert has_ink(copy.pixmap(QSize(16, 16)).toImage())


def test_a_wrong_icon_or_color_shows_at_once(qapp) -> None:
    with pytest.raises(KeyError, match="unicorn"):
        icon("unicorn")
    with pytest.raises(KeyError, match="pink"):
        icon("play", color="pink")


def test_resources_are_found() -> None:
    assert resource_path("icons", "play.svg").is_file()
    assert resource_path() == ROOT / "resources"
