"""A light on each card while the drawn network is in training, and afterwards as it was at last."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QObject

from engine.errors import EngineError
from engine.spec import NetworkSpec
from engine.train import runs
from gui.canvas import Light, NetworkCanvas
from gui.pages.shared.layer_words import TOKENS, layer_sentence


class Lights(QObject):
    """Follows the training's looks at its layers, and shows the last one as long as the network is still that one."""

    def __init__(self, studio: object, canvas: NetworkCanvas, parent: QObject | None = None):
        super().__init__(parent)
        self._training, self._document, self._canvas = studio.training, studio.document, canvas
        training = self._training
        # Of a run that was deleted nothing is shown any more.
        signals = (training.layers_seen, training.state_changed, training.runs_changed, self._document.network_changed)
        for signal in signals:
            signal.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Bring the cards to what is known."""
        training = self._training
        seen = training.layers
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
