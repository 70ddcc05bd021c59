"""Images moved, left out and added, classes edited, orders and filters: the Data page with the real sessions."""

import numpy as np
import pytest
from conftest import draw_pictures
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QMenu, QPushButton
from real_studio import until

from engine.data.scan import scan
from engine.jobs import Progress
from engine.project import starting_spec
from engine.spec import Chosen, DataSpec
from gui.pages.data.facts import ORDERS, SIZES, Wanted, chosen_numbers
from gui.pages.data.import_dialog import ImportDialog
from gui.pages.data.page import DataPage
from gui.pictures.view import DRAGGED
from gui.studio import Studio


@pytest.fixture
def studio(qtbot):
    studio = Studio()
    yield studio
    studio.close()


@pytest.fixture
def page(qtbot, studio, picture_folder, tmp_path) -> DataPage:
    page = DataPage(studio)
    qtbot.addWidget(page)
    page.resize(1300, 850)
    page.show()
    spec = starting_spec(Chosen("folder", {"path": str(picture_folder)}), size=16)
    studio.document.create(spec, tmp_path / "P.atelier")
    settle(qtbot, studio)
    return page


def settle(qtbot, studio: Studio) -> None:
    until(
        qtbot,
        lambda: (
            studio.data.state == "ready"
            and not studio.data._timer.isActive()
            and studio.health.known is not None
            and studio.health.known.index is studio.data.index
            and studio.health.known.near is not None
            and not studio.health._runner.is_running
        ),
    )


def class_of(studio: Studio, path: str) -> str:
    index = studio.data.index
    return index.classes[index.labels[index.paths.tolist().index(path)]]


def select(page: DataPage, *rows: int) -> list[str]:
    grid = page.grid.grid
    grid.clearSelection()
    for row in rows:
        grid.selectionModel().select(grid.pictures.index(row), grid.selectionModel().SelectionFlag.Select)
    return [str(page._session.index.paths[number]) for number in grid.selected_numbers()]


def names(page: DataPage) -> list[str]:
    model = page.grid.grid.pictures
    return [model.source(row).name for row in range(model.rowCount())]


# ---- images


def test_digits_move_the_selected_images_and_delete_leaves_them_out(qtbot, page, studio):
    paths = select(page, 0, 2)
    assert page.grid.selection.isVisible() and page.grid.selection.words.text() == "2 images selected"
    qtbot.keyClick(page.grid.grid, Qt.Key.Key_2)
    settle(qtbot, studio)
    assert [class_of(studio, path) for path in paths] == ["stripes", "stripes"]
    assert studio.document.undo_stack.undoText() == "Move 2 images to “stripes”"
    qtbot.keyClick(page.grid.grid, Qt.Key.Key_9)
    assert studio.document.undo_stack.count() == 1, "there is no ninth class"
    (path,) = select(page, 5)
    qtbot.keyClick(page.grid.grid, Qt.Key.Key_Delete)
    settle(qtbot, studio)
    assert studio.document.data.edits.left_out == (path,) and len(studio.data.index) == 23
    for _ in range(2):
        studio.document.undo_stack.undo()
    settle(qtbot, studio)
    assert [class_of(studio, path) for path in paths] == ["disc", "disc"] and len(studio.data.index) == 24


def test_the_bar_moves_into_a_new_class(qtbot, page, studio, monkeypatch):
    (path,) = select(page, 3)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: (" rings ", True))
    page.grid.selection.menu.actions()[-1].trigger()
    settle(qtbot, studio)
    assert studio.data.index.classes == ("disc", "stripes", "rings") and class_of(studio, path) == "rings"
    assert studio.document.report.facts.classes == 3, "the network follows"
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("", False))
    select(page, 4)
    page.grid.selection.menu.actions()[-1].trigger()
    assert studio.document.undo_stack.count() == 1
    qtbot.mouseClick(page.grid.selection.close_button, Qt.MouseButton.LeftButton)
    assert page.grid.selection.isHidden() and not len(page.grid.grid.selected_numbers())


def test_the_menu_of_an_image_offers_the_same(qtbot, page, studio):
    (path,) = select(page, 1)
    page.grid.grid.customContextMenuRequested.emit(QPoint(5, 5))
    menu = next(menu for menu in page.grid.findChildren(QMenu) if menu.isVisible())
    words = {action.text().split("\t")[0]: action for action in menu.actions()}
    assert {"Look at it large", "Watch this", "Move to", "Leave out"} <= set(words)
    words["Leave out"].trigger()
    menu.close()
    settle(qtbot, studio)
    assert studio.document.data.edits.left_out == (path,)


def drag(target, data: QMimeData, place: QPoint) -> QDropEvent:
    """What Qt sends to a widget while something is dragged over it and dropped."""
    buttons, keys, action = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.MoveAction
    target.dragEnterEvent(QDragEnterEvent(place, action, data, buttons, keys))
    target.dragMoveEvent(QDragMoveEvent(place, action, data, buttons, keys))
    event = QDropEvent(QPointF(place), action, data, buttons, keys)
    target.dropEvent(event)
    return event


