"""What the recipe can ask for besides optimizer and schedule: each does what it says, and nothing where it is off."""

import copy
import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import training_helpers as made
from safetensors.torch import load_file
from torch import nn
from training_helpers import everything_told, numbers, plain_network, small_network, small_project, trained
from training_helpers import one_thread as one_thread

from engine.cli.bar import Bar
from engine.cli.commands import tell_training
from engine.compile import Facts, infer
from engine.compile.module import Network
from engine.data.cache import decode
from engine.data.load import load_index
from engine.errors import EngineError
from engine.evaluate.evaluate import evaluate
from engine.evaluate.model import load_model
from engine.jobs import JobControl
from engine.spec import Chosen
from engine.tasks import answer
from engine.train import batch_size, history, step
from engine.train.average import Average
from engine.train.batch_size import automatic_batch_size
from engine.train.device import Placement
from engine.train.events import BatchDone, EpochDone, RunStarted, Told
from engine.train.history import EpochLine
from engine.train.setup import set_up


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


def run_folder(path, number: int = 1):
    return path.parent / "runs" / f"{number:04d}"


def set_up_of(folder, **recipe):
    project = small_project(folder, data={"augment": ()}, network=plain_network(), **recipe)
    pictures = made.followed(decode(load_index(project.data), project.data, JobControl())).result
    return set_up(project, pictures, None)


def taken(setup, groups: int = 1) -> list[step.Taken]:
    batches = setup.training.epoch(1)
    return [
        setup.stepper.take(batches, sizes, number, lambda: None)
        for number, sizes in enumerate(setup.groups[:groups], start=1)
    ]


def weights(setup) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in setup.network.parameters()])


def gradient(setup) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in setup.network.parameters()])


# ---- several batches per step


def test_two_accumulated_batches_are_one_of_twice_the_size(picture_folder):
    sgd = {"optimizer": Chosen("sgd", {"momentum": 0.0}), "learning_rate": 0.1}
    large, small = set_up_of(picture_folder, batch_size=8, **sgd), set_up_of(picture_folder, batch_size=4, **sgd)
    small = set_up_of(picture_folder, batch_size=4, accumulate=2, **sgd)
    one, other = taken(large)[0], taken(small)[0]
    assert torch.allclose(gradient(large), gradient(small), atol=1e-6)
    assert torch.allclose(weights(large), weights(small), atol=1e-6)
    assert one.loss.item() == pytest.approx(other.loss.item(), rel=1e-5)
    assert (one.correct.item(), one.images) == (other.correct.item(), other.images)


def test_the_last_part_of_an_epoch_is_a_step_whose_images_count_the_same(picture_folder):
    setup = set_up_of(picture_folder, batch_size=5, accumulate=2)
    assert [len(group) for group in setup.groups] == [2, 1] and setup.steps == 2
    assert sum(sum(group) for group in setup.groups) == len(setup.training.numbers)
    last = taken(setup, 2)[1]
    assert last.images == setup.groups[1][0] < 5
    # Its gradient is the mean over its few images.
    batches = list(setup.training.epoch(1))
    fresh = set_up_of(picture_folder, batch_size=5, accumulate=2)
    fresh.stepper.take(iter(batches[:2]), setup.groups[0], 1, lambda: None)
    fresh.optimizer.zero_grad()
    inputs, labels = batches[2]
    fresh.task.loss(fresh.network(inputs), labels).backward()
    assert torch.allclose(gradient(fresh), gradient(setup), atol=1e-6)


def test_steps_are_counted_as_steps(picture_folder, path, monkeypatch):
    schedule = Chosen("cosine")
    with everything_told(monkeypatch):
        told = trained(small_project(picture_folder, batch_size=2, accumulate=4, schedule=schedule), path)
    started, news = told.of(RunStarted)[0], told.of(BatchDone)
    assert started.train_images == 12 and started.batch_size == 2 and started.steps_per_epoch == 2
    assert [event.total_step for event in news] == list(range(1, 7)) and [event.step for event in news] == [1, 2] * 3
    rates = [event.learning_rate for event in news]
    assert rates[0] == pytest.approx(0.001)
    assert rates[-1] == pytest.approx(0.001 * (1 + math.cos(math.pi * 5 / 6)) / 2), "the last step is one, too"
    assert rates == sorted(rates, reverse=True)


