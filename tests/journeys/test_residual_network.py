"""A residual network drawn by hand: layers dragged from the palette, a skip connection, the shape problem and its
repair, undone and redone as a whole, trained for an epoch, and taken away as a program that runs."""

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from engine.spec.network import chain
from gui.main_window import MainWindow
from journeys.real_window import RealWindows, until
from journeys.test_main_job import click, finish, set_recipe, start_sample

LEFT = Qt.MouseButton.LeftButton


def in_window(widget: QWidget, point: QPoint) -> QPoint:
    return widget.mapTo(widget.window(), point)


def drag_from_palette(qtbot, window: MainWindow, kind: str, place: QPoint) -> None:
    """Press on a kind in the palette, move to `place` of the canvas' viewport, and let go.

    With a window system these are real mouse events all the way through Qt's own drag and drop. Without one Qt carries
    nothing: then the events are sent that it would send, with what the palette gives to carry.
    """
    page = window.page("network")
    if QApplication.platformName() == "offscreen":
        carry(page, kind, place)
        return
    listed, view, handle = page.palette_panel.list, page.canvas.view, window.windowHandle()
    listed.select_kind(kind)
    listed.scrollToItem(listed.currentItem())
    start = in_window(listed.viewport(), listed.visualItemRect(listed.currentItem()).center())
    end = in_window(view.viewport(), place)
    # The drag runs a loop of its own until the button is released: what the hand does then must come from timers, one
    # for each move, since a timer does not fire again while what it called still runs.
    near = start + QPoint(QApplication.startDragDistance() + 3, 2)
    way = [near, *(start + (end - start) * part / 8 for part in range(1, 9)), end]
    done = []
    for number, point in enumerate(way):
        QTimer.singleShot(15 * number, handle, lambda point=point: QTest.mouseMove(handle, point))

    def let_go() -> None:
        QTest.mouseRelease(handle, LEFT, Qt.KeyboardModifier.NoModifier, end)
        done.append(True)

    QTimer.singleShot(15 * len(way), handle, let_go)
    QTest.mousePress(handle, LEFT, Qt.KeyboardModifier.NoModifier, start)
    until(qtbot, lambda: done)


def carry(page, kind: str, place: QPoint) -> None:
    listed, target = page.palette_panel.list, page.canvas.view.viewport()
    listed.select_kind(kind)
    data = listed.mimeData([listed.currentItem()])
    facts = (Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(2, 2), *facts))
    QApplication.sendEvent(target, QDragMoveEvent(place, *facts))
    assert page.canvas.scene.marker.isVisible(), "a line says where it will land"
    drop = QDropEvent(QPointF(place), *facts)
    QApplication.sendEvent(target, drop)
    assert drop.isAccepted() and not page.canvas.scene.marker.isVisible()


def gap_behind(page, node_id: str) -> QPoint:
    gap = next(gap for gap in page.canvas.scene.gaps() if gap.after == node_id and gap.key is None)
    return page.canvas.view.mapFromScene(QPointF(gap.x, gap.y))


def draw_link(qtbot, page, source: str, target: str) -> None:
    """From the dot below a card to another card, by mouse."""
    view, scene = page.canvas.view, page.canvas.scene
    start = view.mapFromScene(scene.cards[source].output_point())
    end = view.mapFromScene(scene.cards[target].pos() + QPointF(0, 20))
    qtbot.mousePress(view.viewport(), LEFT, pos=start)
    qtbot.mouseMove(view.viewport(), (start + end) / 2)
    qtbot.mouseMove(view.viewport(), end)
    qtbot.mouseRelease(view.viewport(), LEFT, pos=end)


def test_a_residual_network_from_the_palette_to_a_program(qtbot, windows: RealWindows, tmp_path: Path):
    window = windows.open()
    window.resize(1500, 1000)
    start_sample(qtbot, window, "digits")
    document = window.studio.document
    small = chain([("image", {}), ("conv2d", {"filters": 8}), ("relu", {}), ("global_avg_pool", {}), ("classes", {})])
    document.edit("Start", network=small)
    document.undo_stack.clear()
    click(qtbot, window, "rail.network")
    page = window.page("network")
    canvas, scene = page.canvas, page.canvas.scene
    until(qtbot, lambda: not scene.glide.is_running and set(scene.cards) == {node.id for node in small.nodes})

    # Three layers from the palette, each dropped into the gap behind the last one.
    behind = "relu_1"
    for kind in ("conv2d", "batch_norm", "add"):
        drag_from_palette(qtbot, window, kind, gap_behind(page, behind))
        behind = canvas.selected_id()
        assert document.network[behind].kind == kind, "it was dropped where the mouse was"
    assert document.undo_stack.count() == 3, "one step each"
    assert document.report.nodes[behind].problem.what == "“Add” needs at least 2 inputs."

    # The skip connection, and what does not fit about it.
    draw_link(qtbot, page, "relu_1", behind)
    assert document.network[behind].inputs == ("batch_norm_1", "relu_1")
    problem = document.report.nodes[behind].problem
    assert problem.what == "Add needs inputs of one shape."
    assert "32 × 16 × 16" in problem.why and "8 × 16 × 16" in problem.why, "both shapes are named"
    assert scene.cards[behind].face.problem == problem.what
    page.select(behind)
    button = next(
        button
        for button in page.inspector.layer.problem.buttons()
        if button.accessibleName() == "1×1 convolution to 32 channels, so that Add fits"
    )
    qtbot.mouseClick(button, LEFT)
    assert document.report.is_ready

    # Undo everything, redo everything, by keys.
    done = document.network
    window.activateWindow()
    until(qtbot, window.isActiveWindow)
    canvas.view.setFocus()
    for _ in range(5):
        qtbot.keyClick(canvas.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert document.network == small and not document.undo_stack.canUndo()
    for _ in range(5):
        qtbot.keyClick(
            canvas.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
    assert document.network == done and not document.undo_stack.canRedo()

    # It trains.
    set_recipe(window, epochs=1)
    click(qtbot, window, "top.train")
    until(qtbot, lambda: window.studio.training.epochs)
    finish(qtbot, window)

    # And it goes away as a program that runs by itself.
    click(qtbot, window, "rail.network")
    click(qtbot, window, "network.show_code")
    click(qtbot, window, "network.copy_code")
    program = tmp_path / "mine.py"
    program.write_text(QApplication.clipboard().text(), "utf-8")
    ended = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert f"{document.report.parameters} parameters" in ended.stdout
    assert f"torch.Size([1, {len(document.data.classes)}])" in ended.stdout
