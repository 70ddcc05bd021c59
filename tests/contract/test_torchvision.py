"""Where torchvision has the same network, ours has as many parameters and, with the same weights, the same outputs."""

import pytest
import torch
import torchvision
from torch import nn

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.templates import fitted

WITHOUT_EXTRAS = {"aux_logits": False, "init_weights": False, "transform_input": False}
TWINS = [
    ("alexnet", "alexnet", {}, 224),
    ("vgg11", "vgg11", {}, 224),
    ("vgg16", "vgg16", {}, 224),
    ("googlenet", "googlenet", WITHOUT_EXTRAS, 224),
    ("inception-v3", "inception_v3", WITHOUT_EXTRAS, 299),
    ("resnet18", "resnet18", {}, 224),
    ("resnet50", "resnet50", {}, 224),
    ("densenet121", "densenet121", {}, 224),
    ("squeezenet", "squeezenet1_1", {}, 224),
    ("mobilenet-v2", "mobilenet_v2", {}, 224),
    ("mobilenet-v3-small", "mobilenet_v3_small", {}, 224),
    ("efficientnet-b0", "efficientnet_b0", {}, 224),
    ("convnext-tiny", "convnext_tiny", {}, 224),
]
IDS = [name for name, *_ in TWINS]
HEAVY = {"vgg16", "vgg11"}


@pytest.mark.parametrize(("name", "twin", "options", "side"), TWINS, ids=IDS)
def test_the_parameters_are_as_many(name, twin, options, side):
    with torch.device("meta"):
        theirs = getattr(torchvision.models, twin)(**options)
    facts = Facts((3, side, side), 1000)
    assert infer(fitted(name, facts), facts).parameters == sum(p.numel() for p in theirs.parameters())


def with_weights(network: nn.Module, batch: torch.Tensor) -> list[nn.Module]:
    """Modules that hold weights of their own, in the order in which they compute."""
    found: list[nn.Module] = []

    def seen(module, *_):
        if list(module.parameters(recurse=False)) and module not in found:
            found.append(module)

    hooks = [module.register_forward_hook(seen) for module in network.modules()]
    with torch.no_grad():
        network(batch)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize(
    ("name", "twin", "options", "side"),
    [pytest.param(*row, id=row[0], marks=pytest.mark.slow if row[0] in HEAVY else ()) for row in TWINS],
)
def test_the_outputs_are_the_same(name, twin, options, side):
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, twin)(**options).eval()
    facts = Facts((3, side, side), 1000)
    ours = build(fitted(name, facts), facts).eval()
    batch = torch.randn(1, 3, side, side)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):  # else all of them would do nothing
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    mine, other = with_weights(ours, batch), with_weights(theirs, batch)
    assert len(mine) == len(other)
    for target, source in zip(mine, other, strict=True):
        weights = zip(target.parameters(recurse=False), source.parameters(recurse=False), strict=True)
        with torch.no_grad():
            for to, value in weights:
                to.copy_(value.reshape(to.shape))
        for to, value in zip(target.buffers(recurse=False), source.buffers(recurse=False), strict=True):
            to.copy_(value)
    with torch.no_grad():
        torch.testing.assert_close(ours(batch), theirs(batch), rtol=1e-4, atol=1e-4)
