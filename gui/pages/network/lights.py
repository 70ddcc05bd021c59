"""A light on each card while the drawn network is in training."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QObject

from engine.errors import EngineError
from engine.spec import NetworkSpec
from engine.train import runs
from gui.canvas import Light, NetworkCanvas
from gui.pages.shared.layer_words import TOKENS, layer_sentence

RUNNING = ("training", "paused", "stopping")


class Lights(QObject):
    """Follows the training's looks at its layers, and shows them where the network is still the one in training."""

    def __init__(self, studio: object, canvas: NetworkCanvas, parent: QObject | None = None):
        super().__init__(parent)
        self._training, self._document, self._canvas = studio.training, studio.document, canvas
        for signal in (self._training.layers_seen, self._training.state_changed, self._document.network_changed):
            signal.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Bring the cards to what is known."""
        training = self._training
        seen = training.layers if training.state in RUNNING else None
        if seen is None or training.run is None or _trained(training.run.folder) != self._document.network:
            self._canvas.set_lights({})
            return
        lights = {state.node_id: Light(TOKENS[state.light], layer_sentence(state)) for state in seen.layers}
        self._canvas.set_lights(lights)


@lru_cache(maxsize=4)
def _trained_at(folder: Path, modified: int) -> NetworkSpec | None:
    try:
        return runs.read_run_spec(folder).network
    except EngineError:
        return None


def _trained(folder: Path) -> NetworkSpec | None:
    """The network of a run."""
    try:
        return _trained_at(folder, (folder / runs.SPEC).stat().st_mtime_ns)
    except OSError:
        return None
