"""Where cards and links go: rows from the top, the longest way as one straight column, everything else beside it.

Plain arithmetic, no Qt. Rows follow the longest path from the top (as in Sugiyama et al., 1981); branches and links
that pass rows get columns of their own, packed like intervals, the short ones inside, so that what need not cross does
not cross.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]
LinkEnds = tuple[str, str, int]
"""Source, target, which input of the target."""


@dataclass(frozen=True)
class Box:
    """A card to place."""

    id: str
    width: float
    height: float


@dataclass(frozen=True)
class Spacing:
    """Distances: between rows, what a row with bent links gets on top, between neighbours, between passing links."""

    row: float
    bend: float
    beside: float
    lane: float


@dataclass(frozen=True)
class Route:
    """How a link runs: straight down where there are two points, else in calm curves from point to point.

    Attributes:
        points: the first at the lower edge of the source, the last at the upper edge of the target.
        is_skip: passes at least one row, in a lane of its own.
    """

    points: tuple[Point, ...]
    is_skip: bool = False


@dataclass(frozen=True)
class Drawing:
    """The middle of every card's upper edge by id, the routes, and what it all covers (left, top, right, bottom)."""

    places: Mapping[str, Point]
    routes: Mapping[LinkEnds, Route]
    bounds: tuple[float, float, float, float]


@dataclass
class _Strand:
    """What needs a column beside the main one: a chain of cards, or a link that passes rows.

    Attributes:
        first, last: rows it occupies, its links to the rest included.
        side: −1 left, 1 right.
        passing: links that run in its column to its first card, or from its last.
    """

    ids: tuple[str, ...]
    link: LinkEnds | None
    first: int
    last: int
    width: float
    side: int
    x: float = 0.0
    passing: list[LinkEnds] = field(default_factory=list)


def arrange(boxes: Sequence[Box], links: Sequence[LinkEnds], spacing: Spacing) -> Drawing:
    """Place `boxes`, given in display order. Links to unknown cards are left out; one that leads upwards, on a loop, is
    drawn up along the left."""
    known = {box.id: box for box in boxes}
    order = {box.id: place for place, box in enumerate(boxes)}
    links = [link for link in links if link[0] in known and link[1] in known and link[0] != link[1]]
    rows = _rows(boxes, [link for link in links if order[link[0]] < order[link[1]]])
    drawing: dict[str, float] = {}
    strands: list[_Strand] = []
    right = 0.0
    for part in _parts(boxes, links):
        inside = [link for link in links if link[0] in part]
        placed, found = _columns([known[i] for i in part], inside, rows, spacing, order)
        shift = 0.0
        if drawing:
            shift = right + spacing.beside - min(_left(placed, found, known))
        drawing.update({node_id: x + shift for node_id, x in placed.items()})
        for strand in found:
            strand.x += shift
        strands += found
        right = max([x + known[i].width / 2 for i, x in drawing.items()] + [s.x + s.width / 2 for s in strands])
    return _drawn(boxes, links, rows, drawing, strands, spacing)


def _left(placed: Mapping[str, float], strands: Sequence[_Strand], known: Mapping[str, Box]) -> list[float]:
    return [x - known[i].width / 2 for i, x in placed.items()] + [s.x - s.width / 2 for s in strands]


def _rows(boxes: Sequence[Box], links: Sequence[LinkEnds]) -> dict[str, int]:
    """The row of every card: one below the lowest of its inputs."""
    sources: dict[str, list[str]] = {box.id: [] for box in boxes}
    for source, target, _ in links:
        sources[target].append(source)
    rows: dict[str, int] = {}
    for box in boxes:
        rows[box.id] = max((rows[source] + 1 for source in sources[box.id] if source in rows), default=0)
    return rows


def _parts(boxes: Sequence[Box], links: Sequence[LinkEnds]) -> list[list[str]]:
    """Ids of the parts that no link connects, in display order; the largest first."""
    near: dict[str, list[str]] = {box.id: [] for box in boxes}
    for source, target, _ in links:
        near[source].append(target)
        near[target].append(source)
    seen: set[str] = set()
    parts: list[set[str]] = []
    for box in boxes:
        if box.id in seen:
            continue
        part, waiting = {box.id}, [box.id]
        while waiting:
            for other in near[waiting.pop()]:
                if other not in part:
                    part.add(other)
                    waiting.append(other)
        seen |= part
        parts.append(part)
    ordered = [[box.id for box in boxes if box.id in part] for part in parts]
    return sorted(ordered, key=len, reverse=True)


