"""Edits of graphs: whatever is done in whatever order, a network stays one that can be saved, judged and undone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compile import Facts, infer
from engine.edits.blocks import demote, fold, inside, make_own, promote, unfold, with_inside
from engine.edits.clipboard import copy_text, paste_text
from engine.edits.definitions import block_name
from engine.edits.links import (
    add_free,
    attach,
    detach,
    duplicate_many,
    insert_on_link,
    move_chain,
    move_to_link,
    why_not,
)
from engine.edits.replace import replace_kind
from engine.edits.shelf import add_definition, personal_blocks, save_block
from engine.errors import EngineError
from engine.spec.files import network_from_raw, network_to_raw
from engine.spec.network import NetworkSpec, Node, chain, free_id, move_after, remove, set_param
from engine.templates import fitted

FACTS = Facts((3, 16, 16), 3)
KINDS = ("conv2d", "relu", "max_pool", "add", "concatenate", "flatten", "dense", "residual", "fire", "lstm", "dropout")


def small() -> NetworkSpec:
    return chain([("image", {}), ("conv2d", {"filters": 4}), ("relu", {}), ("global_avg_pool", {}), ("classes", {})])


def check(network: NetworkSpec) -> None:
    ids = [node.id for node in network.nodes]
    assert len(set(ids)) == len(ids) and all(one.isidentifier() for one in ids)
    assert all(source in ids for node in network.nodes for source in node.inputs)
    names = [block.name for block in network.blocks]
    assert len(set(names)) == len(names)
    everything = [*network.nodes, *(node for block in network.blocks for node in block.nodes)]
    assert all(block_name(node.kind) in names for node in everything if block_name(node.kind))
    infer(network, FACTS)  # never raises
    raw = json.loads(json.dumps(network_to_raw(network)))
    assert network_from_raw(raw, pytest.fail) == network


def edited(network: NetworkSpec, pick) -> NetworkSpec:
    """One edit, chosen by `pick`; what cannot be done leaves the network as it is."""
    ids = [node.id for node in network.nodes]
    links = [(source, node.id, slot) for node in network.nodes for slot, source in enumerate(node.inputs)]
    what = pick(range(13))
    if not ids:
        return add_free(network, Node(free_id(network, "image"), "image"))
    one, other, kind = pick(ids), pick(ids), pick(KINDS)
    try:
        if what == 0:
            return add_free(network, Node(free_id(network, kind), kind))
        if what == 1 and links:
            return insert_on_link(network, *pick(links), Node(free_id(network, kind), kind))
        if what == 2 and not why_not(network, one, other):
            return attach(network, one, other)
        if what == 3 and links:
            return detach(network, *pick(links))
        if what == 4:
            return remove(network, [one])
        if what == 5:
            return move_after(network, one, other) if one != other else network
        if what == 6:
            return duplicate_many(network, {one, other})[0]
        if what == 7:
            return replace_kind(network, one, kind)
        if what == 8:
            return fold(network, {one, other}, "Mine")[0]
        if what == 9:
            return unfold(network, one, FACTS)[0]
        if what == 10:
            return make_own(network, one, FACTS)
        if what == 11:
            return paste_text(network, copy_text(network, {one, other}), pick(ids))[0]
        return move_to_link(network, one, *pick(links)) if links else network
    except EngineError as refusal:
        assert refusal.what and refusal.why
        return network


@settings(max_examples=12, deadline=None)
@given(st.randoms(use_true_random=False))
def test_two_hundred_edits_break_nothing(random):
    network = small()
    steps = [network]
    for _ in range(200):
        network = edited(network, lambda choices: random.choice(list(choices)))
        if len(network) > 40:
            network = remove(network, [node.id for node in network.nodes[20:]])
        check(network)
        steps.append(network)
    while len(steps) > 1:
        steps.pop()
    assert steps[0] == small(), "edits are pure: the first network is what it was"


@pytest.mark.parametrize("template", ["lenet", "small-resnet", "small-inception", "small-mobilenet"])
def test_folded_and_unfolded_a_network_costs_and_gives_the_same(template):
    network = fitted(template, FACTS)
    before = infer(network, FACTS)
    inner = [node.id for node in network.nodes][1:-1]
    folded, block = fold(network, inner, "All of it")
    after = infer(folded, FACTS)
    assert after.is_ready and after.parameters == before.parameters
    assert after.multiply_adds == before.multiply_adds and after.nodes[block].shape == before.nodes[inner[-1]].shape
    opened, ids = unfold(folded, block, FACTS)
    assert infer(opened, FACTS).parameters == before.parameters and len(ids) == len(inner)


def test_a_fold_that_cannot_be_says_why():
    network = small()
    for ids, told in (
        (["image_1", "conv2d_1"], "Image"),
        ([], "Nothing"),
        (["conv2d_1", "global_avg_pool_1"], "2 places"),
    ):
        with pytest.raises(EngineError) as refused:
            fold(network, ids, "No")
        assert told in refused.value.what + refused.value.why and refused.value.fix


def test_a_setting_of_a_block_drives_the_layers_inside():
    network, block = fold(small(), ["conv2d_1", "relu_1"], "See")
    network = promote(network, "see", "conv2d_1", "filters")
    wide = set_param(network, block, "filters", 16)
    assert infer(wide, FACTS).nodes[block].shape == (16, 16, 16)
    inner = set_param(inside(wide, "see"), "conv2d_1", "kernel", 5)
    assert infer(with_inside(wide, "see", inner), FACTS).nodes[block].parameters == 16 * (3 * 25 + 1)
    plain = demote(wide, "see", "filters")
    assert infer(plain, FACTS).nodes[block].shape == (4, 16, 16) and not plain[block].params


def test_a_block_that_contains_itself_is_told_not_built():
    network, block = fold(small(), ["conv2d_1", "relu_1"], "See")
    inner = inside(network, "see")
    looped = with_inside(network, "see", add_free(inner, Node("again", network[block].kind, {}, ("x",))))
    assert "contains itself" in infer(looped, FACTS).nodes[block].problem.what


def test_the_palette_keeps_a_block_with_what_it_needs(tmp_path):
    network, block = fold(small(), ["conv2d_1", "relu_1"], "Inner")
    network, _ = fold(network, [block], "Outer")
    save_block(next(one for one in network.blocks if one.name == "outer"), network.blocks, tmp_path)
    (tmp_path / "broken.block.json").write_text("{")
    kept, notes = personal_blocks(tmp_path)
    assert [entry[0].title for entry in kept] == ["Outer"] and len(notes) == 1
    other, kind = add_definition(small(), *kept[0])
    check(insert_on_link(other, "conv2d_1", "relu_1", 0, Node("it", kind)))


HOSTILE = ['{"atelier-layers": 1}', '{"atelier-layers": 99, "nodes": []}', "{" * 5000]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80) | st.sampled_from(HOSTILE))
def test_a_clipboard_with_anything_else_is_refused(text):
    with pytest.raises(EngineError, match=r"clipboard|paste"):
        paste_text(small(), text, None)


def test_several_layers_move_as_a_chain():
    kinds = ("conv2d", "batch_norm", "relu", "max_pool")
    network = chain([("image", {}), *((kind, {}) for kind in kinds), ("flatten", {}), ("classes", {})])
    moved = move_chain(network, ["relu_1", "batch_norm_1"], "max_pool_1")
    assert moved["max_pool_1"].inputs == ("conv2d_1",)
    assert moved["batch_norm_1"].inputs == ("max_pool_1",) and moved["relu_1"].inputs == ("batch_norm_1",)
    assert moved["flatten_1"].inputs == ("relu_1",)
    assert move_chain(network, ["relu_1", "batch_norm_1"], "relu_1") == network
    back = move_chain(moved, ["batch_norm_1", "relu_1"], "conv2d_1")
    facts = Facts((3, 32, 32), 2)
    assert infer(back, facts).nodes["classes_1"].inputs == infer(network, facts).nodes["classes_1"].inputs
    with pytest.raises(EngineError, match="moved together"):
        move_chain(network, ["conv2d_1", "relu_1"], "flatten_1")