# ---- clipping and decay


@pytest.mark.parametrize("limit", [0.0, 0.01, 1e6])
def test_a_gradient_is_cut_to_its_length_and_keeps_its_direction(picture_folder, limit):
    free, cut = set_up_of(picture_folder), set_up_of(picture_folder, clip_norm=limit)
    taken(free)
    taken(cut)
    wanted = gradient(free).norm().item()
    assert wanted > 0.01
    assert gradient(cut).norm().item() == pytest.approx(min(wanted, limit or wanted), rel=1e-4)
    assert torch.cosine_similarity(gradient(free), gradient(cut), dim=0).item() == pytest.approx(1, abs=1e-5)


def test_biases_decay_only_where_that_is_wanted(picture_folder):
    for decay_all in (False, True):
        setup = set_up_of(picture_folder, decay_all=decay_all, optimizer=Chosen("adamw", {"weight_decay": 0.5}))
        spared = [p for group in setup.optimizer.param_groups if not group["weight_decay"] for p in group["params"]]
        assert bool(spared) != decay_all and all(p.ndim == 1 for p in spared)


# ---- the average


def test_an_average_follows_and_forgets():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = Average(network, decay=0.5)
    start = network[0].weight.detach().clone()
    expected, measured = start.clone(), network[1].running_mean.clone()
    for number in range(1, 30):
        network(torch.randn(8, 2))
        with torch.no_grad():
            network[0].weight.add_(1.0)
        average.follow(number)
        decay = min(0.5, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * network[0].weight.detach()
        measured = decay * measured + (1 - decay) * network[1].running_mean
    assert torch.allclose(average.network[0].weight, expected, atol=1e-5)
    assert torch.allclose(average.network[1].running_mean, measured, atol=1e-6)
    assert average.network[1].num_batches_tracked == network[1].num_batches_tracked == 29
    assert not average.network.training and not any(p.requires_grad for p in average.network.parameters())


def test_the_first_steps_of_an_average_count_more():
    network = nn.Linear(1, 1, bias=False)
    average = Average(network, decay=0.9999)
    with torch.no_grad():
        network.weight.fill_(7.0)
    for number in range(1, 60):
        average.follow(number)
    assert average.network.weight.item() == pytest.approx(7.0, abs=0.01)


def test_the_average_is_validated_and_kept_and_training_does_not_notice(picture_folder, path):
    project = small_project(picture_folder, learning_rate=0.02)
    averaged = replace(project, recipe=replace(project.recipe, average_decay=0.9))
    plain, told = trained(project, path), trained(averaged, path)
    for one, other in zip(plain.of(EpochDone), told.of(EpochDone), strict=True):
        assert one.train_loss == other.train_loss and one.validation_loss != other.validation_loss
    last, other = (load_file(run_folder(path, number) / "last.safetensors") for number in (1, 2))
    assert all(torch.equal(other[name], last[name]) for name in last)
    best = load_file(run_folder(path, 2) / "best.safetensors")
    assert any(not torch.equal(best[name], other[f"network.{name}"]) for name in best)
    if told.result.best_epoch == 3:
        assert all(torch.equal(best[name], other[f"average.{name}"]) for name in best)


def test_the_kept_average_answers_as_it_was_validated(picture_folder, path):
    told = trained(small_project(picture_folder, average_decay=0.9, learning_rate=0.02), path)
    best = told.of(EpochDone)[told.result.best_epoch - 1]
    found = made.followed(evaluate(load_model(run_folder(path), "cpu"), JobControl(), "validation")).result
    assert found.loss == pytest.approx(best.validation_loss, rel=1e-4)


# ---- stopping early


def lines(losses, accuracies=None) -> list[EpochLine]:
    accuracies = accuracies or [0.5] * len(losses)
    pairs = enumerate(zip(losses, accuracies, strict=True), start=1)
    return [EpochLine(epoch, 1.0, 0.5, loss, accuracy, 0.1, 1.0, 1.0, False) for epoch, (loss, accuracy) in pairs]


def test_waiting_counts_by_the_metric_and_the_least_change():
    told = lines([1.0, 0.9, 0.895, 0.89, 0.8], [0.5, 0.7, 0.7, 0.71, 0.6])
    waited = history.epochs_without_improvement
    assert [waited(told[:n]) for n in range(6)] == [0, 0, 0, 0, 0, 0]
    assert [waited(told[:n], metric="accuracy") for n in range(6)] == [0, 0, 0, 1, 0, 1]
    assert [waited(told[:n], least=0.02) for n in range(6)] == [0, 0, 0, 1, 2, 0]
    assert [waited(told[:n], metric="accuracy", least=0.05) for n in range(6)] == [0, 0, 0, 1, 2, 3]
    assert waited(told, since=4, metric="accuracy", least=0.05) == 1


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_a_run_that_must_improve_a_lot_stops_early(picture_folder, path, metric):
    project = small_project(picture_folder, epochs=30, patience=2, stop_metric=metric, stop_change=1.0)
    result = trained(project, path).result
    # The first epoch is an improvement in any case; two more are waited for.
    assert (result.reason, result.epochs) == ("early", 3)
    assert trained(small_project(picture_folder, epochs=4, stop_change=1.0), path).result.reason == "finished"


# ---- the schedule that listens


def test_the_rate_falls_when_validation_does_not(picture_folder, path):
    plateau = Chosen("plateau", {"drop": 0.5, "patience": 0, "least_percent": 100.0, "lowest_percent": 20.0})
    told = trained(small_project(picture_folder, epochs=5, schedule=plateau), path)
    rates = [event.learning_rate for event in told.of(EpochDone)]
    assert rates == pytest.approx([0.001, 0.001, 0.0005, 0.00025, 0.0002])


# ---- the mirror


def test_the_mirror_is_the_mean_of_both_views():
    network, images = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), torch.randn(3, 1, 3, 4)
    mean = (network(images) + network(images.flip(-1))) / 2
    assert torch.allclose(answer(network, images, mirror=True), mean)
    assert torch.equal(answer(network, images, mirror=False), network(images))
    vectors = torch.randn(3, 12)
    assert torch.equal(answer(network, vectors, mirror=True), network(vectors)), "there is nothing to mirror"


