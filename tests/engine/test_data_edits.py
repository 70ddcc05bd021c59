"""Images moved and left out, classes renamed, merged and hidden: in the project, never in the files."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.data import edits
from engine.data.index import Index
from engine.data.scan import scan
from engine.errors import EngineError
from engine.spec import DataSpec, ProjectSpec
from engine.spec.files import from_json, to_json

CLASSES = {"ant": 12, "bee": 9, "cat": 7}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("edited")
    for name, count in CLASSES.items():
        (root / name).mkdir()
        for number in range(count):
            Image.new("RGB", (8, 8)).save(root / name / f"{number:02d}.png")
    return root


@pytest.fixture
def data(folder) -> DataSpec:
    return DataSpec(classes=scan(folder, DataSpec()).classes)


def told(index: Index) -> dict[str, str]:
    """The class of each path."""
    return {str(path): index.classes[label] for path, label in zip(index.paths, index.labels, strict=True)}


def splits(index: Index) -> dict[str, int]:
    return dict(zip(map(str, index.paths), index.splits.tolist(), strict=True))


def test_a_moved_image_has_another_class_and_keeps_its_split(folder, data):
    before = scan(folder, data)
    after = scan(folder, edits.move(data, ["ant/03.png", "ant/04.png"], "bee"))
    assert told(after) == told(before) | {"ant/03.png": "bee", "ant/04.png": "bee"}
    assert splits(after) == splits(before) and after.notes == ()
    assert told(scan(folder, edits.move_home(edits.move(data, ["ant/03.png"], "bee")))) == told(before)


def test_a_move_can_make_a_class(folder, data):
    changed = edits.move(data, ["ant/03.png", "bee/01.png", "cat/01.png"], " Dog ")
    index = scan(folder, changed)
    assert index.classes == changed.classes == ("ant", "bee", "cat", "Dog")
    assert [path for path, name in told(index).items() if name == "Dog"] == ["ant/03.png", "bee/01.png", "cat/01.png"]
    assert not any("no folder" in note for note in index.notes)


def test_a_renamed_class_is_the_same_class(folder, data):
    changed = edits.rename_class(edits.move(data, ["ant/03.png"], "bee"), "bee", "wasp")
    before, after = scan(folder, data), scan(folder, changed)
    assert after.classes == ("ant", "wasp", "cat")
    assert told(after)["ant/03.png"] == "wasp" and splits(after) == splits(before)
    back = edits.rename_class(changed, "wasp", "bee")
    assert back.edits.class_names == {} and scan(folder, back).classes == before.classes


def test_names_may_be_swapped(folder, data):
    changed = edits.rename_class(edits.rename_class(data, "ant", "x"), "bee", "ant")
    changed = edits.rename_class(changed, "x", "bee")
    index = scan(folder, changed)
    assert changed.classes == index.classes == ("bee", "ant", "cat")
    assert told(index)["ant/00.png"] == "bee" and told(index)["bee/00.png"] == "ant"


def test_a_name_that_is_there_merges(folder, data):
    changed = edits.rename_class(data, "cat", "ant")
    index = scan(folder, changed)
    assert index.classes == changed.classes == ("ant", "bee")
    assert index.counts().sum(1).tolist() == [19, 9] and splits(index) == splits(scan(folder, data))


def test_a_hidden_class_has_no_output_and_comes_back(folder, data):
    moved = edits.move(data, ["bee/00.png"], "ant")
    changed = edits.hide_class(moved, "bee")
    index = scan(folder, changed)
    assert index.classes == changed.classes == ("ant", "cat") and edits.hidden_classes(changed) == ("bee",)
    assert told(index)["bee/00.png"] == "ant" and len(index) == 20 and index.notes == ()
    assert all(splits(scan(folder, data))[path] == split for path, split in splits(index).items())
    shown = scan(folder, edits.show_hidden(changed))
    assert shown.classes == ("ant", "cat", "bee") and len(shown) == 28
    with pytest.raises(EngineError, match="only class"):
        edits.hide_class(edits.hide_class(changed, "cat"), "ant")


def test_what_was_left_out_can_be_taken_back_one_by_one(data):
    changed = edits.leave_out(edits.leave_out(data, ["a/1.png", "a/2.png"]), ["a/2.png", "a/3.png"])
    assert changed.edits.left_out == ("a/1.png", "a/2.png", "a/3.png")
    assert edits.take_back(changed, ["a/2.png"]).edits.left_out == ("a/1.png", "a/3.png")
    assert edits.take_back(changed) == data


def test_groups_that_overlap_become_one(data):
    changed = edits.keep_together(data, [("a", "b"), ("c", "d"), ("e", "f")])
    changed = edits.keep_together(changed, [("d", "b", "g")])
    assert changed.edits.together == (("a", "b", "c", "d", "g"), ("e", "f"))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 300])
def test_a_class_needs_a_name(data, name):
    with pytest.raises(EngineError, match="name of a class"):
        edits.rename_class(data, "ant", name)
    with pytest.raises(EngineError, match="name of a class"):
        edits.move(data, ["ant/00.png"], name)


def test_edits_survive_the_file(data):
    changed = edits.hide_class(edits.rename_class(edits.move(data, ["ant/00.png"], "bee"), "ant", "ämse"), "cat")
    changed = edits.keep_together(edits.leave_out(changed, ["bee/01.png"]), [("bee/02.png", "bee/03.png")])
    assert from_json(to_json(ProjectSpec(data=changed))) == (ProjectSpec(data=changed), ())


@pytest.mark.parametrize("damage", ['"moved": 3', '"class_names": {"a": 1}', '"together": [7]', '"left_out": "a"'])
def test_damaged_edits_are_told_and_the_rest_opens(damage):
    found, notes = from_json('{"format": 1, "data": {"edits": {' + damage + "}}}")
    assert found.data == DataSpec() and "damaged" in notes[0]


step = st.one_of(
    st.tuples(st.just("move"), st.integers(0, 27), st.sampled_from(["ant", "bee", "new", "other"])),
    st.tuples(st.just("rename"), st.integers(0, 5), st.sampled_from(["ant", "bee", "cat", "new", "x", "y"])),
    st.tuples(st.just("hide"), st.integers(0, 5)),
    st.tuples(st.just("leave out"), st.integers(0, 27)),
    st.tuples(st.just("show")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, max_size=14))
def test_no_sequence_of_edits_moves_an_image_between_splits_or_loses_one(folder, steps):
    data = DataSpec(classes=tuple(CLASSES))
    paths = [f"{name}/{number:02d}.png" for name, count in CLASSES.items() for number in range(count)]
    before = splits(scan(folder, data))
    for kind, *values in steps:
        if kind == "move":
            data = edits.move(data, [paths[values[0]]], values[1])
        elif kind == "rename":
            data = edits.rename_class(data, data.classes[values[0] % len(data.classes)], values[1])
        elif kind == "hide" and len(data.classes) > 1:
            data = edits.hide_class(data, data.classes[values[0] % len(data.classes)])
        elif kind == "leave out":
            data = edits.leave_out(data, [paths[values[0]]])
        elif kind == "show":
            data = edits.show_hidden(data)
    index = scan(folder, data)
    after = splits(index)
    assert all(before[path] == split for path, split in after.items())
    assert index.classes[: len(data.classes)] == data.classes and len(set(index.classes)) == len(index.classes)
    shown = edits.take_back(edits.show_hidden(edits.move_home(data)))
    assert set(splits(scan(folder, replace(shown, classes=index.classes)))) == set(before)
    assert from_json(to_json(ProjectSpec(data=data)))[0].data == data
