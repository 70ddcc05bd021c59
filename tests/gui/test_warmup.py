"""torch is imported after the window is up, and a program that ends early ends quietly."""

import subprocess
import sys
import textwrap

import pytest

from gui.jobs.warmup import WarmUp


def run_program(code: str, timeout: int = 100) -> subprocess.CompletedProcess[str]:
    """Run a small program in a process of its own, as a user starts Atelier."""
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_it_says_what_training_will_run_on(qtbot):
    warm_up = WarmUp()
    with qtbot.waitSignal(warm_up.done, timeout=60_000) as done:
        warm_up.start()
    warm_up.wait()
    assert done.args[0].words and done.args[0].memory > 0
    assert "torch" in sys.modules


def test_a_torch_that_cannot_be_imported_is_told(qtbot, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "engine.train.warm_up", None)  # importing it raises ImportError
    warm_up = WarmUp()
    with qtbot.waitSignal(warm_up.failed, timeout=60_000) as failed:
        warm_up.start()
    warm_up.wait()
    assert "engine.train.warm_up" in failed.args[0]
    assert "could not be imported" in caplog.text


def test_waiting_for_one_that_never_began(qapp):
    WarmUp().wait()


def test_the_window_needs_neither_torch_nor_other_slow_packages():
    code = """
        import sys
        from gui.app import create_app
        app, window = create_app([])
        window.show()
        app.processEvents()
        print(sorted({"torch", "torchvision", "sklearn", "pyqtgraph"} & set(sys.modules)))
    """
    ended = run_program(code)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize("after_ms", [0, 300])
def test_quitting_while_things_are_still_done_is_quiet(after_ms):
    """Thumbnails, looks at the disk and the import of torch are under way; none of them may complain at the end."""
    code = f"""
        import sys
        from PySide6.QtCore import QTimer
        import gui.app

        create_app = gui.app.create_app
        def create(argv):
            app, window = create_app(argv)
            QTimer.singleShot(0, lambda: window.studio.start_from_sample("digits"))
            QTimer.singleShot({after_ms}, window.close)
            return app, window
        gui.app.create_app = create
        sys.exit(gui.app.main([]))
    """
    ended = run_program(code)
    told = [line for line in ended.stderr.splitlines() if not line.startswith("This plugin does not support")]
    assert (ended.returncode, ended.stdout, told) == (0, "", [])
