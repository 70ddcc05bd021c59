"""Edits of a drawn network: pure, healing, and never two layers of one id."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.layers import LAYERS
from engine.spec.network import (
    NetworkSpec,
    Node,
    chain,
    connect,
    duplicate,
    free_id,
    insert_after,
    move_after,
    ordered,
    remove,
    set_label,
    set_param,
)

kinds = st.sampled_from(LAYERS.names())
places = st.integers(0, 50)
edits = st.lists(
    st.tuples(
        st.sampled_from(["insert", "first", "remove", "move", "to front", "duplicate", "link", "tune"]), kinds
    ).flatmap(lambda pair: st.tuples(st.just(pair[0]), st.just(pair[1]), places, places)),
    max_size=14,
)
chains = st.lists(kinds, max_size=7).map(lambda names: chain((name, {}) for name in names))


def at(network: NetworkSpec, place: int) -> str:
    return network.nodes[place % len(network)].id


def edited(network: NetworkSpec, edit) -> NetworkSpec:
    what, kind, one, other = edit
    fresh = Node(free_id(network, kind), kind)
    if what == "first" or not network.nodes:
        return insert_after(network, None, fresh)
    a, b = at(network, one), at(network, other)
    if what == "insert":
        return insert_after(network, a, fresh)
    if what == "remove":
        return remove(network, dict.fromkeys((a, b)))
    if what == "move":
        return move_after(network, a, b)
    if what == "to front":
        return move_after(network, a, None)
    if what == "duplicate":
        return duplicate(network, a)[0]
    if what == "link":
        return connect(network, a, dict.fromkeys((*network[a].inputs, b)))
    return set_label(set_param(network, a, "units", one), b, f" label {other} ")


def check(network: NetworkSpec) -> None:
    ids = [node.id for node in network.nodes]
    assert len(ids) == len(set(ids)) == len(network)
    for node in network.nodes:
        assert set(node.inputs) <= set(ids), "a link leads to nothing"
        assert len(set(node.inputs)) == len(node.inputs), "healing doubled a link"


@settings(max_examples=100, deadline=None)
@given(chains, edits)
def test_any_edits_keep_ids_unique_and_links_whole_and_undo_is_the_old_value(start, steps):
    history = [start]
    copies = [copy.deepcopy(start)]
    for step in steps:
        history.append(edited(history[-1], step))
        copies.append(copy.deepcopy(history[-1]))
        check(history[-1])
    assert history == copies, "an edit changed its input"


def shape_of(network: NetworkSpec) -> list[tuple[str, tuple[str, ...]]]:
    return [(node.id, node.inputs) for node in network.nodes]


@settings(deadline=None)
@given(st.lists(kinds, min_size=1, max_size=7), places)
def test_what_is_removed_again_was_never_there(names, place):
    network = chain((name, {}) for name in names)
    after = at(network, place)
    assert remove(insert_after(network, after, Node("new", "relu")), ["new"]) == network
    twice, made = duplicate(network, after)
    assert twice[made].inputs == (after,) and remove(twice, [made]) == network


@settings(deadline=None)
@given(st.lists(kinds, min_size=2, max_size=7), places, places)
def test_a_chain_stays_a_chain_when_layers_move(names, one, other):
    network = chain((name, {}) for name in names)
    node, after = at(network, one), at(network, other)
    moved = move_after(network, node, after)
    order, stuck = ordered(moved)
    assert not stuck and [n.inputs for n in order] == [(), *((n.id,) for n in order[:-1])]
    wanted = [n.id for n in network.nodes if n.id != node]
    if node == after:
        assert moved == network
    else:
        wanted.insert(wanted.index(after) + 1, node)
        assert [n.id for n in order] == [n.id for n in moved.nodes] == wanted
    front = move_after(network, node, None)
    assert next(iter(ordered(front)[0])).id == node


@settings(max_examples=100, deadline=None)
@given(chains, edits)
def test_sorting_puts_every_layer_behind_its_inputs(start, steps):
    network = start
    for step in steps:
        network = edited(network, step)
    done, stuck = ordered(network)
    assert sorted(n.id for n in (*done, *stuck)) == sorted(n.id for n in network.nodes)
    seen: set[str] = set()
    for node in done:
        assert set(node.inputs) <= seen
        seen.add(node.id)
    for node in stuck:
        assert not set(node.inputs) <= seen


def branching() -> NetworkSpec:
    """image -> left, right; join receives left and right; end receives join."""
    return NetworkSpec(
        (
            Node("image", "image"),
            Node("left", "relu", {}, ("image",)),
            Node("right", "tanh", {}, ("image",)),
            Node("join", "add", {}, ("left", "right")),
            Node("end", "classes", {}, ("join",)),
        )
    )


def test_inserting_takes_over_all_receivers():
    network = insert_after(branching(), "image", Node("new", "relu"))
    assert network["left"].inputs == network["right"].inputs == ("new",)
    assert network["new"].inputs == ("image",)
    assert [node.id for node in network.nodes][:2] == ["image", "new"]


def test_removing_heals_every_gap():
    assert remove(branching(), ["image"])["left"].inputs == ()
    assert remove(branching(), ["join"])["end"].inputs == ("left", "right")
    assert remove(branching(), ["left"])["join"].inputs == ("image", "right")
    assert shape_of(remove(branching(), ["left", "right"])) == [
        ("image", ()),
        ("join", ("image",)),
        ("end", ("join",)),
    ]
    assert len(remove(branching(), [node.id for node in branching().nodes])) == 0


@pytest.mark.parametrize("inputs", [("left", "image"), ("image", "left")])
def test_a_link_past_the_gap_is_not_doubled(inputs):
    assert remove(connect(branching(), "join", inputs), ["left"])["join"].inputs == ("image",)


def test_removing_a_layer_that_feeds_itself_leaves_no_link_to_it():
    assert remove(connect(branching(), "join", ["join", "left"]), ["join"])["end"].inputs == ("left",)


def test_the_receivers_of_a_layer():
    assert [node.id for node in branching().consumers("image")] == ["left", "right"]
    assert branching().consumers("end") == ()


def test_labels_are_trimmed_and_settings_replaced_one_by_one():
    network = set_param(set_param(branching(), "left", "a", 1), "left", "b", (2, 3))
    assert network["left"].params == {"a": 1, "b": (2, 3)} and branching()["left"].params == {}
    assert set_label(network, "left", "  Eyes ")["left"].label == "Eyes"


@pytest.mark.parametrize(
    "edit",
    [
        lambda n: n["gone"],
        lambda n: set_param(n, "gone", "units", 1),
        lambda n: set_label(n, "gone", "x"),
        lambda n: connect(n, "gone", []),
        lambda n: insert_after(n, "gone", Node("new", "relu")),
        lambda n: remove(n, ["left", "gone"]),
        lambda n: move_after(n, "gone", "left"),
        lambda n: move_after(n, "left", "gone"),
        lambda n: duplicate(n, "gone"),
    ],
)
def test_an_edit_of_a_layer_that_is_gone_names_it(edit):
    with pytest.raises(EngineError) as caught:
        edit(branching())
    assert "“gone”" in caught.value.what and caught.value.fix


def test_a_chain_numbers_its_layers():
    network = chain([("image", {}), ("relu", {}), ("relu", {})], template="mine")
    assert shape_of(network) == [("image_1", ()), ("relu_1", ("image_1",)), ("relu_2", ("relu_1",))]
    assert network.template == "mine" and free_id(network, "relu") == "relu_3" and free_id(network, "elu") == "elu_1"
