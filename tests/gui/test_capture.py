"""Collecting images: a camera that is none, a pad, what is pasted or dropped, and the files that come of it."""

import errno
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, QPoint, QPointF, QSettings, Qt, QUrl, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QSlider

from engine.data import collect
from engine.data.collect import add_images
from engine.errors import EngineError
from gui.pages.data.capture import Camera, CollectDialog, FrameSource, ImageWriter
from gui.pages.data.capture import dialog as dialog_module
from gui.pages.data.capture import webcam as webcam_module
from gui.pages.data.capture.burst import Burst
from gui.pages.data.capture.camera import CameraSource, no_camera
from gui.pages.data.capture.pad import DrawingPad
from gui.pages.data.incoming import can_take, incoming
from gui.pages.shared.qimages import pixels, qimage

WIDE, HIGH = 64, 48


def frame(value: int = 0) -> QImage:
    """A wide image whose left edge is red, so that mirroring would show."""
    array = np.full((HIGH, WIDE, 3), value, np.uint8)
    array[:, : WIDE // 4] = 250, 0, 0
    return qimage(array)


class FakeSource(FrameSource):
    """A camera that sends what a test tells it to."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.there = [Camera("a", "Camera A"), Camera("b", "Camera B")]
        self.problem: EngineError | None = None
        self.calls: list[str] = []

    def cameras(self) -> list[Camera]:
        return self.there

    def start(self, camera_id: str = "") -> None:
        self.calls.append(f"start {camera_id}")
        if self.problem is not None:
            self.problem_found.emit(self.problem)

    def stop(self) -> None:
        self.calls.append("stop")

    @property
    def is_running(self) -> bool:
        return bool(self.calls) and self.calls[-1] != "stop"

    def send(self, value: int = 0) -> None:
        self.frame_arrived.emit(frame(value))


@pytest.fixture
def settings(qapp, tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / name / "first.png")
    return folder


@pytest.fixture
def source(qapp) -> FakeSource:
    return FakeSource()


class Collecting:
    """The window and what it has told."""

    def __init__(self, dialog: CollectDialog) -> None:
        self.dialog, self.added, self.removed = dialog, [], []
        dialog.added.connect(self.added.append)
        dialog.removed.connect(self.removed.append)


@pytest.fixture
def collecting(qtbot, folder, settings, source, monkeypatch) -> Collecting:
    monkeypatch.setattr(dialog_module, "TELL", 20)
    return opened(qtbot, folder, settings, source)


def opened(qtbot, folder: Path, settings: QSettings, source: FrameSource, classes=("cat", "dog"), split="train"):
    dialog = CollectDialog(folder, classes, split, settings, make_source=lambda parent: source)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.writer.waiting == 0)
    return Collecting(dialog)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def press(widget, key, **rest) -> None:
    QTest.keyPress(widget, key, **rest)


def draw(pad: DrawingPad, *points: tuple[float, float]) -> None:
    """Drag from point to point, in fractions of the paper."""
    paper = pad.paper()
    places = [paper.topLeft() + QPointF(x, y) * paper.width() for x, y in points]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [(QEvent.Type.MouseButtonPress, left, left, places[0])]
    steps += [(QEvent.Type.MouseMove, none, left, place) for place in places[1:]]
    steps += [(QEvent.Type.MouseButtonRelease, left, none, places[-1])]
    for kind, button, held, place in steps:
        modifiers = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, place, pad.mapToGlobal(place), button, held, modifiers)
        QCoreApplication.sendEvent(pad, event)


# ---- the webcam


def test_holding_space_takes_a_burst_and_letting_go_ends_it(qtbot, collecting, folder, source):
    dialog, panel = collecting.dialog, collecting.dialog.webcam
    panel.rate.setValue(15)
    assert source.calls[-1] == "start a" and not panel.button.isEnabled()
    source.send(1)
    assert panel.button.isEnabled()
    press(panel.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: source.send(7) or len(files(folder)) >= 2 + 3)
    QTest.keyRelease(panel.view, Qt.Key.Key_Space)
    assert not panel.burst.is_running
    qtbot.waitUntil(lambda: dialog.writer.waiting == 0)
    taken = len(files(folder)) - 2
    qtbot.waitUntil(lambda: sum(map(len, collecting.added)) == taken)
    paths = [path for told in collecting.added for path in told]
    assert sorted(path.relative_to(folder).as_posix() for path in paths) == [
        f"cat/webcam-{number:04d}.png" for number in range(1, taken + 1)
    ]
    assert dialog.classes.count_of("cat") == 1 + taken and f"cat {1 + taken}" in dialog.classes.counts.text()


def test_the_images_are_the_square_and_not_mirrored(qtbot, collecting, folder, source):
    panel = collecting.dialog.webcam
    assert panel.view.is_mirrored
    source.send(9)
    panel.button.click()
    qtbot.waitUntil(lambda: "cat/webcam-0001.png" in files(folder))
    expected = pixels(frame(9))[:, (WIDE - HIGH) // 2 : (WIDE + HIGH) // 2]
    assert np.array_equal(np.asarray(Image.open(folder / "cat/webcam-0001.png")), expected)
    panel.square.setChecked(False)
    source.send(9)
    panel.button.click()
    qtbot.waitUntil(lambda: "cat/webcam-0002.png" in files(folder))
    assert np.array_equal(np.asarray(Image.open(folder / "cat/webcam-0002.png")), pixels(frame(9)))


def test_the_mirror_and_the_square_are_seen(qtbot, collecting, source):
    panel = collecting.dialog.webcam
    source.send(90)
    view = panel.view
    where = [QPoint(view.width() // 2 + sign * int(view.width() * 0.46), view.height() // 2) for sign in (-1, 1)]

    def reds() -> list[bool]:
        shown = view.grab().toImage()
        ratio = shown.devicePixelRatio()
        colours = [shown.pixelColor(place * ratio) for place in where]
        return [colour.red() > colour.blue() + 40 for colour in colours]

    panel.square.setChecked(False)
    assert reds() == [False, True]
    bright = view.grab().toImage().pixelColor(where[1]).red()
    panel.mirror.setChecked(False)
    assert reds() == [True, False]
    panel.mirror.setChecked(True)
    panel.square.setChecked(True)
    assert view.grab().toImage().pixelColor(where[1]).red() < bright - 60, "what is cut off is in the shade"


def test_one_frame_is_never_kept_twice(qtbot, collecting, folder, source):
    panel = collecting.dialog.webcam
    source.send()
    panel.burst.shot_due.emit()
    panel.burst.shot_due.emit()
    source.send()
    panel.burst.shot_due.emit()
    qtbot.waitUntil(lambda: collecting.dialog.writer.waiting == 0)
    assert len(files(folder)) == 2 + 2


def test_a_countdown_takes_a_number_of_images_by_itself(qtbot, collecting, folder, source, monkeypatch):
    monkeypatch.setattr(Burst, "SECOND", 60)
    panel = collecting.dialog.webcam
    panel.countdown.setChecked(True)
    panel.number.setValue(4)
    counted = []
    panel.burst.counted.connect(counted.append)
    source.send()
    QTest.keyClick(panel.view, Qt.Key.Key_Space)
    assert panel.burst.is_running and counted == [3] and "Stop" in panel.button.text()
    assert files(folder) == ["cat/first.png", "dog/first.png"]
    qtbot.waitUntil(lambda: source.send() or not panel.burst.is_running)
    qtbot.waitUntil(lambda: collecting.dialog.writer.waiting == 0)
    assert counted[:4] == [3, 2, 1, 0] and len(files(folder)) == 2 + 4


@pytest.mark.parametrize("how", ["again", "escape", "setting"])
def test_a_countdown_can_be_stopped(collecting, source, how):
    panel = collecting.dialog.webcam
    panel.countdown.setChecked(True)
    source.send()
    QTest.keyClick(panel.view, Qt.Key.Key_Space)
    if how == "again":
        QTest.keyClick(panel.view, Qt.Key.Key_Space)
    elif how == "escape":
        QTest.keyClick(panel.view, Qt.Key.Key_Escape)
    else:
        panel.countdown.setChecked(False)
    assert not panel.burst.is_running and collecting.dialog.isVisible()


def test_a_key_that_repeats_is_one_press_and_a_lost_focus_lets_go(qtbot, collecting, source):
    panel = collecting.dialog.webcam
    source.send()
    changes = []
    panel.burst.running_changed.connect(changes.append)
    press(panel.view, Qt.Key.Key_Space)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        event = QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ", True)
        QCoreApplication.sendEvent(panel.view, event)
    assert changes == [True]
    panel.rate.setFocus()
    qtbot.waitUntil(lambda: changes == [True, False])


def test_a_missed_moment_after_a_countdown_is_made_up_for(qtbot):
    burst, due = Burst(), []
    burst.countdown, burst.number, burst.SECOND = 1, 2, 30
    burst.shot_due.connect(lambda: due.append(len(due)) or (burst.missed() if len(due) == 1 else None))
    burst.press()
    qtbot.waitUntil(lambda: not burst.is_running)
    assert len(due) == 3


# ---- cameras that do not work


def test_a_problem_is_a_sentence_and_can_be_tried_again(qtbot, folder, settings, source):
    source.problem = no_camera()
    dialog = opened(qtbot, folder, settings, source).dialog
    panel = dialog.webcam
    assert panel.trouble.isVisible() and not panel.view.isVisible() and not panel.button.isVisible()
    assert panel.trouble.accessibleName() == "No camera was found."
    assert "Connect a camera" in panel.trouble.accessibleDescription()
    source.problem = None
    panel.again.click()
    source.send()
    assert panel.view.isVisible() and panel.button.isEnabled()


def test_a_camera_that_is_plugged_in_is_used_at_once(qtbot, folder, settings, source):
    source.problem, source.there = no_camera(), []
    dialog = opened(qtbot, folder, settings, source).dialog
    panel = dialog.webcam
    assert not panel.camera.isEnabled()
    source.problem, source.there = None, [Camera("c", "Camera C")]
    source.cameras_changed.emit()
    source.send()
    assert source.calls[-1] == "start c" and panel.view.isVisible()


def test_a_camera_that_is_pulled_out_gives_way_to_the_other(collecting, source):
    source.send()
    source.there = source.there[1:]
    source.cameras_changed.emit()
    assert source.calls[-1] == "start b"


def test_a_camera_that_stays_silent_is_given_up(qtbot, folder, settings, source, monkeypatch):
    monkeypatch.setattr(webcam_module, "PATIENCE", 30)
    dialog = opened(qtbot, folder, settings, source).dialog
    panel = dialog.webcam
    qtbot.waitUntil(lambda: panel.trouble.isVisible())
    assert "“Camera A” sends no images" in panel.trouble.accessibleName() and not source.is_running


@pytest.mark.parametrize("broken", [False, True], ids=["missing", "broken"])
def test_without_qtmultimedia_there_is_a_sentence_and_the_pad_works(qtbot, folder, settings, monkeypatch, broken):
    if broken:
        reason = ImportError("libpulse.so.0: cannot open shared object file")

        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name == "PySide6.QtMultimedia":
                    raise reason

        monkeypatch.delitem(sys.modules, "PySide6.QtMultimedia", raising=False)
        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    else:
        monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    dialog = CollectDialog(folder, ("cat",), "", settings)
    qtbot.addWidget(dialog)
    dialog.show()
    said = dialog.webcam.trouble.accessibleDescription()
    assert dialog.webcam.trouble.accessibleName() == "The camera cannot be used."
    assert ("libpulse.so.0" in said) if broken else ("PySide6-Addons" in said)
    dialog.ways.button("drawing").click()
    draw(dialog.drawing.pad, (0.2, 0.2), (0.8, 0.8))
    dialog.drawing.add.click()
    qtbot.waitUntil(lambda: "cat/drawing-0001.png" in files(folder))


def test_qtmultimedia_is_left_alone_until_the_tab_opens(qtbot, folder, settings, source):
    settings.setValue("collect/way", "drawing")
    made = []
    dialog = CollectDialog(folder, ("cat",), "train", settings, make_source=lambda parent: made.append(1) or source)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not made and dialog.drawing.isVisible()
    dialog.ways.button("webcam").click()
    assert made == [1] and source.is_running


# ---- letting the camera go


def test_the_camera_is_only_in_use_while_it_is_looked_at(collecting, source):
    assert source.is_running
    collecting.dialog.ways.button("drawing").click()
    assert not source.is_running
    collecting.dialog.ways.button("webcam").click()
    assert source.is_running
    collecting.dialog.hide()
    assert not source.is_running


@pytest.mark.parametrize("how", ["close", "escape", "delete"])
def test_the_camera_is_let_go_with_the_window(qtbot, folder, settings, source, how):
    dialog = CollectDialog(folder, ("cat",), "train", settings, make_source=lambda parent: source)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.writer.waiting == 0)
    assert source.is_running
    gone = []
    dialog.destroyed.connect(lambda: gone.append(True))
    if how == "close":
        dialog.close_button.click()
    elif how == "escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        dialog.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))
    assert not source.is_running


def test_what_was_taken_just_before_closing_is_written_and_told(qtbot, folder, settings, source, monkeypatch):
    told, go = [], threading.Event()
    real = collect._write_new
    monkeypatch.setattr(collect, "_write_new", lambda *given: go.wait(10) and real(*given))
    dialog = CollectDialog(folder, ("cat",), "train", settings, make_source=lambda parent: source)
    dialog.added.connect(told.append)
    dialog.show()
    for _ in range(3):
        source.send()
        dialog.webcam.burst.shot_due.emit()
    gone = []
    dialog.destroyed.connect(lambda: gone.append(True))
    dialog.close()
    assert not dialog.isVisible()
    go.set()
    qtbot.waitUntil(lambda: bool(gone))
    assert [path.name for paths in told for path in paths] == [f"webcam-000{number}.png" for number in (1, 2, 3)]
    assert len(files(folder)) == 5


# ---- classes


def test_keys_choose_classes_and_a_new_one_can_be_named(qtbot, collecting, folder, source, settings):
    dialog = collecting.dialog
    QTest.keyClick(dialog.webcam.view, Qt.Key.Key_2)
    assert dialog.classes.current() == "dog"
    QTest.keyClick(dialog.webcam.view, Qt.Key.Key_9)
    assert dialog.classes.current() == "dog", "there is no ninth"
    dialog.classes.new.click()
    QTest.keyClicks(dialog.classes.name, "a bird")
    QTest.keyClick(dialog.classes.name, Qt.Key.Key_Return)
    assert dialog.classes.current() == "a bird" and dialog.isVisible() and dialog.webcam.view.hasFocus()
    source.send()
    dialog.webcam.button.click()
    qtbot.waitUntil(lambda: "a bird/webcam-0001.png" in files(folder))
    qtbot.waitUntil(lambda: dialog.classes.count_of("a bird") == 1)
    assert settings.value("collect/class") == "a bird"


@pytest.mark.parametrize(("typed", "current"), [("CAT", "cat"), (" dog ", "dog"), ("x/y", "x-y")])
def test_a_class_that_is_there_is_chosen_instead_of_made(collecting, typed, current):
    classes = collecting.dialog.classes
    classes.add_class(typed)
    assert classes.current() == current and len(classes.names()) == (3 if current == "x-y" else 2)


def test_a_name_that_cannot_be_is_told_and_can_be_left(collecting):
    dialog = collecting.dialog
    dialog.classes.new.click()
    dialog.classes.name.setText("test")
    QTest.keyClick(dialog.classes.name, Qt.Key.Key_Return)
    assert dialog.classes.problem.isVisible() and "Choose another name" in dialog.classes.problem.text()
    QTest.keyClick(dialog.classes.name, Qt.Key.Key_Escape)
    assert dialog.isVisible() and dialog.classes.box.isVisible() and not dialog.classes.problem.isVisible()
    assert dialog.classes.names() == ["cat", "dog"]


def test_without_classes_the_first_thing_is_a_name(qtbot, tmp_path, settings, source):
    (tmp_path / "empty").mkdir()
    dialog = opened(qtbot, tmp_path / "empty", settings, source, classes=()).dialog
    source.send()
    assert dialog.classes.name.isVisible() and not dialog.classes.leave.isVisible()
    assert not dialog.webcam.button.isEnabled() and "class first" in dialog.webcam.button.text()
    dialog.classes.name.setText("one")
    QTest.keyClick(dialog.classes.name, Qt.Key.Key_Return)
    assert dialog.webcam.button.isEnabled()


def test_images_are_counted_and_go_where_the_splits_say(qtbot, tmp_path, settings, source):
    data = tmp_path / "split"
    for place in ("train/cat", "test/cat"):
        (data / place).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(data / place / "first.png")
    dialog = opened(qtbot, data, settings, source, classes=("cat",), split="test").dialog
    source.send()
    dialog.webcam.button.click()
    qtbot.waitUntil(lambda: dialog.classes.count_of("cat") == 2)
    assert "test/cat/webcam-0001.png" in files(data)


def test_of_many_classes_the_extremes_are_told(qtbot, folder, settings, source):
    names = ("cat", "dog", *(f"class {number}" for number in range(20)))
    dialog = opened(qtbot, folder, settings, source, classes=names).dialog
    assert dialog.classes.counts.text() == "Fewest: class 0 0 · most: cat 1"


# ---- the strip, undo, failures


def test_a_shot_can_be_taken_back(qtbot, collecting, folder, source):
    dialog = collecting.dialog
    for _ in range(2):
        source.send()
        dialog.webcam.button.click()
    qtbot.waitUntil(lambda: len(dialog.strip.shots()) == 2)
    newest = dialog.strip.shots()[0]
    assert newest.path.name == "webcam-0002.png" and "webcam-0002.png" in newest.accessibleName()
    newest.click()
    qtbot.waitUntil(lambda: collecting.removed == [[newest.path]])
    assert "cat/webcam-0002.png" not in files(folder) and len(dialog.strip.shots()) == 1
    assert dialog.classes.count_of("cat") == 2
    told = [path.name for paths in collecting.added for path in paths]
    assert told == ["webcam-0001.png", "webcam-0002.png"], "told as added before it is told as removed"


def test_a_file_that_was_edited_since_stays_and_that_is_told(qtbot, collecting, folder, source):
    dialog = collecting.dialog
    source.send()
    dialog.webcam.button.click()
    qtbot.waitUntil(lambda: len(dialog.strip.shots()) == 1)
    dialog.strip.shots()[0].path.write_bytes(b"edited")
    dialog.strip.shots()[0].click()
    qtbot.waitUntil(lambda: dialog.notice.isVisible())
    assert "webcam-0001.png" in dialog.notice.what.text() and not dialog.strip.shots()
    assert "cat/webcam-0001.png" in files(folder) and dialog.classes.count_of("cat") == 2
    assert collecting.removed == []


def test_a_full_disk_ends_the_burst_and_is_told_once(qtbot, collecting, folder, source, monkeypatch):
    dialog, told = collecting.dialog, []
    dialog.writer.failed.connect(told.append)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    source.send()
    press(dialog.webcam.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: dialog.notice.isVisible())
    assert not dialog.webcam.burst.is_running and "disk is full" in dialog.notice.why.text()
    qtbot.waitUntil(lambda: dialog.writer.waiting == 0)
    assert len(told) == 1 and files(folder) == ["cat/first.png", "dog/first.png"]


def test_where_the_disk_is_slow_images_are_passed_over_not_piled_up(qtbot, collecting, folder, source, monkeypatch):
    monkeypatch.setattr(dialog_module, "MOST_WAITING", 3)
    go, real = threading.Event(), collect._write_new
    monkeypatch.setattr(collect, "_write_new", lambda *given: go.wait(10) and real(*given))
    for _ in range(10):
        source.send()
        collecting.dialog.webcam.burst.shot_due.emit()
    assert collecting.dialog.writer.waiting == 3
    go.set()
    qtbot.waitUntil(lambda: collecting.dialog.writer.waiting == 0)
    assert len(files(folder)) == 2 + 3


# ---- the writer


def test_the_writer_works_in_order_off_the_gui_thread(qtbot, folder):
    writer, done, threads = ImageWriter(folder, ("cat",)), [], []
    writer.written.connect(lambda written: done.append((written.tag, len(written.paths), len(written.problems))))
    writer.removed.connect(lambda removed: done.append(("removed", len(removed.paths), len(removed.kept))))

    def images() -> list[np.ndarray]:
        threads.append(threading.current_thread())
        return [np.zeros((4, 4, 3), np.uint8)]

    with qtbot.waitSignal(writer.idled):
        writer.add("cat", images, tag="first")
        writer.add("cat", [b"nothing", folder / "dog"], tag="second")
        writer.remove("cat", [folder / "cat/image-0001.png", folder / "cat/first.png"])
    assert done == [("first", 1, 0), ("second", 1, 1), ("removed", 1, 1)]
    assert threads[0] is not threading.main_thread()
    assert files(folder) == ["cat/first-0001.png", "cat/first.png", "dog/first.png"]


def test_after_a_failure_what_waits_is_dropped_and_the_next_is_done(qtbot, folder):
    writer, failed, done, go = ImageWriter(folder, ("cat",)), [], [], threading.Event()
    writer.failed.connect(failed.append)
    writer.written.connect(done.append)
    writer.add("cat", lambda: go.wait(10) and [])
    writer.add("..", [np.zeros((4, 4, 3), np.uint8)])
    writer.add("cat", [np.zeros((4, 4, 3), np.uint8)])
    with qtbot.waitSignal(writer.idled):
        go.set()
    assert len(failed) == 1 and isinstance(failed[0], EngineError) and len(done) == 1
    with qtbot.waitSignal(writer.idled):
        writer.add("cat", [np.zeros((4, 4, 3), np.uint8)])
    assert len(done) == 2 and writer.waiting == 0


# ---- drawing


@pytest.fixture
def pad(qtbot) -> DrawingPad:
    pad = DrawingPad()
    qtbot.addWidget(pad)
    pad.resize(300, 340)
    pad.show()
    return pad


def darkness(image: QImage) -> float:
    """Share of black, 0..1."""
    return 1 - float(pixels(image).mean()) / 255


@pytest.mark.parametrize("side", [28, 64, 256])
def test_a_drawing_is_the_same_at_every_size_and_antialiased(pad, side):
    draw(pad, (0.2, 0.5), (0.8, 0.5))
    image = pad.render_image(side)
    assert (image.width(), image.height()) == (side, side) and image.isGrayscale()
    assert darkness(image) == pytest.approx(0.6 * 0.08 + np.pi * 0.04**2, abs=0.006)
    assert len(np.unique(pixels(image))) > 2, "edges are soft"
    row = pixels(image)[side // 2, :, 0]
    assert row[side // 2] < 40 and row[2] == 255


def test_strokes_can_be_taken_back_and_so_can_wiping(pad):
    blank = pad.render_image(28)
    assert pad.is_empty() and not pad.can_undo()
    draw(pad, (0.2, 0.2), (0.8, 0.8))
    once = pad.render_image(28)
    draw(pad, (0.5, 0.5))
    twice = pad.render_image(28)
    draw(pad, (0.8, 0.2))
    assert pad.render_image(28) != twice != once != blank, "a point is a stroke too"
    QTest.keyClick(pad, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert pad.render_image(28) == twice
    QTest.keyClick(pad, Qt.Key.Key_Delete)
    assert pad.is_empty() and pad.render_image(28) == blank
    pad.undo()
    assert pad.render_image(28) == twice
    pad.undo()
    pad.undo()
    assert pad.render_image(28) == blank and not pad.can_undo()


def test_brush_and_ink_have_an_effect(pad):
    draw(pad, (0.2, 0.3), (0.8, 0.3))
    thin = darkness(pad.render_image(64))
    pad.brush = 0.16
    draw(pad, (0.2, 0.7), (0.8, 0.7))
    assert darkness(pad.render_image(64)) > 2.5 * thin, "the first stroke keeps its width"
    dark = darkness(pad.render_image(64))
    pad.set_ink("white")
    assert darkness(pad.render_image(64)) == pytest.approx(1 - dark, abs=0.01)


def test_enter_adds_a_drawing_and_begins_the_next(qtbot, collecting, folder):
    dialog = collecting.dialog
    dialog.ways.button("drawing").click()
    panel = dialog.drawing
    assert not panel.add.isEnabled()
    QTest.keyClick(panel.pad, Qt.Key.Key_Return)
    panel.side.setValue(28)
    panel.ink.button("white").click()
    QTest.keyClick(panel.pad, Qt.Key.Key_2)
    draw(panel.pad, (0.3, 0.3), (0.6, 0.6))
    assert panel.add.text() == "Add to dog (Enter)"
    expected = pixels(panel.pad.render_image(28))[..., 0]
    QTest.keyClick(panel.pad, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "dog/drawing-0001.png" in files(folder))
    with Image.open(folder / "dog/drawing-0001.png") as saved:
        assert saved.mode == "L" and saved.size == (28, 28) and np.array_equal(np.asarray(saved), expected)
    assert panel.pad.is_empty() and not panel.pad.can_undo()
    assert len(files(folder)) == 3, "an empty pad adds nothing"


def test_enter_in_a_field_adds_nothing(collecting, folder):
    dialog = collecting.dialog
    dialog.ways.button("drawing").click()
    draw(dialog.drawing.pad, (0.3, 0.3), (0.6, 0.6))
    dialog.drawing.side.setFocus()
    QTest.keyClick(dialog.drawing.side, Qt.Key.Key_Return)
    assert not dialog.drawing.pad.is_empty() and dialog.isVisible() and dialog.writer.waiting == 0
    QTest.keyClick(dialog.drawing.add, Qt.Key.Key_Return)
    assert dialog.drawing.pad.is_empty(), "on its own button it does"


# ---- what is remembered, and names


def test_choices_are_remembered(qtbot, folder, settings, source):
    first = opened(qtbot, folder, settings, source).dialog
    first.webcam.rate.setValue(9)
    first.webcam.number.setValue(33)
    first.webcam.countdown.setChecked(True)
    first.webcam.mirror.setChecked(False)
    first.webcam.square.setChecked(False)
    first.webcam.camera.setCurrentIndex(1)
    first.webcam.camera.activated.emit(1)
    first.classes.choose("dog")
    first.drawing.brush.setValue(15)
    first.drawing.side.setValue(28)
    first.drawing.ink.button("white").click()
    settings.sync()
    fresh = FakeSource()
    again = QSettings(settings.fileName(), QSettings.Format.IniFormat)
    second = opened(qtbot, folder, again, fresh).dialog
    webcam, drawing = second.webcam, second.drawing
    assert fresh.calls[-1] == "start b" and second.classes.current() == "dog"
    assert (webcam.rate.value(), webcam.number.value(), webcam.countdown.isChecked()) == (9, 33, True)
    assert not webcam.view.is_mirrored and not webcam.view.keeps_square
    assert (webcam.burst.rate, webcam.burst.number, webcam.burst.countdown) == (9, 33, 3)
    assert (drawing.pad.brush, drawing.side.value(), drawing.ink.current()) == (0.15, 28, "white")


def test_everything_that_is_acted_on_has_a_name(qtbot, collecting, source):
    source.send()
    collecting.dialog.webcam.button.click()
    qtbot.waitUntil(lambda: len(collecting.dialog.strip.shots()) == 1)
    for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QSlider, QLineEdit):
        for widget in collecting.dialog.findChildren(kind):
            is_inside = isinstance(widget.parent(), QAbstractSpinBox)  # Qt's own line edit
            if is_inside or widget.property("segment") or collecting.dialog.notice.isAncestorOf(widget):
                continue
            assert widget.objectName().startswith("collect."), widget
            assert widget.accessibleName(), widget.objectName()


# ---- the real camera's wiring, with a QtMultimedia that is none


class Format:
    def __init__(self, height: int, rate: float) -> None:
        self.height, self.rate = height, rate

    def resolution(self):
        return SimpleNamespace(height=lambda: self.height)

    def maxFrameRate(self) -> float:
        return self.rate


class Device:
    def __init__(self, name: str, *formats: Format) -> None:
        self.name, self.formats = name, list(formats)

    def id(self) -> bytes:
        return self.name.encode()

    def description(self) -> str:
        return self.name.upper()

    def videoFormats(self) -> list[Format]:
        return self.formats


def fake_multimedia(devices: list[Device]) -> SimpleNamespace:
    class Devices(QObject):
        videoInputsChanged = Signal()

        @staticmethod
        def videoInputs() -> list[Device]:
            return devices

        @staticmethod
        def defaultVideoInput() -> Device | None:
            return devices[-1] if devices else None

    class CameraDevice(QObject):
        errorOccurred = Signal(object, str)
        Error = SimpleNamespace(NoError=0, CameraError=1)
        made: list = []  # noqa: RUF012 - one list for the test to look into

        def __init__(self, device: Device, parent: QObject) -> None:
            super().__init__(parent)
            self.device, self.running, self.form = device, False, None
            CameraDevice.made.append(self)

        def setCameraFormat(self, form: Format) -> None:
            self.form = form

        def start(self) -> None:
            self.running = True

        def stop(self) -> None:
            self.running = False

    class Sink(QObject):
        videoFrameChanged = Signal(object)

    class Session(QObject):
        def setVideoSink(self, sink: Sink) -> None:
            self.sink = sink

        def setCamera(self, camera: CameraDevice | None) -> None:
            self.camera = camera

    return SimpleNamespace(QMediaDevices=Devices, QCamera=CameraDevice, QVideoSink=Sink, QMediaCaptureSession=Session)


@pytest.fixture
def real(qapp, monkeypatch):
    """A `CameraSource` over two devices, and everything that it has sent."""
    devices = [Device("other"), Device("usual", Format(240, 60), Format(720, 10), Format(720, 30), Format(2160, 30))]
    module = fake_multimedia(devices)
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", module)
    camera = CameraSource()
    found = SimpleNamespace(source=camera, module=module, devices=devices, frames=[], problems=[])
    camera.frame_arrived.connect(found.frames.append)
    camera.problem_found.connect(found.problems.append)
    return found


def test_the_usual_camera_runs_at_a_fitting_size_until_it_is_stopped(real):
    assert real.source.cameras() == [Camera("usual", "USUAL"), Camera("other", "OTHER")]
    real.source.start()
    [camera] = real.module.QCamera.made
    assert camera.device.name == "usual" and camera.running and (camera.form.height, camera.form.rate) == (720, 30)
    real.source._sink.videoFrameChanged.emit(SimpleNamespace(toImage=lambda: frame(3)))
    real.source._sink.videoFrameChanged.emit(SimpleNamespace(toImage=QImage))
    assert len(real.frames) == 1
    real.source.stop()
    assert not camera.running and real.source._session.camera is None
    real.source._sink.videoFrameChanged.emit(SimpleNamespace(toImage=lambda: frame(3)))
    assert len(real.frames) == 1, "a frame that was under way is not sent"


def test_another_camera_takes_over_and_one_that_is_gone_is_replaced(real):
    real.source.start("other")
    real.source.start("gone")
    first, second = real.module.QCamera.made
    assert (first.device.name, first.running) == ("other", False)
    assert (second.device.name, second.running) == ("usual", True)


def test_an_error_of_the_camera_is_a_sentence_and_lets_it_go(real):
    real.source.start()
    [camera] = real.module.QCamera.made
    camera.errorOccurred.emit(0, "")
    assert not real.problems
    camera.errorOccurred.emit(1, "Device or resource busy.")
    [problem] = real.problems
    assert "“USUAL” sends no images" in problem.what and "Device or resource busy." in problem.why
    assert "Close other programs" in problem.fix and not camera.running


def test_no_camera_is_a_sentence(real):
    real.devices.clear()
    real.source.start()
    assert [problem.what for problem in real.problems] == ["No camera was found."]


def test_a_refusal_is_a_sentence_and_a_question_is_waited_for(real, monkeypatch):
    status, asked = [Qt.PermissionStatus.Denied], []
    monkeypatch.setattr(QCoreApplication, "checkPermission", lambda *_: status[0])
    monkeypatch.setattr(QCoreApplication, "requestPermission", lambda app, what, context, told: asked.append(told))
    real.source.start()
    assert [problem.what for problem in real.problems] == ["Atelier may not use the camera."]
    status[0] = Qt.PermissionStatus.Undetermined
    real.source.start()
    assert len(asked) == 1 and not real.module.QCamera.made
    status[0] = Qt.PermissionStatus.Granted
    asked[0](None)
    assert real.module.QCamera.made[0].running
    real.source.stop()
    asked[0](None)
    assert len(real.module.QCamera.made) == 1, "an answer that comes too late starts nothing"


def test_the_qtmultimedia_that_is_installed_sends_frames(qapp, qtbot):
    multimedia = pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)
    source, frames, problems = CameraSource(), [], []
    source.frame_arrived.connect(frames.append)
    source.problem_found.connect(problems.append)
    if not source.cameras():
        source.start()
        assert [problem.what for problem in problems] == ["No camera was found."]
    source._camera = camera = multimedia.QCamera(source)
    camera.errorOccurred.connect(source._on_error)
    source._sink.setVideoFrame(multimedia.QVideoFrame(frame(5)))
    qtbot.waitUntil(lambda: len(frames) == 1)
    assert np.array_equal(pixels(frames[0]), pixels(frame(5)))
    source.stop()


# ---- pasted and dropped


def mime(*urls: str | Path, text: str = "", image: QImage | None = None, **formats: bytes) -> QMimeData:
    data = QMimeData()
    if urls:
        data.setUrls([QUrl.fromLocalFile(str(url)) if isinstance(url, Path) else QUrl(url) for url in urls])
    if text:
        data.setText(text)
    if image is not None:
        data.setImageData(image)
    for name, content in formats.items():
        data.setData(f"image/{name}", content)
    return data


def test_files_and_folders_are_taken_as_they_are(folder):
    given = [folder / "cat" / "first.png", folder / "dog"]
    data = mime(*given, image=frame())
    assert can_take(data) and incoming(data) == given
    assert incoming(mime(folder / "gone.png", given[0])) == given[:1]


def test_an_image_is_taken_with_transparency_on_white(qapp, tmp_path):
    image = frame(7).convertToFormat(QImage.Format.Format_ARGB32)
    image.setPixelColor(0, 0, Qt.GlobalColor.transparent)
    data = mime("https://example.com/cat.png", image=image)
    assert can_take(data)
    [array] = incoming(data)
    assert array.shape == (HIGH, WIDE, 3) and tuple(array[0, 0]) == (255, 255, 255)
    expected = pixels(frame(7))
    expected[0, 0] = 255
    assert np.array_equal(array, expected)
    [path] = add_images(tmp_path, "cat", [array], prefix="pasted")
    assert path.name == "pasted-0001.png"


def test_an_encoded_image_is_kept_as_it_is(folder):
    content = (folder / "cat/first.png").read_bytes()
    data = mime(**{"svg+xml": b"<svg/>", "png": content})
    assert can_take(data) and incoming(data) == [content]


@pytest.mark.parametrize(
    ("data", "word", "taken"),
    [
        (lambda: mime(), "nothing to paste", False),
        (lambda: mime(text="hello"), "It is text", False),
        (lambda: mime("https://example.com/cat"), "address on the web", False),
        (lambda: mime(Path("/nowhere/at/all.png")), "not there any more", True),
        (lambda: mime(**{"svg+xml": b"<svg/>"}), "nothing to paste", False),
    ],
)
def test_where_there_is_nothing_usable_that_is_told(qapp, data, word, taken):
    assert can_take(data()) == taken
    with pytest.raises(EngineError, match=word) as told:
        incoming(data())
    assert told.value.fix.endswith(".")
