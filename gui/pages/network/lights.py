"""A light on each card while the drawn network is in training, and afterwards as it was in the run that is shown."""

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
    """Follows the looks at the layers of the run that trains or is shown, as long as the network is still that one."""

    def __init__(self, studio: object, canvas: NetworkCanvas, parent: QObject | None = None):
        super().__init__(parent)
        self._studio, self._canvas = studio, canvas
        training = self._training = studio.training
        document = self._document = studio.document
        signals = (training.layers_seen, training.state_changed, document.network_changed, studio.replay_changed)
        # Of a run that was deleted nothing is shown any more.
        for signal in (*signals, training.runs_changed, training.shown_changed):
            signal.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Bring the cards to what is known."""
        training = self._training
        run = training.run.run if training.is_active and training.run is not None else training.shown_run
        folder = next((info.folder for info in training.runs if info.number == run), None)
        seen = self._studio.seen_layers(run)
        if seen is None or folder is None or _trained(folder) != self._document.network:
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
