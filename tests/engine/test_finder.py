"""The learning-rate range test: what it reads from a curve, and a real one."""

import math
from itertools import pairwise

import pytest
import torch
from training_helpers import followed, one_thread, plain_network, small_project  # noqa: F401

from engine.compile.module import Network
from engine.errors import EngineError, OutOfMemory
from engine.jobs import Cancelled, JobControl
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.train import finder
from engine.train.finder import DIVERGED, HIGHEST, LOWEST, STEPS, FinderStep, find_rate, planned_rates, suggested
from engine.train.job import prepared
from engine.train.runs import runs_folder


def curve(fall_at: float = 1e-3, lowest_at: float = 0.1) -> tuple[list[float], list[float]]:
    """A loss that stays, falls most at `fall_at`, and rises behind `lowest_at`."""
    rates = [rate for rate in planned_rates() if rate < 3 * lowest_at]
    fall = [1 / (1 + math.exp(-3 * (math.log10(rate) - math.log10(fall_at)))) for rate in rates]
    rise = [max(0.0, math.log10(rate / lowest_at)) for rate in rates]
    return rates, [2.3 - 2 * down + 4 * up for down, up in zip(fall, rise, strict=True)]


def digits(**recipe) -> ProjectSpec:
    data = DataSpec(size=8, colour="grey", source=Chosen("digits"), validation_percent=20, test_percent=50)
    settings = {"batch_size": 32, "device": "cpu", "precision": "float32"} | recipe
    return ProjectSpec(data, settings.pop("network", plain_network()), RecipeSpec(**settings))


def looked_for(project: ProjectSpec, control: JobControl | None = None):
    pictures = followed(prepared(project.data, control or JobControl())).result
    return followed(find_rate(project, pictures, control))


def test_rates_grow_by_one_factor():
    rates = planned_rates()
    assert (len(rates), rates[0]) == (STEPS, LOWEST)
    assert rates[-1] == pytest.approx(HIGHEST)
    factors = [after / before for before, after in pairwise(rates)]
    assert max(factors) == pytest.approx(min(factors))


@pytest.mark.parametrize(("fall_at", "lowest_at"), [(1e-3, 0.1), (1e-4, 0.01), (3e-2, 1.0)])
def test_the_band_is_where_the_loss_falls_and_the_suggestion_between_two_advices(fall_at, lowest_at):
    found = suggested(*curve(fall_at, lowest_at), diverged=True)
    # A fifth of such a fall is done at about a third of the rate where it is steepest.
    assert found.low == pytest.approx(0.35 * fall_at, rel=0.3)
    assert found.high == pytest.approx(lowest_at / 5, rel=0.4)
    assert found.rate == pytest.approx(math.sqrt(fall_at * lowest_at / 10), rel=0.4)
    assert found.low < found.rate < found.high
    assert found.rate == float(f"{found.rate:.2g}")


def test_waves_at_the_beginning_are_not_taken_for_the_steepest_place():
    rates, losses = curve()
    losses[0] += 0.3
    losses[1] += 0.2
    assert suggested(rates, losses).low > 1e-4


@pytest.mark.parametrize("losses", [[], [2.3] * 5, [2.3] * STEPS, [2.3 + 0.1 * step for step in range(60)]])
def test_a_loss_that_never_falls_suggests_nothing(losses):
    with pytest.raises(EngineError, match="No learning rate made the loss fall"):
        suggested(planned_rates()[: len(losses)], losses)


def test_a_real_test_finds_a_rate_that_suits():
    watching = looked_for(digits())
    found = watching.result
    assert 3e-4 < found.rate < 0.1
    assert found.low < found.high
    steps = watching.of(FinderStep)
    assert steps[-1].losses == found.losses
    assert len(found.rates) == len(found.losses)


def test_it_stops_where_the_loss_diverges():
    found = looked_for(digits(optimizer=Chosen("sgd"))).result
    assert found.diverged and len(found.rates) < STEPS
    assert max(found.losses[11:]) <= DIVERGED * min(found.losses)


def test_the_same_project_gives_the_same_curve_and_leaves_chance_alone():
    torch.manual_seed(7)
    expected = torch.rand(3).tolist()
    torch.manual_seed(7)
    one = looked_for(digits(seed=3)).result
    assert torch.rand(3).tolist() == expected
    assert looked_for(digits(seed=3)).result == one


def test_no_run_is_made_and_the_project_stays(tmp_path):
    project = digits(learning_rate=0.123)
    looked_for(project)
    assert project.recipe.learning_rate == 0.123
    assert not runs_folder(tmp_path / "Test.atelier").exists()


def test_with_too_little_memory_for_a_batch_the_curve_is_the_same(monkeypatch):
    project = digits()
    plain = looked_for(project).result
    usual = Network.forward

    def forward(self, x):
        if len(x) > 20:
            raise torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")
        return usual(self, x)

    monkeypatch.setattr(Network, "forward", forward)
    assert looked_for(project).result.losses[:60] == pytest.approx(plain.losses[:60], rel=1e-3)


def test_with_too_little_memory_for_an_image_it_says_so(monkeypatch):
    def forward(self, x):
        raise torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(Network, "forward", forward)
    with pytest.raises(OutOfMemory, match="too little memory for batches of 32 images"):
        looked_for(digits())


def test_it_can_be_stopped(monkeypatch):
    monkeypatch.setattr(finder, "NEWS", 0.0)
    project, control = digits(), JobControl()
    pictures = followed(prepared(project.data, control)).result
    work = find_rate(project, pictures, control)
    while not isinstance(next(work), FinderStep):
        pass
    control.stop()
    with pytest.raises(Cancelled):
        for _ in work:
            pass


def test_a_recipe_that_averages_and_accumulates_is_tested_too():
    found = looked_for(digits(average_decay=0.99, accumulate=2)).result
    assert found.rates
