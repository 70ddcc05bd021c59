"""Data: real indexes and decoded pictures, shown, filtered and edited through the document."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pages_studio import FakeStudio
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from engine.data.cache import Pictures, decode
from engine.data.health import Finding, Known, examined
from engine.data.index import TEST, TRAIN, VALIDATION, Index
from engine.data.scan import scan
from engine.errors import EngineError
from engine.jobs import JobControl, Progress
from engine.spec import DataSpec, ProjectSpec
from engine.spec.data import Chosen
from engine.spec.network import NetworkSpec
from engine.templates import fitted
from gui.pages.data import DataPage
from gui.pages.data.augmentation import with_augmentation
from gui.pages.data.class_list import COUNTS, row_height
from gui.pages.data.facts import Wanted, brings, chosen_numbers, example_of, too_small
from gui.pages.data.health_list import ListDialog
from gui.pages.shared.preview import variants
from gui.studio import Studio
from gui.theme import theme


def decoded(index: Index, data: DataSpec) -> Pictures:
    work = decode(index, data, JobControl(), workers=1)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def load(folder: Path, data: DataSpec) -> tuple[Index, Pictures]:
    index = scan(folder, data)
    return index, decoded(index, data)


@pytest.fixture
def studio(qapp, tmp_path: Path) -> FakeStudio:
    return FakeStudio(tmp_path / "settings.ini")


def open_page(qtbot, studio: FakeStudio, tmp_path: Path, folder: Path, **data) -> DataPage:
    """A page on an open project about `folder`, everything read."""
    spec = DataSpec(size=16, source=Chosen("folder", {"path": str(folder)}), **data)
    studio.document.create(ProjectSpec(data=spec), tmp_path / "project.atelier")
    page = DataPage(studio)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    studio.data.become("ready", *load(folder, spec))
    return page


@pytest.fixture
def page(qtbot, studio: FakeStudio, tmp_path: Path, picture_folder: Path) -> DataPage:
    return open_page(qtbot, studio, tmp_path, picture_folder)


def shown_names(page: DataPage) -> list[str]:
    model = page.grid.grid.pictures
    return [model.source(row).name for row in range(model.rowCount())]


# ---- states


def test_without_data_there_is_a_well_and_the_samples(qtbot, studio, tmp_path, monkeypatch):
    page = DataPage(studio)
    qtbot.addWidget(page)
    page.show()
    assert page.start.isVisible() and not page.splitter.isVisible()
    qtbot.mouseClick(page.findChild(QPushButton, "data.sample.digits"), Qt.MouseButton.LeftButton)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    qtbot.mouseClick(page.findChild(QPushButton, "data.start.choose"), Qt.MouseButton.LeftButton)
    page.start.dropped.emit([tmp_path / "one.jpg"])
    assert studio.calls == [
        ("start_from_sample", "digits"),
        ("start_from_folder", tmp_path),
        ("handle_drop", [tmp_path / "one.jpg"], "data"),
    ]


def test_another_folder_replaces_the_data_of_the_open_project(qtbot, page, studio, tmp_path, monkeypatch):
    page.dataset.well.dropped.emit([tmp_path])
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "other"))
    qtbot.mouseClick(page.findChild(QPushButton, "data.choose"), Qt.MouseButton.LeftButton)
    assert studio.calls == [("choose_data", tmp_path), ("choose_data", tmp_path / "other")]


def test_the_grid_is_usable_while_pictures_are_read_and_reading_can_be_cancelled(qtbot, page, studio):
    index = studio.data.index
    studio.data.become("scanning")
    assert page.grid.busy.isVisible() and page.grid.grid.pictures.rowCount() == 0
    studio.data.become("decoding", index, progress=Progress(5, 24, "Reading images"))
    assert page.grid.busy.bar.value() > 0 and page.grid.grid.pictures.rowCount() == 24
    qtbot.mouseClick(page.grid.busy.cancel_button, Qt.MouseButton.LeftButton)
    assert studio.data.calls == ["cancel"]
    studio.data.become("ready", index)
    assert not page.grid.busy.isVisible()


def test_a_failure_says_what_why_and_what_to_do(qtbot, page, studio, monkeypatch):
    problem = EngineError("The folder is not there.", why="Its disk is away.", fix="Choose it again.")
    studio.data.become("failed", problem=problem)
    assert page.notice.isVisible()
    assert [label.text() for label in (page.notice.what, page.notice.why, page.notice.fix)] == [
        problem.what,
        problem.why,
        problem.fix,
    ]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    choose, again = page.notice.buttons()
    qtbot.mouseClick(choose, Qt.MouseButton.LeftButton)
    assert page.notice.isVisible(), "nothing was chosen: the problem is still there"
    qtbot.mouseClick(page.notice.buttons()[1], Qt.MouseButton.LeftButton)
    assert studio.data.calls == ["rescan"]
    studio.data.become("scanning")
    assert not page.notice.isVisible()
    assert again.text() == "Try again"


def test_reading_that_was_stopped_can_go_on(qtbot, page, studio):
    studio.data.become("stopped", studio.data.index)
    assert page.notice.isVisible() and "stopped" in page.notice.what.text()
    qtbot.mouseClick(page.notice.buttons()[0], Qt.MouseButton.LeftButton)
    assert studio.data.calls == ["rescan"]
    studio.data.become("decoding", studio.data.index)
    assert not page.notice.isVisible()
    studio.data.become("stopped", studio.data.index)
    assert page.notice.isVisible()


def test_the_real_studio_lists_decodes_and_follows_edits(qtbot, picture_folder):
    studio = Studio()
    page = DataPage(studio)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    try:
        page.start.dropped.emit([picture_folder])
        qtbot.waitUntil(lambda: studio.data.state == "ready", timeout=30_000)
        assert page.splitter.isVisible() and len(shown_names(page)) == 24
        assert page.dataset.health.lines()[0].text == "24 images can be read"
        page.receives.form.editor("size").setText("12")
        page.receives.form.editor("size").textEdited.emit("12")
        qtbot.waitUntil(lambda: studio.data.pictures is not None and studio.data.pictures.rows.shape[1] == 12)
        page.dataset.split_form.editor("test_percent").setValue(50)
        qtbot.waitUntil(lambda: page.dataset.split_bar.parts()[2].amount == 12, timeout=30_000)
    finally:
        studio.close()


# ---- classes, filters, grid


def test_classes_are_listed_with_their_counts_and_filter_the_grid(qtbot, page):
    classes = page.dataset.classes
    assert [classes.classes.index(row).data() for row in range(2)] == ["disc", "stripes"]
    assert "12 images" in classes.classes.index(0).data(Qt.ItemDataRole.ToolTipRole)
    point = classes.visualRect(classes.classes.index(1)).center()
    qtbot.mouseClick(classes.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert {name.split("-")[0] for name in shown_names(page)} == {"stripes"}
    assert page.grid.filters.classes.segments.current() == "1"
    assert page.grid.filters.count.text() == "12 of 24 images"
    qtbot.mouseClick(classes.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert len(shown_names(page)) == 24


def test_a_class_is_filtered_by_keyboard(qtbot, page):
    classes = page.dataset.classes
    classes.setFocus()
    qtbot.keyClick(classes, Qt.Key.Key_Down)
    qtbot.keyClick(classes, Qt.Key.Key_End)
    assert len(shown_names(page)) == 24, "moving alone filters nothing"
    qtbot.keyClick(classes, Qt.Key.Key_Return)
    assert {name.split("-")[0] for name in shown_names(page)} == {"stripes"}
    qtbot.keyClick(classes, Qt.Key.Key_Return)
    assert len(shown_names(page)) == 24


def test_split_and_name_filter_the_grid(qtbot, page, studio):
    filters = page.grid.filters
    qtbot.mouseClick(filters.splits.button("test"), Qt.MouseButton.LeftButton)
    index = studio.data.index
    assert len(shown_names(page)) == len(index.where(TEST)) > 0
    qtbot.mouseClick(filters.splits.button("all"), Qt.MouseButton.LeftButton)
    qtbot.keyClicks(filters.search, "DISC-0")
    qtbot.waitUntil(lambda: len(shown_names(page)) == 10)
    filters.search.setText("no such file")
    qtbot.waitUntil(lambda: shown_names(page) == [])
    filters.search.clear()
    assert len(shown_names(page)) == 24


def test_names_are_searched_without_their_folders(picture_folder):
    index = scan(picture_folder, DataSpec())
    assert len(chosen_numbers(index, Wanted(text="disc/"))) == 0
    assert len(chosen_numbers(index, Wanted(label=0, split=TRAIN, text="disc"))) == index.counts()[0, TRAIN]


def test_many_classes_are_chosen_from_a_list(qtbot, studio, tmp_path):
    for number in range(9):
        (tmp_path / "many" / f"class {number}").mkdir(parents=True)
        for each in range(4):
            Image.new("RGB", (8, 8), (20 * number, 50 * each, 9)).save(
                tmp_path / "many" / f"class {number}" / f"{each}.png"
            )
    page = open_page(qtbot, studio, tmp_path, tmp_path / "many")
    combo = page.grid.filters.classes.combo
    assert combo.count() == 10
    combo.setCurrentIndex(3)
    combo.activated.emit(3)
    assert len(shown_names(page)) == 4
    assert page.dataset.classes.currentIndex().row() == 2
    # Another data set with fewer classes: the filter must not point at a class that is not there.
    page.grid.filters.set_label(8)
    small = scan_two(tmp_path)
    studio.data.become("ready", small)
    assert page.grid.filters.wanted().label == -1
    assert page.grid.grid.pictures.rowCount() == len(small)


def scan_two(tmp_path: Path) -> Index:
    for name in ("a", "b"):
        (tmp_path / "two" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("L", (8, 8), 40 * number).save(tmp_path / "two" / name / f"{number}.png")
    return scan(tmp_path / "two", DataSpec())


def test_the_tile_size_is_remembered(page, studio):
    page.grid.filters.tile.setValue(150)
    assert page.grid.grid.tile() == 150
    assert studio.settings.value("data/tile", type=int) == 150


# ---- split and health


def test_the_split_is_edited_through_the_document(qtbot, page, studio):
    editor = page.dataset.split_form.editor("validation_percent")
    editor.setValue(30)
    assert studio.document.data.validation_percent == 30
    assert studio.document.undo_stack.undoText() == "Set Validation"
    studio.document.undo_stack.undo()
    assert studio.document.data.validation_percent == 15
    assert editor.value() == 15


@pytest.mark.parametrize(
    ("folders", "brought", "enabled"),
    [
        (("train", "val", "test"), {TRAIN, VALIDATION, TEST}, {}),
        (("train", "test"), {TRAIN, TEST}, {"validation_percent", "seed", "folds", "group_by"}),
    ],
)
def test_what_the_folder_prescribes_cannot_be_set(qtbot, studio, tmp_path, folders, brought, enabled):
    for split in folders:
        for name in ("a", "b"):
            (tmp_path / "given" / split / name).mkdir(parents=True)
            for number in range(6):
                Image.new("RGB", (8, 8), (9 * number, 0, 0)).save(tmp_path / "given" / split / name / f"{number}.png")
    page = open_page(qtbot, studio, tmp_path, tmp_path / "given")
    assert brings(studio.data.index) == brought
    form = page.dataset.split_form
    assert {name for name in form.names() if form.row(name).isEnabled()} == set(enabled)
    assert page.dataset.split_reason.isVisible()


def test_the_split_bar_counts_images(page, studio):
    parts = {part.label: part.amount for part in page.dataset.split_bar.parts()}
    counts = [len(studio.data.index.where(split)) for split in (TRAIN, VALIDATION, TEST)]
    assert list(parts.values()) == counts and sum(counts) == 24


def test_health_names_the_damaged_files(qtbot, studio, tmp_path, picture_folder):
    (picture_folder / "disc" / "broken.png").write_bytes(b"not a picture")
    (picture_folder / "lonely.png").write_bytes((picture_folder / "disc" / "disc-00.png").read_bytes())
    page = open_page(qtbot, studio, tmp_path, picture_folder)
    texts = [line.text for line in page.dataset.health.lines()]
    assert texts[0] == "24 images can be read"
    assert texts[1] == "1 file cannot be read and is left out"
    assert any("beside the class folders" in text for text in texts)
    assert any(text.startswith("classes are balanced") for text in texts)
    qtbot.mouseClick(page.findChild(QPushButton, "data.health.unreadable"), Qt.MouseButton.LeftButton)
    assert shown_names(page) == ["broken.png"], "the grid shows what the line is about"
    qtbot.mouseClick(page.findChild(QPushButton, "data.finding.list"), Qt.MouseButton.LeftButton)
    table = page.findChild(ListDialog).table
    assert (table.item(0, 0).text(), table.rowCount()) == ("disc/broken.png", 1)
    assert "broken.png" in table.item(0, 1).text()
    assert page.grid.grid.pictures.badge(0) is not None
    qtbot.mouseClick(page.grid.finding.close_button, Qt.MouseButton.LeftButton)
    assert len(shown_names(page)) == 25


def made_index(counts: list[int], notes: tuple[str, ...] = ()) -> Index:
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    total = len(labels)
    paths = np.array([f"{label}/{place}.png" for place, label in enumerate(labels)], np.dtypes.StringDType())
    splits, sizes = np.zeros(total, np.int8), np.ones(total, np.int64)
    names = tuple(f"class {number}" for number in range(len(counts)))
    return Index(Path("/x"), names, paths, labels, splits, sizes, sizes, False, notes)


def test_health_is_made_anew_when_the_page_is_looked_at_again(qtbot, page, studio, monkeypatch):
    made: list[list[Finding]] = []
    real = page.dataset.show_findings
    monkeypatch.setattr(page.dataset, "show_findings", lambda findings: made.append(findings) or real(findings))
    page.hide()
    for _ in range(3):
        studio.health.changed.emit()  # a training ended, elsewhere
    assert not made
    page.show()
    qtbot.waitUntil(lambda: made == [studio.health.findings])
    page.hide()
    page.show()
    assert len(made) == 1, "nothing has changed since"
    studio.health.changed.emit()
    assert len(made) == 2


def test_health_speaks_of_imbalance_few_images_and_many_notes():
    def health(*of: object) -> dict[str, Finding]:
        return {finding.text: finding for finding in examined(Known(made_index(*of), ProjectSpec()))}

    texts = health([200, 20])
    uneven = "“class 0” has 10 times as many images as “class 1”: the network will lean towards it"
    assert texts[uneven].level == "warning"
    assert "220 images found" in texts, "before they were read nothing is claimed"
    assert "“class 1” has only 4 images to train with; 50 or more usually learn far better" in health([30, 4])
    assert "3 classes have fewer than 10 images to train with; 50 or more usually learn far better" in health([3, 4, 5])
    checks = [finding.check for finding in health([30, 30], tuple(f"note {n}" for n in range(9))).values()]
    assert checks.count("note") == 5 and "notes" in checks


# ---- what the network receives


def test_the_size_is_edited_and_the_example_follows(qtbot, page, studio):
    qtbot.waitUntil(lambda: page.receives.before_after.after().width() == 16)
    line = page.receives.form.editor("size")
    assert line.objectName() == "data.size"
    line.selectAll()
    qtbot.keyClicks(line, "24")
    assert studio.document.data.size == 24
    qtbot.waitUntil(lambda: page.receives.before_after.after().width() == 24)
    assert page.receives.caption.text().startswith("32 × 32 → 24 × 24")
    studio.document.undo_stack.undo()
    assert studio.document.data.size == 16, "typing two digits was one step"


def test_augmentations_are_switched_set_and_undone(qtbot, page, studio):
    rows = page.receives.rows
    assert not page.receives.strip.isVisible(), "nothing is varied yet"
    rows.row("zoom").check.click()
    rows.row("mirror").check.click()
    assert [entry.kind for entry in studio.document.data.augment] == ["mirror", "zoom"]
    assert page.receives.strip.isVisible()
    line = rows.row("zoom").form.editor("percent")
    line.selectAll()
    qtbot.keyClicks(line, "25")
    assert studio.document.data.augment[1].params["percent"] == 25
    rows.row("zoom").check.click()
    assert [entry.kind for entry in studio.document.data.augment] == ["mirror"]
    rows.row("zoom").check.click()
    assert studio.document.data.augment[1].params["percent"] == 25, "its settings were remembered"
    for _ in range(5):
        studio.document.undo_stack.undo()
    assert studio.document.data.augment == ()
    assert not rows.row("mirror").check.isChecked()


def test_unknown_augmentations_stay_until_they_are_removed(qtbot, page, studio):
    strange = Chosen("from_the_future", {"much": 3})
    data = studio.document.data
    studio.document.edit("x", data=with_augmentation(DataSpec(**vars(data) | {"augment": (strange,)}), "zoom", {}))
    assert [entry.kind for entry in studio.document.data.augment] == ["from_the_future", "zoom"]
    page.receives.rows.row("from_the_future").check.click()
    assert [entry.kind for entry in studio.document.data.augment] == ["zoom"]


def test_the_preview_is_seeded_and_shows_six_variants(qtbot, page, studio):
    page.receives.rows.row("rotate").check.click()
    strip = page.receives.strip
    qtbot.waitUntil(lambda: len(strip.images()) == 6, timeout=60_000)
    path = studio.data.index.path(int(studio.data.index.where(TRAIN)[0]))
    assert list(strip.images()) == variants(path, studio.document.data, 0, 6)
    assert len({bytes(image.constBits()) for image in strip.images()}) > 1
    before = strip.images()
    qtbot.mouseClick(page.receives.again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: strip.images() != before)
    assert list(strip.images()) == variants(path, studio.document.data, 1, 6)


def test_an_unreadable_example_says_why(qtbot, page, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    page.receives.set_example(bad)
    qtbot.waitUntil(lambda: "bad.png" in page.receives.caption.text())


# ---- one picture large


def test_a_picture_opens_large_and_the_arrow_keys_walk(qtbot, page, studio):
    grid = page.grid.grid
    grid.setCurrentIndex(grid.pictures.index(0))
    with qtbot.waitSignal(page.grid.opened) as opened:
        qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert opened.args == [grid.pictures.number(0)]
    viewer = page.findChild(type(page.open_picture(0)))
    qtbot.waitUntil(lambda: viewer.received.image().width() == 16)
    assert "32 × 32 · PNG · colour" in viewer.facts.text() and "disc" in viewer.facts.text()
    qtbot.keyClick(viewer, Qt.Key.Key_Right)
    assert viewer.row() == 1 and grid.currentIndex().row() == 1
    qtbot.keyClick(viewer, Qt.Key.Key_End)
    qtbot.keyClick(viewer, Qt.Key.Key_Right)
    assert viewer.row() == 23 and not viewer.forth.isEnabled()
    viewer.close()


def test_the_large_view_says_why_a_file_cannot_be_read(qtbot, studio, tmp_path, picture_folder):
    (picture_folder / "disc" / "a.png").write_bytes(b"")
    page = open_page(qtbot, studio, tmp_path, picture_folder)
    viewer = page.open_picture(int(np.flatnonzero(studio.data.pictures.row_of < 0)[0]))
    qtbot.waitUntil(lambda: viewer.problem.isVisible())
    assert "a.png" in viewer.problem.text()
    viewer.close()


# ---- sizes


@pytest.mark.parametrize("size", [(1280, 800), (930, 600), (700, 560)])
def test_every_panel_is_within_the_page(qtbot, page, size):
    page.resize(*size)
    qtbot.waitUntil(lambda: page.splitter.width() <= size[0])
    narrow = size[0] < 860
    assert page.sides.isVisible() == narrow
    for panel in (page.dataset, page.grid) if narrow else (page.dataset, page.grid, page.receives):
        left = panel.mapTo(page, QPoint(0, 0)).x()
        assert panel.isVisible() and left >= 0 and left + panel.width() <= size[0]
    if narrow:
        qtbot.mouseClick(page.sides.button("receives"), Qt.MouseButton.LeftButton)
        assert page.receives.isVisible() and not page.dataset.isVisible()


# ---- what cannot be used


def test_a_size_that_the_network_cannot_take_is_said_under_it(qtbot, page, studio):
    studio.document.edit("x", network=fitted("small-vgg", studio.document.facts))
    assert not page.receives.complaint.isVisible()
    line = page.receives.form.editor("size")
    line.selectAll()
    qtbot.keyClicks(line, "7")
    assert page.receives.complaint.isVisible()
    problem = studio.document.report.problems[0]
    assert page.receives.too_small.text().startswith(f"Too small for this network: {problem.what}")
    assert line.mapTo(page, line.rect().bottomLeft()).y() < page.receives.too_small.mapTo(page, QPoint()).y()
    with qtbot.waitSignal(studio.place_wanted) as wanted:
        qtbot.mouseClick(page.findChild(QPushButton, "data.to_network"), Qt.MouseButton.LeftButton)
    assert wanted.args == ["network"]
    studio.document.undo_stack.undo()
    assert not page.receives.complaint.isVisible()


def test_a_problem_that_larger_images_would_not_solve_is_not_blamed_on_the_size(studio, tmp_path):
    studio.document.create(ProjectSpec(data=DataSpec(size=7)), tmp_path / "project.atelier")
    network = fitted("small-vgg", studio.document.facts)
    studio.document.edit("x", network=network)
    assert studio.document.report.problems, "it is not told how many classes there are"
    assert too_small(network, studio.document.report) is None
    empty = NetworkSpec()
    studio.document.edit("x", network=empty)
    assert studio.document.report.problems and too_small(empty, studio.document.report) is None


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Classes of 4, 2, 0 and 1 readable pictures, and in the first three of them others that cannot be read."""
    folder = tmp_path / "damaged"
    for name, count in (("a", 4), ("b", 2), ("c", 0), ("d", 1)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (24, 16), (40 * number, 9, 90)).save(folder / name / f"{number}.png")
    for name in ("a/-first.png", "b/8.png", "b/9.png", "c/only.png"):
        (folder / name).write_bytes(b"no image")
    return folder


