"""One training at a time, from the first picture to its last epoch, and the runs of the past."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import draw_pictures
from real_studio import (
    PATIENCE,
    hold_after,
    open_project,
    running_studio,
    set_epochs,
    small_project,
    train,
    until,
    wait_ready,
)

from engine.errors import EngineError, TrainingDiverged
from engine.spec import Chosen, NetworkSpec, ProjectSpec
from engine.spec.network import remove
from engine.train import history, runs, step_curve, trainer
from gui.jobs import Failed, Finished, Stopped
from gui.studio import Studio, data_session, train_session

LONG = 5000  # epochs; more than any test waits for


@pytest.fixture
def studio(qtbot):
    with running_studio() as studio:
        yield studio


@pytest.fixture
def ready(qtbot, studio: Studio, picture_folder: Path, tmp_path: Path) -> Studio:
    """A studio that can start to train."""
    (tmp_path / "project").mkdir()
    open_project(qtbot, studio, small_project(picture_folder), tmp_path / "project" / "Test.atelier")
    return studio


@pytest.fixture
def training(qtbot, ready: Studio) -> Studio:
    """A studio that is in the middle of a long run."""
    set_epochs(ready, LONG)
    ready.training.start()
    until(qtbot, lambda: len(ready.training.epochs) >= 2)
    return ready


def stop(qtbot, studio: Studio, keep: bool = True) -> object:
    with qtbot.waitSignal(studio.training.ended, timeout=60_000) as ended:
        studio.training.stop(keep)
        assert studio.training.state == "stopping"
    return ended.args[0]


def signals_of(studio: Studio) -> list[str]:
    """The names of the session's signals as they come, from now on."""
    seen: list[str] = []
    for name in ("prepared", "started", "batch_done", "watched", "epoch_done", "ended", "failed"):
        getattr(studio.training, name).connect(lambda _, name=name: seen.append(name))
    return seen


# ---- one run


def test_a_batch_that_does_not_fit_is_told_and_the_run_goes_on(qtbot, ready, monkeypatch):
    import torch

    from engine.compile.module import Network

    usual, passes = Network.forward, []

    def forward(self, x):
        passes.append(len(x))
        if torch.is_grad_enabled() and len(passes) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return usual(self, x)

    monkeypatch.setattr(Network, "forward", forward)
    sentences = []
    ready.told.connect(sentences.append)
    assert isinstance(train(qtbot, ready), Finished) and len(ready.training.epochs) == 2
    assert len(sentences) == 1 and "taken in 2 pieces" in sentences[0]


def test_a_whole_run(qtbot, ready):
    seen, states = signals_of(ready), []
    ready.training.state_changed.connect(lambda: states.append(ready.training.state))
    outcome = train(qtbot, ready)
    session = ready.training
    assert isinstance(outcome, Finished) and outcome.value.epochs == 2
    assert session.state == "idle" and not session.is_active and session.progress is None
    assert states[0] == "preparing" and "training" in states and states[-1] == "idle"
    assert seen.index("prepared") < seen.index("started") < seen.index("epoch_done") < seen.index("ended")
    assert seen.count("started") == seen.count("ended") == 1 and seen.count("epoch_done") == 2
    assert "batch_done" in seen and "watched" in seen and "failed" not in seen
    assert session.shown_run == session.run.run == 1
    assert [epoch.epoch for epoch in session.epochs] == [1, 2]
    (info,) = session.runs
    assert (info.number, info.state, info.epochs_done) == (1, "finished", 2)
    assert info.best_accuracy is not None and info.best_epoch in (1, 2)
    assert session.seconds_left is None and session.images_per_second == 0.0


def test_what_is_told_while_it_runs(qtbot, training):
    session = training.training
    assert session.state == "training" and session.is_active and session.is_live_shown
    until(qtbot, lambda: session.steps)
    assert session.seconds_left > 0 and session.images_per_second > 0
    (info,) = session.runs
    assert info.state == "running" and info.epochs_done == len(session.epochs) and info.best_accuracy is not None
    assert session.pictures.index.classes == ("disc", "stripes")
    assert len(session.last_watched.numbers) == len(session.last_watched.probabilities) == len(session.run.watched)


