"""What every augmentation promises."""

from dataclasses import asdict

import pytest
import torch

from engine.data.augment import AUGMENTATIONS, Augmentation, Augmenter
from engine.params import params_of
from engine.spec.data import Chosen


@pytest.fixture(params=list(AUGMENTATIONS), ids=lambda kind: kind.name)
def kind(request) -> type[Augmentation]:
    return request.param


def run(kind: type[Augmentation], x: torch.Tensor, seed: int) -> torch.Tensor:
    return Augmenter([Chosen(kind.name)], tuple(x.shape[2:]))(x, torch.Generator().manual_seed(seed))


def test_it_explains_itself_in_one_sentence(kind):
    assert kind.title and kind.__doc__.strip().endswith(".")
    assert kind.__doc__.strip().count(". ") == 0 and "\n" not in kind.__doc__.strip()
    assert all(setting.label and setting.help for setting in params_of(kind))
    assert kind(**asdict(kind())) == kind()


@pytest.mark.parametrize("channels, height, width", [(3, 16, 16), (1, 8, 8), (3, 9, 21)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_shape_type_and_layout_stay(kind, channels, height, width, layout):
    x = torch.rand(5, channels, height, width).contiguous(memory_format=layout)
    result = run(kind, x, 0)
    assert result.shape == x.shape and result.dtype == x.dtype and result.device == x.device
    assert result.is_contiguous(memory_format=layout)
    assert result.isfinite().all() and result.min() >= 0 and result.max() <= 1


def test_the_seed_decides_everything(kind):
    x = torch.rand(12, 3, 10, 10)
    torch.manual_seed(1)
    first = run(kind, x, 7)
    torch.manual_seed(2)
    assert torch.equal(run(kind, x, 7), first)
    assert not torch.equal(run(kind, x, 8), first)
    assert not torch.equal(first, x)


def test_the_pictures_that_were_handed_in_stay_as_they_are(kind):
    x = torch.rand(6, 3, 10, 10)
    before = x.clone()
    run(kind, x, 0)
    assert torch.equal(x, before)