def test_counts_are_of_images_that_can_be_read(qtbot, studio, tmp_path, damaged):
    page = open_page(qtbot, studio, tmp_path, damaged)
    index = studio.data.index
    assert len(index) == 11 and index.classes == ("a", "b", "c", "d")
    classes = page.dataset.classes.classes
    assert [sum(classes.index(row).data(COUNTS)) for row in range(4)] == [4, 2, 0, 1]
    assert sum(part.amount for part in page.dataset.split_bar.parts()) == 7
    assert page.grid.filters.count.text() == "7 images" and len(shown_names(page)) == 11
    assert page.grid.filters.count.toolTip().startswith("4 files that cannot be read")
    page.grid.filters.set_label(2)
    assert page.grid.filters.count.text() == "0 of 7 images"
    texts = [line.text for line in page.dataset.health.lines() if line.level == "warning"]
    assert "“c” has no image that can be read" in texts
    assert "“b” has only 2 images: too few for training, validation and test" in texts
    assert [text for text in texts if "class “d”" in text] == [
        "The class “d” has only 1 image; that is too few to divide."
    ]
    assert "“a” has 4.0 times as many images as “d”: the network will lean towards it" in texts


def test_the_example_is_the_first_image_that_can_be_read(qtbot, page, studio):
    index, pictures = studio.data.index, studio.data.pictures
    first, second = (int(number) for number in index.where(TRAIN)[:2])
    assert page._example == first
    row_of = np.where(np.arange(len(index)) == first, -1, pictures.row_of)
    studio.data.become("ready", index, replace(pictures, row_of=row_of, failures={first: "It is broken."}))
    assert page._example == second and page.receives._path == index.path(second)
    # Without a readable image for training, one of another split; without any, none.
    other = replace(pictures, row_of=np.where(index.splits == TEST, pictures.row_of, -1))
    assert example_of(index, other) == index.where(TEST)[0]
    assert example_of(index, replace(pictures, row_of=np.full(len(index), -1))) is None


