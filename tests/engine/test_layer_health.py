"""A look at the layers of a training: what it measures, what it costs, and that it changes nothing."""

import math
import time

import pytest
import torch
from torch.nn import functional
from training_helpers import assert_same_run, one_thread, small_network, small_project, trained  # noqa: F401

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.spec.network import NetworkSpec, chain
from engine.train import layer_health
from engine.train.layer_health import LayerHealth, LayersSeen, LayerState, judged
from engine.train.runs import run_folder
from engine.transfer import Question

FACTS = Facts((3, 8, 8), 2)


def network_of(*layers: tuple[str, dict]) -> NetworkSpec:
    return chain([("image", {}), *layers, ("classes", {})])


class Bench:
    """A network in training on one random batch."""

    def __init__(self, spec: NetworkSpec, rate: float = 0.1, images: int = 16):
        torch.manual_seed(0)
        self.module = build(spec, FACTS)
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=rate)
        self.health = LayerHealth(self.module, self.optimizer, infer(spec, FACTS), rate, every=0.0)
        self.health._next = 0.0
        self.x, self.labels = torch.randn(images, 3, 8, 8), torch.arange(images) % 2
        self.step = 0

    def take(self) -> LayersSeen | None:
        self.optimizer.zero_grad()
        functional.cross_entropy(self.module(self.x), self.labels).backward()
        self.optimizer.step()
        self.step += 1
        return self.seen(self.health.after_step(1, self.step))

    def seen(self, question: Question[LayersSeen] | None) -> LayersSeen | None:
        return question and question.told(question.values)

    def look(self) -> dict[str, LayerState]:
        assert self.take() is None  # the first step arranges the look at the second
        seen = self.take()
        assert (seen.epoch, seen.total_step, seen.images) == (1, 2, len(self.x))
        return {layer.node_id: layer for layer in seen.layers}


def test_norms_and_steps_are_what_a_plain_computation_gives():
    bench = Bench(network_of(("flatten", {}), ("dense", {"units": 8}), ("relu", {})))
    assert bench.take() is None
    layer = bench.module.dense_1
    before = layer.weight.detach().clone()
    found = {layer.node_id: layer for layer in bench.take().layers}["dense_1"]
    assert found.weight == pytest.approx(before.norm().item(), rel=1e-5)
    gradient = math.hypot(layer.weight.grad.norm().item(), layer.bias.grad.norm().item())
    assert found.gradient == pytest.approx(gradient, rel=1e-5)
    ratio = ((layer.weight.detach() - before).norm() / before.norm()).item()
    assert found.update_ratio == pytest.approx(ratio, rel=1e-4)


def test_layers_come_in_the_order_of_the_network_and_only_those_with_something_to_say():
    bench = Bench(network_of(("conv2d", {"filters": 4}), ("batch_norm", {}), ("relu", {}), ("flatten", {})))
    assert list(bench.look()) == ["conv2d_1", "batch_norm_1", "relu_1", "classes_1"]


def test_silent_units_are_counted():
    bench = Bench(network_of(("conv2d", {"filters": 4}), ("relu", {}), ("flatten", {})))
    with torch.no_grad():
        bench.module.conv2d_1.bias[:3] = -100.0
    found = bench.look()["relu_1"]
    assert (found.dead, found.light, found.finding) == (0.75, "look", "dead")
    with torch.no_grad():
        bench.module.conv2d_1.bias[3] = -100.0
    bench.health._next = 0.0
    assert bench.take() is None
    last = {layer.node_id: layer for layer in bench.take().layers}
    assert (last["relu_1"].dead, last["relu_1"].light) == (1.0, "bad")
    assert (last["conv2d_1"].gradient, last["conv2d_1"].finding) == (0.0, "no_gradient")


@pytest.mark.parametrize(("kind", "bias"), [("sigmoid", 20.0), ("tanh", -20.0)])
def test_saturated_units_are_counted(kind, bias):
    bench = Bench(network_of(("flatten", {}), ("dense", {"units": 8}), (kind, {})))
    with torch.no_grad():
        bench.module.dense_1.weight.zero_()
        bench.module.dense_1.bias[:6] = bias
    found = bench.look()[f"{kind}_1"]
    assert found.saturated == pytest.approx(0.75)
    assert (found.light, found.finding) == ("look", "saturated")


def test_a_few_images_say_nothing_of_silence():
    bench = Bench(network_of(("conv2d", {"filters": 4}), ("relu", {}), ("flatten", {})), images=4)
    bench.take()
    assert [layer.node_id for layer in bench.take().layers] == ["conv2d_1", "classes_1"]


def test_a_block_answers_for_all_inside():
    bench = Bench(network_of(("residual", {"filters": 4}), ("global_avg_pool", {})))
    found = bench.look()
    assert list(found) == ["residual_1", "classes_1"]
    inside = bench.module.residual_1
    assert found["residual_1"].dead is not None
    gradients = [p.grad.norm().item() for p in inside.parameters()]
    assert found["residual_1"].gradient == pytest.approx(math.hypot(*gradients), rel=1e-4)