def _columns(
    boxes: Sequence[Box], links: Sequence[LinkEnds], rows: Mapping[str, int], spacing: Spacing, order: Mapping[str, int]
) -> tuple[dict[str, float], list[_Strand]]:
    """x of every card of one connected part, and the strands beside the main column."""
    down = [link for link in links if order[link[0]] < order[link[1]]]
    sources: dict[str, list[LinkEnds]] = {box.id: [] for box in boxes}
    targets: dict[str, list[LinkEnds]] = {box.id: [] for box in boxes}
    for link in down:
        sources[link[1]].append(link)
        targets[link[0]].append(link)
    main = _main_path(boxes, sources, rows)
    on_main = set(main)
    widths = {box.id: box.width for box in boxes}
    strands = _branches(boxes, on_main, sources, targets, rows, widths)
    member = {node_id: place for place, strand in enumerate(strands) for node_id in strand.ids}
    for link in links:
        source, target, _ = link
        first, last = rows[source] + 1, rows[target] - 1
        is_up = order[source] >= order[target]
        if is_up:
            first, last = rows[target], rows[source]
        if last < first:
            continue
        branch = _branch_of(source, target, first, last, strands, member)
        if branch is not None:
            branch.passing.append(link)
            continue
        strands.append(_Strand((), link, first, last, spacing.lane, -1))
    xs = dict.fromkeys(main, 0.0)
    half = max((widths[node_id] for node_id in main), default=0.0) / 2
    _pack(strands, half, spacing)
    for strand in strands:
        xs.update(dict.fromkeys(strand.ids, strand.x))
    return xs, strands


def _branch_of(
    source: str, target: str, first: int, last: int, strands: Sequence[_Strand], member: Mapping[str, int]
) -> _Strand | None:
    """The branch in whose column a link that passes rows can run: the one that it enters or leaves."""
    if target in member:
        strand = strands[member[target]]
        if strand.ids[0] == target and source not in strand.ids and strand.first <= first:
            return strand
    if source in member:
        strand = strands[member[source]]
        if strand.ids[-1] == source and target not in strand.ids and last <= strand.last:
            return strand
    return None


def _main_path(boxes: Sequence[Box], sources: Mapping[str, list[LinkEnds]], rows: Mapping[str, int]) -> list[str]:
    """The longest way from the top to the bottom; where there are several, the first input counts."""
    here: str | None = max(boxes, key=lambda box: rows[box.id]).id
    path: list[str] = []
    while here is not None:
        path.append(here)
        before = [link for link in sources[here] if rows[link[0]] == rows[here] - 1]
        here = min(before, key=lambda link: link[2])[0] if before else None
    return path[::-1]


def _branches(
    boxes: Sequence[Box],
    on_main: set[str],
    sources: Mapping[str, list[LinkEnds]],
    targets: Mapping[str, list[LinkEnds]],
    rows: Mapping[str, int],
    widths: Mapping[str, float],
) -> list[_Strand]:
    """Chains of cards beside the main path, from a fork to where they meet something else."""
    taken = set(on_main)
    strands: list[_Strand] = []
    for box in boxes:
        if box.id in taken:
            continue
        chain = [box.id]
        while len(targets[chain[-1]]) == 1:
            follower = targets[chain[-1]][0][1]
            if follower in taken or len(sources[follower]) != 1:
                break
            chain.append(follower)
        taken |= set(chain)
        top = max((rows[link[0]] for link in sources[chain[0]]), default=rows[chain[0]] - 1)
        out = targets[chain[-1]]
        bottom = min((rows[link[1]] for link in out), default=rows[chain[-1]] + 1)
        side = _side(out, sources, on_main)
        width = max(widths[node_id] for node_id in chain)
        first, last = min(top + 1, rows[chain[0]]), max(bottom - 1, rows[chain[-1]])
        strands.append(_Strand(tuple(chain), None, first, last, width, side))
    return strands


def _side(out: Sequence[LinkEnds], sources: Mapping[str, list[LinkEnds]], on_main: set[str]) -> int:
    """Left of the main column where the branch arrives before it at the card where they meet, else right."""
    for _, target, slot in out:
        main_slots = [link[2] for link in sources[target] if link[0] in on_main]
        if main_slots:
            return -1 if slot < main_slots[0] else 1
    return 1


