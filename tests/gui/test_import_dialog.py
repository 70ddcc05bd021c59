"""Before a table or named files become a data set: the dialog shows, live, what would come of it; and the downloads."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QPushButton

from engine.data.choose import make
from engine.data.csv_labels import NO_COLUMN
from engine.data.downloads import DOWNLOADS, downloaded_folder
from engine.data.load import load_index
from engine.data.sources import SOURCES, source_of
from engine.jobs import Cancelled, JobControl
from engine.spec.data import Chosen, DataSpec
from gui.pages.data.class_list import row_height
from gui.pages.data.downloads import DownloadsDialog
from gui.pages.data.import_dialog import ImportDialog
from gui.pages.data.import_facts import look_at_names, look_at_table


def write_images(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (16, 16), (number * 9 % 256, 80, 0)).save(folder / name, "PNG")
    return folder


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """24 images with the class in their names, and one without."""
    return write_images(tmp_path / "flat", *(f"{c}_{n}.png" for c in ("cat", "dog") for n in range(12)), "sunset.png")


@pytest.fixture
def table(flat: Path) -> Path:
    """A table of them: class, weather and split; two files are missing."""
    rows = [
        f"{c}_{n}.png,{c},{('sun', 'rain', 'snow')[n % 3]},{'test' if n > 8 else 'train'}"
        for c in ("cat", "dog")
        for n in range(12)
    ]
    (flat / "t.csv").write_text(
        "\n".join(["image,label,weather,split", *rows, "no_1.png,cat,sun,train", "no_2.png,cat,sun,train"])
    )
    return flat / "t.csv"


def opened(qtbot, path: Path) -> ImportDialog:
    dialog = ImportDialog(path)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    settled(qtbot, dialog)
    return dialog


def settled(qtbot, dialog: ImportDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.is_busy(), timeout=5000)


def shown(dialog: ImportDialog) -> dict[str, tuple[int, ...]]:
    """Counts for training, validation and test by class, as the list shows them."""
    model = dialog.result.classes.model()
    rows = [model.index(row) for row in range(model.rowCount())]
    return {row.data(): row.data(Qt.ItemDataRole.UserRole) for row in rows}


def said(dialog: ImportDialog) -> str:
    return " | ".join(note.text for note in dialog.result.notes.notes())


def taken(qtbot, dialog: ImportDialog) -> Chosen:
    with qtbot.waitSignal(dialog.accepted_source, timeout=5000) as signal:
        qtbot.mouseClick(dialog.use_button, Qt.MouseButton.LeftButton)
    return signal.args[0]


def pick(dialog: ImportDialog, box, text: str) -> None:
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())  # as a choice by hand does


# ---- tables


def test_a_table_opens_with_the_columns_that_are_found(qtbot, table):
    dialog = opened(qtbot, table)
    reading = dialog.reading
    assert [box.currentText() for box in (reading.file, reading.label, reading.split)] == ["image", "label", "split"]
    assert reading.note.isHidden() and reading.table.rowCount() == 26
    assert reading.table.item(0, 2).text() == "sun"
    assert shown(dialog) == {"cat": (9, 0, 3), "dog": (9, 0, 3)}
    assert "24 of 26 rows" in said(dialog) and "2 files are not there, such as “no_1.png”" in said(dialog)
    assert dialog.sum.text() == "24 images in 2 classes"
    assert taken(qtbot, dialog) == source_of(table), "as if it had been dropped"


def test_other_columns_are_shown_at_once_and_read_like_that(qtbot, table):
    dialog = opened(qtbot, table)
    pick(dialog, dialog.reading.label, "weather")
    assert not dialog.use_button.isEnabled(), "not before it is known what comes of it"
    settled(qtbot, dialog)
    assert shown(dialog) == {"rain": (6, 0, 2), "snow": (6, 0, 2), "sun": (6, 0, 2)}
    pick(dialog, dialog.reading.split, "none")
    settled(qtbot, dialog)
    assert shown(dialog)["rain"] == (8, 0, 0)
    source = taken(qtbot, dialog)
    assert source.params["label_column"] == "weather" and source.params["split_column"] == NO_COLUMN
    index = load_index(DataSpec(source=source))
    assert index.classes == ("rain", "snow", "sun") and len(index) == 24 and not index.brings_splits


def test_what_cannot_be_cannot_be_used(qtbot, table):
    dialog = opened(qtbot, table)
    pick(dialog, dialog.reading.label, "image")
    settled(qtbot, dialog)
    assert "cannot be the same column" in said(dialog) and not dialog.use_button.isEnabled()
    pick(dialog, dialog.reading.label, "label")
    pick(dialog, dialog.reading.file, "weather")
    settled(qtbot, dialog)
    assert "None of the 26 files is there" in said(dialog) and shown(dialog) == {}
    dialog.accept()
    assert dialog.isVisible(), "Enter does nothing either"
    pick(dialog, dialog.reading.file, "image")
    pick(dialog, dialog.reading.split, "weather")
    settled(qtbot, dialog)
    assert "neither train, validation nor test; it says “rain”" in said(dialog) and dialog.use_button.isEnabled()


def test_a_table_without_headings_has_numbered_columns(qtbot, flat):
    (flat / "t.csv").write_text("\n".join(f"x,{c}_{n}.png,{c}" for c in ("cat", "dog") for n in range(12)))
    dialog = opened(qtbot, flat / "t.csv")
    assert dialog.reading.note.isVisible() and dialog.reading.file.currentText() == "column 2"
    assert shown(dialog) == {"x": (24, 0, 0)} and "only one class" in said(dialog)
    pick(dialog, dialog.reading.label, "column 3")
    settled(qtbot, dialog)
    assert shown(dialog) == {"cat": (12, 0, 0), "dog": (12, 0, 0)}
    source = taken(qtbot, dialog)
    assert load_index(DataSpec(source=source)).classes == ("cat", "dog")


def test_a_column_of_numbers_is_doubted(qtbot, table):
    rows = [f"cat_{n}.png,cat,{n}" for n in range(12)]
    table.write_text("\n".join(["file,label,number", *rows]))
    dialog = opened(qtbot, table)
    pick(dialog, dialog.reading.label, "number")
    settled(qtbot, dialog)
    assert "12 classes for 12 images: something else may stand there" in said(dialog)


def test_a_file_that_is_no_table_says_so(qtbot, tmp_path):
    (tmp_path / "t.csv").write_text("one column\n")
    dialog = opened(qtbot, tmp_path / "t.csv")
    assert "gives no data set" in said(dialog) and not dialog.use_button.isEnabled()


# ---- names


def test_names_open_with_the_likeliest_pattern(qtbot, flat):
    dialog = opened(qtbot, flat)
    pattern = dialog.reading.pattern
    assert pattern.currentText() == "{class}_{number}" and pattern.count() >= 1
    assert shown(dialog) == {"cat": (12, 0, 0), "dog": (12, 0, 0)}
    assert "fits 24 of 25 names" in said(dialog) and "“sunset.png”" in said(dialog)
    cells = [[dialog.reading.table.item(row, column).text() for column in (0, 1)] for row in range(3)]
    assert cells == [["sunset.png", "–"], ["cat_0.png", "cat"], ["dog_0.png", "dog"]]
    assert taken(qtbot, dialog) == Chosen("named", {"path": str(flat), "pattern": "{class}_{number}"})


def test_a_pattern_is_applied_while_it_is_typed(qtbot, flat):
    dialog = opened(qtbot, flat)
    field = dialog.reading.pattern.lineEdit()
    field.selectAll()
    qtbot.keyClicks(field, "{clas}t_{number}")
    settled(qtbot, dialog)
    assert "did you mean {class}?" in said(dialog) and not dialog.use_button.isEnabled() and shown(dialog) == {}
    field.selectAll()
    qtbot.keyClicks(field, "{class}t_{number}")
    settled(qtbot, dialog)
    assert shown(dialog) == {"ca": (12, 0, 0)} and "only one class" in said(dialog)
    assert field.text() == "{class}t_{number}", "what is typed stays"
    index = load_index(DataSpec(source=taken(qtbot, dialog)))
    assert index.classes == ("ca",)


def test_names_that_tell_nothing_and_an_empty_folder(qtbot, tmp_path):
    dialog = opened(qtbot, write_images(tmp_path / "a", "x.png", "y.png"))
    assert "fits none of the 2 names" in said(dialog) and not dialog.use_button.isEnabled()
    (tmp_path / "b").mkdir()
    assert "no images in this folder" in said(opened(qtbot, tmp_path / "b"))


# ---- both


def test_images_of_all_classes_or_of_the_one_that_is_pressed(qtbot, flat):
    (flat / "dog_3.png").write_bytes(b"damaged")
    dialog = opened(qtbot, flat)
    strip = dialog.result.strip
    assert [name for _, name in strip.examples()] == ["cat", "dog"] * 4
    qtbot.waitUntil(lambda: strip.decoded() == 7, timeout=5000)
    classes = dialog.result.classes
    middle = QPoint(20, row_height() + row_height() // 2)
    qtbot.mouseClick(classes.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert [name for _, name in strip.examples()] == ["dog"] * 8
    qtbot.waitUntil(lambda: strip.decoded() == 7, timeout=5000)
    qtbot.mouseClick(classes.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert [name for _, name in strip.examples()] == ["cat", "dog"] * 4


def test_classes_that_are_only_a_prospect_cannot_be_changed(qtbot, flat):
    dialog = opened(qtbot, flat)
    classes = dialog.result.classes
    classes.setCurrentIndex(classes.model().index(0))
    qtbot.keyClick(classes, Qt.Key.Key_F2)
    assert classes.viewport().findChild(QLineEdit) is None and not classes.acceptDrops()
    assert classes.contextMenuPolicy() == Qt.ContextMenuPolicy.NoContextMenu


def test_cancelling_gives_nothing(qtbot, flat):
    dialog = opened(qtbot, flat)
    with qtbot.assertNotEmitted(dialog.accepted_source):
        qtbot.mouseClick(dialog.findChild(QPushButton, "import.cancel"), Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()


def test_a_look_can_be_given_up(flat, table):
    control = JobControl()
    control.stop()
    with pytest.raises(Cancelled):
        look_at_table(table, None, control)
    with pytest.raises(Cancelled):
        look_at_names(flat, None, None, control)


# ---- downloads


def test_every_download_is_listed_and_can_be_chosen(qtbot):
    for name, entry in DOWNLOADS.items():
        dialog = DownloadsDialog()
        qtbot.addWidget(dialog)
        dialog.show()
        button = dialog.findChild(QPushButton, f"downloads.{name}")
        assert button.text() == "Download" and entry.title in button.accessibleName()
        assert "to fetch" in button.accessibleDescription()
        with qtbot.waitSignal(dialog.chosen, timeout=5000) as signal:
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert make(SOURCES, signal.args[0]).title == entry.title and not dialog.isVisible()


def test_what_is_here_already_is_not_offered_for_download(qtbot):
    downloaded_folder("mnist").mkdir(parents=True)
    dialog = DownloadsDialog()
    qtbot.addWidget(dialog)
    button = dialog.findChild(QPushButton, "downloads.mnist")
    assert button.text() == "Use" and "on this computer" in button.accessibleDescription()
    assert dialog.findChild(QPushButton, "downloads.pets").text() == "Download"
