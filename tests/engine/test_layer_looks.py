"""The looks at layers that are kept with a run: few, whole, and of the right epochs."""

import json
import math

import pytest

from engine.train import layer_looks
from engine.train.layer_health import LayersSeen, LayerState
from engine.train.layer_looks import NAME, LookWriter, last_look


def look(step: int, epoch: int | None = None) -> LayersSeen:
    layers = (LayerState("a", 1.0, 0.25, 1e-3), LayerState("b", dead=0.75, light="look", finding="dead"))
    return LayersSeen(epoch or math.ceil(step / 100), step, 32, layers)


def write(folder, *looks):
    writer = LookWriter(folder)
    for seen in looks:
        writer.add(seen)


def test_a_look_comes_back_as_it_was(tmp_path):
    assert last_look(tmp_path) is None
    broken = LayersSeen(2, 150, 7, (LayerState("c", math.inf, None, light="bad", finding="broken"),))
    write(tmp_path, look(50), broken)
    assert last_look(tmp_path) == broken
    assert last_look(tmp_path, epoch=1) == look(50)
    assert last_look(tmp_path, epoch=0) is None


def test_a_long_training_leaves_few_looks_and_the_last_is_near_its_end(tmp_path):
    write(tmp_path, *(look(step) for step in range(1, 100_000, 7)))
    kept = layer_looks.read(tmp_path)
    assert len(kept) < 500
    assert kept[0].total_step == 1 and kept[-1].total_step > 97_000
    assert [seen.total_step for seen in kept] == sorted({seen.total_step for seen in kept})


def test_a_run_that_goes_on_forgets_what_came_later(tmp_path):
    write(tmp_path, look(50), look(150), look(250))
    layer_looks.cut(tmp_path, 2)
    write(tmp_path, look(240))
    assert [seen.total_step for seen in layer_looks.read(tmp_path)] == [50, 150, 240]
    layer_looks.cut(tmp_path, 0)
    assert last_look(tmp_path) is None
    layer_looks.cut(tmp_path / "nothing", 0)
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "damage",
    [
        b'[3, 300, 32, [["a", 1.0',
        b"\xff\xfe\x00",
        b'{"epoch": 3}\n',
        b"[3, 300, 32, 7]\n",
        b'[3, "x", 32, []]\n',
        b'[3, 300, 32, [["a", "heavy"]]]\n',
        b'[3, 300, 32, [["a", 1, 1, 1, 1, 1, "green", "fine"]]]\n',
        b'[3, 300, 32, [[["a"]]]]\n',
        b"[" * 100_000 + b"\n",
        json.dumps([1, 10, 32, []]).encode() + b"\n",  # goes back
    ],
)
def test_damaged_lines_cost_no_others(tmp_path, damage):
    write(tmp_path, look(50), look(150))
    with open(tmp_path / NAME, "ab") as file:
        file.write(damage)
    assert last_look(tmp_path) == look(150)
    write(tmp_path, look(350))
    assert [seen.total_step for seen in layer_looks.read(tmp_path)] == [50, 150, 350]
    layer_looks.cut(tmp_path, 4)
    assert len((tmp_path / NAME).read_text("utf-8").splitlines()) == 3, "what is damaged is not kept"