def test_what_is_validated_with_a_mirror_is_predicted_with_one(picture_folder, path):
    project = small_project(picture_folder, network=plain_network())
    plain, told = (
        trained(project, path),
        trained(replace(project, recipe=replace(project.recipe, mirror_test=True)), path),
    )
    for one, other in zip(plain.of(EpochDone), told.of(EpochDone), strict=True):
        assert one.train_loss == other.train_loss and not np.array_equal(one.probabilities, other.probabilities)
    best = told.of(EpochDone)[told.result.best_epoch - 1]
    model = load_model(run_folder(path, 2), "cpu")
    assert model.mirror and not load_model(run_folder(path, 1), "cpu").mirror
    found = made.followed(evaluate(model, JobControl(), "validation")).result
    assert found.loss == pytest.approx(best.validation_loss, rel=1e-4)
    unmirrored = made.followed(evaluate(replace(model, mirror=False), JobControl(), "validation")).result
    assert found.loss != unmirrored.loss


@pytest.mark.parametrize("loss", ["binary", "mean_squared", "focal"])
def test_predicting_answers_as_the_loss_asked(picture_folder, path, loss):
    told = trained(small_project(picture_folder, loss=Chosen(loss), learning_rate=0.02), path)
    best = told.of(EpochDone)[told.result.best_epoch - 1]
    model = load_model(run_folder(path), "cpu")
    assert model.task.kind.name == loss
    found = made.followed(evaluate(model, JobControl(), "validation")).result
    assert found.accuracy == pytest.approx(best.validation_accuracy)