def test_the_answers_of_an_epoch_come_from_its_file(qtbot, ready):
    told = []
    ready.training.epoch_done.connect(told.append)
    train(qtbot, ready)
    stored, event = ready.training.epochs[0], told[0]
    assert np.array_equal(stored.numbers, event.numbers)
    assert np.allclose(stored.probabilities, event.probabilities, atol=2e-3), "kept in half precision"
    assert stored.validation_loss == event.validation_loss and stored.seconds > 0
    shutil.rmtree(ready.training.run.folder / "watch")
    assert ready.training.epochs[1].probabilities.shape[0] == 0


def test_epochs_that_are_written_before_their_news_arrive_count_once(qtbot, ready, monkeypatch):
    """A window that was busy finds several epochs on disk when it hears that the run has started."""
    written, usual = threading.Event(), history.append

    def append(folder, line) -> None:
        usual(folder, line)
        if line.epoch == 3:
            written.set()

    monkeypatch.setattr(history, "append", append)
    set_epochs(ready, 5)
    told = []
    ready.training.epoch_done.connect(lambda done: told.append((done.epoch, len(ready.training.epochs))))
    with qtbot.waitSignal(ready.training.ended, timeout=PATIENCE):
        ready.training.start()
        assert written.wait(PATIENCE / 1000)  # no event of Qt is looked at meanwhile
    assert told == [(epoch, epoch) for epoch in range(1, 6)]
    steps = ready.training.steps
    assert [step.total_step for step in steps] == sorted({step.total_step for step in steps})
    assert not len(ready.training.past_steps.place)


def test_the_curve_within_epochs_is_there_again(qtbot, ready):
    train(qtbot, ready)
    session = ready.training
    live = [step_curve.place(step, session.run.steps_per_epoch) for step in session.steps]
    session._on_replaced()  # as when the project is opened again
    assert session.steps == [] and session.past_steps.place.tolist() == live and live


def test_starting_twice_trains_once(qtbot, training):
    training.training.start()
    training.training.resume_run(1)
    assert "training is running" in training.training.blocker().what
    stop(qtbot, training)
    assert len(training.training.runs) == 1


def test_pause_and_resume(qtbot, training):
    session = training.training
    states = []
    session.state_changed.connect(lambda: states.append(session.state))
    session.pause()
    assert session.state == "paused" and session.is_active
    session.resume()
    reached = len(session.epochs)
    until(qtbot, lambda: len(session.epochs) > reached)
    assert states == ["paused", "training"]
    session.pause()
    stop(qtbot, training)
    assert session.state == "idle" and session.runs[0].state == "stopped"


def test_stop_and_keep(qtbot, training):
    outcome = stop(qtbot, training)
    assert outcome == Stopped(True)
    (info,) = training.training.runs
    assert info.state == "stopped" and info.can_resume and info.has_weights
    assert info.epochs_done == len(history.read(info.folder)) == len(training.training.epochs)
    assert training.training.blocker() is None


def test_stop_and_discard(qtbot, training):
    folder = training.training.run.folder
    assert stop(qtbot, training, keep=False) == Stopped(False)
    session = training.training
    assert not folder.exists() and session.runs == ()
    assert session.shown_run is None and session.epochs == [] and session.steps == []
    assert not training.prediction.has_model


def test_discarding_shows_the_run_before(qtbot, ready):
    train(qtbot, ready)
    set_epochs(ready, LONG)
    ready.training.start()
    until(qtbot, lambda: ready.training.shown_run == 2 and ready.training.epochs)
    stop(qtbot, ready, keep=False)
    assert ready.training.shown_run == 1 and len(ready.training.epochs) == 2


def test_stop_while_preparing(qtbot, ready):
    ready.training.start()
    assert ready.training.state == "preparing"
    assert stop(qtbot, ready) == Stopped(True)
    assert ready.training.runs == () and ready.training.state == "idle"
    assert isinstance(train(qtbot, ready), Finished), "the next one starts as usual"


