"""Work off the GUI thread: the newest question wins, errors arrive, nothing outlives its asker badly."""

import threading

import pytest
from PySide6.QtCore import QThreadPool

from gui.pages.shared.background import LatestAnswer


@pytest.fixture
def asker(qapp) -> LatestAnswer:
    asker = LatestAnswer()
    yield asker
    QThreadPool.globalInstance().waitForDone()


def test_work_runs_on_another_thread_and_its_answer_arrives_on_this_one(qtbot, asker):
    threads = []
    asker.answered.connect(lambda _: threads.append(threading.current_thread()))
    with qtbot.waitSignal(asker.answered) as answer:
        asker.ask(threading.current_thread)
    assert answer.args[0] is not threading.main_thread()
    assert threads == [threading.main_thread()]
    assert not asker.is_busy


def test_only_the_newest_of_several_questions_is_answered(qtbot, asker):
    go, asked, answers = threading.Event(), [], []
    asker.answered.connect(answers.append)
    asker.ask(lambda: go.wait(10) and "first")
    for number in range(5):
        asker.ask(lambda number=number: asked.append(number) or number)
    assert asker.is_busy
    go.set()
    qtbot.waitUntil(lambda: answers == [4])
    assert asked == [4], "the ones between were never asked"


def test_a_forgotten_question_is_not_answered(qtbot, asker):
    go, answers = threading.Event(), []
    asker.answered.connect(answers.append)
    asker.ask(lambda: go.wait(10))
    asker.forget()
    assert not asker.is_busy
    go.set()
    QThreadPool.globalInstance().waitForDone()
    with qtbot.waitSignal(asker.answered) as next_answer:
        asker.ask(lambda: "next")
    assert next_answer.args == ["next"] and answers == ["next"]


def test_an_error_arrives_as_an_error(qtbot, asker):
    def fail() -> None:
        raise ValueError("so it goes")

    with qtbot.waitSignal(asker.failed) as failed:
        asker.ask(fail)
    assert str(failed.args[0]) == "so it goes"


def test_an_asker_may_go_away_before_its_answer(qtbot):
    go, done = threading.Event(), threading.Event()
    asker = LatestAnswer()
    asker.ask(lambda: go.wait(10) and done.set())
    asker.deleteLater()
    with qtbot.waitSignal(asker.destroyed):
        pass
    del asker
    go.set()
    assert done.wait(10)
    QThreadPool.globalInstance().waitForDone()