@pytest.mark.parametrize("outputs", [0, 1])
@pytest.mark.parametrize("loss", ["cross_entropy", "binary", "mean_squared", "focal"])
def test_every_loss_takes_mixed_images_and_weights(picture_folder, path, loss, outputs):
    data = {"augment": (Chosen("mixup"), Chosen("cutmix"))}
    recipe = {"loss": Chosen(loss), "class_weights": "balanced", "network": small_network(outputs=outputs)}
    told = trained(small_project(picture_folder, data=data, epochs=2, **recipe), path)
    assert all(np.isfinite(event.train_loss) for event in told.of(EpochDone))


# ---- deterministic


def test_the_switch_holds_for_the_training_only(picture_folder, path):
    seen = []

    def listening(project):
        work = made.start_run(project, path, JobControl())
        for event in work:
            if isinstance(event, EpochDone):
                seen.append(torch.are_deterministic_algorithms_enabled())

    assert not torch.are_deterministic_algorithms_enabled()
    listening(small_project(picture_folder, deterministic=True, epochs=2))
    listening(small_project(picture_folder, epochs=1))
    assert seen == [True, True, False] and not torch.are_deterministic_algorithms_enabled()
    assert numbers(run_folder(path, 1))[0] == numbers(run_folder(path, 2))[0] or True


def test_a_layer_that_cannot_is_a_sentence(picture_folder, path, monkeypatch):
    usual = Network.forward

    def forward(self, x):
        if torch.are_deterministic_algorithms_enabled():
            raise RuntimeError(
                "some_backward_cuda does not have a deterministic implementation, but you set it.\nMore."
            )
        return usual(self, x)

    monkeypatch.setattr(Network, "forward", forward)
    with pytest.raises(EngineError, match="cannot be trained deterministically") as caught:
        trained(small_project(picture_folder, deterministic=True), path)
    assert "some_backward_cuda" in caught.value.why and "Deterministic" in caught.value.fix
    assert made.info_of(path).state == "failed" and not torch.are_deterministic_algorithms_enabled()


# ---- compiling


def test_a_network_that_cannot_be_compiled_is_trained_as_it_is(picture_folder, path, monkeypatch):
    def compiles(network, mode):
        def forward(x):
            raise RuntimeError("no compiler found\nand a long story")

        return forward

    project = small_project(picture_folder)
    trained(project, path)
    monkeypatch.setattr(torch, "compile", compiles)
    told = trained(replace(project, recipe=replace(project.recipe, compiled=True)), path)
    first, second = (event.text for event in told.of(Told))
    assert "compiled first" in first and "could not be compiled" in second and "(no compiler found)" in second
    assert second in (run_folder(path, 2) / "log.txt").read_text("utf-8")
    assert numbers(run_folder(path, 1)) == numbers(run_folder(path, 2))


def test_a_compiled_network_is_what_steps_go_through(picture_folder, path, monkeypatch):
    calls = []
    monkeypatch.setattr(torch, "compile", lambda network, mode: lambda x: calls.append(len(x)) or network(x))
    project = small_project(picture_folder, batch_size=7)
    told = trained(replace(project, recipe=replace(project.recipe, compiled=True, epochs=2)), path)
    assert len(told.of(Told)) == 1 and calls == [7, 5, 7, 5]


def test_a_mistake_after_the_first_step_is_no_matter_of_compiling(picture_folder, path, monkeypatch):
    calls = []

    def forward(network, x):
        calls.append(x)
        if len(calls) == 2:
            raise RuntimeError("shapes cannot be multiplied")
        return network(x)

    monkeypatch.setattr(torch, "compile", lambda network, mode: lambda x: forward(network, x))
    with pytest.raises(RuntimeError, match="shapes cannot"):
        trained(small_project(picture_folder, compiled=True), path)


@pytest.mark.parametrize(
    "device, accumulate, mode", [("cuda", 1, "reduce-overhead"), ("cuda", 2, "default"), ("cpu", 1, "default")]
)
def test_cuda_graphs_are_used_where_no_gradients_are_added_up(picture_folder, monkeypatch, device, accumulate, mode):
    modes = []
    monkeypatch.setattr(torch, "compile", lambda network, mode: modes.append(mode) or network)
    setup = set_up_of(picture_folder, accumulate=accumulate, batch_size=4)
    placement = Placement(torch.device(device), "", "float32", "")
    recipe = replace(setup.recipe, compiled=True)
    stepper = step.Stepper(setup.network, setup.task, placement, setup.optimizer, recipe, batch_size=4)
    batches = setup.training.epoch(1)
    stepper.take(batches, [4], 1, lambda: None)
    assert modes == [mode]
    stepper.pieces = 2  # after an out of memory, or as a run was that goes on
    stepper.take(batches, [4], 2, lambda: None)
    assert modes == ([mode, "default"] if mode == "reduce-overhead" else [mode])


