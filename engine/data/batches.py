"""From decoded pictures to batches on the device, in an order and with variations that a seed decides."""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import psutil

from engine.data.augment import Augmenter, mixed_labels
from engine.data.cache import Pictures
from engine.errors import EngineError
from engine.params import both
from engine.spec.data import DataSpec
from engine.transfer import sent

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_SHARE_OF_GPU, _SHARE_OF_RAM = 0.4, 0.3  # of what is free; the rest is for the network, and for other programs

_PART = 4096  # rows


class Batches:
    """The pictures of one split, ready for a network.

    Rows of `uint8` are kept on the GPU or in memory where they fit, and are otherwise read from the cache file batch by
    batch. What a batch holds does not depend on that; nor does chance depend on the device.

    No thread prepares the next batch: 16 steps of a small convnet on 32 pictures of 64 x 64 with every augmentation
    took 0.52 s without one and 0.66 s with one (two cores, best of six), since the network keeps both cores busy.

    Args:
        numbers: picture numbers in the index; each must be readable (`Pictures.readable`).
        mean, std: (C,), see `engine.data.cache.normalisation`.
        training: shuffle, and vary by `data.augment`; otherwise the order of `numbers`, unchanged.
        seed: with the number of an epoch, all that chance depends on.
        channels_last: memory format of the batches.
        limit: bytes of rows that may be kept on the device or in memory; None: a share of what is free there.
    """

    def __init__(
        self,
        pictures: Pictures,
        numbers: np.ndarray,
        data: DataSpec,
        batch_size: int,
        device: torch.device,
        mean: np.ndarray,
        std: np.ndarray,
        *,
        training: bool,
        seed: int,
        channels_last: bool,
        limit: int | None = None,
    ):
        import torch

        self.numbers = np.asarray(numbers, np.int64)
        rows = pictures.row_of[self.numbers]
        if (rows < 0).any():
            raise ValueError("only readable pictures can be put into batches")
        self.batch_size, self.device, self.seed = batch_size, device, seed
        self.training, self.channels_last = training, channels_last
        self._augmenter = Augmenter(data.augment if training else (), both(data.size))
        self._to_input = _Normaliser(mean, std, pictures.rows.shape[2], device)
        self._classes = len(pictures.index.classes)
        self._labels = torch.from_numpy(pictures.index.labels[self.numbers].astype(np.int64)).to(device)
        self.place = place_of(pictures, len(rows), device, limit)
        if self.place == "disk":
            self._streamed, self._rows, self._resident = _Streamed(pictures.rows), rows, None
        else:
            self._resident = _kept(pictures.rows, rows, device if self._on_gpu else torch.device("cpu"))

    @property
    def _on_gpu(self) -> bool:
        return self.place == "gpu"

    def __len__(self) -> int:
        """Steps per epoch."""
        return len(self._bounds()) - 1

    def sizes(self) -> list[int]:
        """Images of each batch of an epoch."""
        return [end - start for start, end in pairwise(self._bounds())]

    def _bounds(self) -> list[int]:
        """Where batches begin, and the end. A last batch of one joins the one before: batch norm cannot use it.

        Not where batches of one were asked for: then one picture at a time is what is meant.
        """
        count = len(self.numbers)
        bounds = [*range(0, count, self.batch_size), count] if count else [0]
        if self.batch_size > 1 and len(bounds) > 2 and bounds[-1] - bounds[-2] == 1:
            del bounds[-2]
        return bounds

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of one epoch: x (B, C, H, W) float32, normalised, and labels (B,) int64, both on the device.

        Where an augmentation mixes images, labels are (B, classes) float32 instead: the share of each class in each
        image, adding up to 1. `engine.tasks.Classification` takes both.

        The same for the same seed and `number`, whatever was asked for before: a resumed run goes on exactly.
        """
        import torch

        generator = torch.Generator().manual_seed(_mixed(self.seed, number))
        count = len(self.numbers)
        order = torch.randperm(count, generator=generator) if self.training else torch.arange(count)
        there = sent(order, self.device)
        bounds = self._bounds()
        for start, end in pairwise(bounds):
            rows = self._gather(order[start:end], there[start:end])
            labels = self._labels.index_select(0, there[start:end])
            yield self._finished(rows, labels, generator)

    def _gather(self, order: Tensor, there: Tensor) -> Tensor:
        """(B, H, W, C) uint8 on the device."""
        import torch

        if self._on_gpu:
            return self._resident.index_select(0, there)
        if self._resident is not None:
            rows = self._resident.index_select(0, order)
        else:
            rows = torch.from_numpy(self._streamed.take(self._rows[order.numpy()]))
        return sent(rows, self.device)

    def _finished(self, rows: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        if self._augmenter.steps:
            x, mixes = self._augmenter.vary(self._to_input.unit(rows), generator)
            x = self._to_input.from_unit(x)
            if self._augmenter.mixes:
                labels = mixed_labels(labels, mixes, self._classes)
        else:
            x = self._to_input(rows)
        return x if self.channels_last else x.contiguous(), labels


def to_input(arrays: np.ndarray, mean: np.ndarray, std: np.ndarray, device: torch.device) -> Tensor:
    """Pictures for a prediction, exactly as `Batches` gives them outside training.

    Args:
        arrays: (B, H, W, C) uint8.
        mean, std: (C,), those of the training.
    Returns:
        (B, C, H, W) float32 on the device, in channels-last order.
    """
    import torch

    rows = torch.from_numpy(np.array(arrays, order="C")).to(device)  # a copy: torch warns about rows that are read only
    return _Normaliser(mean, std, arrays.shape[2], device)(rows)


class _Normaliser:
    """(B, H, W, C) uint8 to (B, C, H, W) float32; rows are HWC, so channels-last order comes for free."""

    def __init__(self, mean: np.ndarray, std: np.ndarray, width: int, device: torch.device):
        import torch

        mean, std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
        # One factor per number of a line instead of per channel: the inner loop then has `width` times the length, and
        # 32 pictures of 64 x 64 take 0.08 instead of 0.45 ms on one thread.
        line = [np.tile(values, width) for values in (1 / (255 * std), -mean / std, 1 / std)]
        self._scale, self._shift, self._unit_scale = (torch.from_numpy(v).float().to(device) for v in line)

    def __call__(self, rows: Tensor) -> Tensor:
        lines = rows.flatten(2).float().mul_(self._scale).add_(self._shift)
        return lines.view(rows.shape).permute(0, 3, 1, 2)

    def unit(self, rows: Tensor) -> Tensor:
        """Scaled to 0..1, what augmentations work on."""
        return rows.permute(0, 3, 1, 2).float().div_(255)

    def from_unit(self, x: Tensor) -> Tensor:
        """What is left to do after augmentations."""
        rows = x.permute(0, 2, 3, 1).contiguous()
        lines = rows.flatten(2).mul_(self._unit_scale).add_(self._shift)
        return lines.view(rows.shape).permute(0, 3, 1, 2)


def bytes_of(pictures: Pictures, count: int) -> int:
    """What so many decoded pictures take."""
    return count * int(np.prod(pictures.rows.shape[1:]))


def place_of(pictures: Pictures, count: int, device: torch.device, limit: int | None = None) -> str:
    """Where so many decoded pictures are best kept: "gpu", "ram" or, where they fit nowhere or not into `limit` bytes,
    "disk"."""
    import torch

    size = bytes_of(pictures, count)
    if limit is not None and size > limit:
        return "disk"
    if device.type == "cuda" and size < _SHARE_OF_GPU * torch.cuda.mem_get_info(device)[0]:
        return "gpu"
    available = psutil.virtual_memory().available
    if device.type == "mps" and size < _SHARE_OF_RAM * available:  # shares its memory with the CPU
        return "gpu"
    return "ram" if size < _SHARE_OF_RAM * available else "disk"


class _Streamed:
    """Rows that are read from the file of a map when they are wanted.

    Not through the map: there each row brings up to 2 MB around it into the process, which so grows to the size of the
    whole file, and a file that somebody cuts ends it. Of 120 000 rows of 12 kB, 200 000 a second come this way.
    """

    def __init__(self, mapped: np.ndarray):
        self._mapped, self._file = mapped, None
        if isinstance(mapped, np.memmap) and hasattr(os, "preadv"):
            # Another window may have started the cache over: what is mapped is then there, and has no name any more.
            with suppress(OSError):
                self._file = os.open(mapped.filename, os.O_RDONLY)
                weakref.finalize(self, os.close, self._file)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """(len(rows), H, W, C) uint8. Raises: EngineError, where the file does not hold them any more."""
        if self._file is None:
            return np.take(self._mapped, rows, axis=0)
        taken = np.empty((len(rows), *self._mapped.shape[1:]), np.uint8)
        size = int(np.prod(taken.shape[1:]))
        for place, row in zip(taken.reshape(len(rows), size), rows.tolist(), strict=True):
            try:
                read = os.preadv(self._file, [place], row * size)
            except OSError as error:
                raise _lost(error.strerror or str(error)) from error
            if read != size:
                raise _lost("the file was cut")
        return taken


def _lost(why: str) -> EngineError:
    return EngineError(
        "The prepared images cannot be read any more.",
        why=f"The system says: {why.lower()}.",
        fix="Resume the training, or start again: what is missing is prepared anew.",
    )


def _give_back(mapped: np.ndarray) -> None:
    """Let the system have the memory of what was read from a map; it stays in the system's cache while there is room.

    Otherwise the process would hold everything twice, and for as long as the map is there.
    """
    if isinstance(mapped.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.base.madvise(mmap.MADV_DONTNEED)


def _kept(mapped: np.ndarray, rows: np.ndarray, device: torch.device) -> Tensor:
    """(len(rows), H, W, C) uint8 on `device`, brought there in parts, so that nothing is held twice."""
    import torch

    kept = torch.empty((len(rows), *mapped.shape[1:]), dtype=torch.uint8, device=device)
    for start in range(0, len(rows), _PART):
        part = np.take(mapped, rows[start : start + _PART], axis=0)
        kept[start : start + len(part)] = torch.from_numpy(part)
        _give_back(mapped)
    return kept


def _mixed(seed: int, epoch: int) -> int:
    """One 63-bit seed from two numbers, so that neighbouring seeds and epochs have nothing in common."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)
