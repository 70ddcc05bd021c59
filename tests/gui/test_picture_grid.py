"""The grid of pictures: arithmetic, model, thumbnails, keys, and that it never gets slow or leaves threads behind."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QItemSelectionModel, QRect, QSize, Qt
from PySide6.QtGui import QImage

from gui.pictures import Badge, PictureModel, PictureView, answers_from
from gui.pictures.cache import Thumbnail, ThumbnailCache, thumbnails
from gui.pictures.grid import Grid, fitted
from gui.pictures.loader import ThumbnailLoader, _fitted, decode, key_of, to_image
from gui.pictures.model import Role
from gui.theme import theme


class Files:
    """An index of some files, repeated as often as wanted."""

    classes = ("disc", "stripes")

    def __init__(self, files: list[Path | bytes], count: int | None = None):
        self.files, self.count = files, count or len(files)
        self.labels = np.arange(self.count) % 2
        self.splits = np.arange(self.count) % 3

    def __len__(self) -> int:
        return self.count

    def path(self, number: int) -> Path | bytes:
        return self.files[number % len(self.files)]


@pytest.fixture
def files(picture_folder) -> Files:
    return Files(sorted(picture_folder.rglob("*.png")))


@pytest.fixture
def view(qtbot):
    view = PictureView(tile=60)
    qtbot.addWidget(view)
    view.resize(400, 300)
    with qtbot.waitExposed(view):
        view.show()
    return view


def colours_in(image: QImage, area: QRect) -> int:
    """How many different colours an area has."""
    rows = range(area.top(), area.bottom() + 1)
    return len({image.pixel(x, y) for x in range(area.left(), area.right() + 1) for y in rows})


def is_drawn(view: PictureView) -> bool:
    pixels = view._pixels
    return all(key_of(view.pictures.source(row), *pixels) in thumbnails() for row in view.visible_rows())


# ---- arithmetic


def test_grid_finds_the_tile_it_placed():
    grid = Grid(count=23, columns=4, tile=QSize(50, 40), gap=10)
    for row in range(23):
        centre = grid.rect(row).center()
        assert grid.row_at(centre.x(), centre.y()) == row
    assert grid.row_at(52, 5) == -1  # between two columns
    assert grid.row_at(5, 43) == -1  # between two lines
    assert grid.row_at(grid.rect(22).right() + 20, grid.rect(22).top() + 1) == -1  # behind the last
    assert grid.rows_between(0, 39) == range(0, 4)
    assert grid.rows_between(grid.height - 1, 10_000)[-1] == 22


def test_rubber_band_takes_tiles_line_by_line():
    grid = Grid(count=10, columns=4, tile=QSize(50, 50), gap=10)
    assert grid.spans_in(QRect(60, 0, 100, 100)) == [(1, 2), (5, 6)]
    assert grid.spans_in(QRect(0, 120, 500, 500)) == [(8, 9)]


@pytest.mark.parametrize("width", [10, 100, 333, 640, 1999])
def test_tiles_fill_the_width(width):
    columns, tile, gap = fitted(width, 90)
    assert columns >= 1
    used = columns * tile + (columns - 1) * gap
    assert used <= max(width, tile)
    if columns > 1:
        assert used > width - columns
        assert tile >= 90


# ---- model


def test_model_tells_all_it_knows(files):
    model = PictureModel()
    history = np.array([[0.2, 0.8], [0.5, 0.4]])
    answers = answers_from(files.classes, np.array([[0.9, 0.1], [0.6, 0.4]]), files.labels[[2, 3]], history)
    model.set_pictures(files, np.array([2, 3]), answers)
    model.set_badges(lambda number: Badge("odd") if number == 3 else None)
    first, second = model.index(0), model.index(1)
    assert first.data(Role.NUMBER) == 2
    assert first.data(Role.SOURCE) == files.path(2)
    assert (first.data(Role.LABEL), first.data(Role.SPLIT)) == ("disc", "test")
    assert (first.data(Role.ANSWER), first.data(Role.RIGHT)) == ("disc", True)
    assert second.data(Role.RIGHT) is False
    assert second.data(Role.PROBABILITY) == pytest.approx(0.6)
    assert list(second.data(Role.HISTORY)) == [0.5, 0.4]
    assert second.data(Role.BADGE) == Badge("odd")
    words = second.data(Qt.ItemDataRole.AccessibleTextRole)
    assert words == f"{files.path(3).name}, stripes, train, wrong: disc 60 %, is stripes, odd"


@pytest.mark.parametrize(
    ("life", "words"),
    [
        ("0000", "right in no epoch so far"),
        ("1111", "right in all epochs so far"),
        ("2211", "right in all epochs so far"),
        ("0001110010", "right in epochs 4–6, 9"),
        ("0101010101", "right in 5 of 10 epochs"),
        ("2101010101", "right in 5 of 9 epochs"),
        ("2222", ""),
    ],
)
def test_the_life_of_an_image_is_told(files, life, words):
    strip = np.array([[int(sign) for sign in life]], dtype=np.uint8)
    told = answers_from(files.classes, np.array([[0.9, 0.1]]), files.labels[:1])
    model = PictureModel()
    model.set_pictures(files, np.array([0]), replace(told, strip=strip))
    tip = model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.split("\n")[-1] == words if words else "epoch" not in tip


def test_answers_alone_change_no_row(files, qtbot):
    model = PictureModel()
    numbers = np.arange(4)
    model.set_pictures(files, numbers)
    resets = []
    model.modelReset.connect(lambda: resets.append(1))
    with qtbot.waitSignal(model.dataChanged):
        model.set_pictures(files, numbers, answers_from(files.classes, np.full((4, 2), 0.5), files.labels[:4]))
    assert resets == []
    with pytest.raises(ValueError, match="4 are shown"):
        model.set_answers(answers_from(files.classes, np.full((3, 2), 0.5), files.labels[:3]))


def test_no_answer_is_no_answer(files):
    answers = answers_from(files.classes, np.array([[np.nan, np.nan], [0.2, 0.8]]), np.array([0, 1]))
    assert answers.answers.tolist() == [-1, 1]
    assert answers.right.tolist() == [False, True]


# ---- thumbnails


def test_thumbnails_fill_the_tile_with_the_middle_of_the_picture(tmp_path):
    picture = Image.new("RGB", (300, 200), (200, 0, 0))
    picture.paste((0, 200, 0), (50, 0, 250, 200))
    picture.save(tmp_path / "wide.png")
    image = decode(tmp_path / "wide.png", 80, 80, 6).image
    assert image.size() == QSize(80, 80)
    assert image.pixelColor(2, 40).green() > 150  # the red ends are cut off
    assert image.pixelColor(0, 0).alpha() < 40  # and the corners are round


def test_a_very_long_picture_is_shown_whole(tmp_path):
    Image.new("RGB", (900, 100), (10, 20, 200)).save(tmp_path / "long.png")
    assert decode(tmp_path / "long.png", 90, 90, 6).image.size() == QSize(90, 10)


@pytest.mark.parametrize("tile", [(112, 112), (104, 90), (89, 89)])
@pytest.mark.parametrize("size", [(386, 256), (256, 386), (1023, 767), (500, 333), (97, 65), (1, 1)])
def test_every_ordinary_shape_fills_its_tile(tmp_path, size, tile):
    Image.new("RGB", size).save(tmp_path / "photo.png")
    assert decode(tmp_path / "photo.png", *tile, 6).image.size() == QSize(*tile)
    assert _fitted(Image.new("RGB", size), *tile).size == tile


@pytest.mark.parametrize("size", [(3000, 2), (1, 2500)])
def test_a_picture_like_a_hair_is_still_seen(tmp_path, size):
    Image.new("RGB", size, (10, 20, 200)).save(tmp_path / "hair.png")
    image = decode(tmp_path / "hair.png", 112, 112, 6).image
    assert min(image.width(), image.height()) >= 4
    assert max(image.width(), image.height()) == 112
    assert image.pixelColor(image.rect().center()).blue() > 150


def test_whole_pictures_lose_nothing(tmp_path):
    picture = Image.new("RGB", (80, 60), (0, 200, 0))
    picture.paste((200, 0, 0), (0, 0, 10, 60))
    picture.save(tmp_path / "photo.png")
    image = decode(tmp_path / "photo.png", 80, 80, 0, True).image
    assert image.size() == QSize(80, 60)
    assert image.pixelColor(2, 30).red() > 150
    assert key_of(b"x", 80, 80, 0, True) != key_of(b"x", 80, 80, 0)


def test_a_thumbnail_that_cannot_be_made_is_an_answer_too(tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "fine.png")

    def fail(*args):
        raise MemoryError("no room for the picture")

    monkeypatch.setattr("gui.pictures.loader.to_image", fail)
    found = decode(tmp_path / "fine.png", 80, 80, 6)
    assert (found.image, found.problem) == (None, "no room for the picture")


def test_what_cannot_be_read_says_why(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    found = decode(tmp_path / "broken.png", 80, 80, 6)
    assert found.image is None
    assert "broken.png" in found.problem
    assert decode(tmp_path / "gone.png", 80, 80, 6).problem


def test_cache_forgets_what_was_used_longest_ago():
    image = to_image(Image.new("RGB", (100, 100)))
    cache = ThumbnailCache(limit=3 * Thumbnail(image).bytes)
    for name in "abc":
        cache.put((name, 1, 1, 0), Thumbnail(image))
    assert cache.get(("a", 1, 1, 0)) is not None
    cache.put(("d", 1, 1, 0), Thumbnail(image))
    assert ("a", 1, 1, 0) in cache
    assert ("b", 1, 1, 0) not in cache
    assert cache.used <= 3 * Thumbnail(image).bytes
    cache.clear()
    assert (len(cache), cache.used) == (0, 0)


def test_loader_drops_what_is_no_longer_wanted(qtbot, monkeypatch):
    may_go, decoded = threading.Event(), []

    def slow(source, side):
        may_go.wait(10)
        decoded.append(source)
        return Image.new("RGB", (8, 8))

    monkeypatch.setattr("engine.data.thumbnails.sample_thumbnail", slow)
    loader = ThumbnailLoader()
    loaded = []
    loader.loaded.connect(lambda key, thumbnail: loaded.append(key))
    sources = [f"picture {number}".encode() for number in range(50)]
    loader.want([(key_of(source, 8, 8, 0), source) for source in sources])
    qtbot.waitUntil(lambda: loader.waiting() < 50)
    last = b"the one on screen now"
    loader.want([(key_of(last, 8, 8, 0), last)])
    may_go.set()
    qtbot.waitUntil(lambda: key_of(last, 8, 8, 0) in loaded and loader.is_idle())
    assert len(decoded) < 10
    assert loader.waiting() == 0
    loader.close()
    loader.want([(key_of(b"late", 8, 8, 0), b"late")])
    assert loader.waiting() == 0


# ---- view


def test_pictures_appear(view, files, qtbot):
    view.set_pictures(files, np.arange(len(files)))
    qtbot.waitUntil(lambda: is_drawn(view), timeout=10_000)
    image = view.grab().toImage()
    centre = view.visualRect(view.pictures.index(0)).center()
    assert image.pixelColor(centre).red() > 150  # the orange disc


def test_pictures_from_memory_appear(view, qtbot, picture_folder):
    data = (picture_folder / "disc" / "disc-00.png").read_bytes()
    view.set_pictures(Files([data]), np.array([0]))
    qtbot.waitUntil(lambda: is_drawn(view), timeout=10_000)
    assert thumbnails().get(key_of(data, *view._pixels)).image is not None


def test_an_unreadable_file_keeps_its_tile(view, tmp_path, qtbot):
    (tmp_path / "broken.png").write_bytes(b"no")
    view.set_pictures(Files([tmp_path / "broken.png"]), np.array([0]))
    qtbot.waitUntil(lambda: is_drawn(view), timeout=10_000)
    assert not view.grab().isNull()
    assert view.model().rowCount() == 1


def test_a_hundred_thousand_pictures_cost_no_more_than_a_screenful(view, files, qtbot):
    many = Files(files.files, 100_000)
    started = time.process_time()
    view.set_pictures(many, np.arange(100_000))
    for value in range(0, 200_000, 20_000):
        view.verticalScrollBar().setValue(value)
        view.viewport().repaint()
    view.resize(500, 300)
    assert time.process_time() - started < 2.0
    view.scrollToBottom()
    assert view.visible_rows()[-1] == 99_999
    qtbot.waitUntil(lambda: not view.is_loading(), timeout=10_000)


def test_keys_move_and_enter_opens(view, files, qtbot):
    view.set_pictures(files, np.arange(len(files))[::-1])
    view.setFocus()
    view.setCurrentIndex(view.pictures.index(0))
    columns = view._grid.columns
    for key, row in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, len(files) - 1),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(view, key)
        assert view.currentIndex().row() == row
    with qtbot.waitSignal(view.opened) as opened:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert opened.args == [len(files) - 1]


def test_double_click_opens_and_ctrl_click_selects_more(view, files, qtbot):
    view.set_pictures(files, np.arange(len(files)))
    first, third = (view.visualRect(view.pictures.index(row)).center() for row in (0, 2))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=first)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, third)
    assert view.selected_numbers().tolist() == [0, 2]
    with qtbot.waitSignal(view.opened) as opened:
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=third)
    assert opened.args == [2]


@pytest.mark.parametrize(("start", "end"), [(1, 8), (8, 1), (3, 6), (6, 3), (4, 4)])
def test_shift_click_selects_the_run_between(view, files, qtbot, start, end):
    view.set_pictures(files, np.arange(len(files)))
    for row, modifier in ((start, Qt.KeyboardModifier.NoModifier), (end, Qt.KeyboardModifier.ShiftModifier)):
        place = view.visualRect(view.pictures.index(row)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    assert view.selected_numbers().tolist() == list(range(min(start, end), max(start, end) + 1))


def test_everything_can_be_selected(view, files):
    view.set_pictures(Files(files.files, 100_000), np.arange(100_000))
    view.selectAll()
    assert len(view.selected_numbers()) == 100_000


def test_place_and_current_picture_survive_a_new_order(view, files):
    many = Files(files.files, 1000)
    view.set_pictures(many, np.arange(1000))
    view.selectionModel().setCurrentIndex(view.pictures.index(70), QItemSelectionModel.SelectionFlag.NoUpdate)
    view.verticalScrollBar().setValue(500)
    view.set_pictures(many, np.roll(np.arange(1000), 1))
    assert view.verticalScrollBar().value() == 500
    assert view.currentIndex().row() == 71
    view.set_pictures(Files(files.files, 1000), np.arange(1000))  # another data set begins at its top
    assert view.verticalScrollBar().value() == 0


def test_tile_size_changes_and_keeps_the_first_picture_in_sight(view, files):
    view.set_pictures(Files(files.files, 1000), np.arange(1000))
    view.verticalScrollBar().setValue(2000)
    first = view.visible_rows()[0]
    view.set_tile(110)
    assert view.tile() == 110
    assert abs(view.visible_rows()[0] - first) <= 2 * max(1, view._grid.columns) + 6
    view.set_tile(10_000)
    assert view.tile() < 10_000


def test_answers_are_drawn_with_a_mark_and_not_by_colour_alone(qtbot, files):
    view = PictureView(tile=120, caption=True, history=True)
    qtbot.addWidget(view)
    view.resize(300, 300)
    with qtbot.waitExposed(view):
        view.show()
    told = np.array([[0.9, 0.1], [0.9, 0.1]])
    view.set_pictures(
        files, np.array([0, 1]), answers_from(files.classes, told, files.labels[:2], np.array([[0.1, 0.9], [0.3, 0.1]]))
    )
    view.set_planned(30)
    words = [view.pictures.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in (0, 1)]
    assert "right: disc 90 %" in words[0]
    assert "wrong: disc 90 %, is stripes" in words[1]
    qtbot.waitUntil(lambda: is_drawn(view), timeout=10_000)
    assert not view.grab().isNull()


def test_a_strip_shows_which_epoch_is_looked_back_at(qtbot, files):
    view = PictureView(tile=120, caption=True, history=True)
    qtbot.addWidget(view)
    view.resize(300, 300)
    with qtbot.waitExposed(view):
        view.show()
    view.set_strip(True)
    told = answers_from(files.classes, np.array([[0.9, 0.1]]), files.labels[:1])
    right_always = np.ones((1, 10), dtype=np.uint8)

    def marked(place: int) -> list[int]:
        """The columns in which the colour of text stands in the strip."""
        view.set_pictures(files, np.array([0]), replace(told, strip=right_always, marker=place))
        image, area = view.grab().toImage(), view.visualRect(view.pictures.index(0))
        line = area.bottom() - 8
        ink = theme().color("text").rgb()
        return [x - area.left() for x in range(area.left(), area.right() + 1) if image.pixel(x, line) == ink]

    assert marked(-1) == [] and marked(9) == [], "the newest epoch is where the strip ends"
    early, late = marked(1), marked(7)
    assert early and late and max(early) < min(late)


def test_names_too_long_for_one_line_give_captions_two(qtbot, files):
    class Named(Files):
        classes = ("a chihuahua in a hat", "a muffin without one")

    heights = []
    for index in (files, Named(files.files)):
        view = PictureView(tile=150, caption=True, whole=True)
        qtbot.addWidget(view)
        view.resize(300, 300)
        told = answers_from(index.classes, np.array([[0.9, 0.1], [0.9, 0.1]]), files.labels[:2])
        view.set_pictures(index, np.array([0, 1]), told)
        assert not view.grab().isNull()
        heights.append(view.visualRect(view.pictures.index(0)).height())
    assert heights[1] > heights[0]


def test_an_unreadable_picture_with_a_badge_is_named_once(qtbot, files, tmp_path, monkeypatch):
    (tmp_path / "broken.png").write_bytes(b"no")
    view = PictureView(tile=120)
    qtbot.addWidget(view)
    view.resize(300, 300)
    with qtbot.waitExposed(view):
        view.show()
    view.set_pictures(Files([tmp_path / "broken.png"]), np.array([0]))
    qtbot.waitUntil(lambda: is_drawn(view), timeout=10_000)
    plain = view.grab().toImage()
    view.pictures.set_badges(lambda number: Badge("cannot be read", "bad"))
    marked = view.grab().toImage()
    place = view.visualRect(view.pictures.index(0))
    words = QRect(place.left() + 4, place.center().y() + 7, place.width() - 8, 14)
    assert colours_in(plain, words) > 3
    assert colours_in(marked, words) == 1


def test_empty_grid_says_so(view):
    view.set_placeholder("Nothing here.")
    view.set_pictures(None, np.empty(0))
    assert not view.grab().isNull()
    assert view.selected_numbers().tolist() == []


def test_a_deleted_view_leaves_no_thread_at_work(qtbot, files):
    view = PictureView(tile=60)
    view.resize(400, 300)
    with qtbot.waitExposed(view):
        view.show()
    view.set_pictures(Files(files.files, 1000), np.arange(1000))
    view.viewport().repaint()
    loader = view._loader
    view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert loader.is_idle()
    assert loader.waiting() == 0
