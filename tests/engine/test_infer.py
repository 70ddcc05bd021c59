"""Following the shapes: never an exception, the usual mistakes in words, and fast enough for every keystroke."""

import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compile import Facts, infer
from engine.layers import LAYERS
from engine.params import params_of
from engine.spec.network import NetworkSpec, Node, chain, connect, insert_after, remove, set_param

FACTS = Facts((3, 32, 32), 10)

ids = st.sampled_from(["a", "b", "c", "d", "e", "nowhere"])
setting_names = st.sampled_from(sorted({s.name for kind in LAYERS for s in params_of(kind)} | {"unheard_of"}))
setting_values = st.one_of(
    st.booleans(),
    st.integers(-3, 70),
    st.sampled_from([10**30, 10**400, -(10**400)]),
    st.floats(),
    st.sampled_from(["same", "valid", ""]),
    st.tuples(st.integers(-1, 5), st.integers(-1, 5)),
)
nodes = st.builds(
    Node,
    ids,
    st.sampled_from([*LAYERS.names(), "attention", ""]),
    st.dictionaries(setting_names, setting_values, max_size=3),
    st.lists(ids, max_size=2).map(tuple),
)
fitting_layer = st.sampled_from(LAYERS.names()).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.dictionaries(st.sampled_from([s.name for s in params_of(LAYERS[name])] or ["unheard_of"]), setting_values),
    )
)
facts = st.builds(
    Facts,
    st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40)) | st.tuples(st.integers(1, 9)),
    st.integers(0, 12),
)


def check(report, network):
    assert set(report.nodes) == {node.id for node in network.nodes}
    assert report.parameters >= 0 and report.multiply_adds >= 0 and report.activation_bytes >= 0
    for problem in report.problems:
        assert problem.what.endswith((".", "”.")) and problem.node_id in {"", *report.nodes}
    for entry in report.nodes.values():
        if entry.problem:
            assert entry.shape is None and entry.problem in report.problems
        if entry.shape is not None:
            assert all(size >= 1 for size in entry.shape)
    assert report.is_ready == (not report.problems)
    if report.is_ready:
        assert all(entry.shape is not None for entry in report.nodes.values())


@settings(max_examples=300, deadline=None)
@given(st.lists(nodes, max_size=6), facts)
def test_it_never_raises_whatever_is_drawn(drawn, known):
    network = NetworkSpec(tuple(drawn))
    check(infer(network, known), network)


@settings(max_examples=300, deadline=None)
@given(st.lists(fitting_layer, max_size=8), facts)
def test_it_never_raises_for_a_chain_with_any_settings(layers, known):
    network = chain([("image", {}), *layers, ("classes", {})])
    check(infer(network, known), network)


def good() -> NetworkSpec:
    return chain(
        [
            ("image", {}),
            ("conv2d", {"filters": 8}),
            ("relu", {}),
            ("flatten", {}),
            ("dense", {"units": 16}),
            ("classes", {}),
        ]
    )


def only_problem(network: NetworkSpec, known: Facts = FACTS):
    problems = infer(network, known).problems
    assert len(problems) == 1, problems
    assert problems[0].why and problems[0].fix
    return problems[0]


def test_a_good_network_is_ready():
    report = infer(good(), FACTS)
    assert report.is_ready and report.problems == ()
    assert report.nodes["classes_1"].shape == (10,) and report.nodes["classes_1"].layer.outputs == 10
    assert report.nodes["image_1"].inputs == ((3, 32, 32),)
    assert report.parameters == 9 * 3 * 8 + 8 + 8 * 32 * 32 * 16 + 16 + 16 * 10 + 10


def test_dense_after_a_convolution():
    problem = only_problem(remove(good(), ["flatten_1"]))
    assert problem.node_id == "dense_1" and problem.what == "A dense layer needs a flat list of numbers."
    assert "an image of 8 × 32 × 32" in problem.why
    assert "Flatten" in problem.fix and "8\u202f192 inputs" in problem.fix and "global average pooling" in problem.fix


def test_one_input_is_not_said_to_be_inputs():
    network = chain([("image", {}), ("classes", {})])
    problem = infer(network, Facts((1, 8, 8), 2)).problems[0]
    assert problem.fix == "Add Flatten before it (64 inputs), or global average pooling (1 input)."


def test_a_convolution_after_flatten():
    problem = only_problem(insert_after(good(), "flatten_1", Node("late", "conv2d")))
    assert problem.node_id == "late" and "a flat list of 8192 numbers" in problem.why


def test_later_layers_do_not_repeat_the_cause():
    report = infer(remove(good(), ["flatten_1"]), FACTS)
    assert report.nodes["classes_1"].problem is None and report.nodes["classes_1"].shape is None


def test_a_window_larger_than_the_picture():
    layers = [("image", {}), *[("max_pool", {})] * 6, ("global_avg_pool", {}), ("classes", {})]
    problem = only_problem(chain(layers))
    assert problem.node_id == "max_pool_6" and "the image has 1 × 1" in problem.why


