"""Where is computed, in which number format, and the reason in words."""

import pytest
import torch

from engine.compile import Facts, infer
from engine.errors import EngineError
from engine.spec.network import chain
from engine.train import device
from engine.train.device import describe, place

FACTS = Facts((3, 64, 64), 2)
LARGE = infer(chain([("image", {}), ("conv2d", {"filters": 32}), ("flatten", {}), ("classes", {})]), FACTS)
SMALL = infer(chain([("image", {}), ("conv2d", {"filters": 1}), ("flatten", {}), ("classes", {})]), FACTS)
DENSE = infer(chain([("image", {}), ("flatten", {}), ("dense", {"units": 512}), ("classes", {})]), FACTS)


@pytest.fixture(autouse=True)
def plain_machine(monkeypatch):
    """No graphics processor, and no processor that is fast in bfloat16, whatever these tests run on."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device, "_has_mps", lambda: False)
    monkeypatch.setattr(device, "cpu_has_bfloat16", lambda: False)


@pytest.fixture
def graphics_processor(monkeypatch):
    def install(*, bfloat16: bool):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "Test GPU")
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bfloat16)

    return install


def test_automatic_without_anything_special_is_the_cpu_in_float32():
    found = place("auto", "auto", LARGE)
    assert (found.device.type, found.precision, found.dtype) == ("cpu", "float32", torch.float32)
    assert found.device_reason == "no graphics processor was found"
    assert found.precision_reason == "this processor has no faster format"


@pytest.mark.parametrize(
    ("report", "precision", "reason"),
    [
        (LARGE, "bfloat16", "this processor computes it natively"),
        (SMALL, "float32", "the network is too small to gain from a shorter format"),
        (DENSE, "float32", "the network is too small to gain from a shorter format"),
    ],
    ids=["large", "small", "dense"],
)
def test_a_cpu_with_bfloat16_uses_it_where_it_gains(monkeypatch, report, precision, reason):
    monkeypatch.setattr(device, "cpu_has_bfloat16", lambda: True)
    found = place("auto", "auto", report)
    assert (found.precision, found.precision_reason) == (precision, reason)
    assert place("cpu", "auto", report).precision == precision
    assert place("auto", "float32", report).precision_reason == "chosen by hand"


def test_what_was_chosen_by_hand_is_obeyed():
    found = place("cpu", "bfloat16", SMALL)
    assert (found.precision, found.device_reason, found.precision_reason) == ("bfloat16", *["chosen by hand"] * 2)


@pytest.mark.parametrize(
    ("wanted", "precision", "what", "fix"),
    [
        ("cuda", "auto", "no NVIDIA graphics processor", "automatic or CPU"),
        ("mps", "auto", "no Apple graphics processor", "automatic or CPU"),
        ("cpu", "float16", "CPU cannot train in float16", "bfloat16 or float32"),
        ("auto", "float16", "CPU cannot train in float16", "bfloat16 or float32"),
    ],
)
def test_what_is_not_there_is_a_sentence(wanted, precision, what, fix):
    with pytest.raises(EngineError, match=what) as caught:
        place(wanted, precision, LARGE)
    assert fix in caught.value.fix


@pytest.mark.parametrize(("bfloat16", "precision"), [(True, "bfloat16"), (False, "float16")])
def test_automatic_takes_a_graphics_processor_in_its_fastest_format(graphics_processor, bfloat16, precision):
    graphics_processor(bfloat16=bfloat16)
    found = place("auto", "auto", SMALL)
    assert (found.device.type, found.precision) == ("cuda", precision)
    assert found.device_reason == "Test GPU was found" and "graphics processor" in found.precision_reason
    assert place("cpu", "auto", SMALL).device.type == "cpu"
    assert place("cuda", "float32", SMALL).precision == "float32"


def test_an_apple_processor_is_taken_in_float32(monkeypatch):
    monkeypatch.setattr(device, "_has_mps", lambda: True)
    found = place("auto", "auto", LARGE)
    assert (found.device.type, found.precision) == ("mps", "float32") and "Apple" in found.device_reason
    assert describe() == "Apple GPU"


def test_layers_compute_in_the_chosen_format():
    layer, x = torch.nn.Linear(4, 2), torch.ones(1, 4)
    for precision in ("float32", "bfloat16"):
        with place("cpu", precision, SMALL).autocast():
            assert layer(x).dtype == getattr(torch, precision)
    assert layer(x).dtype == torch.float32


def test_an_unknown_answer_about_bfloat16_means_no(monkeypatch):
    monkeypatch.undo()
    for check in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, check, raising=False)
    assert device.cpu_has_bfloat16() is False
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert device.cpu_has_bfloat16() is True


@pytest.mark.parametrize(("cores", "words"), [(1, "CPU · 1 core"), (8, "CPU · 8 cores")])
def test_the_machine_in_a_few_words(monkeypatch, cores, words):
    monkeypatch.setattr(device.psutil, "cpu_count", lambda **_: cores)
    assert describe() == words
