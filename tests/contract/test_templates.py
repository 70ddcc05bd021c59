"""Every template: ready for data of any usual size, and trainable."""

from dataclasses import replace

import pytest
import torch

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.errors import EngineError
from engine.layers.modules import StochasticDepth
from engine.tasks import Classification
from engine.templates import fitted, template, templates

NAMES = [entry.name for entry in templates()]
GROUPS = ("First steps", "Classics", "Efficient", "Small, learn on a laptop", "Sequences")
SMALL = [Facts((3, 64, 64), 2), Facts((1, 8, 8), 10), Facts((1, 28, 28), 10), Facts((3, 17, 33), 5)]
TINY = [Facts((1, 4, 4), 2), Facts((3, 4, 1024), 3), Facts((1, 5, 4), 7)]
LARGE = Facts((3, 224, 224), 1000)


def words(facts: Facts) -> str:
    return f"{'x'.join(map(str, facts.shape))}-{facts.classes}"


@pytest.mark.parametrize("entry", templates(), ids=NAMES)
def test_a_template_introduces_itself(entry):
    assert entry.title and entry.summary.endswith(".") and len(entry.summary) < 140
    assert entry.network.template == entry.name
    assert entry.network.nodes[0].kind == "image" and entry.network.nodes[-1].kind in ("classes", "class_maps")
    assert entry.group in GROUPS
    assert not entry.network.nodes[-1].params, "the number of classes follows from the data"


def test_the_templates_by_name_simple_ones_first():
    assert NAMES[:3] == ["perceptron", "one-hidden", "mlp"] and NAMES[-1] == "row-bilstm"
    assert len(set(NAMES)) == len(NAMES) == 25
    with pytest.raises(EngineError, match="small-vgg"):
        template("vgg")


@pytest.mark.parametrize("facts", [*SMALL, *TINY, LARGE], ids=words)
@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_template_is_ready(name, facts):
    report = infer(fitted(name, facts), facts)
    assert report.problems == ()
    assert next(reversed(report.nodes.values())).shape == (facts.classes,)


def learning_cases():
    """Small networks on all usual data; large ones on one, and the heaviest, which need gigabytes, marked slow."""
    for name in NAMES:
        size = infer(fitted(name, SMALL[0]), SMALL[0]).parameters
        for facts in SMALL if size < 1e6 else SMALL[:1]:
            marks = pytest.mark.slow if size > 3e7 else ()
            yield pytest.param(name, facts, id=f"{name}-{words(facts)}", marks=marks)


@pytest.mark.parametrize(("name", "facts"), list(learning_cases()))
def test_a_template_learns(name, facts):
    torch.manual_seed(0)
    network = build(fitted(name, facts), facts)
    report = infer(fitted(name, facts), facts)
    assert sum(p.numel() for p in network.parameters()) == report.parameters
    pictures = torch.randn(4, *facts.shape)
    labels = torch.arange(4) % facts.classes
    task = Classification(facts.classes)
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout | torch.nn.Dropout2d | StochasticDepth):
            module.eval()  # else the two losses would be those of different networks
    before = task.loss(network(pictures), labels)
    before.backward()
    weights = [(one, one.detach().clone(), one.grad) for one in network.parameters()]
    assert all(gradient is not None for *_, gradient in weights), "everything takes part"

    def after(step: float) -> float:
        with torch.no_grad():
            for one, value, gradient in weights:
                one.copy_(value - step * gradient)
            return task.loss(network(pictures), labels).item()

    # Downhill a step that is small enough lowers the loss; how small differs by orders of magnitude: without
    # normalisation the gradients of a deep network are tiny, with it the slope bends soon.
    assert any(after(step) < before.item() for step in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_changed_where_everything_fits(name):
    usual = (LARGE,) if infer(fitted(name, LARGE), LARGE).parameters > 1e6 else (*SMALL[:1], SMALL[2], LARGE)
    for facts in (*usual, replace(usual[0], classes=0)):
        assert fitted(name, facts) == template(name).network


def test_fitting_leaves_the_template_alone():
    before = template("small-vgg").network
    assert fitted("small-vgg", Facts((1, 4, 4), 2)) != before
    assert template("small-vgg").network == before
