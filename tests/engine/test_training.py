"""A training from its first event to its last: what it tells, what it keeps, how it ends."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import training_helpers as made
from conftest import draw_pictures
from PIL import Image
from training_helpers import AUGMENT, everything_told, followed, info_of, numbers, small_project, trained, until
from training_helpers import one_thread as one_thread

from engine.data.cache import Pictures
from engine.data.index import TRAIN, VALIDATION
from engine.errors import EngineError
from engine.evaluate.metrics import score
from engine.evaluate.model import load_model
from engine.jobs import Cancelled, JobControl, Progress
from engine.spec import Chosen
from engine.spec.network import chain
from engine.train import history, runs, trainer
from engine.train.events import BatchDone, EpochDone, RunStarted, RunSummary, Watched
from engine.train.history import EpochLine
from engine.train.job import PicturesReady, start_run
from engine.train.layer_health import LayersSeen
from engine.train.watch import WatchFolder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


def first_run(path):
    return path.parent / "runs" / "0001"


# ---- what it tells


def test_events_come_in_order_and_say_what_is_true(picture_folder, path, monkeypatch):
    project = small_project(picture_folder)
    with everything_told(monkeypatch):
        run = trained(project, path)
    kinds = [type(event) for event in run.events if not isinstance(event, Progress | LayersSeen)]
    steps = [BatchDone, Watched] * 3
    assert kinds == [PicturesReady, RunStarted] + [*steps, Watched, EpochDone] * 3
    assert run.of(LayersSeen), "layers are looked at, however short a training is"

    started, index = run.of(RunStarted)[0], run.of(PicturesReady)[0].pictures.index
    assert (started.run, started.folder, started.device, started.precision) == (1, first_run(path), "cpu", "float32")
    assert started.device_reason == started.precision_reason == "chosen by hand"
    assert (started.epochs, started.first_epoch, started.steps_per_epoch, started.batch_size) == (3, 1, 3, 5)
    assert started.classes == ("disc", "stripes") and started.left_out == 0
    assert started.train_images == len(index.where(TRAIN)) == 12
    assert started.validation_images == len(index.where(VALIDATION)) == 8
    assert started.parameters == 3 * 4 * 9 + 4 + 2 * 4 + 8 * 8 * 4 * 2 + 2

    batches = run.of(BatchDone)
    assert [(b.epoch, b.step, b.total_step) for b in batches] == [
        (epoch, step, 3 * (epoch - 1) + step) for epoch in (1, 2, 3) for step in (1, 2, 3)
    ]
    assert all(b.images_per_second > 0 and 0 <= b.accuracy <= 1 and b.loss > 0 for b in batches)
    left = [b.seconds_left for b in batches]
    assert all(seconds >= 0 for seconds in left) and left[-1] == pytest.approx(0, abs=1)

    epochs = run.of(EpochDone)
    assert [e.epoch for e in epochs] == [1, 2, 3]
    for epoch in epochs:
        # Every picture counts once, so an epoch's mean is that of its batches, weighted by their sizes.
        sizes, of_epoch = (5, 5, 2), [b for b in batches if b.epoch == epoch.epoch]
        assert epoch.train_loss == pytest.approx(np.average([b.loss for b in of_epoch], weights=sizes), rel=1e-5)
        assert epoch.train_accuracy == pytest.approx(np.average([b.accuracy for b in of_epoch], weights=sizes))
        assert epoch.numbers.tolist() == index.where(VALIDATION).tolist()
        told = score(index.classes, index.labels[epoch.numbers].astype(np.int64), epoch.probabilities)
        assert told.accuracy == epoch.validation_accuracy and told.loss == pytest.approx(epoch.validation_loss)
        assert epoch.learning_rate == of_epoch[-1].learning_rate
        assert 0 < epoch.seconds < 60 and epoch.images_per_second > 0


def test_what_is_told_is_what_lies_on_the_disk(picture_folder, path):
    run = trained(small_project(picture_folder), path)
    folder, epochs = first_run(path), run.of(EpochDone)
    assert history.read(folder) == [EpochLine.of(event) for event in epochs]
    watch, index = WatchFolder(folder), run.of(PicturesReady)[0].pictures.index
    assert watch.numbers(index).tolist() == epochs[0].numbers.tolist()
    for event in epochs:
        np.testing.assert_allclose(watch.load(event.epoch), event.probabilities, atol=1e-3)
    best = max(epochs, key=lambda e: (e.validation_accuracy, -e.validation_loss))
    assert [e.epoch for e in epochs if e.is_best][-1] == best.epoch and epochs[0].is_best
    summary = run.result
    assert isinstance(summary, RunSummary) and summary.reason == "finished"
    assert (summary.run, summary.epochs, summary.best_epoch) == (1, 3, best.epoch)
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        assert getattr(summary, name) == getattr(best, name)
    assert summary.seconds == pytest.approx(sum(e.seconds for e in epochs))
    assert summary.images_per_second == sorted(e.images_per_second for e in epochs)[1]
    info = info_of(path)
    assert (info.state, info.epochs_done, info.epochs, info.best_epoch) == ("finished", 3, 3, best.epoch)
    assert info.best_accuracy == best.validation_accuracy and info.has_weights and not info.can_resume
    assert runs.read_run_spec(folder) == small_project(picture_folder)
    assert {p.name for p in folder.iterdir()} == {
        "spec.json", "run.json", "history.jsonl", "watch", "kept", "best.safetensors", "last.safetensors", "log.txt",
            "steps.bin",
            "layers.jsonl",
    }  # fmt: skip
    assert "run 1 on cpu (chosen by hand)" in (folder / "log.txt").read_text("utf-8")


def test_the_kept_weights_are_those_of_the_best_epoch(picture_folder, path):
    # A rate that only falls in the last third makes early epochs wild: the best one is rarely the last.
    project = small_project(picture_folder, epochs=6, learning_rate=0.05, seed=3)
    run = trained(project, path)
    best = run.of(EpochDone)[run.result.best_epoch - 1]
    model = load_model(first_run(path), "cpu")
    assert model.epoch == best.epoch and model.classes == ("disc", "stripes")
    pictures: Pictures = run.of(PicturesReady)[0].pictures
    answers = model.probabilities(pictures.rows[pictures.row_of[best.numbers]])
    np.testing.assert_allclose(answers, best.probabilities, atol=1e-5)
    np.testing.assert_allclose(answers, WatchFolder(first_run(path)).load(best.epoch), atol=1e-3)
    labels = pictures.index.labels[best.numbers]
    assert (answers.argmax(1) == labels).mean() == best.validation_accuracy


def test_every_epoch_is_on_disk_when_it_is_told(picture_folder, path):
    work = start_run(small_project(picture_folder), path, JobControl())
    for event in work:
        if isinstance(event, EpochDone):
            assert len(history.read(first_run(path))) == event.epoch
            assert WatchFolder(first_run(path)).load(event.epoch) is not None
            assert info_of(path).state == "running"


# ---- numbers that follow from the seed


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(picture_folder, path):
    for seed in (0, 0, 1):
        trained(small_project(picture_folder, seed=seed), path)
    one, same, other = (path.parent / "runs" / f"000{number}" for number in (1, 2, 3))
    assert numbers(one) == numbers(same) and made.same_weights(one / "last.safetensors", same / "last.safetensors")
    assert all(a["train_loss"] != b["train_loss"] for a, b in zip(numbers(one), numbers(other), strict=True))


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_the_schedule_sets_the_rate_of_every_step(picture_folder, path, monkeypatch, schedule):
    with everything_told(monkeypatch):
        project = small_project(picture_folder, schedule=Chosen(schedule), learning_rate=0.01)
        rates = [event.learning_rate for event in trained(project, path).of(BatchDone)]
    written = [line.learning_rate for line in history.read(first_run(path))]
    assert written == rates[2::3]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.01, momentum=0.9)
    if schedule == "constant":
        reference = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    elif schedule == "cosine":
        reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=9)
    else:
        reference = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, 9, pct_start=0.25, final_div_factor=400)
    wanted = []
    for step in range(9):
        wanted.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < 8:
            reference.step()
    assert rates == pytest.approx(wanted) and rates[-1] > 0


def test_settings_of_the_optimizer_reach_it_and_biases_do_not_decay(picture_folder, path, monkeypatch):
    seen = []
    monkeypatch.setattr("engine.train.trainer._Loop.__init__", told_setup(seen))
    chosen = Chosen("sgd", {"momentum": 0.5, "nesterov": True, "weight_decay": 0.25})
    trained(small_project(picture_folder, optimizer=chosen, epochs=1), path)
    optimizer, network = seen[0].optimizer, seen[0].network
    assert all(group["momentum"] == 0.5 and group["nesterov"] for group in optimizer.param_groups)
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in network.named_parameters():
        assert decay[id(parameter)] == (0.25 if name in ("conv2d_1.weight", "classes_1.weight") else 0.0), name


def told_setup(seen):
    from engine.train.trainer import _Loop

    usual = _Loop.__init__

    def init(self, setup, *rest):
        seen.append(setup)
        usual(self, setup, *rest)

    return init


def test_early_stopping_waits_for_its_patience(picture_folder, path):
    # Steps so large that the loss soon rises again.
    sgd = {"optimizer": Chosen("sgd", {"momentum": 0.9}), "schedule": Chosen("constant"), "learning_rate": 0.5}
    summary = trained(small_project(picture_folder, epochs=60, patience=3, **sgd), path).result
    losses = [line.validation_loss for line in history.read(first_run(path))]
    lowest = losses.index(min(losses)) + 1
    assert summary.reason == "early" and summary.epochs == len(losses) == lowest + 3 < 60
    info = info_of(path)
    assert info.state == "finished" and info.ended_early and not info.can_resume
    assert info.reason == "Validation loss did not improve for 3 epochs."


def test_patience_that_ends_with_the_plan_stops_nothing(picture_folder, path, monkeypatch):
    monkeypatch.setattr(trainer.history, "epochs_without_improvement", lambda lines, *_: len(lines) - 1)
    summary = trained(small_project(picture_folder, epochs=3, patience=2), path).result
    assert summary.reason == "finished" and summary.epochs == 3
    assert not info_of(path).ended_early and info_of(path).reason == ""


# ---- pictures of all sorts


def test_unreadable_pictures_are_left_out_and_counted(picture_folder, path):
    for name in ("disc", "stripes"):
        for number in (0, 1):
            (picture_folder / name / f"{name}-{number:02d}.png").write_bytes(b"no picture")
    run = trained(small_project(picture_folder, epochs=1), path)
    started, pictures = run.of(RunStarted)[0], run.of(PicturesReady)[0].pictures
    assert started.left_out == len(pictures.failures) == 4
    assert started.train_images + started.validation_images + len(pictures.readable(2)) == 20
    assert not set(run.of(EpochDone)[0].numbers) & set(pictures.failures)


def test_no_readable_picture_to_train_with_is_a_sentence(picture_folder, path):
    for file in picture_folder.rglob("*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(EngineError, match="no images to train on"):
        trained(small_project(picture_folder), path)
    assert not (path.parent / "runs").exists()


def test_no_picture_to_validate_with_is_a_sentence(tmp_path, path):
    folder = tmp_path / "two"
    draw_pictures(folder, per_class=1, side=16)
    with pytest.raises(EngineError, match="no images to validate with") as caught:
        trained(small_project(folder), path)
    assert "at least three" in caught.value.fix and not (path.parent / "runs").exists()


@pytest.mark.parametrize("batch_size", [2, 4, 11, 12, 500])
def test_any_batch_size_sees_every_picture_once(picture_folder, path, batch_size, monkeypatch):
    with everything_told(monkeypatch):
        run = trained(small_project(picture_folder, epochs=1, batch_size=batch_size), path)
    steps = {2: 6, 4: 3, 11: 1, 12: 1, 500: 1}[batch_size]  # 11: a last picture alone joins the batch before
    assert run.of(RunStarted)[0].steps_per_epoch == len(run.of(BatchDone)) == steps
    assert np.isfinite(run.result.train_loss)


def test_batch_norm_over_single_values_needs_more_than_one_picture(picture_folder, path):
    project = small_project(picture_folder, batch_size=1, network=made.small_network(("batch_norm", {})))
    with pytest.raises(EngineError, match="one image at a time") as caught:
        trained(project, path)
    assert "batch size" in caught.value.fix and not (path.parent / "runs").exists()
    assert trained(replace(project, recipe=replace(project.recipe, batch_size=2)), path).result.epochs == 3


def test_a_class_with_one_picture_is_trained(picture_folder, path):
    (picture_folder / "rare").mkdir()
    Image.new("RGB", (32, 32), (10, 200, 10)).save(picture_folder / "rare" / "only.png")
    run = trained(small_project(picture_folder, epochs=1), path)
    assert run.of(RunStarted)[0].classes == ("disc", "rare", "stripes")
    assert run.of(EpochDone)[0].probabilities.shape[1] == 3


def test_a_single_sigmoid_output_learns_two_classes(picture_folder, path):
    network = made.small_network(outputs=1)
    project = small_project(picture_folder, network=network, epochs=12, learning_rate=0.02, data={"augment": ()})
    run = trained(project, path)
    assert run.result.validation_accuracy == 1.0
    model = load_model(first_run(path), "cpu")
    pictures = run.of(PicturesReady)[0].pictures
    for split in (TRAIN, VALIDATION):
        found = pictures.readable(split)
        answers = model.probabilities(pictures.rows[pictures.row_of[found]])
        np.testing.assert_allclose(answers.sum(1), 1, rtol=1e-6)
        assert (answers.argmax(1) == pictures.index.labels[found]).mean() > 0.9
    weights = model.network.state_dict()["classes_1.weight"]
    assert weights.shape[0] == 1


@pytest.mark.parametrize(
    "data", [{"colour": "grey"}, {"size": (12, 20)}, {"colour": "grey", "size": (21, 8), "fit": "pad"}], ids=str
)
def test_grey_and_oblong_pictures_are_trained_and_answered(picture_folder, path, data):
    run = trained(small_project(picture_folder, data=data, epochs=2), path)
    model = load_model(first_run(path), "cpu")
    pictures, event = run.of(PicturesReady)[0].pictures, run.of(EpochDone)[run.result.best_epoch - 1]
    answers = model.probabilities(pictures.rows[pictures.row_of[event.numbers]])
    np.testing.assert_allclose(answers, event.probabilities, atol=1e-5)


def test_augmentation_changes_the_training_only(picture_folder, path):
    for augment in ((), AUGMENT):
        trained(small_project(picture_folder, epochs=1, learning_rate=1e-8, data={"augment": augment}), path)
    plain, varied = (numbers(path.parent / "runs" / f"000{number}")[0] for number in (1, 2))
    assert plain["train_loss"] != varied["train_loss"]
    # The weights have hardly moved, but batch norm has seen other pictures: close, never equal.
    assert plain["validation_loss"] == pytest.approx(varied["validation_loss"], rel=0.05)


def test_a_network_that_learns_nothing_or_does_not_fit_is_refused_before_a_folder_is_made(picture_folder, path):
    idle = chain([("image", {}), ("flatten", {}), ("classes", {"outputs": 5})])
    with pytest.raises(EngineError, match="5 outputs"):
        trained(small_project(picture_folder, network=idle), path)
    with pytest.raises(EngineError, match="optimizer"):
        trained(small_project(picture_folder, optimizer=Chosen("nothing")), path)
    assert not (path.parent / "runs").exists()


def test_the_summary_survives_as_json(picture_folder, path):
    lines = [json.loads(line) for line in _history_text(trained(small_project(picture_folder), path), path)]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert all(type(value) in (int, float, bool) for line in lines for value in line.values())


def _history_text(_run, path) -> list[str]:
    return (first_run(path) / "history.jsonl").read_text("utf-8").splitlines()


# ---- pause, stop, discard, close


def test_stop_keeps_what_was_learnt(picture_folder, path):
    control = JobControl()
    work = start_run(small_project(picture_folder, epochs=50), path, control)
    second = until(work, EpochDone, 2)
    control.stop()
    control.stop()  # asking twice changes nothing
    with pytest.raises(Cancelled) as caught:
        followed(work)
    assert caught.value.keep
    info = info_of(path)
    assert (info.state, info.epochs_done, info.can_resume) == ("stopped", second.epoch, True)
    assert load_model(info.folder, "cpu").epoch == info.best_epoch
    assert not runs.owner_is_alive(info.folder)


def test_stop_within_the_first_epoch_leaves_a_run_that_starts_over(picture_folder, path, monkeypatch):
    control = JobControl()
    with everything_told(monkeypatch):
        work = start_run(small_project(picture_folder), path, control)
        until(work, BatchDone, 2)
        control.stop()
        with pytest.raises(Cancelled):
            followed(work)
    info = info_of(path)
    assert (info.state, info.epochs_done, info.can_resume, info.has_weights) == ("stopped", 0, True, False)
    with pytest.raises(EngineError, match="missing"):
        load_model(info.folder)
    made.resumed(path)
    trained(small_project(picture_folder), path)
    made.assert_same_run(first_run(path), path.parent / "runs" / "0002")


@pytest.mark.parametrize("after", [RunStarted, BatchDone, EpochDone])
def test_discard_leaves_no_trace(picture_folder, path, after):
    trained(small_project(picture_folder, epochs=1), path)
    before = sorted(path.parent.rglob("*"))
    control = JobControl()
    work = start_run(small_project(picture_folder, epochs=50), path, control)
    until(work, after)
    control.stop(keep=True)
    control.stop(keep=False)  # discarding wins
    control.stop(keep=False)
    with pytest.raises(Cancelled) as caught:
        followed(work)
    assert not caught.value.keep
    assert sorted(path.parent.rglob("*")) == before
    assert trained(small_project(picture_folder, epochs=1), path).result.run == 2


@pytest.mark.parametrize("after", [RunStarted, BatchDone, EpochDone])
def test_a_closed_generator_leaves_an_interrupted_run(picture_folder, path, after):
    work = start_run(small_project(picture_folder), path, JobControl())
    until(work, after)
    work.close()
    info = info_of(path)
    assert info.state == "interrupted" and info.can_resume and not runs.owner_is_alive(info.folder)
    made.resumed(path)
    trained(small_project(picture_folder), path)
    made.assert_same_run(first_run(path), path.parent / "runs" / "0002")


@pytest.mark.parametrize(("keep", "state"), [(True, "stopped"), (False, None)])
def test_a_generator_closed_after_a_stop_ends_as_was_asked(picture_folder, path, keep, state):
    control = JobControl()
    work = start_run(small_project(picture_folder), path, control)
    until(work, EpochDone)
    control.stop(keep=keep)
    work.close()
    assert [info.state for info in runs.list_runs(path)] == ([state] if state else [])


def test_a_keyboard_interrupt_leaves_a_run_that_can_go_on(picture_folder, path):
    work = start_run(small_project(picture_folder), path, JobControl())
    until(work, EpochDone)
    with pytest.raises(KeyboardInterrupt):
        work.throw(KeyboardInterrupt)
    assert info_of(path).state == "interrupted" and info_of(path).can_resume
