"""What a card says: plain data made of a node and its report, so that "did anything change?" is one comparison."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from engine.compile import NetworkReport, NodeReport
from engine.compile.advice import advice
from engine.compile.infer import Problem
from engine.layers import Shape, grouped


@dataclass(frozen=True)
class Face:
    """All that is written and drawn on one card.

    Attributes:
        kind: of the layer, as stored.
        family: gives the colour.
        said: the settings in words.
        shape: of the output; None from the first problem on.
        problem: what is wrong, one sentence; empty where nothing is.
        advice: why, and what to do.
        hint: what could be better, where nothing is wrong.
    """

    kind: str
    family: str
    title: str
    said: str
    shape: Shape | None
    parameters: int
    problem: str = ""
    advice: str = ""
    hint: str = ""

    @property
    def shape_text(self) -> str:
        """ "32 × 64 × 64", or a dash."""
        return " × ".join(map(grouped, self.shape)) if self.shape else "–"

    @property
    def parameters_text(self) -> str:
        """ "18 496", empty where nothing is learnt."""
        return grouped(self.parameters) if self.parameters else ""

    def spoken(self) -> str:
        """The card in one sentence, for assistive tools."""
        words = QCoreApplication.translate("Face", "{count} parameters").format(count=self.parameters)
        parts = (self.title, self.said, self.shape_text if self.shape else "", words if self.parameters else "")
        return ", ".join(part for part in (*parts, self.problem, self.hint) if part)


def faces(report: NetworkReport) -> dict[str, Face]:
    """The faces of all layers, in the order of computation."""
    problems: dict[str, Problem] = {}
    for problem in report.problems:
        problems.setdefault(problem.node_id, problem)
    hints = {found.node_id: f"{found.what}\n{found.why} {found.fix}" for found in reversed(advice(report))}
    return {
        node_id: _face(entry, problems.get(node_id), hints.get(node_id, "")) for node_id, entry in report.nodes.items()
    }


def _face(entry: NodeReport, problem: Problem | None, hint: str = "") -> Face:
    node = entry.node
    kind_title = entry.kind.title if entry.kind else node.kind
    said = _said(entry)
    return Face(
        kind=node.kind,
        family=entry.kind.family if entry.kind else "reshape",
        title=node.label or kind_title,
        said=" · ".join(filter(None, (kind_title, said))) if node.label else said,
        shape=entry.shape,
        parameters=entry.parameters,
        problem=problem.what if problem else "",
        advice=" ".join(filter(None, (problem.why, problem.fix))) if problem else "",
        hint=hint,
    )


def _said(entry: NodeReport) -> str:
    if entry.layer is None:
        return ""
    if entry.layer.family == "input" and entry.shape and len(entry.shape) == 3:
        channels, height, width = entry.shape
        colour = {1: QCoreApplication.translate("Face", "grey"), 3: QCoreApplication.translate("Face", "colour")}
        counted = QCoreApplication.translate("Face", "{count} channels").format(count=channels)
        return f"{colour.get(channels, counted)}, {height} × {width}"
    return entry.layer.said()
