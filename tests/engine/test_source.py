"""The code view: a program that runs alone and gives what the trained network gives."""

import importlib.util
import shutil
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.compile.names import RESERVED
from engine.compile.source import source
from engine.edits.blocks import fold, promote
from engine.errors import EngineError
from engine.layers import LAYERS
from engine.spec.network import NetworkSpec, Node, chain, set_label, set_param
from engine.templates import fitted, templates

FACTS = Facts((3, 32, 32), 4)


def run(text: str, facts: Facts, name: str = "Network"):
    """The program's network, made where nothing of ours can be imported."""
    hidden = {key: sys.modules.pop(key) for key in list(sys.modules) if key.split(".")[0] == "engine"}
    path, sys.path[:] = (
        list(sys.path),
        [entry for entry in sys.path if "site-packages" in entry or "lib/python" in entry],
    )
    try:
        space = {"__name__": "alone"}
        exec(compile(text, "network.py", "exec"), space)  # our own program: that it runs is what is tested
    finally:
        sys.path[:] = path
        sys.modules.update(hidden)
    return space[name]()


def check(network: NetworkSpec, facts: Facts) -> str:
    text = source(network, facts)
    assert all(len(line) <= 120 for line in text.split("\n"))
    torch.manual_seed(0)
    ours = build(network, facts).eval()
    alone = run(text, facts).eval()
    alone.load_state_dict(ours.state_dict(), strict=True)
    batch = torch.randn(2, *facts.shape)
    with torch.no_grad():
        torch.testing.assert_close(alone(batch), ours(batch))
    return text


def is_small(name: str) -> bool:
    return infer(fitted(name, FACTS), FACTS).parameters < 3e7


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(entry.name, id=entry.name, marks=() if is_small(entry.name) else pytest.mark.slow)
        for entry in templates()
    ],
)
def test_the_code_of_a_template_runs_alone(name):
    check(fitted(name, FACTS), FACTS)


def around(kind) -> NetworkSpec | None:
    """A network that uses a kind in a place where it works."""
    if kind.family in ("input", "output"):
        return None
    starts = ([], ["flatten"], ["rows_to_sequence"])
    ends = (["flatten"], [], ["mean_steps"])
    for start in starts:
        for end in ends:
            head = chain([("image", {}), *((one, {}) for one in start)])
            inputs = (head.nodes[-1].id,) * kind.arity[0]
            middle = Node("it", kind.name, {}, inputs)
            network = NetworkSpec((*head.nodes, middle))
            last = "it"
            for one in (*end, "classes"):
                network = NetworkSpec((*network.nodes, Node(f"{one}_end", one, {}, (last,))))
                last = f"{one}_end"
            if infer(network, Facts((4, 8, 8), 3)).is_ready:
                return network
    return None


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in LAYERS if kind.arity[1] != 0])
def test_the_code_of_every_kind_runs_alone(kind):
    if kind.family == "output":
        head = ["image"] if kind.name == "class_maps" else ["image", "flatten"]
        network = chain([*((one, {}) for one in head), (kind.name, {})])
    elif kind.name == "unet_up":
        nodes = (
            Node("image", "image"),
            Node("p", "max_pool", {}, ("image",)),
            Node("it", kind.name, {}, ("p", "image")),
        )
        network = NetworkSpec((*nodes, Node("g", "global_avg_pool", {}, ("it",)), Node("c", "classes", {}, ("g",))))
    else:
        network = around(kind)
    assert network is not None
    check(network, Facts((4, 8, 8), 3))


def test_own_blocks_share_a_class_where_they_are_the_same():
    network = chain([("image", {}), ("conv2d", {"filters": 8}), ("relu", {}), ("global_avg_pool", {}), ("classes", {})])
    network, block = fold(network, ["conv2d_1", "relu_1"], "See\nwell")
    network = promote(network, network.blocks[0].name, "conv2d_1", "filters")
    second = Node("second", network[block].kind, {"filters": 8}, (block,))
    connected = Node("global_avg_pool_1", "global_avg_pool", {}, ("third",))
    third = Node("third", network[block].kind, {"filters": 8}, ("second",))
    nodes = [connected if node.id == connected.id else node for node in network.nodes]
    network = NetworkSpec((*nodes, second, third), blocks=network.blocks)
    text = check(network, FACTS)
    assert text.count("class SeeWell") == 1
    assert "= SeeWell(3)" in text and text.count("= SeeWell(8)") == 2, "what differs is an argument"
    check(set_param(network, "second", "filters", 5), FACTS)


