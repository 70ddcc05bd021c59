"""What the layers cost, for the bars on their cards; milliseconds are measured on this machine when they are wanted."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QLocale, QObject, QTimer, Signal

from engine.compile import NetworkReport
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.layers import Shape, grouped
from engine.spec import RecipeSpec
from gui.canvas import Cost
from gui.jobs import JobRunner
from gui.jobs.outcomes import Failed
from gui.pages.network.words import bytes_in_words, counted

COSTS = ("", "parameters", "multiply_adds", "memory", "time")
"""What can be shown; "" is nothing."""

WAIT_MS = 600
"""After the last edit, before its layers are measured."""

TimeKey = tuple[object, tuple[Shape, ...], int, str, str]


def cost_title(name: str) -> str:
    """A kind of cost for people."""
    return {
        "": _tr("No bars"),
        "parameters": _tr("Parameters"),
        "multiply_adds": _tr("Multiply-adds"),
        "memory": _tr("Memory"),
        "time": _tr("Measured time"),
    }[name]


class Costs(QObject):
    """Keeps what was measured, so that an edit leaves only the layers that changed to be measured again.

    Signals:
        changed(): `bars` has more to say.
        failed(EngineError): measuring did not work.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.shown = ""
        self._runner = JobRunner(self)
        self._runner.progressed.connect(self._on_measured)
        self._runner.ended.connect(self._on_ended)
        self._times: dict[TimeKey, float] = {}
        self._report: NetworkReport | None = None
        self._recipe = RecipeSpec()
        self._may_measure = True
        self._pending: dict[str, TimeKey] = {}
        self._timer = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._timer.timeout.connect(self._measure)

    @property
    def is_measuring(self) -> bool:
        return self._runner.is_running

    def close(self) -> None:
        """Stop measuring, and wait for it."""
        self._timer.stop()
        self._runner.close()

    def show_kind(self, name: str) -> None:
        """Choose what the bars say; one of `COSTS`."""
        self.shown = name
        self._settle()
        self.changed.emit()

    def set_network(self, report: NetworkReport, recipe: RecipeSpec) -> None:
        """Know what the bars are about."""
        self._report, self._recipe = report, recipe
        self._settle()

    def let_measure(self, may: bool) -> None:
        """While a network trains, nothing is measured: both would be wrong."""
        self._may_measure = may
        self._settle()

    def _settle(self) -> None:
        if self.shown == "time" and self._may_measure and self._missing():
            self._timer.start()
        else:
            self._timer.stop()
            if self._runner.is_running and (self.shown != "time" or not self._may_measure):
                self._runner.stop()

    def bars(self) -> Mapping[str, Cost]:
        """The bars of all layers that have one."""
        if self._report is None or not self.shown:
            return {}
        values = self._values(self._report)
        largest = max(values.values(), default=0.0)
        # What is still being measured says so; without a word the parameters would stand there as if they were times.
        waiting = {node_id: Cost(0.0, "…") for node_id in self._missing()} if self.shown == "time" else {}
        return waiting | {
            node_id: Cost(value / largest if largest else 0.0, _in_words(self.shown, value))
            for node_id, value in values.items()
        }

    def _values(self, report: NetworkReport) -> dict[str, float]:
        if self.shown == "time":
            keys = {node_id: self._key(report, node_id) for node_id in report.nodes}
            return {node_id: self._times[key] for node_id, key in keys.items() if key in self._times}
        name = "activation_bytes" if self.shown == "memory" else self.shown
        return {i: float(getattr(entry, name)) for i, entry in report.nodes.items() if entry.shape is not None}

    # ---- measuring

    def _key(self, report: NetworkReport, node_id: str) -> TimeKey:
        entry, recipe = report.nodes[node_id], self._recipe
        return entry.layer, entry.inputs, recipe.assumed_batch_size, recipe.device, recipe.precision

    def _missing(self) -> dict[str, TimeKey]:
        """Layers that were not measured."""
        if self._report is None:
            return {}
        known = {
            node_id: self._key(self._report, node_id)
            for node_id, entry in self._report.nodes.items()
            if entry.layer is not None and entry.shape is not None and entry.layer.family != "input"
        }
        return {node_id: key for node_id, key in known.items() if key not in self._times}

    def _measure(self) -> None:
        if self._runner.is_running or self._report is None:
            return
        one_of_each = {key: node_id for node_id, key in self._missing().items()}  # equal layers take equally long
        self._pending = {node_id: key for key, node_id in one_of_each.items()}
        report, recipe, only = self._report, self._recipe, frozenset(self._pending)
        if not only:
            return

        def work(control: JobControl):
            from engine.train.timing import time_layers  # it imports torch

            return time_layers(report, recipe.assumed_batch_size, recipe.device, recipe.precision, control, only)

        self._runner.start(work)
        self.changed.emit()

    def _on_measured(self, found: object) -> None:
        key = self._pending.get(found.node_id)  # type: ignore[attr-defined]
        if key is not None:
            self._times[key] = found.both  # type: ignore[attr-defined]
            self.changed.emit()

    def _on_ended(self, outcome: object) -> None:
        if isinstance(outcome, Failed):
            self.shown = ""
            error = outcome.error
            self.failed.emit(
                error
                if isinstance(error, EngineError)
                else EngineError(_tr("The layers could not be measured."), why=f"{error}.")
            )
        self.changed.emit()
        if not isinstance(outcome, Failed):
            self._settle()  # what was drawn while it ran


def _in_words(name: str, value: float) -> str:
    if name == "parameters":
        return grouped(int(value)) if value else ""
    if name == "multiply_adds":
        return counted(value) if value else ""
    if name == "memory":
        return bytes_in_words(int(value))
    digits = 2 if value < 1 else 1 if value < 100 else 0
    return f"{QLocale().toString(value, 'f', digits)} ms"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Costs", text)
