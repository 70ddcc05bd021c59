"""Batches: everything once per epoch, the same for the same seed, wherever the rows are kept."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data import batches
from engine.data.batches import Batches, to_input
from engine.data.cache import Pictures, decode, normalisation
from engine.data.index import PATH_TYPE, TRAIN, Index
from engine.data.scan import scan
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.spec.data import Chosen, DataSpec

CPU = torch.device("cpu")
DATA = DataSpec(size=(6, 8), augment=(Chosen("mirror"), Chosen("rotate")))


def made(count: int, tmp_path, data: DataSpec = DATA) -> Pictures:
    """`count` readable pictures of noise, their rows in another order than their numbers; two more cannot be read."""
    channels, height, width = data.shape
    noise = np.random.default_rng(0)
    rows = noise.integers(0, 256, (count + 5, height, width, channels), np.uint8)
    labels = np.arange(count + 2, dtype=np.int32) % 3
    row_of = np.append(noise.permutation(count + 5)[:count], [-1, -1])
    numbers = np.zeros(count + 2, np.int64)
    paths = np.array([f"{number}" for number in range(count + 2)], PATH_TYPE)
    index = Index(tmp_path, ("a", "b", "c"), paths, labels, numbers.astype(np.int8), numbers, numbers, False)
    return Pictures(index, rows, row_of, {count: "broken", count + 1: "broken"})


def batched(pictures: Pictures, *, training: bool, size: int = 8, data: DataSpec = DATA, **more) -> Batches:
    mean, std = normalisation(data, pictures)
    settings = {"seed": 3, "channels_last": True} | more
    return Batches(pictures, pictures.readable(TRAIN), data, size, CPU, mean, std, training=training, **settings)


def epoch(source: Batches, number: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(source.epoch(number))


def same(one, other) -> bool:
    pairs = zip(one, other, strict=True)
    return all(torch.equal(a, c) and torch.equal(b, d) for (a, b), (c, d) in pairs)


def test_validation_batches_are_the_pictures_in_order(tmp_path):
    pictures = made(20, tmp_path)
    mean, std = normalisation(DATA, pictures)
    source = batched(pictures, training=False)
    got = epoch(source)
    assert [len(x) for x, _ in got] == [8, 8, 4] and len(source) == 3
    x, labels = (torch.cat(parts) for parts in zip(*got, strict=True))
    wanted = (pictures.rows[pictures.row_of[:20]] / 255 - mean) / std
    np.testing.assert_allclose(x.permute(0, 2, 3, 1).numpy(), wanted, atol=1e-5)
    assert labels.tolist() == [number % 3 for number in range(20)]
    assert x.dtype == torch.float32 and labels.dtype == torch.int64 and x.shape[1:] == DATA.shape
    assert same(got, epoch(source, 7))


def test_training_shows_every_picture_once_with_its_label(tmp_path):
    plain = replace(DATA, augment=(), normalise="unit")
    pictures = made(20, tmp_path)
    got = epoch(batched(pictures, training=True, data=plain))
    x, labels = (torch.cat(parts) for parts in zip(*got, strict=True))
    rows = (x.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()
    originals = {pictures.array(number).tobytes(): number for number in range(20)}
    order = [originals[row.tobytes()] for row in rows]
    assert sorted(order) == list(range(20)) and order != list(range(20))
    assert labels.tolist() == [number % 3 for number in order]


def test_an_epoch_depends_on_seed_and_number_alone(tmp_path):
    pictures = made(20, tmp_path)
    source = batched(pictures, training=True)
    first = [epoch(source, number) for number in range(3)]
    torch.manual_seed(99)
    next(iter(source.epoch(1)))  # begun and left
    resumed = batched(pictures, training=True)
    assert same(epoch(resumed, 2), first[2]) and same(epoch(source, 1), first[1])
    assert not same(first[0], first[1])
    assert not same(epoch(batched(pictures, training=True, seed=4)), first[0])


def test_two_epochs_can_be_read_in_turn(tmp_path):
    source = batched(made(20, tmp_path), training=True)
    wanted = [epoch(source, 0), epoch(source, 1)]
    pairs = list(zip(source.epoch(0), source.epoch(1), strict=True))
    assert same([pair[0] for pair in pairs], wanted[0]) and same([pair[1] for pair in pairs], wanted[1])


def test_what_does_not_fit_is_read_from_the_disk_with_the_same_result(tmp_path, monkeypatch):
    pictures = made(20, tmp_path)
    kept = batched(pictures, training=True)
    monkeypatch.setattr(batches, "_SHARE_OF_RAM", 0.0)
    streamed = batched(pictures, training=True)
    assert (kept.place, streamed.place) == ("ram", "disk")
    assert same(epoch(kept), epoch(streamed))


@pytest.mark.parametrize(
    "count, size, wanted",
    [
        (16, 8, [8, 8]),
        (17, 8, [8, 9]),
        (18, 8, [8, 8, 2]),
        (9, 8, [9]),
        (1, 8, [1]),
        (0, 8, []),
        (3, 1, [1, 1, 1]),
    ],
)
def test_no_batch_of_one_is_left_over(tmp_path, count, size, wanted):
    source = batched(made(count, tmp_path), training=True, size=size)
    assert [len(x) for x, _ in epoch(source)] == wanted and len(source) == len(wanted)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("colour", ["rgb", "grey"])
@pytest.mark.parametrize("augment", [(), (Chosen("mirror"),), (Chosen("zoom"),)])
def test_the_memory_format_is_the_one_asked_for(tmp_path, training, colour, augment):
    data = replace(DATA, colour=colour, augment=augment)
    pictures = made(10, tmp_path, data)
    for wanted in (True, False):
        layout = torch.channels_last if wanted else torch.contiguous_format
        for x, _ in batched(pictures, training=training, data=data, channels_last=wanted).epoch(0):
            assert x.is_contiguous(memory_format=layout)


def test_both_memory_formats_hold_the_same_numbers(tmp_path):
    pictures = made(10, tmp_path)
    one, other = (batched(pictures, training=True, channels_last=wanted) for wanted in (True, False))
    assert same(epoch(one), epoch(other))


def test_augmentation_is_for_training_alone(tmp_path):
    pictures = made(10, tmp_path)
    plain = replace(DATA, augment=())
    assert same(epoch(batched(pictures, training=False)), epoch(batched(pictures, training=False, data=plain)))
    assert not same(epoch(batched(pictures, training=True)), epoch(batched(pictures, training=True, data=plain)))


def test_normalised_before_or_after_augmenting_is_the_same(tmp_path):
    """Augmentations that do nothing must not shift brightness: training and prediction would disagree."""
    pictures = made(10, tmp_path)
    idle = replace(DATA, augment=(Chosen("rotate", {"degrees": 0}),))
    plain = replace(DATA, augment=())
    for (x, _), (wanted, _) in zip(
        batched(pictures, training=True, data=idle).epoch(0),
        batched(pictures, training=True, data=plain).epoch(0),
        strict=True,
    ):
        torch.testing.assert_close(x, wanted, atol=1e-5, rtol=1e-5)


def test_a_prediction_gets_what_validation_gets(tmp_path):
    pictures = made(10, tmp_path)
    mean, std = normalisation(DATA, pictures)
    arrays = np.stack([pictures.array(number) for number in range(8)])
    (x, _), *_ = epoch(batched(pictures, training=False))
    assert torch.equal(to_input(arrays, mean, std, CPU), x)
    assert torch.equal(to_input(arrays[:1], mean, std, CPU), x[:1])
    assert to_input(arrays[::-1], mean, std, CPU).shape == (8, *DATA.shape)


def test_rows_that_are_mapped_from_the_disk_cause_no_warning(picture_folder, monkeypatch, recwarn):
    monkeypatch.setattr(batches, "_SHARE_OF_RAM", 0.0)
    work = decode(scan(picture_folder, DATA), DATA, JobControl())
    pictures = None
    while pictures is None:
        try:
            next(work)
        except StopIteration as end:
            pictures = end.value
    mean, std = normalisation(DATA, pictures)
    source = batched(pictures, training=False)
    assert source.place == "disk"
    (first, _), *_ = epoch(source)
    number = source.numbers[0]
    assert torch.equal(to_input(pictures.array(number)[None], mean, std, CPU), first[:1])
    assert not pictures.rows.flags.writeable and len(recwarn) == 0


def mapped(pictures: Pictures, file: Path) -> Pictures:
    """The same with rows that are mapped from a file, as a cache gives them."""
    pictures.rows.tofile(file)
    return replace(pictures, rows=np.memmap(file, np.uint8, "r", shape=pictures.rows.shape))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("plain", [True, False])
def test_rows_beyond_a_limit_are_streamed(tmp_path, training, plain):
    pictures = made(40, tmp_path) if plain else mapped(made(40, tmp_path), tmp_path / "rows.bin")
    size = 40 * pictures.rows[0].nbytes
    kept, streamed = (batched(pictures, training=training, limit=limit) for limit in (size, size - 1))
    assert (kept.place, streamed.place) == ("ram", "disk")
    assert same(epoch(kept), epoch(streamed)) and same(epoch(kept, 1), epoch(streamed, 1))


def test_a_cache_that_was_started_over_is_streamed_to_the_end(tmp_path):
    pictures = mapped(made(40, tmp_path), tmp_path / "rows.bin")
    wanted = epoch(batched(pictures, training=True))
    begun = batched(pictures, training=True, limit=0)
    try:
        (tmp_path / "rows.bin").unlink()
    except PermissionError:
        pytest.skip("this system removes no file that is mapped")
    assert same(epoch(begun), wanted) and same(epoch(batched(pictures, training=True, limit=0)), wanted)


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="this system streams from the map")
def test_a_cache_file_that_is_cut_is_an_error_and_no_crash(tmp_path):
    streamed = batched(mapped(made(40, tmp_path), tmp_path / "rows.bin"), training=True, limit=0)
    os.truncate(tmp_path / "rows.bin", 100)
    with pytest.raises(EngineError, match="cannot be read any more") as caught:
        epoch(streamed)
    assert "cut" in caught.value.why and caught.value.fix


def test_unreadable_pictures_are_refused(tmp_path):
    pictures = made(4, tmp_path)
    mean, std = normalisation(DATA, pictures)
    with pytest.raises(ValueError, match="readable"):
        Batches(pictures, np.arange(6), DATA, 2, CPU, mean, std, training=False, seed=0, channels_last=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("share, place", [(0.4, "gpu"), (0.0, "ram")])
def test_a_gpu_gets_the_same_pictures(tmp_path, monkeypatch, share, place):
    monkeypatch.setattr(batches, "_SHARE_OF_GPU", share)
    pictures = made(20, tmp_path)
    mean, std = normalisation(DATA, pictures)
    settings = {"training": True, "seed": 3, "channels_last": True}
    gpu = Batches(pictures, pictures.readable(TRAIN), DATA, 8, torch.device("cuda"), mean, std, **settings)
    assert gpu.place == place
    for (x, labels), (wanted, wanted_labels) in zip(epoch(gpu), epoch(batched(pictures, training=True)), strict=True):
        assert x.is_cuda and labels.is_cuda and torch.equal(labels.cpu(), wanted_labels)
        torch.testing.assert_close(x.cpu(), wanted, atol=1e-3, rtol=1e-3)
