"""Networks from elsewhere: torchvision's models, ONNX files, and networks saved alone."""

import json

import pytest
import torch
import torchvision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.compile import Facts, infer
from engine.compile.module import build
from engine.errors import EngineError
from engine.importing import SUFFIXES, read
from engine.importing.network_file import save_network
from engine.importing.torchvision_models import read_module, read_torchvision, torchvision_names
from engine.layers import LAYERS
from engine.params import params_of
from engine.spec.network import chain
from engine.templates import templates

onnx = pytest.importorskip("onnx")

IMAGENET = Facts((3, 224, 224), 1000)
MODELS = [
    *("alexnet", "vgg11_bn", "resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2", "squeezenet1_1"),
    *("densenet121", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "mnasnet0_5", "convnext_tiny"),
    *("googlenet", "regnet_y_400mf"),
]


def parameters(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


# ---- torchvision


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_torchvision_has_exactly_its_parameters(name):
    found = read_torchvision(name)
    report = infer(found.network, IMAGENET)
    assert report.is_ready, report.problems
    assert found.unmapped == () and found.shape == (3, 224, 224)
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    assert report.parameters == parameters(torchvision.models.get_model(name, **options))


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_with_its_weights_the_drawing_computes_the_same(name):
    torch.manual_seed(0)
    model = torchvision.models.get_model(name).eval()
    drawn = build(read_torchvision(name).network, Facts((3, 64, 64), 1000)).eval()
    with torch.no_grad():
        for mine, its in zip(drawn.state_dict().values(), model.state_dict().values(), strict=True):
            assert mine.shape == its.shape
            mine.copy_(its)
        images = torch.randn(2, 3, 64, 64)
        torch.testing.assert_close(drawn(images), model(images), rtol=1e-4, atol=1e-4)


def test_models_of_attention_are_not_offered():
    names = torchvision_names()
    assert "resnet18" in names and not any(name.startswith(("vit", "swin", "maxvit")) for name in names)
    with pytest.raises(EngineError, match="no network"):
        read_torchvision("resnet99")


def test_a_template_of_the_same_network_is_named():
    assert any("templates" in note for note in read_torchvision("resnet18").notes)


def test_what_depends_on_the_images_cannot_be_followed():
    class Moody(torch.nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(EngineError, match="cannot be drawn"):
        read_module(Moody(), (3, 8, 8))


# ---- ONNX


class Graph:
    """Writes small ONNX files: each call adds an operator and returns the name of its output."""

    def __init__(self, shape=("N", 3, 32, 32)):
        self.nodes, self.initializers, self.shape, self.last = [], [], shape, "images"

    def weight(self, *shape, values=None):
        name = f"w{len(self.initializers)}"
        numbers = values if values is not None else [0.0] * int(torch.tensor(shape).prod())
        kind = onnx.TensorProto.FLOAT
        self.initializers.append(onnx.helper.make_tensor(name, kind, shape, numbers))
        return name

    def whole(self, *values):
        name = f"w{len(self.initializers)}"
        self.initializers.append(onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [len(values)], values))
        return name

    def add(self, kind, *inputs, **attributes):
        output = f"v{len(self.nodes)}"
        inputs = inputs or (self.last,)
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [output], **attributes))
        self.last = output
        return output

    def conv(self, filters, inward, kernel=3, pads=(1, 1, 1, 1), source=None, **attributes):
        groups = attributes.get("group", 1)
        weights = self.weight(filters, inward // groups, kernel, kernel)
        return self.add("Conv", source or self.last, weights, self.weight(filters), pads=pads, **attributes)

    def end(self, features, classes=10):
        self.add("Flatten")
        return self.add("Gemm", self.last, self.weight(classes, features), self.weight(classes), transB=1)

    def write(self, path):
        graph = onnx.helper.make_graph(
            self.nodes,
            "test",
            [onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, self.shape)],
            [onnx.helper.make_tensor_value_info(self.last, onnx.TensorProto.FLOAT, None)],
            self.initializers,
        )
        onnx.save(onnx.helper.make_model(graph), str(path))
        return path


def kinds(found):
    return [node.kind for node in found.network.nodes]


def test_a_small_network(tmp_path):
    graph = Graph()
    graph.conv(8, 3)
    graph.add("BatchNormalization", graph.last, *(graph.weight(8) for _ in range(4)), epsilon=0.001)
    graph.add("Relu")
    graph.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    graph.conv(8, 8, group=8)
    graph.add("Clip", graph.last, graph.weight(values=[0.0]), graph.weight(values=[6.0]))
    graph.add("AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    graph.add("Dropout", graph.last)
    graph.end(8 * 8 * 8)
    graph.add("Softmax", axis=1)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found) == [
        *("image", "conv2d", "batch_norm", "relu", "max_pool", "depthwise_conv", "relu6", "avg_pool", "dropout"),
        *("flatten", "classes"),
    ]
    assert found.shape == (3, 32, 32) and found.unmapped == ()
    assert any("softmax" in note for note in found.notes)
    report = infer(found.network, Facts((3, 32, 32), 10))
    assert report.is_ready
    assert found.network["conv2d_1"].params == {"filters": 8}, "same padding and a window of 3 are the usual ones"
    assert found.network["batch_norm_1"].params["epsilon"] == pytest.approx(0.001)
    assert report.nodes["avg_pool_1"].shape == (8, 8, 8)
    build(found.network, report.facts)(torch.randn(1, 3, 32, 32))