# ---- room


def test_the_class_list_grows_into_the_free_room(qtbot, studio, tmp_path):
    for number in range(10):
        (tmp_path / "ten" / f"{number}").mkdir(parents=True)
        Image.new("RGB", (8, 8), (20 * number, 0, 9)).save(tmp_path / "ten" / f"{number}" / "a.png")
    page = open_page(qtbot, studio, tmp_path, tmp_path / "ten")
    classes = page.dataset.classes
    page.resize(1280, 1200)
    qtbot.waitUntil(lambda: classes.height() == 10 * row_height() + 4)
    page.resize(1280, 560)
    qtbot.waitUntil(lambda: classes.height() == 6 * row_height() + 4)


@pytest.mark.parametrize("family", ["Inter", "DejaVu Sans"])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_no_list_is_cut_off(qtbot, page, family, scale):
    theme().set_scale(scale)
    try:
        page.setStyleSheet(f"* {{ font-family: '{family}'; }}")
        form = page.receives.form
        for width in (1280, 952, 700):
            page.resize(width, 600)
            page.sides.set_current("receives")
            page._arrange()
            qtbot.waitUntil(lambda: form.row("fit").width() == form.width())
            for name in ("colour", "fit", "normalise"):
                combo = form.editor(name)
                words = max(combo.fontMetrics().horizontalAdvance(combo.itemText(i)) for i in range(combo.count()))
                assert combo.width() - words >= 36, (name, width)
    finally:
        theme().set_scale(None)
