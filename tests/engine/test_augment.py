"""What augmentations do to pixels: the right ones, to each picture on its own, from the seed alone."""

import io
import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from engine.data.augment import (
    AUGMENTATIONS,
    GROUPS,
    Augmenter,
    CutMix,
    Elastic,
    Erase,
    Hue,
    Mirror,
    MixUp,
    Move,
    Perspective,
    Repaint,
    Rotate,
    Shear,
    Shift,
    Zoom,
    augmentation,
    mixed_labels,
)
from engine.data.augment.colour import turned
from engine.data.augment.draft import grid_of, interpolated, recoloured
from engine.data.augment.jpeg import compressed, tables_for
from engine.data.augment.texture import blurred
from engine.errors import EngineError
from engine.spec.data import Chosen


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def apply(x: torch.Tensor, *chosen: Chosen, seed: int = 0) -> torch.Tensor:
    return Augmenter(chosen, tuple(x.shape[2:]))(x, seeded(seed))


@pytest.fixture
def batch() -> torch.Tensor:
    return torch.rand(16, 3, 12, 20, generator=seeded(5)).contiguous(memory_format=torch.channels_last)


@pytest.fixture
def always(monkeypatch):
    """Registers an augmentation with a fixed matrix under a name, for one test."""

    def register(name: str, matrix: list[list[float]]) -> Chosen:
        @dataclass(frozen=True)
        class Fixed(Move):
            def matrices(self, count, size, generator):
                return torch.tensor(matrix, dtype=torch.float32).repeat(count, 1, 1)

        monkeypatch.setitem(AUGMENTATIONS._entries, name, Fixed)
        return Chosen(name)

    return register


def test_nothing_chosen_changes_nothing(batch):
    assert Augmenter((), (12, 20))(batch, seeded()) is batch


def test_mirror_turns_some_pictures_over_exactly(batch):
    before = batch.clone()
    result = apply(batch, Chosen("mirror"))
    turned = [torch.equal(new, old.flip(2)) for new, old in zip(result, batch, strict=True)]
    kept = [torch.equal(new, old) for new, old in zip(result, batch, strict=True)]
    assert all(one != other for one, other in zip(turned, kept, strict=True))
    assert 0 < sum(turned) < 16
    assert torch.equal(batch, before)


@pytest.mark.parametrize("probability, turns", [(0.0, False), (1.0, True)])
def test_the_probability_of_a_mirror_is_kept(batch, probability, turns):
    result = apply(batch, Chosen("mirror", {"probability": probability}))
    assert torch.equal(result, batch.flip(3) if turns else batch)


def test_two_mirrors_in_a_row_are_none(batch):
    twice = Chosen("mirror", {"probability": 1.0})
    assert torch.equal(apply(batch, twice, twice), batch)


def test_settings_of_nothing_leave_pictures_alone(batch):
    assert torch.equal(apply(batch, Chosen("rotate", {"degrees": 0}), Chosen("zoom", {"percent": 0})), batch)


def test_interpolation_by_the_unit_matrix_is_exact(batch):
    same = interpolated(batch, grid_of(torch.eye(3).repeat(16, 1, 1), (12, 20), batch.device))
    torch.testing.assert_close(same, batch)


def test_a_quarter_turn_is_a_quarter_turn(always):
    x = torch.rand(2, 1, 9, 9)
    # Clockwise: what is shown on the right (1, 0) was at the top (0, -1).
    turned = apply(x, always("turn", [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]))
    torch.testing.assert_close(turned, x.rot90(-1, (2, 3)), atol=1e-5, rtol=0)


def test_a_shift_is_counted_in_pixels_also_where_pictures_are_not_square(always, batch):
    moved = apply(batch, always("shift", [[1, 0, 3], [0, 1, 0], [0, 0, 1]]))
    torch.testing.assert_close(moved[..., :-3], batch[..., 3:], atol=1e-5, rtol=0)
    moved = apply(batch, always("drop", [[1, 0, 0], [0, 1, -2], [0, 0, 1]]))
    torch.testing.assert_close(moved[..., 2:, :], batch[..., :-2, :], atol=1e-5, rtol=0)