def test_a_skip_connection_and_padding_that_is_not_symmetrical(tmp_path):
    graph = Graph()
    start = graph.conv(8, 3, pads=(0, 0, 1, 1), strides=[2, 2])
    graph.add("Relu")
    graph.conv(8, 8)
    graph.add("Add", graph.last, start)
    graph.add("GlobalAveragePool")
    graph.end(8)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found)[1:3] == ["zero_padding", "conv2d"]
    assert "add" in kinds(found) and "global_avg_pool" in kinds(found)
    assert infer(found.network, Facts((3, 32, 32), 10)).is_ready


@pytest.mark.parametrize("way", ["hard sigmoid", "clip", "divided last"])
def test_hard_swish_however_it_is_written(tmp_path, way):
    graph = Graph()
    x = graph.conv(8, 3)
    three, six = graph.weight(values=[3.0]), graph.weight(values=[6.0])
    if way == "hard sigmoid":
        graph.add("HardSigmoid", alpha=1 / 6, beta=0.5)
        graph.add("Mul", x, graph.last)
    else:
        graph.add("Add", x, three)
        graph.add("Clip", graph.last, graph.weight(values=[0.0]), six)
        if way == "clip":
            graph.add("Div", graph.last, six)
            graph.add("Mul", x, graph.last)
        else:
            graph.add("Mul", x, graph.last)
            graph.add("Div", graph.last, six)
    graph.add("GlobalAveragePool")
    graph.end(8)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found) == ["image", "conv2d", "hard_swish", "global_avg_pool", "classes"]
    assert found.unmapped == ()


def test_silu_mish_and_gelu_from_their_parts(tmp_path):
    graph = Graph()
    x = graph.conv(8, 3)
    graph.add("Sigmoid")
    y = graph.add("Mul", x, graph.last)
    graph.add("Softplus")
    graph.add("Tanh")
    z = graph.add("Mul", y, graph.last)
    graph.add("Div", z, graph.weight(values=[2**0.5]))
    graph.add("Erf")
    graph.add("Add", graph.last, graph.weight(values=[1.0]))
    graph.add("Mul", z, graph.last)
    graph.add("Mul", graph.last, graph.weight(values=[0.5]))
    graph.add("ReduceMean", axes=[2, 3], keepdims=0)
    graph.add("Gemm", graph.last, graph.weight(10, 8), graph.weight(10), transB=1)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found) == ["image", "conv2d", "silu", "mish", "gelu", "global_avg_pool", "classes"]
    assert found.unmapped == ()


def test_squeeze_and_excitation_from_its_parts(tmp_path):
    graph = Graph()
    x = graph.conv(16, 3)
    graph.add("GlobalAveragePool")
    graph.conv(4, 16, kernel=1, pads=(0, 0, 0, 0))
    graph.add("Relu")
    graph.conv(16, 4, kernel=1, pads=(0, 0, 0, 0))
    graph.add("HardSigmoid", alpha=1 / 6, beta=0.5)
    graph.add("Mul", graph.last, x)
    graph.add("GlobalMaxPool")
    graph.end(16)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found) == ["image", "conv2d", "squeeze_excitation", "global_max_pool", "classes"]
    assert found.network["squeeze_excitation_1"].params == {"squeezed": 4, "gate": "hard_sigmoid"}


def test_a_product_with_weights_and_a_bias_is_a_dense_layer(tmp_path):
    graph = Graph()
    graph.add("Reshape", graph.last, graph.whole(-1, 3072))
    graph.add("MatMul", graph.last, graph.weight(3072, 20))
    graph.add("Add", graph.last, graph.weight(20))
    graph.add("Relu")
    graph.add("MatMul", graph.last, graph.weight(20, 5))
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found) == ["image", "flatten", "dense", "relu", "classes"]
    assert found.network["dense_1"].params == {"units": 20}


def test_what_does_not_map_is_listed_by_name_and_the_rest_is_drawn(tmp_path):
    graph = Graph()
    graph.conv(8, 3)
    graph.add("Celu")
    graph.add("Celu")
    graph.add("CumSum", graph.last, graph.whole(1))
    graph.add("GlobalAveragePool")
    graph.end(8)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert found.unmapped == ("Celu (2×)", "CumSum")
    assert infer(found.network, Facts((3, 32, 32), 10)).is_ready


