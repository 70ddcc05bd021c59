"""The drawing of a graph: nothing overlaps, the longest way is straight, links pass beside cards."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from gui.canvas.layout import Box, Drawing, Spacing, arrange

SPACING = Spacing(row=14, bend=14, beside=30, lane=22)
WIDTH, HEIGHT = 100.0, 40.0


def drawn(edges: dict[str, tuple[str, ...]]) -> Drawing:
    """Nodes with their inputs."""
    boxes = [Box(name, WIDTH, HEIGHT) for name in edges]
    links = [(source, target, slot) for target, inputs in edges.items() for slot, source in enumerate(inputs)]
    return arrange(boxes, links, SPACING)


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    found = []
    for (one, (x1, y1)), (other, (x2, y2)) in itertools.combinations(drawing.places.items(), 2):
        if abs(x1 - x2) < WIDTH - 0.01 and abs(y1 - y2) < HEIGHT - 0.01:
            found.append((one, other))
    return found


def through_a_card(drawing: Drawing) -> list[tuple]:
    """Links whose upright parts run through a card."""
    found = []
    for link, route in drawing.routes.items():
        for (x1, y1), (x2, y2) in itertools.pairwise(route.points):
            if x1 != x2:
                continue
            for name, (x, y) in drawing.places.items():
                inside = abs(x1 - x) < WIDTH / 2 - 0.01 and max(y1, y) < min(y2, y + HEIGHT) - 0.01
                if inside and name not in link[:2]:
                    found.append((link, name))
    return found


def test_a_chain_is_one_column():
    drawing = drawn({"a": (), "b": ("a",), "c": ("b",)})
    assert drawing.places == {"a": (0, 0), "b": (0, 54), "c": (0, 108)}
    assert all(len(route.points) == 2 for route in drawing.routes.values())


def test_a_skip_passes_beside_the_cards():
    drawing = drawn({"a": (), "b": ("a",), "c": ("b",), "add": ("c", "a"), "d": ("add",)})
    assert {x for x, _ in drawing.places.values()} == {0}
    skip = drawing.routes["a", "add", 1]
    assert skip.is_skip and skip.points[1][0] < -WIDTH / 2
    assert drawing.routes["c", "add", 0].points[-1][0] == 0, "the main way stays straight"
    assert skip.points[-1][0] < 0, "and the skip ends beside it"


def test_branches_stand_side_by_side_in_the_order_of_the_inputs():
    edges = {"a": (), "one": ("a",), "two": ("a",), "two_b": ("two",), "three": ("a",)}
    drawing = drawn({**edges, "cat": ("one", "two_b", "three"), "end": ("cat",)})
    xs = {name: x for name, (x, _) in drawing.places.items()}
    assert xs["one"] < xs["two"] == xs["two_b"] == xs["cat"] == 0 < xs["three"]
    assert xs["one"] == -xs["three"]
    ys = {name: y for name, (_, y) in drawing.places.items()}
    assert ys["one"] == ys["two"] == ys["three"], "branches start right below where they fork"


def test_nested_skips_have_lanes_of_their_own():
    names = [f"n{i}" for i in range(8)]
    edges = {name: ((names[i - 1],) if i else ()) for i, name in enumerate(names)}
    for i in range(2, 8):
        edges[names[i]] += tuple(names[: i - 1])
    drawing = drawn(edges)
    lanes = {route.points[1][0] for route in drawing.routes.values() if route.is_skip}
    overlap_free = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(drawing.routes.items(), 2)
        if a.is_skip
        and b.is_skip
        and a.points[1][0] == b.points[1][0]
        and max(a.points[1][1], b.points[1][1]) < min(a.points[2][1], b.points[2][1])
    ]
    assert len(lanes) > 3 and not overlap_free and not through_a_card(drawing)


def test_what_is_not_linked_stands_at_the_right():
    drawing = drawn({"a": (), "free": (), "b": ("a",), "c": ("b",)})
    assert drawing.places["free"][0] > WIDTH
    assert [drawing.places[name][0] for name in "abc"] == [0, 0, 0]


def test_a_loop_and_unknown_links_do_no_harm():
    drawing = drawn({"a": ("c", "gone"), "b": ("a",), "c": ("b", "c")})
    assert set(drawing.places) == {"a", "b", "c"} and not overlapping(drawing)
    assert ("c", "a", 0) in drawing.routes


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 24))
    names = [f"n{i}" for i in range(count)]
    edges = {}
    for place, name in enumerate(names):
        known = names[:place]
        edges[name] = tuple(draw(st.lists(st.sampled_from(known), max_size=3))) if known else ()
    return edges


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_any_graph_can_be_drawn(edges):
    drawing = drawn(edges)
    assert drawing == drawn(edges)
    assert not overlapping(drawing)
    assert not through_a_card(drawing)
    left, top, right, bottom = drawing.bounds
    for target, inputs in edges.items():
        for slot, source in enumerate(inputs):
            route = drawing.routes[source, target, slot]
            assert route.points[0] == (drawing.places[source][0], drawing.places[source][1] + HEIGHT)
            assert route.points[-1][1] == drawing.places[target][1]
            assert abs(route.points[-1][0] - drawing.places[target][0]) <= WIDTH / 2
            assert drawing.places[source][1] < drawing.places[target][1]
            assert all(left <= x <= right and top <= y <= bottom for x, y in route.points)
