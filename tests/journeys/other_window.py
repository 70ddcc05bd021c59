"""Run as a script by tests: a second window, in a process of its own.

Its argument is a project. Each line of stdin is an order: "train" starts a training and pauses it after its second
epoch, "resume" lets it go on, "close" closes the window. Answers with a line of JSON: what was told when the project
was opened, after each order "state" and "runs" (number and state of each), and the error that stands in the window.
"""

import json
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import QObject, QTimer, Signal

from engine.jobs import JobControl
from engine.train.events import EpochDone
from gui.app import create_app
from gui.studio import train_session


class Orders(QObject):
    """Lines of stdin, as a signal in the GUI thread."""

    came = Signal(str)

    def listen(self) -> None:
        for line in sys.stdin:
            self.came.emit(line.strip())
        self.came.emit("close")


class Other(QObject):
    """Does what it is ordered, and answers when it is done."""

    def __init__(self, path: Path):
        super().__init__()
        self.app, self.window = create_app([str(path)])
        self.window.show()
        self.studio, self.told, self.error = self.window.studio, [], ""
        self.studio.told.connect(self.told.append)
        self.studio.failed.connect(self.on_failed)
        self.waiting = lambda: self.studio.data.state == "ready"
        self.timer = QTimer(self, interval=20)
        self.timer.timeout.connect(self.look)
        self.timer.start()

    def on_failed(self, error: Exception) -> None:
        self.error = str(error)

    def obey(self, order: str) -> None:
        training = self.studio.training
        if order == "train":
            training.start()
            self.waiting = lambda: training.state == "paused" or self.error
        elif order == "resume":
            training.resume()
            self.waiting = lambda: training.state == "idle"
        else:
            self.window.studio.document.undo_stack.setClean()
            self.window.close()
            self.app.quit()

    def look(self) -> None:
        if self.waiting is not None and self.waiting():
            self.waiting = None
            known = [(info.number, info.state) for info in self.studio.training.runs]
            answer = {"state": self.studio.training.state, "runs": known, "told": self.told, "error": self.error}
            print(json.dumps(answer), flush=True)


def hold_after_the_second_epoch() -> None:
    usual = train_session.start_run

    def start_run(*args: object, **settings: object):
        (control,) = [each for each in args if isinstance(each, JobControl)]
        for event in usual(*args, **settings):
            if isinstance(event, EpochDone) and event.epoch == 2:
                control.pause()
            yield event

    train_session.start_run = start_run


if __name__ == "__main__":
    hold_after_the_second_epoch()
    other, orders = Other(Path(sys.argv[1])), Orders()
    orders.came.connect(other.obey)
    threading.Thread(target=orders.listen, daemon=True).start()
    sys.exit(other.app.exec())
