"""What augmentations do to pixels: the right ones, to each picture on its own, from the seed alone."""

import pytest
import torch

from engine.data.augment import AUGMENTATIONS, Augmentation, Augmenter, Mirror, Rotate, Zoom
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
        class Fixed(Augmentation):
            def matrices(self, count, generator):
                return torch.tensor(matrix, dtype=torch.float32).repeat(count, 1, 1)

        monkeypatch.setitem(AUGMENTATIONS._entries, name, _declared(Fixed))
        return Chosen(name)

    return register


def _declared(kind: type) -> type:
    from dataclasses import dataclass

    return dataclass(frozen=True)(kind)


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
    augmenter = Augmenter((), (12, 20))
    same = augmenter._interpolated(batch, torch.eye(3).repeat(16, 1, 1))
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
    class Left(Augmentation):
        def pixels(self, x, generator):
            x = x.clone()
            x[..., : x.shape[3] // 2] = 0
            return x

    monkeypatch.setitem(AUGMENTATIONS._entries, "left", _declared(Left))
    mirror = Chosen("mirror", {"probability": 1.0})
    x = torch.linspace(0.1, 1, 8).expand(1, 1, 4, 8)
    result = apply(x, mirror, Chosen("left"), mirror)
    assert torch.equal(result[..., :4], x[..., :4]) and result[..., 4:].eq(0).all()


@pytest.mark.parametrize("kind", [Rotate, Zoom])
def test_pictures_of_a_batch_differ_from_each_other(kind):
    x = torch.rand(1, 3, 16, 16).repeat(8, 1, 1, 1)
    result = apply(x, Chosen(kind.name))
    assert all(not torch.equal(result[0], other) for other in result[1:])


def test_angles_and_sizes_stay_within_what_was_set():
    matrices = Rotate(30.0).matrices(2000, seeded())
    angles = torch.rad2deg(torch.atan2(matrices[:, 0, 1], matrices[:, 0, 0]))
    assert angles.abs().max() <= 30.001 and angles.min() < -28 and angles.max() > 28
    sizes = 1 / Zoom(20.0).matrices(2000, seeded())[:, 0, 0]
    assert 0.799 <= sizes.min() < 0.81 and 1.19 < sizes.max() <= 1.201
    assert (Mirror(0.25).matrices(4000, seeded())[:, 0, 0] < 0).float().mean().item() == pytest.approx(0.25, abs=0.03)


def test_unknown_names_and_settings_say_so():
    with pytest.raises(EngineError, match="mirror"):
        Augmenter([Chosen("miror")], (8, 8))
    with pytest.raises(EngineError, match="no setting “speed”"):
        Augmenter([Chosen("mirror", {"speed": 3})], (8, 8))
    with pytest.raises(EngineError, match="Angle"):
        Augmenter([Chosen("rotate", {"degrees": 500})], (8, 8))