def _pack(strands: list[_Strand], half: float, spacing: Spacing) -> None:
    """Give every strand its x: outside of the main column and of all strands that pass the same rows further in."""
    for side in (-1, 1):
        mine = [strand for strand in strands if strand.side == side]
        # The short ones inside, so that a long link passes round them.
        mine.sort(key=lambda strand: (strand.last - strand.first, not strand.ids, strand.first))
        done: list[tuple[int, int, float]] = []
        for strand in mine:
            gap = spacing.beside if strand.ids else spacing.lane
            inner = half + gap
            for first, last, edge in done:
                if first <= strand.last and strand.first <= last:
                    inner = max(inner, edge + gap)
            strand.x = side * (inner + strand.width / 2)
            done.append((strand.first, strand.last, inner + strand.width))


def _drawn(
    boxes: Sequence[Box],
    links: Sequence[LinkEnds],
    rows: Mapping[str, int],
    xs: Mapping[str, float],
    strands: Sequence[_Strand],
    spacing: Spacing,
) -> Drawing:
    heights: dict[int, float] = {}
    for box in boxes:
        heights[rows[box.id]] = max(heights.get(rows[box.id], 0.0), box.height)
    bent = {rows[target] for source, target, _ in links if xs[source] != xs[target] or rows[target] - rows[source] != 1}
    bent |= {rows[source] + 1 for source, target, _ in links if xs[source] != xs[target]}
    bent |= {rows[source] + 1 for source, target, _ in links if rows[target] - rows[source] > 1}
    tops: dict[int, float] = {}
    y = 0.0
    for row in sorted(heights):
        if row:
            y += spacing.row + (spacing.bend if row in bent else 0.0)
        tops[row] = y
        y += heights[row]
    size = {box.id: box for box in boxes}
    places = {box.id: (xs[box.id], tops[rows[box.id]]) for box in boxes}
    lanes = {strand.link: strand.x for strand in strands if strand.link is not None}
    own = set(lanes)
    lanes.update({link: strand.x for strand in strands for link in strand.passing})
    ports = _ports(links, xs, lanes, size)
    routes: dict[LinkEnds, Route] = {}
    for link in links:
        source, target, _ = link
        start = (xs[source], places[source][1] + size[source].height)
        end = (xs[target] + ports[link], places[target][1])
        routes[link] = _route(link, start, end, lanes, link in own, (rows, tops, heights))
    points = [point for route in routes.values() for point in route.points]
    left = min([x - size[i].width / 2 for i, (x, _) in places.items()] + [x for x, _ in points], default=0.0)
    right = max([x + size[i].width / 2 for i, (x, _) in places.items()] + [x for x, _ in points], default=0.0)
    return Drawing(places, routes, (left, 0.0, right, y))


def _ports(
    links: Sequence[LinkEnds],
    xs: Mapping[str, float],
    lanes: Mapping[LinkEnds, float],
    size: Mapping[str, Box],
) -> dict[LinkEnds, float]:
    """Where each link ends on the upper edge of its target, from the middle: several side by side, as they come."""
    arriving: dict[str, list[LinkEnds]] = {}
    for link in links:
        arriving.setdefault(link[1], []).append(link)
    ports: dict[LinkEnds, float] = {}
    for target, found in arriving.items():
        found.sort(key=lambda link: (lanes.get(link, xs[link[0]]), link[2]))
        straight = next(
            (place for place, link in enumerate(found) if xs[link[0]] == xs[target] and link not in lanes), None
        )
        step = min(36.0, 0.6 * size[target].width / max(1, len(found)))
        middle = (len(found) - 1) / 2 if straight is None else straight
        for place, link in enumerate(found):
            ports[link] = (place - middle) * step
    return ports


def _route(
    link: LinkEnds,
    start: Point,
    end: Point,
    lanes: Mapping[LinkEnds, float],
    is_lane: bool,
    grid: tuple[Mapping[str, int], Mapping[int, float], Mapping[int, float]],
) -> Route:
    rows, tops, heights = grid
    source, target, _ = link
    if link in lanes:
        x = lanes[link]
        first, last = rows[source] + 1, rows[target] - 1
        if last < first:  # upwards
            return Route((start, (x, start[1]), (x, end[1]), end), True)
        corners = ((x, tops[first]), (x, tops[last] + heights[last]))
        return Route((start, *corners, end), is_lane)
    return Route((start, end))
