"""Parameters and shapes as the textbooks count them: what a student works out by hand must stand on the card."""

import pytest

from engine.compile import Facts, NetworkReport, infer
from engine.layers.convolution import Convolution
from engine.spec.network import NetworkSpec, chain
from engine.templates import template


def dense_on(shape, units: int) -> int:
    network = chain([("image", {}), ("flatten", {}), ("dense", {"units": units})])
    return infer(network, Facts(shape)).nodes["dense_1"].parameters


@pytest.mark.parametrize(
    ("shape", "units", "parameters"),
    [
        ((1, 28, 28), 128, 100_480),
        ((3, 28, 28), 128, 301_184),
        ((3, 224, 224), 128, 19_267_712),
        ((3, 256, 256), 50, 196_608 * 50 + 50),
    ],
)
def test_a_dense_layer_on_a_picture(shape, units, parameters):
    assert dense_on(shape, units) == parameters


@pytest.mark.parametrize(("k", "filters"), [(1, 32), (3, 64), (64, 128), (512, 512)])
def test_a_convolution_of_3_by_3_from_k_to_l_channels(k, filters):
    assert Convolution(filters=filters).parameters((k, 32, 32)) == 9 * k * filters + filters
    assert Convolution(filters=filters, bias=False).parameters((k, 7, 9)) == 9 * k * filters


def test_a_convolution_does_not_care_about_the_size_of_the_picture():
    assert Convolution().parameters((3, 8, 8)) == Convolution().parameters((3, 500, 300)) == 896


def lenet() -> tuple[NetworkSpec, NetworkReport]:
    network = template("lenet").network
    return network, infer(network, Facts((1, 28, 28), 10))


def test_lenet_5_on_handwritten_digits():
    network, report = lenet()
    assert report.parameters == 61_706
    weights = [report.nodes[node.id].parameters for node in network.nodes if report.nodes[node.id].parameters]
    assert weights == [156, 2_416, 48_120, 10_164, 850]
    shapes = [report.nodes[node.id].shape for node in network.nodes if node.kind in ("conv2d", "avg_pool", "flatten")]
    assert shapes == [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (400,)]


def test_lenet_5_multiplies_as_often_as_worked_out_by_hand():
    _, report = lenet()
    by_hand = 25 * 6 * 28 * 28 + 25 * 6 * 16 * 10 * 10 + 400 * 120 + 120 * 84 + 84 * 10
    assert report.multiply_adds == by_hand


def test_vgg_16_has_138_million_parameters():
    blocks = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    layers = [("image", {})]
    for filters, times in blocks:
        layers += [("conv2d", {"filters": filters}), ("relu", {})] * times + [("max_pool", {})]
    layers += [("flatten", {}), ("dense", {"units": 4096}), ("dense", {"units": 4096}), ("classes", {})]
    report = infer(chain(layers), Facts((3, 224, 224), 1000))
    assert report.is_ready and report.parameters == 138_357_544
    assert report.multiply_adds == pytest.approx(15.47e9, rel=0.001)


def test_activations_are_counted_in_float32_without_the_picture_itself():
    report = infer(chain([("image", {}), ("conv2d", {"filters": 8}), ("relu", {})]), Facts((3, 10, 20)))
    assert report.activation_bytes == 2 * 8 * 10 * 20 * 4
    assert report.memory(5) == 5 * report.activation_bytes + 16 * report.parameters