def test_of_large_weights_some_stand_for_all(monkeypatch):
    whole = Bench(network_of(("flatten", {}), ("dense", {"units": 64}), ("relu", {}))).look()["dense_1"]
    monkeypatch.setattr(layer_health, "MOST_NUMBERS", 2000)
    part = Bench(network_of(("flatten", {}), ("dense", {"units": 64}), ("relu", {}))).look()["dense_1"]
    assert part.weight < whole.weight
    assert part.update_ratio == pytest.approx(whole.update_ratio, rel=0.2)


def test_predictions_in_between_are_not_taken_for_the_step():
    bench = Bench(network_of(("conv2d", {"filters": 4}), ("relu", {}), ("flatten", {})))
    assert bench.take() is None
    bench.optimizer.zero_grad()
    functional.cross_entropy(bench.module(bench.x), bench.labels).backward()
    bench.module.eval()
    with torch.no_grad():
        bench.module(torch.full((30, 3, 8, 8), -1e6))
    bench.module.train()
    bench.optimizer.step()
    assert bench.seen(bench.health.after_step(1, 2)).images == 16


def test_a_look_waits_for_the_device_once(monkeypatch):
    bench = Bench(network_of(("conv2d", {"filters": 4}), ("batch_norm", {}), ("relu", {}), ("flatten", {})))
    waits = []
    for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__"):
        real = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda self, real=real, name=name: (waits.append(name), real(self))[1])
    bench.look()
    assert waits == ["tolist"]


def test_a_look_can_be_asked_for_out_of_turn():
    bench = Bench(network_of(("flatten", {}), ("dense", {"units": 8}), ("relu", {})))
    bench.look()
    bench.health._next = math.inf
    assert bench.take() is None and not bench.health._hooks
    assert bench.health.after_step(1, 4, look_next=True) is None and bench.health._hooks
    assert bench.take() is not None and not bench.health._hooks


def test_nothing_stays_behind_after_a_look():
    bench = Bench(network_of(("conv2d", {"filters": 4}), ("relu", {}), ("flatten", {})))
    bench.look()
    assert not bench.health._hooks and not bench.health._before and not bench.health._values
    assert not bench.module.relu_1._forward_hooks


def test_the_next_look_waits_until_this_one_costs_next_to_nothing():
    bench = Bench(network_of(("conv2d", {"filters": 4}), ("relu", {}), ("flatten", {})))
    bench.look()
    assert bench.health._spent > 0
    assert bench.health._next - time.perf_counter() > 0.8 * bench.health._spent / layer_health.SHARE
    assert layer_health.SHARE < 0.01


def test_a_training_is_the_same_with_and_without_looks(picture_folder, tmp_path, monkeypatch):
    project = small_project(picture_folder, network=small_network())
    with monkeypatch.context() as patch:
        patch.setattr(layer_health.LayerHealth, "after_step", lambda self, epoch, total_step, look_next=False: None)
        without = trained(project, tmp_path / "a" / "A.atelier")
    monkeypatch.setattr(layer_health, "EVERY", 0.0)
    monkeypatch.setattr(layer_health, "SHARE", 1e9)
    watched = trained(project, tmp_path / "b" / "B.atelier")
    assert not without.of(LayersSeen)
    assert len(watched.of(LayersSeen)) >= 2
    assert_same_run(run_folder(tmp_path / "a" / "A.atelier", 1), run_folder(tmp_path / "b" / "B.atelier", 1))


def test_a_training_of_a_moment_is_looked_at_too(picture_folder, tmp_path):
    short = trained(small_project(picture_folder, epochs=2), tmp_path / "a" / "A.atelier")
    assert short.of(LayersSeen)


# ---- lights


def light(rate_share: float = 1.0, others: float = 1e-3, **measures) -> tuple[str, str]:
    measures = {"weight": 1.0, "gradient": 0.1, "update_ratio": 1e-3} | measures
    companions = [LayerState(f"other_{n}", 1.0, 0.1, others) for n in range(3)]
    found = judged([LayerState("one", **measures), *companions], rate_share)[0]
    return found.light, found.finding


@pytest.mark.parametrize(
    ("expected", "measures"),
    [
        (("good", "fine"), {}),
        (("good", "fine"), {"update_ratio": 0.02}),
        (("good", "fine"), {"update_ratio": None, "weight": None}),
        (("good", "fine"), {"dead": 0.3, "saturated": 0.3}),
        (("look", "dead"), {"dead": 0.6}),
        (("bad", "dead"), {"dead": 0.95}),
        (("look", "saturated"), {"saturated": 0.6}),
        (("bad", "saturated"), {"saturated": 0.95}),
        (("bad", "broken"), {"gradient": math.nan}),
        (("bad", "broken"), {"weight": math.inf}),
        (("bad", "no_gradient"), {"gradient": 0.0}),
        (("look", "long"), {"update_ratio": 0.1}),
        (("bad", "wild"), {"update_ratio": 0.5}),
        (("look", "behind"), {"update_ratio": 2e-5}),
        (("look", "behind"), {"update_ratio": 2e-6}),
    ],
)
def test_lights(expected, measures):
    assert light(**measures) == expected


def test_short_steps_of_all_layers_are_the_rates_doing():
    assert light(update_ratio=1e-6, others=1e-6) == ("look", "short")


def test_a_schedule_that_makes_steps_short_on_purpose_is_not_blamed():
    assert light(update_ratio=1e-6, others=1e-6, rate_share=0.001) == ("good", "fine")
    assert light(update_ratio=1e-7, others=1e-7, rate_share=1.0) == ("look", "short")
