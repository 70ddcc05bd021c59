"""The curve within epochs is there again after the project was opened anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_helpers import everything_told, followed, small_project, trained, until
from training_helpers import one_thread as one_thread
from training_helpers import resumed as resume

from engine.jobs import Cancelled, JobControl
from engine.train import step_curve, trainer
from engine.train.continuing import make_continuation
from engine.train.events import BatchDone, RunStarted
from engine.train.job import start_run
from engine.train.step_curve import NAME, StepWriter


def event(epoch: int, step: int, loss: float = 0.5) -> BatchDone:
    return BatchDone(epoch, step, 0, loss, 0.75, 0.001, 100.0, 1.0)


def written(folder, *epochs: int, steps: int = 4) -> None:
    writer = StepWriter(folder, steps)
    for epoch in epochs:
        for step in range(1, steps + 1):
            writer.add(event(epoch, step, loss=1 / (epoch + step)))
        writer.write()


def test_what_was_written_is_read(tmp_path):
    written(tmp_path, 1, 2)
    curve = step_curve.read(tmp_path)
    assert curve.place.tolist() == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    assert curve.loss.tolist() == [1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 3, 1 / 4, 1 / 5, 1 / 6]
    assert set(curve.accuracy) == {0.75} and set(curve.learning_rate) == {0.001}


def test_a_run_without_the_file_has_no_steps(tmp_path):
    curve = step_curve.read(tmp_path / "nowhere")
    assert all(len(column) == 0 for column in curve)
    step_curve.cut(tmp_path, 3)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_half_written_is_ignored(tmp_path):
    written(tmp_path, 1)
    whole = (tmp_path / NAME).read_bytes()
    for end in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole[:end])
        assert len(step_curve.read(tmp_path).place) == end // 32
    (tmp_path / NAME).write_bytes(whole[:40])
    step_curve.cut(tmp_path, 1)
    written(tmp_path, 2)
    assert step_curve.read(tmp_path).place.tolist() == [0.25, 1.25, 1.5, 1.75, 2.0], "the torn row is gone"


def test_after_a_part_of_a_row_whole_rows_go_on(tmp_path):
    written(tmp_path, 1)
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[:-5])
    written(tmp_path, 2)
    assert step_curve.read(tmp_path).place.tolist() == [0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2.0]


@given(st.binary(max_size=400))
def test_whatever_is_in_the_file_the_places_ascend(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("run")
    (folder / NAME).write_bytes(content)
    curve = step_curve.read(folder)
    assert len({len(column) for column in curve}) == 1
    assert (np.diff(curve.place) > 0).all() and not np.isnan(curve.place).any()


def test_cutting_keeps_whole_epochs(tmp_path):
    written(tmp_path, 1, 2, 3)
    step_curve.cut(tmp_path, 2)
    assert step_curve.read(tmp_path).place.tolist() == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    assert step_curve.read(tmp_path, 1).place.tolist() == [0.25, 0.5, 0.75, 1.0]


def steps_of(watching) -> list[float]:
    each = watching.of(RunStarted)[0].steps_per_epoch
    return [step_curve.place(done, each) for done in watching.of(BatchDone)]


def test_a_training_writes_every_step_that_it_told(picture_folder, tmp_path, monkeypatch):
    path = tmp_path / "P" / "P.atelier"
    with everything_told(monkeypatch):
        told = trained(small_project(picture_folder), path)
    curve = step_curve.read(told.of(RunStarted)[0].folder)
    assert curve.place.tolist() == steps_of(told) and len(curve.place) == 9
    assert curve.loss.tolist() == [done.loss for done in told.of(BatchDone)]
    assert curve.learning_rate.tolist() == [done.learning_rate for done in told.of(BatchDone)]


def test_the_curve_reaches_the_end_of_each_epoch_however_short_it_is(picture_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "BATCH_NEWS", 3600.0)
    told = trained(small_project(picture_folder), tmp_path / "P" / "P.atelier")
    curve = step_curve.read(told.of(RunStarted)[0].folder)
    assert curve.place.tolist() == pytest.approx([1 / 3, 1.0, 2.0, 3.0])


@pytest.mark.parametrize("steps", [2, 5], ids=["in the first epoch", "in the second"])
def test_a_run_that_goes_on_has_each_step_once(picture_folder, tmp_path, monkeypatch, steps):
    path, control = tmp_path / "P" / "P.atelier", JobControl()
    with everything_told(monkeypatch):
        work = start_run(small_project(picture_folder), path, control)
        until(work, BatchDone, steps)
        control.stop()
        with pytest.raises(Cancelled):
            followed(work)
        folder = path.parent / "runs" / "0001"
        assert len(step_curve.read(folder).place) == steps, "those of the epoch that was cut off can be seen"
        resume(path, 1)
        assert step_curve.read(folder).place.tolist() == pytest.approx([number / 3 for number in range(1, 10)])
        made = make_continuation(path, 1, 2)
        resume(path, made)
    continued = step_curve.read(path.parent / "runs" / f"{made:04d}")
    assert continued.place.tolist() == pytest.approx([number / 3 for number in range(1, 16)])