def test_images_are_dragged_onto_a_class(qtbot, page, studio):
    paths = select(page, 0, 1)
    data = QMimeData()
    data.setData(DRAGGED, page.grid.grid.selected_numbers().astype("<i8").tobytes())
    classes = page.dataset.classes
    place = classes.visualRect(classes.classes.index(1)).center()
    assert drag(classes, data, place).isAccepted()
    settle(qtbot, studio)
    assert [class_of(studio, path) for path in paths] == ["stripes", "stripes"]
    nowhere = QPoint(5, classes.height() + 40)
    drag(classes, data, nowhere)
    assert studio.document.undo_stack.count() == 1


def test_files_dropped_on_a_class_are_copied_into_it(qtbot, page, studio, picture_folder, tmp_path):
    Image.new("RGB", (20, 20), (9, 90, 200)).save(tmp_path / "blue.png")
    (tmp_path / "no image.txt").write_text("words")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("blue.png", "no image.txt")])
    told = []
    studio.failed.connect(told.append)
    classes = page.dataset.classes
    drag(classes, data, classes.visualRect(classes.classes.index(1)).center())
    until(qtbot, lambda: studio.data.index is not None and len(studio.data.index) == 25)
    settle(qtbot, studio)
    assert (picture_folder / "stripes" / "blue.png").exists() and class_of(studio, "stripes/blue.png") == "stripes"
    assert len(told) == 1 and "no image.txt" in str(told[0])


def test_pasting_goes_into_the_class_that_is_shown(qtbot, page, studio, picture_folder):
    image = QImage(24, 24, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.green)
    QGuiApplication.clipboard().setImage(image)
    told = []
    studio.failed.connect(told.append)
    page.paste()
    assert len(told) == 1 and "Into which class" in told[0].what
    page.grid.filters.set_label(0)
    page.paste()
    until(qtbot, lambda: studio.data.index is not None and len(studio.data.index) == 25)
    settle(qtbot, studio)
    assert len(list((picture_folder / "disc").glob("pasted*.png"))) == 1


def test_nothing_can_be_added_to_a_sample(qtbot, page, studio, tmp_path):
    studio.take_source(Chosen("digits"))
    until(qtbot, lambda: studio.data.state == "ready" and len(studio.data.index) > 1000)
    told = []
    studio.failed.connect(told.append)
    page.grid.filters.set_label(0)
    page.paste()
    page.intake.collect()
    assert [error.what for error in told] == ["No images can be added to this data set."] * 2


# ---- classes


def rename(page: DataPage, row: int, text: str, qtbot) -> None:
    classes = page.dataset.classes
    classes.setFocus()
    classes.setCurrentIndex(classes.classes.index(row))
    qtbot.keyClick(classes, Qt.Key.Key_F2)
    editor = classes.findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    until(qtbot, lambda: classes.findChild(QLineEdit) is None)  # views take what was typed a turn later


def test_a_class_is_renamed_in_place_and_merged_by_the_name_of_another(qtbot, page, studio):
    rename(page, 0, "rings", qtbot)
    settle(qtbot, studio)
    assert studio.data.index.classes == ("rings", "stripes") and class_of(studio, "disc/disc-00.png") == "rings"
    rename(page, 0, "stripes", qtbot)
    settle(qtbot, studio)
    assert studio.data.index.classes == ("stripes",) and len(studio.data.index) == 24
    told = []
    studio.failed.connect(told.append)
    rename(page, 0, "   ", qtbot)
    assert len(told) == 1 and "name of a class" in told[0].what
    studio.document.undo_stack.undo()
    studio.document.undo_stack.undo()
    settle(qtbot, studio)
    assert studio.data.index.classes == ("disc", "stripes")


def test_a_class_is_hidden_by_its_menu_and_shown_by_its_line(qtbot, page, studio):
    classes = page.dataset.classes
    classes.customContextMenuRequested.emit(classes.visualRect(classes.classes.index(0)).center())
    menu = next(
        menu for menu in classes.findChildren(QMenu) if menu.isVisible() and menu.actions()[0].text() != "stripes"
    )
    next(action for action in menu.actions() if action.text() == "Hide").trigger()
    menu.close()
    settle(qtbot, studio)
    assert studio.data.index.classes == ("stripes",)
    qtbot.mouseClick(page.findChild(QPushButton, "data.fix.hidden.show_hidden"), Qt.MouseButton.LeftButton)
    settle(qtbot, studio)
    assert set(studio.data.index.classes) == {"disc", "stripes"}


# ---- orders and filters


def test_orders_and_sizes(qtbot, page, studio, picture_folder):
    index, looks = studio.data.index, studio.health.known.looks
    for order in ORDERS:
        numbers = chosen_numbers(index, Wanted(order=order), looks, 16)
        assert sorted(numbers.tolist()) == list(range(24)), order
    sizes = index.sizes[chosen_numbers(index, Wanted(order="bytes"), looks, 16)]
    assert (np.diff(sizes) <= 0).all()
    bright = looks.rows["mean"].mean(1)[chosen_numbers(index, Wanted(order="brightness"), looks, 16)]
    assert (np.diff(bright) <= 0).all()
    shown = {size: len(chosen_numbers(index, Wanted(size=size), looks, 64)) for size in SIZES}
    assert shown == {"any": 24, "small": 24, "large": 0}
    assert len(chosen_numbers(index, Wanted(size="small"), looks, 32)) == 0
    assert chosen_numbers(index, Wanted(only=(5, 2, 20), label=0), looks).tolist() == [5, 2]


