"""Weights of past epochs, so that what the layers looked for then can be shown.

Not of all of them: of every n-th, where n follows from the planned epochs, the size of the weights, and the disk.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)

FOLDER = "kept"
MOST_FILES = 50
"""More epochs than this nobody looks at one by one; and writing weights takes time."""

SHARE_OF_FREE = 0.05
"""Of what is free on the disk, the weights of a run may take so much."""

MOST_BYTES = 4 * 2**30


def every(epochs: int, size: int, free: int) -> int:
    """Of every how many epochs the weights are kept; 0: of none, for lack of room.

    Args:
        epochs: planned.
        size: bytes of the weights once.
        free: bytes that are free on the disk, those that are kept already included.
    """
    room = int(min(MOST_BYTES, SHARE_OF_FREE * max(0, free)))
    files = min(MOST_FILES, room // max(1, size))
    return max(1, -(-epochs // files)) if files else 0


class KeptWeights:
    """`kept/` of a run. Whatever happens here is no reason to stop a training: then less is kept.

    Args:
        epochs: planned.
    """

    def __init__(self, run_folder: Path, epochs: int):
        self.folder = run_folder / FOLDER
        self._epochs = epochs
        self._every = 1  # until the size of the weights is known

    def keep(self, epoch: int, network: nn.Module, facts: Mapping[str, Any]) -> None:
        """Write the weights after an epoch (1-based) if it is one of those that are kept, and let go what is too much.

        Args:
            facts: as for `engine.train.checkpoint.save_weights`.
        """
        if not self._wants(epoch):
            return
        try:
            self.folder.mkdir(exist_ok=True)
            size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
            self._every = every(self._epochs, size, shutil.disk_usage(self.folder).free + self._taken())
            if self._wants(epoch):
                from engine.train.checkpoint import save_weights  # torch, late: the window reads what is kept here

                save_weights(self.folder / f"{epoch:05d}.safetensors", network, facts)
            for other, file in epochs_in(self.folder).items():
                if not self._wants(other):
                    file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("the weights of epoch %d are not kept: %s", epoch, error)

    def _wants(self, epoch: int) -> bool:
        """Whether the weights after an epoch are to be kept; the first one shows where it all began."""
        return self._every > 0 and (epoch == 1 or epoch % self._every == 0)

    def _taken(self) -> int:
        return sum(file.stat().st_size for file in epochs_in(self.folder).values())


def epochs_in(folder: Path) -> dict[int, Path]:
    """The files in a folder of kept weights by their epoch, ascending."""
    try:
        files = sorted(file for file in folder.glob("[0-9]*.safetensors") if file.stem.isdigit())
    except OSError:
        return {}
    return {int(file.stem): file for file in files}


def weights_at(run_folder: Path, epoch: int) -> Path | None:
    """The kept weights of an epoch, or of the last one before it; None where there are none."""
    found = [file for number, file in epochs_in(run_folder / FOLDER).items() if number <= epoch]
    return found[-1] if found else None