def test_augmentations_are_applied_in_their_order(always):
    x = torch.rand(2, 3, 16, 16)
    turn = always("turn", [[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    shift = always("shift", [[1, 0, 3], [0, 1, 0], [0, 0, 1]])
    together = apply(x, turn, shift)
    torch.testing.assert_close(together, apply(apply(x, turn), shift), atol=1e-5, rtol=0)
    assert not torch.allclose(together, apply(x, shift, turn))


def test_pixels_change_between_what_moves_before_and_after(monkeypatch, always):
    @dataclass(frozen=True)
    class Left(Repaint):
        probability: float = 1.0

        def pixels(self, x, generator):
            x = x.clone()
            x[..., : x.shape[3] // 2] = 0
            return x

    monkeypatch.setitem(AUGMENTATIONS._entries, "left", Left)
    mirror = Chosen("mirror", {"probability": 1.0})
    x = torch.linspace(0.1, 1, 8).expand(1, 1, 4, 8)
    result = apply(x, mirror, Chosen("left"), mirror)
    assert torch.equal(result[..., :4], x[..., :4]) and result[..., 4:].eq(0).all()


@pytest.mark.parametrize("kind", [Rotate, Zoom, Shift, Shear, Perspective, Elastic, Hue])
def test_pictures_of_a_batch_differ_from_each_other(kind):
    x = torch.rand(1, 3, 16, 16).repeat(8, 1, 1, 1)
    result = apply(x, Chosen(kind.name))
    assert all(not torch.equal(result[0], other) for other in result[1:])


def test_angles_and_sizes_stay_within_what_was_set():
    size = (10, 20)
    matrices = Rotate(30.0).matrices(2000, size, seeded())
    angles = torch.rad2deg(torch.atan2(matrices[:, 0, 1], matrices[:, 0, 0]))
    assert angles.abs().max() <= 30.001 and angles.min() < -28 and angles.max() > 28
    sizes = 1 / Zoom(20.0).matrices(2000, size, seeded())[:, 0, 0]
    assert 0.799 <= sizes.min() < 0.81 and 1.19 < sizes.max() <= 1.201
    mirrored = Mirror(0.25).matrices(4000, size, seeded())[:, 0, 0] < 0
    assert mirrored.float().mean().item() == pytest.approx(0.25, abs=0.03)
    shifts = Shift(10.0).matrices(2000, size, seeded())[:, :2, 2].abs().amax(0)
    assert shifts.tolist() == pytest.approx([2.0, 1.0], rel=0.02) and (shifts <= torch.tensor([2.001, 1.001])).all()
    slants = Shear(30.0).matrices(2000, size, seeded())[:, 1, 0]
    assert slants.abs().max() == pytest.approx(math.tan(math.pi / 6), rel=0.02)


def test_unknown_names_and_settings_say_so():
    with pytest.raises(EngineError, match="mirror"):
        Augmenter([Chosen("miror")], (8, 8))
    with pytest.raises(EngineError, match="no setting “speed”"):
        Augmenter([Chosen("mirror", {"speed": 3})], (8, 8))
    with pytest.raises(EngineError, match="Angle"):
        Augmenter([Chosen("rotate", {"degrees": 500})], (8, 8))


# ---- position


def test_upside_down_is_a_flip(batch):
    assert torch.equal(apply(batch, Chosen("flip", {"probability": 1.0})), batch.flip(2))
    both = apply(batch, Chosen("mirror", {"probability": 1.0}), Chosen("flip", {"probability": 1.0}))
    assert torch.equal(both, batch.flip(2, 3))


def test_a_tilt_shows_one_edge_larger_and_leaves_the_middle(always):
    x = torch.linspace(-1, 1, 33).expand(1, 1, 33, 33) * 0.5 + 0.5
    # The third number is 1.2 at the right edge: what is shown there lies 1.2 times nearer to the middle.
    tilted = apply(x, always("tilt", [[1, 0, 0], [0, 1, 0], [0.2 / 16, 0, 1]]))
    assert tilted[0, 0, 16, 16] == pytest.approx(0.5, abs=1e-3)
    assert tilted[0, 0, 16, 32] == pytest.approx(0.5 + 0.5 / 1.2, abs=1e-3)
    assert tilted[0, 0, 16, 0] == pytest.approx(0.5 - 0.5 * 13 / 16, abs=1e-3), "mirrored at the edge, 16.5 px away"


def test_the_strongest_tilts_together_stay_images():
    most = [Chosen("zoom", {"percent": 50}), Chosen("shear", {"degrees": 45}), Chosen("perspective", {"percent": 40})]
    result = apply(torch.rand(64, 3, 12, 20), *most, Chosen("perspective", {"percent": 40}), Chosen("rotate"))
    assert result.isfinite().all() and result.min() >= 0 and result.max() <= 1


def test_elastic_moves_no_place_farther_than_was_set():
    """Of an image of its own coordinates, the result says where each pixel came from."""
    side = 40
    places = torch.linspace(0, 1, side)
    x = torch.stack([places.expand(side, side), places[:, None].expand(side, side)])[None].repeat(8, 1, 1, 1)
    moved = (apply(x, Chosen("elastic", {"percent": 5.0})) - x)[..., 4:-4, 4:-4] * (side - 1)
    assert 0.5 < moved.abs().max() < 0.05 * side * 1.4, "bicubic lines may go a little beyond their points"
    steps = moved.diff(dim=3).abs().max()
    assert steps < 0.7, "neighbours stay neighbours"


def test_elastic_after_a_mirror_bends_the_mirrored_image(batch):
    """Joined into one interpolation, or one after the other, is the same."""
    mirror = Chosen("mirror", {"probability": 1.0})
    joined = apply(batch, mirror, Chosen("elastic"))
    torch.testing.assert_close(joined, _elastic_after_mirror(batch), atol=1e-5, rtol=0)


def _elastic_after_mirror(batch):
    generator = seeded()
    x = Augmenter([Chosen("mirror", {"probability": 1.0})], (12, 20))(batch, generator)
    return Augmenter([Chosen("elastic")], (12, 20))(x, generator)


# ---- colour


def test_a_full_turn_of_hue_is_none_and_a_third_swaps_channels(batch):
    turns = torch.deg2rad(torch.tensor([360.0, 120.0]))
    full, third = turned(turns)
    torch.testing.assert_close(recoloured(batch, full.expand(16, 4, 4)), batch, atol=1e-5, rtol=0)
    torch.testing.assert_close(recoloured(batch, third.expand(16, 4, 4)), batch.roll(1, 1), atol=1e-5, rtol=0)


def test_inverted_twice_is_the_image_again(batch):
    invert = Chosen("invert", {"probability": 1.0})
    torch.testing.assert_close(apply(batch, invert), 1 - batch)
    torch.testing.assert_close(apply(batch, invert, invert), batch)


def test_brightness_scales_and_contrast_keeps_middle_grey():
    x = torch.full((64, 3, 2, 2), 0.5)
    factors = apply(x, Chosen("brightness", {"percent": 40}))[:, 0, 0, 0] / 0.5
    assert factors.min() < 0.65 and factors.max() > 1.35 and factors.min() >= 0.6 and factors.max() <= 1.4
    torch.testing.assert_close(apply(x, Chosen("contrast", {"percent": 100})), x)
    apart = apply(x + 0.1, Chosen("contrast", {"percent": 50}))[:, 0, 0, 0] - 0.5
    assert apart.min() < 0.06 and apart.max() > 0.14


def test_saturation_leaves_how_bright_a_colour_looks(batch):
    x = batch * 0.5 + 0.25  # so that nothing is cut off
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    varied = apply(x, Chosen("saturation", {"percent": 40}))
    torch.testing.assert_close((varied * weights).sum(1), (x * weights).sum(1))
    assert not torch.allclose(varied, x, atol=0.01)


def test_swapped_colours_are_the_same_channels_in_another_order(batch):
    swapped = apply(batch, Chosen("permute", {"probability": 1.0}))
    assert torch.equal(swapped.sort(1).values, batch.sort(1).values)
    orders = {tuple(int((batch[i, j] == row).all()) for row in swapped[i] for j in range(3)) for i in range(16)}
    assert len(orders) > 3


@pytest.mark.parametrize("name", ["saturation", "hue", "permute"])
def test_grey_images_have_no_colours_to_change(name):
    x = torch.rand(16, 1, 9, 9)
    torch.testing.assert_close(apply(x, Chosen(name)), x, atol=1e-5, rtol=0)


def test_grey_images_get_what_equal_channels_would_get():
    x = torch.rand(16, 1, 9, 9)
    chosen = [Chosen(kind.name) for kind in AUGMENTATIONS if kind.group == "colour"]
    assert len(chosen) == 6
    grey, colour = apply(x, *chosen), apply(x.repeat(1, 3, 1, 1), *chosen)
    torch.testing.assert_close(grey.repeat(1, 3, 1, 1), colour, atol=1e-5, rtol=0)
    assert not torch.allclose(grey, x, atol=0.1)


def test_moving_and_recolouring_may_be_told_in_any_order(batch):
    x = batch * 0.5 + 0.25
    mirror, invert = Chosen("mirror", {"probability": 1.0}), Chosen("invert", {"probability": 1.0})
    assert torch.equal(apply(x, mirror, invert), apply(x, invert, mirror))


# ---- texture


def test_a_blur_is_the_gaussian_of_its_width_and_keeps_the_sum():
    x = torch.zeros(2, 1, 31, 41)
    x[:, :, 15, 20] = 1
    result = blurred(x, torch.tensor([0.0, 2.0]))
    assert torch.equal(result[0], x[0])
    assert result[1].sum() == pytest.approx(1, abs=1e-4)
    across = torch.arange(41) - 20.0
    assert (result[1, 0].sum(0) * across**2).sum().sqrt() == pytest.approx(2.0, abs=0.02)
    torch.testing.assert_close(result[1], result[1].flip(1, 2))


def test_a_blur_goes_on_mirrored_at_the_edges():
    x = torch.rand(1, 3, 9, 13)
    twice = torch.cat((x, x.flip(3)), 3)
    wide = torch.cat((twice, twice, twice), 3)
    torch.testing.assert_close(blurred(wide, torch.tensor([1.5]))[..., 26:39], blurred(x, torch.tensor([1.5])))
    torch.testing.assert_close(blurred(torch.ones(1, 1, 5, 5), torch.tensor([3.0])), torch.ones(1, 1, 5, 5))


def test_noise_is_as_strong_as_was_set_and_of_no_colour_or_direction():
    x = torch.full((400, 3, 16, 16), 0.5)
    change = apply(x, Chosen("noise", {"percent": 10.0, "probability": 1.0})) - 0.5
    strengths = change.std((1, 2, 3))
    assert strengths.max() < 0.11 and strengths.max() > 0.09 and strengths.min() < 0.01
    assert abs(change.mean()) < 0.001
    assert not torch.allclose(change[0], change[1])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(48, 64), (45, 61)])
@pytest.mark.parametrize("quality", [5, 25, 50, 80, 95])
def test_artefacts_are_those_of_a_real_jpeg_file(channels, size, quality):
    """In files the three colours are rounded first and again in the end, which moves them by up to a level or two."""
    drawn = _drawing(channels, size)
    file = io.BytesIO()
    Image.fromarray(drawn.squeeze(2) if channels == 1 else drawn).save(file, "jpeg", quality=quality, subsampling=0)
    real = np.asarray(Image.open(file)).reshape(drawn.shape).astype(float)
    x = torch.from_numpy(drawn).permute(2, 0, 1)[None].float() / 255
    ours = (compressed(x, torch.tensor([quality]))[0] * 255).permute(1, 2, 0).numpy()
    lost, apart = np.abs(real - drawn).mean(), np.abs(real - ours).mean()
    assert apart < (1.3 if channels == 3 else 0.3) and apart < 0.6 * lost


def _drawing(channels: int, size: tuple[int, int]) -> np.ndarray:
    """Soft specks of strong colours: neither flat nor all edges, as photographs are."""
    rough = Image.fromarray(np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8))
    soft = np.asarray(rough.filter(ImageFilter.GaussianBlur(2))).astype(float)
    return ((soft - 128) * 3 + 128).clip(0, 255).astype(np.uint8)[..., :channels]


def test_the_tables_are_those_of_the_standard_at_quality_50_and_ones_at_100():
    half, best, worst = tables_for(torch.tensor([50, 100, 1]), 3).view(3, 64, 3)
    assert half[:2].tolist() == [[16, 17, 17], [11, 18, 18]] and half[-1].tolist() == [99, 99, 99]
    assert (best == 1).all() and worst.max() == 255


def test_quantised_blocks_hold_multiples_of_their_steps():
    """What comes out, compressed again in the same way, hardly changes: everything is on a step already."""
    x = torch.from_numpy(_drawing(3, (32, 32))).permute(2, 0, 1)[None].float() / 255 * 0.6 + 0.2
    once = compressed(x, torch.tensor([40]))
    again = compressed(once, torch.tensor([40]))
    assert (again - once).abs().mean() < 0.1 * (once - x).abs().mean()


def test_each_image_gets_a_quality_of_its_own():
    x = torch.rand(1, 3, 16, 16).repeat(2, 1, 1, 1)
    poor, good = (compressed(x, torch.tensor([5, 95])) - x).abs().mean((1, 2, 3))
    assert poor > 3 * good


@pytest.mark.parametrize("fill", ["noise", "colour", "black"])
def test_what_is_erased_is_a_rectangle_of_the_share_that_was_set(fill):
    x = torch.full((600, 3, 40, 60), 2 / 3)
    chosen = Chosen("erase", {"percent": 30.0, "fill": fill, "probability": 1.0})
    gone = (apply(x, chosen) != x).any(1)
    shares = gone.float().mean((1, 2))
    assert 0.28 < shares.max() < 0.32 and 0.01 < shares.min() < 0.05
    assert shares.mean() == pytest.approx(0.16, abs=0.01), "evenly between 2 % and 30 %"
    lines, columns = gone.any(2).sum(1), gone.any(1).sum(1)
    assert torch.equal(lines * columns, gone.sum((1, 2)))
    assert gone[:, 4:-4, 4:-4].any(0).all(), "every place is covered now and then"
    assert all(edge.any() for edge in (gone[:, 0], gone[:, -1], gone[:, :, 0], gone[:, :, -1]))


@pytest.mark.parametrize("size", [(1, 1), (2, 50), (50, 2)])
def test_patches_of_any_size_stay_within_the_image(size):
    patches = Erase(percent=80.0).patches(500, size, seeded())
    assert (patches.top >= 0).all() and (patches.bottom <= size[0]).all() and (patches.top <= patches.bottom).all()
    assert (patches.left >= 0).all() and (patches.right <= size[1]).all() and (patches.left <= patches.right).all()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in AUGMENTATIONS.names()
        if "probability" in AUGMENTATIONS[name]().values() and AUGMENTATIONS[name].group == "texture"
    ],
)
def test_as_many_images_are_changed_as_the_probability_says(name):
    x = torch.rand(800, 3, 8, 8)
    changed = (apply(x, Chosen(name, {"probability": 0.3})) != x).flatten(1).any(1)
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.06)


