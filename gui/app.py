"""Starting the window. Nothing imported from here may import torch: the first page must not wait for it."""

import logging
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QThreadPool, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import engine
from engine.allocator import keep_freed_memory
from engine.files import cache_folder
from gui.crash import ExceptionCatcher
from gui.jobs.garbage import GuiCollector
from gui.jobs.warmup import WarmUp
from gui.main_window import PLACES, MainWindow
from gui.studio import Studio
from gui.theme import resource_path, theme


def create_app(argv: Sequence[str]) -> tuple[QApplication, MainWindow]:
    """Make the application and its window, not shown yet.

    Args:
        argv: without the program's name; the first argument may be a project to open.
    """
    app = QApplication.instance() or QApplication(["atelier", *argv])
    app.setApplicationName("atelier")
    app.setApplicationDisplayName("Atelier")
    app.setOrganizationName("atelier")
    app.setApplicationVersion(engine.__version__)
    app.setDesktopFileName("atelier")
    app.setWindowIcon(QIcon(str(resource_path("icons", "atelier.svg"))))
    studio = Studio()
    mode = studio.settings.value("window/mode", "system")
    theme().set_mode(mode if mode in ("dark", "light") else "system")
    theme().apply(app)
    window = MainWindow(studio)
    studio.setParent(window)
    if argv:
        # After the window is shown: a message about the file has a place to stand then.
        QTimer.singleShot(0, lambda: studio.open_project(Path(argv[0])))
    return app, window


def keep_responsive() -> GuiCollector:
    """Tune this process for a window that paints while a network trains in it."""
    keep_freed_memory()
    # Python hands its lock from thread to thread every 5 ms; a tenth of that is still far more than a switch costs.
    sys.setswitchinterval(0.0005)
    collector = GuiCollector()
    collector.start()
    return collector


def warming_up(window: MainWindow, collector: GuiCollector) -> WarmUp:
    """Prepare to load in the background, once started, what the window's pages and a first training need."""
    warm_up = WarmUp([*(module for _, _, module, _ in PLACES.values()), "gui.plots.area"])
    warm_up.done.connect(window.show_machine)
    warm_up.done.connect(window.build_pages)
    warm_up.done.connect(collector.spare)
    warm_up.failed.connect(window.show_crash)
    return warm_up


def main(argv: Sequence[str]) -> int:
    """Run Atelier until its window is closed. Returns: the exit status."""
    _write_log()
    app, window = create_app(argv)
    catcher = ExceptionCatcher()
    catcher.caught.connect(window.show_crash)
    catcher.install()
    collector = keep_responsive()
    warm_up = warming_up(window, collector)
    window.show()
    QTimer.singleShot(0, warm_up.start)
    status = app.exec()
    warm_up.wait()
    # Small work in the background (a thumbnail, a look at the disk) uses objects and modules that end with the program.
    pool = QThreadPool.globalInstance()
    pool.clear()
    pool.waitForDone()
    collector.stop()
    catcher.uninstall()
    return status


def run() -> int:
    """Entry point of the installed program."""
    return main(sys.argv[1:])


def _write_log() -> None:
    """Keep warnings and errors in a file: a program started from a menu has no terminal."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            RotatingFileHandler(folder / "atelier.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8")
        )
    except OSError:
        pass  # without a log, Atelier still works
    logging.basicConfig(
        level=logging.WARNING, handlers=handlers, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
