"""Copies on the Data page, with the real sessions behind it."""

import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from real_studio import until

from engine.data.edits import leave_out
from engine.project import starting_spec
from engine.spec import Chosen
from gui.pages.data.health_list import ListDialog
from gui.pages.data.page import DataPage
from gui.studio import Studio


@pytest.fixture
def studio(qtbot):
    studio = Studio()
    yield studio
    studio.close()


def lines(page) -> dict[str, str]:
    return {line.check: line.text for line in page.dataset.health.lines()}


def opened(qtbot, studio, folder, tmp_path):
    page = DataPage(studio)
    qtbot.addWidget(page)
    page.resize(1300, 850)
    page.show()
    studio.document.create(starting_spec(Chosen("folder", {"path": str(folder)}), size=16), tmp_path / "P.atelier")
    until(qtbot, lambda: studio.data.state == "ready")
    return page


def test_copies_across_splits_and_classes_are_told_and_listed(qtbot, studio, picture_folder, tmp_path):
    root = tmp_path / "set"
    for split in ("train", "test"):
        shutil.copytree(picture_folder, root / split)
    shutil.rmtree(root / "test" / "stripes")
    (root / "test" / "stripes").mkdir()
    shutil.copy(root / "train" / "disc" / "disc-03.png", root / "test" / "stripes" / "wrong.png")
    page = opened(qtbot, studio, root, tmp_path)
    until(qtbot, lambda: "leaks" in lines(page))
    found = lines(page)
    assert found["leaks"].startswith("12 images stand in more than one of training, validation and test")
    assert found["contradictions"] == "1 image stands in two classes: one of them must be wrong"
    assert found["copies"] == "13 files are exact copies of others"
    qtbot.mouseClick(page.findChild(QPushButton, "data.health.contradictions"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.findChild(QPushButton, "data.finding.list"), Qt.MouseButton.LeftButton)
    dialog = page.findChild(ListDialog)
    texts = [dialog.table.item(0, column).text() for column in (0, 1)]
    assert "test/stripes/wrong.png (test)" in " ".join(texts) and "train/disc/disc-03.png" in " ".join(texts)
    dialog.close()


def test_a_set_without_copies_says_so_and_another_folder_is_looked_at_anew(qtbot, studio, picture_folder, tmp_path):
    page = opened(qtbot, studio, picture_folder, tmp_path)
    until(qtbot, lambda: lines(page).get("copies") == "no image is there twice")
    other = tmp_path / "other"
    shutil.copytree(picture_folder, other)
    shutil.copy(other / "disc" / "disc-00.png", other / "disc" / "again.png")
    studio.document.edit("Leave out", data=leave_out(studio.document.data, ["disc/disc-05.png"]))
    studio.choose_data(other)
    assert studio.document.data.edits.left_out == (), "another folder has other images"
    until(qtbot, lambda: lines(page).get("copies") == "1 file is an exact copy of another")


def test_troubles_are_ended_by_their_buttons_and_undone(qtbot, studio, picture_folder, tmp_path):
    root = tmp_path / "set"
    shutil.copytree(picture_folder, root / "train")
    for name in ("disc", "stripes"):
        (root / "test" / name).mkdir(parents=True)
        for number in range(8, 12):
            shutil.move(root / "train" / name / f"{name}-{number:02d}.png", root / "test" / name)
    shutil.copy(root / "test" / "disc" / "disc-09.png", root / "train" / "disc" / "leak.png")
    shutil.copy(root / "train" / "disc" / "disc-03.png", root / "train" / "stripes" / "wrong.png")
    page = opened(qtbot, studio, root, tmp_path)
    until(qtbot, lambda: {"leaks", "contradictions"} <= set(lines(page)))
    total = len(studio.data.index)
    qtbot.mouseClick(page.findChild(QPushButton, "data.fix.leaks.leave_out"), Qt.MouseButton.LeftButton)
    assert studio.document.data.edits.left_out == ("train/disc/leak.png",), "the test set stays what it was"
    until(
        qtbot, lambda: studio.data.state == "ready" and "leaks" not in lines(page) and "contradictions" in lines(page)
    )
    assert len(studio.data.index) == total - 1
    qtbot.mouseClick(page.findChild(QPushButton, "data.fix.contradictions.leave_out"), Qt.MouseButton.LeftButton)
    assert set(studio.document.data.edits.left_out[1:]) == {"train/disc/disc-03.png", "train/stripes/wrong.png"}
    until(qtbot, lambda: lines(page).get("copies") == "no image is there twice")
    assert lines(page)["left_out"] == "3 images left out by you"
    assert studio.document.undo_stack.count() == 2
    studio.document.undo_stack.undo()
    studio.document.undo_stack.undo()
    until(qtbot, lambda: {"leaks", "contradictions"} <= set(lines(page)) and len(studio.data.index) == total)
    studio.document.undo_stack.redo()
    until(qtbot, lambda: "left_out" in lines(page) and len(studio.data.index) == total - 1)
    qtbot.mouseClick(page.findChild(QPushButton, "data.fix.left_out.take_back"), Qt.MouseButton.LeftButton)
    assert studio.document.data.edits.left_out == ()
    assert (root / "train" / "disc" / "leak.png").exists(), "files are never touched"