# ---- mixing


def numbered(count: int, classes: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Images of which each is of one value, that of its class: what is seen says what should be answered."""
    labels = torch.randint(0, classes, (count,), generator=seeded(1))
    return (labels / (classes - 1)).view(-1, 1, 1, 1).expand(-1, 3, 12, 20).contiguous(), labels


def shown_share(x: torch.Tensor, classes: int = 4) -> torch.Tensor:
    """The mean class of what is seen in each image."""
    return x.mean((1, 2, 3)) * (classes - 1)


@pytest.mark.parametrize("count", [1, 2, 7, 40])
@pytest.mark.parametrize(
    "names", [("mixup",), ("cutmix",), ("mixup", "cutmix"), ("cutmix", "mixup"), ("mirror", "mixup", "rotate")]
)
def test_labels_have_the_shares_of_the_pixels(names, count):
    x, labels = numbered(count)
    mixed, mixes = Augmenter([Chosen(name) for name in names], (12, 20)).vary(x, seeded())
    shares = mixed_labels(labels, mixes, 4)
    torch.testing.assert_close(shares.sum(1), torch.ones(count))
    torch.testing.assert_close(shares @ torch.arange(4.0), shown_share(mixed), atol=1e-4, rtol=0)
    assert ((shares > 0).sum(1) <= 1 + len(mixes)).all()
    if count > 2:
        assert not torch.equal(mixed, x)


def test_the_weight_of_cutmix_is_the_exact_area():
    x, size = torch.empty(400, 3, 12, 20), 12 * 20
    x[:200] = 0
    x[200:] = 1
    mixed, (mix,) = Augmenter([Chosen("cutmix", {"probability": 1.0})], (12, 20)).vary(x, seeded())
    pasted = (mixed[:, 0] != x[:, 0]).sum((1, 2))
    torch.testing.assert_close((1 - mix.own) * size, pasted.float(), atol=1e-3, rtol=0)
    assert pasted.min() < 0.03 * size and pasted.max() > 0.9 * size
    lines, columns = (mixed != x)[:, 0].any(2).sum(1), (mixed != x)[:, 0].any(1).sum(1)
    assert torch.equal(lines * columns, pasted), "it is a rectangle"


def test_evenness_decides_how_much_is_mixed():
    x, _ = numbered(2000)
    generator = seeded()
    shares = {alpha: MixUp(alpha=alpha).mixed(x, x.roll(1, 0), generator)[1] for alpha in (0.1, 1.0, 4.0)}
    least = {alpha: torch.minimum(own, 1 - own).mean().item() for alpha, own in shares.items()}
    assert least[0.1] < 0.07 and least[1.0] == pytest.approx(0.25, abs=0.02) and least[4.0] > 0.33


@pytest.mark.parametrize("kind", [MixUp, CutMix])
def test_images_that_are_not_chosen_are_not_mixed(kind):
    x = torch.rand(500, 1, 8, 8)
    mixed, own = kind(probability=0.3).mixed(x, x.roll(1, 0), seeded())
    same = (mixed == x).flatten(1).all(1)
    assert torch.equal(same, own == 1)
    assert same.float().mean().item() == pytest.approx(0.7, abs=0.08)


def test_no_image_is_mixed_with_itself_in_a_batch_of_two_or_more():
    for count in range(2, 20):
        _, (mix,) = Augmenter([Chosen("mixup")], (12, 20)).vary(numbered(count)[0], seeded())
        assert (mix.partners_of(torch.arange(count)) != torch.arange(count)).all()


# ---- the registry


def test_the_registry_is_in_the_order_of_the_groups_and_has_all_of_them():
    groups = [kind.group for kind in AUGMENTATIONS]
    assert groups == sorted(groups, key=GROUPS.index)
    assert [groups.count(group) for group in GROUPS] == [8, 6, 4, 2]


def test_a_group_that_is_not_known_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="sound"):
        augmentation("echo", "Echo", "sound")(type("Echo", (Move,), {}))
    assert "echo" not in AUGMENTATIONS


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("name", AUGMENTATIONS.names())
def test_a_gpu_gets_the_same_images(name, batch):
    wanted = apply(batch, Chosen(name))
    got = apply(batch.cuda(), Chosen(name))
    # A value on the edge between two steps of a JPEG table may fall to either side.
    assert (got.cpu() - wanted).abs().mean() < 1e-3 if name == "jpeg" else torch.allclose(got.cpu(), wanted, atol=1e-4)
    assert got.is_cuda
