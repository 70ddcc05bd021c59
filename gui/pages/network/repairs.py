"""Problems of a network that can be solved by pressing a button.

Every repair is tried out before it is offered. Where some leave nothing to repair, only they are offered; else those
that bring the network further, else those that at least solve this problem: no problem is a dead end.
"""

from __future__ import annotations

from dataclasses import replace

from engine.compile import NetworkReport, infer
from engine.compile.infer import Problem
from engine.errors import EngineError
from engine.spec import NetworkSpec
from gui.pages.network.edits import unjudged
from gui.pages.network.repair_ideas import Repair, ideas

MOST = 4
"""Buttons; more would be a riddle of their own."""


def repairs(network: NetworkSpec, report: NetworkReport, problem: Problem) -> tuple[Repair, ...]:
    """What would solve `problem`, the best way first."""
    # Without data nothing is ever ready, whatever is drawn: that is not what is to be judged here.
    facts = report.facts if report.facts.classes else replace(report.facts, classes=2)
    before = report if facts == report.facts else infer(network, facts, report.inputs)
    if not any(_is_same(problem, other) for other in before.problems):
        return ()
    ready: list[Repair] = []
    better: list[Repair] = []
    other: list[Repair] = []
    seen: list[NetworkSpec] = []
    for repair in ideas(network, before, problem):
        changed = _tried(repair, network)
        if changed is None or changed == network or changed in seen:
            continue
        seen.append(changed)
        after = infer(changed, facts, report.inputs)
        if after.is_ready:
            ready.append(repair)
        elif not any(_is_same(problem, left) for left in after.problems):
            (better if _left_to_do(after) < _left_to_do(before) else other).append(repair)
    return tuple((ready or better or other)[:MOST])


def _is_same(one: Problem, other: Problem) -> bool:
    return (one.node_id, one.what) == (other.node_id, other.what)


def _tried(repair: Repair, network: NetworkSpec) -> NetworkSpec | None:
    try:
        return repair.edit(network)
    except EngineError:  # the idea does not apply here
        return None


def _left_to_do(report: NetworkReport) -> tuple[int, int]:
    """Problems, and layers that cannot be judged yet because of them."""
    return len(report.problems), unjudged(report)