@pytest.mark.parametrize("keep", [True, False])
def test_stop_with_the_first_news(qtbot, ready, keep):
    ready.training.started.connect(lambda _: ready.training.stop(keep))
    with qtbot.waitSignal(ready.training.ended, timeout=60_000) as ended:
        ready.training.start()
    assert ended.args[0] == Stopped(keep)
    assert len(ready.training.runs) == (1 if keep else 0)
    assert all(not runs.owner_is_alive(info.folder) for info in ready.training.runs)


def test_a_stop_before_the_first_epoch_shows_the_newest_run_that_has_some(qtbot, ready, monkeypatch):
    train(qtbot, ready)
    set_epochs(ready, LONG)
    take, stopped = trainer.StepsOfEpoch.take, threading.Event()

    def take_when_stopped(self, *args):
        assert stopped.wait(60)
        return (yield from take(self, *args))

    monkeypatch.setattr(trainer.StepsOfEpoch, "take", take_when_stopped)
    ready.training.started.connect(lambda _: (ready.training.stop(), stopped.set()))
    with qtbot.waitSignal(ready.training.ended, timeout=60_000):
        ready.training.start()
    assert [info.epochs_done for info in ready.training.runs] == [0, 2]
    assert ready.training.shown_run == 1 and len(ready.training.epochs) == 2


def discarded(qtbot, studio, answer, *, after: float) -> bool:
    """Discard a training that has been at work for so many seconds. Returns: whether somebody was asked."""
    asked: list[bool] = []
    studio.training.may_discard = lambda: asked.append(True) or answer()
    set_epochs(studio, LONG)
    with qtbot.waitSignal(studio.training.started, timeout=PATIENCE):
        studio.training.start()
    studio.training._begun -= after
    studio.training.stop(keep=False)
    return bool(asked)


def test_what_took_long_is_not_discarded_unasked(qtbot, ready):
    assert not discarded(qtbot, ready, lambda: False, after=train_session.LONG - 30)
    until(qtbot, lambda: not ready.training.is_active)
    assert not ready.training.runs
    assert discarded(qtbot, ready, lambda: False, after=train_session.LONG)
    assert ready.training.state == "training"
    ready.training.may_discard = lambda: True
    ready.training.stop(keep=False)
    until(qtbot, lambda: not ready.training.is_active)
    assert not ready.training.runs


def test_what_is_to_be_lost_is_what_was_asked_about(qtbot, ready):
    def another_run_begins() -> bool:
        ready.training.run = replace(ready.training.run, run=99)  # a trial after the one that was live
        return True

    assert discarded(qtbot, ready, another_run_begins, after=train_session.LONG)
    assert ready.training.state == "training", "nobody said anything of run 99"
    ready.training.close()


def test_a_run_that_failed_before_its_first_epoch_stays_on_the_page(qtbot, ready, monkeypatch):
    def broken(_):
        raise RuntimeError("the device is out of order")
        yield

    train(qtbot, ready)
    monkeypatch.setattr(trainer._Loop, "epochs", broken)
    outcome = train(qtbot, ready)
    assert isinstance(outcome, Failed)
    assert (ready.training.runs[0].state, ready.training.runs[0].epochs_done) == ("failed", 0)
    assert ready.training.shown_run == 2, "why it failed is what there is to see"


def test_answers_are_not_those_of_a_discarded_run_with_the_same_number(qtbot, ready):
    train(qtbot, ready)
    folder = ready.training.run.folder
    before = ready.training.epochs[0].probabilities
    runs.discard(folder)
    ready.document.edit("Set", recipe=replace(ready.document.recipe, seed=7))
    train(qtbot, ready)
    assert ready.training.run.folder == folder
    assert not np.array_equal(ready.training.epochs[0].probabilities, before)


def test_closing_ends_it_so_that_it_can_go_on(qtbot, training):
    states = []
    training.training.state_changed.connect(lambda: states.append(training.training.state))
    training.training.close()
    assert training.training.state == states[-1] == "idle"
    (info,) = training.training.runs
    assert info.state == "stopped" and info.can_resume
    training.training.close()  # nothing to do