def test_nothing_drawn():
    problem = only_problem(NetworkSpec())
    assert problem.node_id == "" and "no input" in problem.what and "template" in problem.fix


def test_no_input():
    network = NetworkSpec((Node("a", "flatten"), Node("b", "classes", {}, ("a",))))
    problems = infer(network, FACTS).problems
    assert [problem.node_id for problem in problems] == ["a", ""]
    assert problems[0].what == "“Flatten” needs one input." and "no input" in problems[1].what


def test_no_output():
    problem = only_problem(remove(good(), ["classes_1"]))
    assert problem.node_id == "dense_1" and "no output" in problem.what and "Classes" in problem.fix


def test_two_outputs():
    network = insert_after(good(), "dense_1", Node("second", "classes"))
    network = connect(network, "classes_1", ["dense_1"])
    assert "two outputs" in only_problem(network).what


def test_the_output_is_not_last():
    problem = only_problem(insert_after(good(), "classes_1", Node("after", "relu")))
    assert problem.node_id == "classes_1" and "last" in problem.why


def test_an_output_that_goes_nowhere():
    network = connect(insert_after(good(), "relu_1", Node("aside", "tanh")), "flatten_1", ["relu_1"])
    problem = only_problem(network)
    assert problem.node_id == "aside" and "goes nowhere" in problem.what


def test_another_number_of_outputs_than_classes():
    problem = only_problem(set_param(good(), "classes_1", "outputs", 3))
    assert problem.node_id == "classes_1" and problem.what == "The network has 3 outputs, the data have 10 classes."
    assert "0" in problem.fix


def test_one_output_divides_two_classes_only():
    single = set_param(good(), "classes_1", "outputs", 1)
    assert infer(single, Facts((3, 32, 32), 2)).is_ready
    assert only_problem(single, Facts((3, 32, 32), 3)).what == "The network has 1 output, the data have 3 classes."


def test_classes_that_are_not_known_yet():
    problem = only_problem(good(), Facts((3, 32, 32), 0))
    assert problem.node_id == "classes_1" and "not known yet" in problem.what and "folder" in problem.fix
    assert infer(set_param(good(), "classes_1", "outputs", 4), Facts((3, 32, 32), 0)).is_ready


def test_a_single_class():
    assert "only one class" in only_problem(good(), Facts((3, 32, 32), 1)).what


def test_a_loop_is_told_where_it_is_and_not_behind_it():
    network = connect(good(), "conv2d_1", ["relu_1"])
    problems = infer(network, FACTS).problems
    loops = [problem.node_id for problem in problems if "loop" in problem.what]
    assert loops == ["conv2d_1", "relu_1"]
    assert infer(network, FACTS).nodes["dense_1"].problem is None
    itself = infer(connect(good(), "relu_1", ["relu_1"]), FACTS).problems
    assert [problem.node_id for problem in itself if "loop" in problem.what] == ["relu_1"]


def test_a_link_to_nothing():
    problem = infer(connect(good(), "relu_1", ["gone"]), FACTS).problems[0]
    assert problem.node_id == "relu_1" and "“gone”" in problem.what


def test_the_image_cannot_follow_another_layer():
    problem = infer(connect(good(), "image_1", ["relu_1"]), FACTS)
    assert "loop" in problem.problems[0].what
    behind = insert_after(good(), "relu_1", Node("again", "image"))
    assert "cannot follow" in infer(behind, FACTS).problems[0].what


def test_unknown_layers_and_settings_are_named():
    unknown = replace(good(), nodes=(*good().nodes[:-1], Node("classes_1", "clases", {}, ("dense_1",))))
    told = infer(unknown, FACTS).problems[0]
    assert "“clases”" in told.what and "“classes”" in told.fix
    told = only_problem(set_param(good(), "conv2d_1", "depth", 3))
    assert "“depth”" in told.what and "Convolution" in told.what
    told = only_problem(set_param(good(), "conv2d_1", "filters", 0))
    assert told.what == "“Filters” cannot be 0." and "from 1 to 8192" in told.why


def test_several_problems_are_told_at_once():
    network = set_param(set_param(good(), "conv2d_1", "filters", 0), "dense_1", "units", -1)
    assert [problem.node_id for problem in infer(network, FACTS).problems] == ["conv2d_1", "dense_1"]


def test_200_layers_take_less_than_10_milliseconds():
    block = [("conv2d", {"filters": 32}), ("batch_norm", {}), ("relu", {})]
    network = chain([("image", {}), *block * 66, ("global_avg_pool", {}), ("classes", {})])
    assert len(network) > 200 and infer(network, FACTS).is_ready

    def seconds() -> float:
        start = time.perf_counter()
        infer(network, FACTS)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(20)) < 0.010
