"""What every augmentation promises."""

from dataclasses import asdict

import pytest
import torch

from engine.data.augment import AUGMENTATIONS, GROUPS, Augmentation, Augmenter
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
    assert kind.group in GROUPS


def test_every_number_has_both_bounds_so_that_a_slider_can_set_it(kind):
    numbers = [setting for setting in params_of(kind) if setting.sort in ("integer", "number")]
    assert numbers and all(None not in (setting.low, setting.high) for setting in numbers)


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


NOTHING = {"probability": 0.0, "percent": 0.0, "degrees": 0.0, "radius": 0.0}
"""What switches an augmentation off without removing it."""


def test_at_no_strength_it_leaves_images_exactly_as_they_are(kind):
    x = torch.rand(12, 3, 10, 10)
    settings = [name for name in kind().values() if name in NOTHING]
    assert settings, "there is a way to weaken it"
    for name in settings:
        same = Augmenter([Chosen(kind.name, {name: 0.0})], (10, 10))(x, torch.Generator().manual_seed(0))
        assert torch.equal(same, x), name


def test_extreme_settings_still_give_images(kind):
    """Every number at its end, in turn."""
    x = torch.rand(6, 3, 13, 17)
    for setting in params_of(kind):
        for value in (setting.low, setting.high):
            if setting.sort in ("integer", "number"):
                chosen = Chosen(kind.name, {setting.name: value})
                result = Augmenter([chosen], (13, 17))(x, torch.Generator().manual_seed(0))
                assert result.isfinite().all() and result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("height, width", [(1, 1), (4, 4), (5, 3), (1, 30)])
def test_the_smallest_images_and_batches_are_no_problem(kind, height, width):
    for count in (1, 2):
        x = torch.rand(count, 3, height, width)
        assert run(kind, x, 0).shape == x.shape