def test_the_order_is_chosen_in_the_menu(qtbot, page, studio):
    menu = page.grid.filters.order.menu()
    by_size = next(action for action in menu.actions() if action.objectName() == "data.order.bytes")
    by_size.trigger()
    index = studio.data.index
    expected = [str(index.paths[n]).rpartition("/")[2] for n in np.argsort(-index.sizes, kind="stable")]
    until(qtbot, lambda: names(page) == expected)
    assert page.grid.filters.order.text() == "Order ●" and page.grid.filters.count.text() == "24 images"
    small = next(action for action in menu.actions() if action.objectName() == "data.size_filter.large")
    small.trigger()
    until(qtbot, lambda: names(page) == [])
    assert page.grid.filters.count.text() == "0 of 24 images"


# ---- the examination


def test_the_examination_can_be_stopped_and_goes_on(qtbot, page, studio):
    health = page.dataset.health
    studio.health.progress = Progress(5, 24, "Checking images")
    studio.health.progressed.emit()
    assert health.busy.isVisible() and "Checking images" in health.busy.label.text()
    studio.health.progress, studio.health.was_stopped = None, True
    studio.health.progressed.emit()
    assert health.busy.isHidden() and health.go_on.isVisible()
    qtbot.mouseClick(health.go_on, Qt.MouseButton.LeftButton)
    settle(qtbot, studio)
    assert health.go_on.isHidden()


def test_a_training_goes_first(qtbot, page, studio):
    studio.training.start()
    until(qtbot, lambda: studio.training.is_active)
    studio.health.examine_again()
    assert studio.health._runner.is_paused
    studio.training.stop(keep=False)
    until(qtbot, lambda: not studio.training.is_active)
    settle(qtbot, studio)


def test_why_is_told_where_it_stands(qtbot, page, studio, tmp_path):
    draw_pictures(tmp_path / "more", per_class=40, side=32)
    studio.choose_data(tmp_path / "more")
    settle(qtbot, studio)
    until(qtbot, lambda: studio.health.known.shortcuts)
    why = next(b for b in page.findChildren(QPushButton) if b.objectName().endswith(".why") and b.isVisible())
    finding = next(f for f in studio.health.findings if f.check == why.objectName().split(".")[2])
    label = next(each for each in why.parent().children() if getattr(each, "text", str)() == finding.detail)
    assert label.isHidden()
    qtbot.mouseClick(why, Qt.MouseButton.LeftButton)
    assert label.isVisible() and "had not seen before" in label.text()


# ---- in and out


def test_the_cleaned_set_is_written_as_a_new_folder(qtbot, page, studio, tmp_path, monkeypatch):
    select(page, 0)
    qtbot.keyClick(page.grid.grid, Qt.Key.Key_2)
    settle(qtbot, studio)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "out"))
    told = []
    studio.told.connect(told.append)
    page.intake.write_out()
    until(qtbot, lambda: told)
    written = scan(tmp_path / "out", DataSpec())
    assert written.brings_splits and written.counts().sum(1).tolist() == [11, 13]
    assert str(tmp_path / "out") in told[0]
    failed = []
    studio.failed.connect(failed.append)
    page.intake.write_out()
    until(qtbot, lambda: failed)
    assert "were not written" in failed[0].what


def test_a_table_is_looked_at_before_it_is_taken(qtbot, page, studio, picture_folder):
    rows = [f"{path.relative_to(picture_folder)},{path.parent.name}" for path in sorted(picture_folder.rglob("*.png"))]
    table = picture_folder / "labels.csv"
    table.write_text("file,label\n" + "\n".join(rows[:20]) + "\n")
    studio.handle_drop([table], "data")
    dialog = page.findChild(ImportDialog)
    assert dialog is not None and studio.document.data.source.kind == "folder"
    use = next(button for button in dialog.findChildren(QPushButton) if button.text() == "Use these images")
    until(qtbot, lambda: use.isEnabled())
    qtbot.mouseClick(use, Qt.MouseButton.LeftButton)
    settle(qtbot, studio)
    assert studio.document.data.source.kind == "table" and len(studio.data.index) == 20


def test_collecting_without_data_begins_a_project(qtbot, studio, tmp_path, monkeypatch):
    page = DataPage(studio)
    qtbot.addWidget(page)
    page.show()
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    opened = []
    monkeypatch.setattr(page.intake, "_open_collection", lambda *place: opened.append(place))
    qtbot.mouseClick(page.findChild(QPushButton, "data.start.collect"), Qt.MouseButton.LeftButton)
    assert opened == [(folder, (), "train")]
    draw_pictures(folder, per_class=4, side=16)
    page.intake._look_again(folder)
    settle(qtbot, studio)
    assert len(studio.data.index) == 8 and studio.document.name.startswith("mine")