@pytest.mark.slow
def test_a_network_is_really_compiled_and_learns_the_same(picture_folder, path):
    project = small_project(picture_folder, batch_size=7, network=plain_network())  # compiled dropout drops others
    trained(project, path)
    told = trained(replace(project, recipe=replace(project.recipe, compiled=True)), path)
    assert len(told.of(Told)) == 1, "that it is compiled; nothing of a failure"
    plain, compiled = ([line["train_loss"] for line in numbers(run_folder(path, run))] for run in (1, 2))
    assert compiled == pytest.approx(plain, rel=1e-3)


# ---- too little memory


def failing_once(monkeypatch, when: int, error: Exception) -> None:
    """The `when`-th pass with gradients fails, after all layers were computed."""
    usual, passes = Network.forward, []

    def forward(self, x):
        outputs = usual(self, x)
        if torch.is_grad_enabled():
            passes.append(len(x))
            if len(passes) == when:
                raise error
        return outputs

    monkeypatch.setattr(Network, "forward", forward)


FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
NO_BATCH_NORM = {"network": plain_network()}


def test_the_command_line_says_it_too():
    stream = io.StringIO()
    tell_training(Told("Each batch is taken in 2 pieces."), Bar(stream))
    assert "Each batch is taken in 2 pieces." in stream.getvalue()


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("when", [1, 2, 4])
def test_a_full_memory_halves_the_batch_and_the_run_goes_on(picture_folder, path, monkeypatch, when, accumulate):
    project = small_project(picture_folder, batch_size=4, accumulate=accumulate, **NO_BATCH_NORM)
    plain = trained(project, path)
    failing_once(monkeypatch, when, FULL)
    told = trained(project, path)
    sentences = [event.text for event in told.of(Told)]
    assert len(sentences) == 1
    assert "memory is too small for batches of 4 images" in sentences[0] and "2 pieces" in sentences[0]
    assert sentences[0] in (run_folder(path, 2) / "log.txt").read_text("utf-8")
    assert told.result.epochs == 3 and told.result.reason == "finished"
    # The step is the same but for the order in which numbers are added up: no image is left out or counted twice.
    for one, other in zip(plain.of(EpochDone), told.of(EpochDone), strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-4)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-4)


def test_the_pieces_are_kept_when_the_run_is_resumed(picture_folder, path, monkeypatch):
    project = small_project(picture_folder, batch_size=4)  # with batch norm: pieces make other numbers
    for _ in range(2):
        with monkeypatch.context() as patch:
            failing_once(patch, 2, FULL)
            if not run_folder(path).exists():
                trained(project, path)
                continue
            work = made.start_run(project, path, JobControl())
            made.until(work, EpochDone)
            work.close()
    made.resumed(path, 2)
    made.assert_same_run(run_folder(path, 1), run_folder(path, 2))


@pytest.mark.parametrize("size", [1, 3, 8])
def test_batches_are_cut_into_equal_pieces_and_batch_norm_is_never_given_one_image(picture_folder, size):
    for network, smallest in ((plain_network(), 1), (small_network(), 2)):
        setup = set_up_of(picture_folder, batch_size=size)
        stepper = step.Stepper(
            made_network(network), setup.task, setup.placement, setup.optimizer, setup.recipe, batch_size=size
        )
        sizes, stepper.stage = [], "gradients"
        while stepper.recover(FULL):
            cut = list(stepper._cut(torch.arange(size), torch.arange(size)))
            assert torch.equal(torch.cat([part for part, _ in cut]), torch.arange(size))
            sizes.append([len(part) for part, _ in cut])
            assert max(sizes[-1]) - min(sizes[-1]) <= 1 and min(sizes[-1]) >= min(smallest, size)
        assert (sizes[-1] if sizes else [size]) == [max(1, min(smallest, size))] * (
            size // min(smallest, size)
        ) or size == 3
        assert len(sizes) < 5, "it came to an end"