def test_resuming_after_closing_ends_where_it_would_have(qtbot, ready, monkeypatch):
    set_epochs(ready, 6)
    with monkeypatch.context() as patch:
        hold_after(patch, epoch=2)
        ready.training.start()
        until(qtbot, lambda: len(ready.training.epochs) == 2)
        ready.training.close()
    set_epochs(ready, 3)  # today's settings are for the next run
    with qtbot.waitSignal(ready.training.ended, timeout=60_000) as ended:
        ready.training.resume_run(1)
    assert isinstance(ended.args[0], Finished)
    assert ready.training.run.first_epoch == 3
    assert [epoch.epoch for epoch in ready.training.epochs] == [1, 2, 3, 4, 5, 6]
    set_epochs(ready, 6)
    train(qtbot, ready)
    first, second = (history.read(runs.run_folder(ready.document.path, number)) for number in (1, 2))
    assert [(a.train_loss, a.validation_loss) for a in first] == [(b.train_loss, b.validation_loss) for b in second]


def test_a_finished_run_cannot_be_resumed(qtbot, ready):
    train(qtbot, ready)
    with qtbot.waitSignal(ready.failed, timeout=60_000) as failed:
        ready.training.resume_run(1)
    assert "cannot be resumed" in failed.args[0].what
    until(qtbot, lambda: ready.training.state == "idle")
    assert ready.training.runs[0].state == "finished"


# ---- what goes wrong


def test_a_run_that_diverges_is_told_and_kept_as_failed(qtbot, ready):
    heard = []
    ready.failed.connect(heard.append)
    recipe = replace(ready.document.recipe, optimizer=Chosen("sgd"), learning_rate=100.0, epochs=50)
    ready.document.edit("x", recipe=recipe)
    outcome = train(qtbot, ready)
    assert isinstance(outcome, Failed) and isinstance(outcome.error, TrainingDiverged)
    assert heard == [outcome.error]
    assert ready.training.runs[0].state == "failed" and ready.training.runs[0].reason
    assert ready.training.blocker() is None, "one may try again"