def test_a_reshape_whose_size_is_computed_from_the_batch(tmp_path):
    graph = Graph(("N", 3, "H", "W"))
    graph.conv(8, 3)
    start = graph.last
    graph.add("Shape", start)
    graph.add("Gather", graph.last, graph.whole(0))
    size = graph.add("Concat", graph.last, graph.whole(-1), axis=0)
    graph.add("Reshape", start, size)
    graph.add("Gemm", graph.last, graph.weight(10, 8 * 32 * 32), graph.weight(10), transB=1)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found) == ["image", "conv2d", "flatten", "classes"]
    assert found.shape is None and found.unmapped == ()


def test_upsampling_and_transposed_convolution(tmp_path):
    graph = Graph()
    graph.conv(8, 3, strides=[2, 2])
    graph.add("ConvTranspose", graph.last, graph.weight(8, 4, 2, 2), strides=[2, 2])
    graph.add("Resize", graph.last, "", graph.weight(4, values=[1.0, 1.0, 2.0, 2.0]), mode="nearest")
    graph.add("GlobalAveragePool")
    graph.end(4)
    found = read(graph.write(tmp_path / "n.onnx"))
    assert kinds(found) == ["image", "conv2d", "transposed_conv", "upsample", "global_avg_pool", "classes"]
    report = infer(found.network, Facts((3, 32, 32), 10))
    assert report.nodes["upsample_1"].shape == (4, 64, 64)


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x07" * 50, b"PK\x03\x04", b"\x00" * 1000])
def test_other_files_are_refused_in_words(tmp_path, content):
    path = tmp_path / "n.onnx"
    path.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        read(path)
    assert caught.value.fix


def test_a_missing_package_and_a_missing_file_are_told(tmp_path, monkeypatch):
    with pytest.raises(EngineError, match=r"cannot be read"):
        read(tmp_path / "none.onnx")
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(EngineError) as caught:
        read(tmp_path / "none.onnx")
    assert "pip install onnx" in caught.value.fix
    with pytest.raises(EngineError):
        read(tmp_path / "network.pt")


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory):
    graph = Graph()
    x = graph.conv(8, 3)
    graph.add("Sigmoid")
    graph.add("Mul", x, graph.last)
    graph.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    graph.end(8 * 16 * 16)
    path = graph.write(tmp_path_factory.mktemp("onnx") / "n.onnx")
    return path, path.read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_end_in_a_sentence(sound_file, data):
    path, content = sound_file
    damaged = bytearray(content)
    # The weights are most of the file: damage where the graph is described is what matters.
    text = [place for place in range(len(damaged)) if damaged[place]]
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.sampled_from(text))] = data.draw(st.integers(0, 255))
    path.with_name("damaged.onnx").write_bytes(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))
    try:
        found = read(path.with_name("damaged.onnx"))
    except EngineError:
        return
    infer(found.network, Facts(found.shape or (3, 32, 32), 10))
    for node in found.network.nodes:
        assert node.kind in LAYERS and set(node.params) <= {one.name for one in params_of(LAYERS[node.kind])}


# ---- networks alone


@pytest.mark.parametrize("entry", templates(), ids=lambda entry: entry.name)
def test_a_network_saved_alone_comes_back_the_same(tmp_path, entry):
    path = tmp_path / "n.json"
    save_network(entry.network, path)
    found = read(path)
    assert found.network == entry.network and found.notes == ()


def test_a_json_that_is_something_else(tmp_path):
    path = tmp_path / "n.json"
    for content in ("", "{", "[]", "{}", '{"atelier-network": "x"}', '{"atelier-network": 1}', "[" * 100_000):
        path.write_text(content)
        with pytest.raises(EngineError, match="holds no network"):
            read(path)
    path.write_text('{"atelier-network": 99}')
    with pytest.raises(EngineError, match="newer"):
        read(path)


def test_what_a_newer_network_holds_is_told_and_kept_apart(tmp_path):
    path = tmp_path / "n.json"
    save_network(chain([("image", {}), ("flatten", {}), ("classes", {})]), path)
    raw = json.loads(path.read_text())
    raw["surprise"] = 1
    path.write_text(json.dumps(raw))
    found = read(path)
    assert len(found.network) == 3 and any("surprise" in note for note in found.notes)


def test_a_network_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(EngineError, match="could not be saved"):
        save_network(chain([("image", {})]), tmp_path / "missing" / "n.json")


def test_the_suffixes_are_those_that_are_read(tmp_path):
    for suffix in SUFFIXES:
        with pytest.raises(EngineError) as caught:
            read(tmp_path / f"none{suffix}")
        assert "cannot be read" in caught.value.what