def test_blocks_inside_blocks_hand_their_numbers_on():
    network = chain([("image", {}), ("residual", {"filters": 8}), ("global_avg_pool", {}), ("classes", {})])
    network, block = fold(network, ["residual_1"], "Outer")
    network = promote(network, network.blocks[0].name, "residual_1", "filters")
    second = Node("second", network[block].kind, {"filters": 12}, (block,))
    nodes = [
        Node(node.id, node.kind, node.params, ("second",)) if node.kind == "global_avg_pool" else node
        for node in network.nodes
    ]
    text = check(NetworkSpec((*nodes, second), blocks=network.blocks), FACTS)
    assert text.count("class Outer") == text.count("class ResidualBlock") == 1
    assert "self.residual_1 = ResidualBlock(in_channels, out_channels)" in text


def classes_of(name: str) -> list[str]:
    text = source(fitted(name, LARGE), LARGE, "Main")
    return [line.split("(")[0].removeprefix("class ") for line in text.splitlines() if line.startswith("class ")]


LARGE = Facts((3, 224, 224), 1000)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("resnet18", ["ResidualBlock", "ResidualBlockWithShortcut", "Main"]),
        ("googlenet", ["InceptionModule", "Main"]),
        (
            "mobilenet-v2",
            ["InvertedResidual", "InvertedResidualWithExpand", "InvertedResidualWithSum", "Main"],
        ),
    ],
)
def test_a_program_has_a_class_for_each_form_and_not_for_each_width(name, classes):
    assert classes_of(name) == classes


@pytest.mark.parametrize("formatting", [["format", "--check"], ["check"]])
def test_programs_are_as_formatters_want_them(tmp_path, formatting):
    if shutil.which("ruff") is None and importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff is not installed")
    for entry in templates():
        text = source(fitted(entry.name, FACTS), FACTS, entry.title)
        (tmp_path / f"{entry.name.replace('-', '_')}.py").write_text(text, "utf-8")
    for kind in LAYERS:
        if kind.arity[1] and (network := around(kind)) is not None:
            text = source(network, Facts((4, 8, 8), 3), kind.title)
            (tmp_path / f"kind_{kind.name}.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "ruff", *formatting, "--isolated", "--line-length", "100", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_program_says_what_comes_in_and_out():
    text = source(fitted("perceptron", FACTS), FACTS)
    assert "(batch, 3, 32, 32)" in text and "logits (batch, 4)" in text
    two = Facts((3, 32, 32), 2)
    assert "sigmoid" in source(set_param(fitted("perceptron", two), "classes_1", "outputs", 1), two)


def test_an_unfinished_network_has_no_code():
    with pytest.raises(EngineError, match="cannot be trained yet"):
        source(chain([("image", {})]), FACTS)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_of_a_user_becomes_code(label, title):
    network = set_label(fitted("perceptron", FACTS), "flatten_1", label)
    hostile = set_label(network, "classes_1", '"""\nimport os\nraise SystemExit')
    text = source(hostile, FACTS, title)
    before = set(sys.modules)
    space = {"__name__": "alone"}
    exec(compile(text, "network.py", "exec"), space)  # what a user typed must do nothing when it runs
    assert set(space) - {"__name__", "__builtins__", "__doc__", "torch", "Tensor", "nn"} <= {
        name for name in space if isinstance(space[name], type)
    }
    assert set(sys.modules) == before
    assert "\nimport os" not in text and "\nraise" not in text


def test_names_that_python_needs_are_avoided():
    nodes = (
        Node("image", "image"),
        Node("class", "conv2d", {"filters": 4}, ("image",)),
        Node("half", "conv2d", {"filters": 4}, ("class",)),
        Node("list", "add", {}, ("class", "half")),
        Node("sum", "relu", {}, ("list",)),
        Node("sum_", "tanh", {}, ("list",)),
        Node("both", "concatenate", {}, ("sum", "sum_")),
        Node("x", "global_avg_pool", {}, ("both",)),
        Node("end", "classes", {}, ("x",)),
    )
    check(NetworkSpec(nodes), FACTS)


def test_the_reserved_names_are_those_of_torch():
    network = build(fitted("perceptron", FACTS), FACTS)
    own = {name for name in {*dir(network), *vars(network)} if not name.startswith("__")}
    layers = {name for name, _ in network.named_children()}
    assert own - layers <= RESERVED


@pytest.mark.parametrize("title", ["Residual block", "Step", "Tensor", "nn", "1 2 3", "Block input"])
def test_any_title_will_do(title):
    network = chain(
        [("image", {}), ("residual", {"filters": 4}), ("step", {}), ("global_avg_pool", {}), ("classes", {})]
    )
    text = source(network, FACTS, title)
    space = {"__name__": "alone"}
    exec(compile(text, "network.py", "exec"), space)
    name = text.split('if __name__ == "__main__":')[1].split("network = ")[1].split("(")[0]
    assert space[name]()(torch.randn(2, 3, 32, 32)).shape == (2, 4)