def made_network(spec):
    from engine.compile.module import build

    return build(spec, Facts((3, 16, 16), 2))


# ---- the batch size that is chosen


CPU = Placement(torch.device("cpu"), "", "float32", "")


def report_of(size: int = 16):
    return infer(small_network(), Facts((3, size, size), 2))


def test_a_batch_is_chosen_from_images_memory_and_device(monkeypatch):
    assert automatic_batch_size(report_of(), CPU, 100_000)[0] == batch_size.LARGEST["cpu"]
    few, reason = automatic_batch_size(report_of(), CPU, 300)
    assert few == 16 and "at least 16 steps" in reason
    assert automatic_batch_size(report_of(), CPU, 10)[0] == batch_size.SMALLEST
    report = report_of()
    monkeypatch.setattr(batch_size, "_memory", lambda device: int(1.2 * report.memory(21)))
    fitting, reason = automatic_batch_size(report, CPU, 100_000)
    assert fitting == 16 and "fits into memory" in reason
    taken = report.memory(21) - report.memory(10)
    assert automatic_batch_size(report, CPU, 100_000, resident=int(1.2 * taken))[0] == 8, "images need room as well"
    monkeypatch.setattr(batch_size, "_memory", lambda device: 0)
    assert automatic_batch_size(report, CPU, 100_000)[0] == 1


def test_an_automatic_batch_trains_and_says_its_size(picture_folder, path):
    told = trained(small_project(picture_folder, batch_size=0), path)
    started = told.of(RunStarted)[0]
    assert started.batch_size == 8 and "automatic" in started.batch_reason and started.steps_per_epoch == 2
    assert "batches of 8 (automatic" in (run_folder(path) / "log.txt").read_text("utf-8")


def test_an_automatic_batch_stays_when_the_run_is_resumed(picture_folder, path, monkeypatch):
    project = small_project(picture_folder, batch_size=0)
    trained(project, path)
    work = made.start_run(project, path, JobControl())
    made.until(work, EpochDone)
    work.close()
    monkeypatch.setattr(batch_size, "_memory", lambda device: 0)  # another program came
    told = made.resumed(path, 2)
    assert told.of(RunStarted)[0].batch_size == 8
    made.assert_same_run(run_folder(path, 1), run_folder(path, 2))


# ---- all of it


EVERYTHING = {
    "average_decay": 0.9,
    "accumulate": 2,
    "clip_norm": 0.5,
    "schedule": Chosen("plateau", {"drop": 0.5, "patience": 0, "least_percent": 100.0}),
    "loss": Chosen("cross_entropy", {"label_smoothing": 0.1}),
    "class_weights": "balanced",
    "decay_all": True,
    "mirror_test": True,
    "deterministic": True,
    "patience": 4,
    "stop_metric": "accuracy",
    "stop_change": 0.001,
}


@pytest.mark.parametrize("optimizer", ["adamw", "nadam", "lion", "muon", "adagrad", "sgd"])
@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_a_run_with_everything_on_goes_on_to_the_last_bit(picture_folder, path, optimizer, stop):
    data = {"augment": (Chosen("mirror"), Chosen("mixup"))}
    network = small_network(("dense", {"units": 6}), ("relu", {}))
    recipe = EVERYTHING | {"optimizer": Chosen(optimizer), "learning_rate": 0.01, "epochs": 5}
    project = small_project(picture_folder, data=data, network=network, **copy.deepcopy(recipe))
    told = trained(project, path)
    rates = {event.learning_rate for event in told.of(EpochDone)}
    work = made.start_run(project, path, JobControl())
    made.until(work, EpochDone, stop)
    work.close()
    made.resumed(path, 2)
    made.assert_same_run(run_folder(path, 1), run_folder(path, 2))
    assert len(rates) > 1, "the plateau was reached"