def test_a_bug_of_ours_is_told_with_its_report(qtbot, ready, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("a bug")
        yield

    monkeypatch.setattr(train_session, "start_run", broken)
    with qtbot.waitSignal(ready.failed, timeout=60_000) as failed:
        ready.training.start()
    assert isinstance(failed.args[0], ZeroDivisionError)
    assert ready.training.state == "idle"


def test_pictures_that_vanish_after_the_listing(qtbot, ready, picture_folder):
    shutil.rmtree(picture_folder)
    outcome = train(qtbot, ready)
    assert isinstance(outcome, Failed) and isinstance(outcome.error, EngineError)
    assert ready.training.runs == ()


def test_why_a_training_cannot_start(qtbot, studio, picture_folder, tmp_path, monkeypatch):
    session, document = studio.training, studio.document
    assert "No project" in session.blocker().what
    document.create(ProjectSpec(), tmp_path / "Test.atelier")
    assert "No images" in session.blocker().what
    document.edit("x", data=small_project(picture_folder).data)
    assert "still being listed" in session.blocker().what
    wait_ready(qtbot, studio)
    assert session.blocker() is not None, "the network is empty"
    document.edit("x", network=small_project(picture_folder).network)
    assert session.blocker() is None
    document.edit("x", network=remove(document.network, [document.network.nodes[-1].id]))
    assert session.blocker().what == document.report.problems[0].raised().what
    session.start()
    assert session.state == "idle", "nothing starts that cannot"
    document.edit("x", network=NetworkSpec())
    assert session.blocker() is not None
    studio.choose_data(tmp_path / "nowhere")
    until(qtbot, lambda: studio.data.state == "failed")
    assert session.blocker() is studio.data.problem
    monkeypatch.setattr(data_session, "load_index", lambda *_: None)
    assert session.blocker().what and session.blocker().fix


# ---- runs of the past


def test_an_older_run_can_be_looked_at_while_another_trains(qtbot, ready):
    train(qtbot, ready)
    set_epochs(ready, LONG)
    ready.training.start()
    session = ready.training
    until(qtbot, lambda: session.shown_run == 2 and len(session.epochs) >= 2)
    session.show_run(1)
    assert session.shown_run == 1 and len(session.epochs) == 2 and not session.is_live_shown
    assert session.seconds_left is None
    reached = session.runs[0].epochs_done
    until(qtbot, lambda: session.runs[0].epochs_done > reached + 1)
    assert len(session.epochs) == 2 and session.steps == [], "the live run writes into no other's curves"
    session.show_run(2)
    assert session.is_live_shown
    reached = len(session.epochs)
    until(qtbot, lambda: len(session.epochs) > reached + 2)
    assert [epoch.epoch for epoch in session.epochs] == list(range(1, len(session.epochs) + 1))
    stop(qtbot, ready)


def test_news_that_arrive_late_are_not_counted_twice(qtbot, ready, monkeypatch):
    """A run that is shown anew is read from files, which are ahead of the news on their way to the window.

    What they are ahead is left to the news: a chart that read it would draw it twice.
    """
    monkeypatch.setattr(trainer, "WATCH_EVERY", 0.0)
    set_epochs(ready, LONG)
    ready.training.start()
    session, ahead = ready.training, []

    def show_anew() -> None:
        known = session.runs[0].epochs_done
        session.shown_run = None
        session.show_run(1)
        assert [epoch.epoch for epoch in session.epochs] == list(range(1, known + 1))
        ahead.append(len(history.read(session.run.folder)) > known)

    session.watched.connect(show_anew)  # the last thing that is told before the epoch itself
    until(qtbot, lambda: sum(ahead) > 3)
    reached = session.runs[0].epochs_done
    until(qtbot, lambda: session.runs[0].epochs_done > reached)
    assert [epoch.epoch for epoch in session.epochs] == list(range(1, len(session.epochs) + 1))


def test_a_new_window_shows_the_newest_run(qtbot, ready):
    train(qtbot, ready)
    train(qtbot, ready)
    with running_studio() as again:
        again.document.open(ready.document.path)
        assert [info.number for info in again.training.runs] == [2, 1]
        assert again.training.shown_run == 2 and len(again.training.epochs) == 2
        wait_ready(qtbot, again)
        assert np.array_equal(again.training.epochs[0].numbers, ready.training.epochs[0].numbers)
        assert np.array_equal(again.training.epochs[1].probabilities, ready.training.epochs[1].probabilities)


def test_pictures_that_are_gone_are_left_out_of_the_answers(qtbot, ready):
    train(qtbot, ready)
    numbers = ready.training.epochs[0].numbers
    ready.data.index.path(int(numbers[0])).unlink()
    ready.training.pictures = None  # as in a new window
    with qtbot.waitSignal(ready.training.shown_changed, timeout=60_000):
        ready.data.rescan()
    stored = ready.training.epochs[0]
    assert len(stored.numbers) < len(numbers)
    assert stored.probabilities.shape == (len(stored.numbers), 2)


def test_another_project_has_its_own_runs(qtbot, training, picture_folder, tmp_path):
    (tmp_path / "second").mkdir()
    first = training.training.run.folder
    open_project(qtbot, training, small_project(picture_folder), tmp_path / "second" / "Second.atelier")
    session = training.training
    assert session.state == "idle" and session.runs == () and session.epochs == [] and session.run is None
    assert runs.run_info(first).state == "stopped", "it belonged to the project before"


def test_saving_elsewhere_while_training_leaves_the_run_where_it_is(qtbot, training, tmp_path):
    (tmp_path / "second").mkdir()
    session, folder = training.training, training.training.run.folder
    training.document.save(tmp_path / "second" / "Second.atelier")
    reached = len(session.epochs)
    until(qtbot, lambda: len(session.epochs) > reached)
    assert session.runs[0].folder == folder
    stop(qtbot, training)
    assert session.runs == () and session.shown_run is None
    assert runs.run_info(folder).state == "stopped"


def test_pictures_shown_stay_those_of_the_shown_run_until_the_next_one_starts(qtbot, ready, tmp_path):
    train(qtbot, ready)
    before = ready.training.pictures
    draw_pictures(tmp_path / "other", per_class=6, side=16)
    ready.choose_data(tmp_path / "other")
    wait_ready(qtbot, ready)
    assert ready.training.pictures is before
    train(qtbot, ready)
    assert ready.training.pictures.index.root == tmp_path / "other"
