"""Project documents: what was saved opens again, whatever is damaged is named, and nothing intact is lost."""

import copy
import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import files
from engine.compile import Facts, infer
from engine.errors import ProjectError
from engine.spec import Chosen, DataSpec, NetworkSpec, Node, ProjectSpec, RecipeSpec
from engine.spec.files import FORMAT, from_json, read_project, to_json, write_project
from engine.spec.network import chain

words = st.text(max_size=12)
values = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    words,
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
)
params = st.dictionaries(words, values, max_size=3)
chosen = st.builds(Chosen, words, params)
ids = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
nodes = st.builds(Node, ids, words, params, st.lists(ids, max_size=2).map(tuple), words)
networks = st.builds(NetworkSpec, st.lists(nodes, max_size=5, unique_by=lambda node: node.id).map(tuple), words)
projects = st.builds(
    ProjectSpec,
    data=st.builds(
        DataSpec,
        size=st.integers(4, 1024) | st.tuples(st.integers(4, 1024), st.integers(4, 1024)),
        colour=st.sampled_from(["rgb", "grey"]),
        validation_percent=st.integers(1, 80),
        source=st.none() | chosen,
        classes=st.lists(words, max_size=4).map(tuple),
        augment=st.lists(chosen, max_size=3).map(tuple),
    ),
    network=networks,
    recipe=st.builds(
        RecipeSpec,
        epochs=st.integers(1, 100_000),
        learning_rate=st.floats(1e-8, 100),
        optimizer=chosen,
        schedule=chosen,
    ),
    notes=words,
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def example() -> ProjectSpec:
    return ProjectSpec(
        data=DataSpec(
            size=(32, 48),
            source=Chosen("folder", {"path": "/pictures/animals"}),
            classes=("cat", "犬", "a b"),
            augment=(Chosen("mirror", {"share": 0.5}), Chosen("rotation", {"degrees": 15})),
        ),
        network=chain([("image", {}), ("conv2d", {"kernel": (3, 5)}), ("flatten", {}), ("classes", {})], "mine"),
        recipe=RecipeSpec(epochs=7, optimizer=Chosen("sgd", {"momentum": 0.5}), schedule=Chosen("cosine")),
        notes="Two\nlines “quoted” 🐶",
    )


def raw_example() -> dict:
    return json.loads(to_json(example()))


def read(raw) -> tuple[ProjectSpec, tuple[str, ...]]:
    return from_json(json.dumps(raw))


@settings(max_examples=100, deadline=None)
@given(projects)
def test_what_was_saved_opens_as_it_was(project):
    text = to_json(project)
    again, notes = from_json(text)
    assert again == project and notes == ()
    assert to_json(again) == text


def test_the_text_is_made_for_people_and_version_control():
    text = to_json(example())
    assert "犬" in text and text.endswith("}\n") and text.count("\n") > 50
    assert json.loads(text)["format"] == FORMAT


def test_a_file_name_that_is_no_utf_8_survives(tmp_path):
    strange = os.fsdecode(b"/pictures/caf\xe9")
    project = replace(example(), data=replace(example().data, source=Chosen("folder", {"path": strange})))
    project = replace(project, data=replace(project.data, classes=(os.fsdecode(b"\xff"), "plain")))
    write_project(project, tmp_path / "P.atelier")
    assert read_project(tmp_path / "P.atelier") == (project, ())


def paths_in(raw, here=()) -> list[tuple]:
    found = [here] if here else []
    inside = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, value in inside:
        found += paths_in(value, (*here, key))
    return found


PATHS = paths_in(raw_example())


def put(raw: dict, path: tuple, value) -> None:
    for key in path[:-1]:
        raw = raw[key]
    raw[path[-1]] = value


def intact(path: tuple, read_back: ProjectSpec) -> None:
    """Everything that does not lie on `path` is as it was."""
    whole = example()
    assert path[0] == "data" or read_back.data == whole.data
    assert path[0] == "recipe" or read_back.recipe == whole.recipe
    assert path[0] == "notes" or read_back.notes == whole.notes
    assert path[0] == "network" or read_back.network == whole.network
    if path[0] == "network" and len(path) > 2:
        damaged = path[2]
        for place, node in enumerate(whole.network.nodes):
            if place != damaged:
                assert node in read_back.network.nodes or node.id == read_back.network.nodes[damaged].id
    if path[0] == "data" and len(path) > 1:
        for name in {"size", "source", "classes", "augment", "colour"} - {path[1]}:
            assert getattr(read_back.data, name) == getattr(whole.data, name)
    if path[0] == "recipe" and len(path) > 1:
        for name in {"epochs", "optimizer", "schedule"} - {path[1]}:
            assert getattr(read_back.recipe, name) == getattr(whole.recipe, name)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PATHS), plain)
def test_a_wrong_value_anywhere_costs_only_itself(path, value):
    raw = raw_example()
    put(raw, path, value)
    try:
        project, notes = read(raw)
    except ProjectError as error:
        assert path == ("format",) and error.why and error.fix
        return
    intact(path, project)
    infer(project.network, Facts())
    again, more = from_json(to_json(project))
    assert to_json(again) == to_json(project) and more == (), "what was understood is saved cleanly"
    assert all(note.endswith(".") for note in notes)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PATHS))
def test_a_missing_value_anywhere_costs_only_itself(path):
    raw = raw_example()
    inner = raw
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    if path == ("format",):
        with pytest.raises(ProjectError, match="does not say which format"):
            read(raw)
        return
    project, _ = read(raw)
    if isinstance(path[-1], str):
        intact(path, project)


@settings(max_examples=200, deadline=None)
@given(plain)
def test_any_json_is_read_or_refused_in_words(raw):
    try:
        read(raw)
    except ProjectError as error:
        assert error.what and error.why and error.fix


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused_in_words(text):
    try:
        from_json(text, "“P.atelier”")
    except ProjectError as error:
        assert error.what.startswith("“P.atelier” is ") and error.why and error.fix
    else:
        assert json.loads(text)["format"] == FORMAT


def test_a_file_cut_off_anywhere_is_refused_in_words():
    whole = to_json(example()).rstrip()
    for end in range(len(whole)):
        with pytest.raises(ProjectError) as caught:
            from_json(whole[:end], "“P.atelier”")
        assert "damaged" in caught.value.what and caught.value.why and caught.value.fix


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(tmp_path, content):
    path = tmp_path / "P.atelier"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match=r"“P\.atelier”"):
        read_project(path)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"format": 1, "notes": ' + '{"a":' * 50_000, '{"format": ' + "9" * 5000 + "}", "\ufeff{}", ""],
    ids=["lists", "objects", "digits", "mark", "empty"],
)
def test_hostile_texts_are_refused_in_words(text):
    with pytest.raises(ProjectError):
        from_json(text)


@pytest.mark.parametrize("number", [True, 0, -1, 1.0, "1", None, [1]])
def test_a_format_that_is_no_number_is_no_project(number):
    with pytest.raises(ProjectError, match="does not say which format"):
        read({**raw_example(), "format": number})


def test_a_newer_format_asks_for_an_update():
    with pytest.raises(ProjectError) as caught:
        read({**raw_example(), "format": FORMAT + 1})
    assert "newer version" in caught.value.what and "Update" in caught.value.fix


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("future",), 1, "Project: the field “future”"),
        (("network", "zoom"), 1, "Network: the field “zoom”"),
        (("network", "nodes", 1, "colour"), "red", "layer “conv2d_1”: the field “colour”"),
        (("network", "nodes", 1, "id"), "not an id!", "layer 2 has no usable id"),
        (("network", "nodes", 1, "id"), "image_1", "two layers have the id “image_1”"),
        (("network", "nodes", 1), 5, "layer 2 is damaged"),
        (("network", "nodes", 1, "inputs"), [3], "the links to layer “conv2d_1”"),
        (("network", "nodes", 1, "label"), 3, "the field “label”"),
        (("network", "nodes", 1, "params", "deep"), {"a": 1}, "the setting “deep”"),
        (("network", "nodes"), {}, "the list of layers is damaged"),
        (("network",), [], "Network: this part is damaged"),
        (("data", "size"), 3, "“Size” cannot be 3. 64 is used instead."),
        (("data", "size"), 10**400, "“Size” cannot be 1000"),
        (("data", "brightness"), 3, "Data: the setting “brightness”"),
        (("data", "classes"), [1], "the list of classes"),
        (("data", "augment"), "all", "the list of augmentations"),
        (("data", "augment", 0), {}, "augmentation: this entry is damaged"),
        (("data", "source", "speed"), 1, "Data, source: the field “speed”"),
        (("recipe", "epochs"), 0, "“Epochs” cannot be 0. 20 is used instead."),
        (("recipe", "precision"), "int4", "“Precision” cannot be “int4”."),
        (("recipe", "optimizer"), None, "Recipe, optimizer: this entry is damaged"),
        (("notes",), 5, "the field “notes” is damaged"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_what_is_unknown_or_damaged_is_named(path, value, named):
    raw = raw_example()
    put(raw, path, value)
    project, notes = read(raw)
    assert len(notes) == 1 and named in notes[0], notes
    intact(path, project)


def test_a_layer_from_the_future_survives_a_save(tmp_path):
    future = Node("thing_1", "attention_9", {"heads": 8, "mode": "x"}, ("flatten_1",), "Looks around")
    project = replace(example(), network=replace(example().network, nodes=(*example().network.nodes, future)))
    write_project(project, tmp_path / "P.atelier")
    opened, notes = read_project(tmp_path / "P.atelier")
    assert notes == () and opened.network["thing_1"] == future
    problem = infer(opened.network, Facts()).nodes["thing_1"].problem
    assert "“attention_9”" in problem.what


def with_source(path: Path | str) -> ProjectSpec:
    return replace(example(), data=replace(example().data, source=Chosen("folder", {"path": str(path), "deep": True})))


def test_pictures_inside_the_project_folder_move_with_it(tmp_path):
    old = tmp_path / "old"
    (old / "my pictures").mkdir(parents=True)
    write_project(with_source(old / "my pictures"), old / "P.atelier")
    assert json.loads((old / "P.atelier").read_text("utf-8"))["data"]["source"]["params"]["path"] == "my pictures"
    assert read_project(old / "P.atelier")[0] == with_source(old / "my pictures")
    old.rename(tmp_path / "new")
    assert read_project(tmp_path / "new" / "P.atelier")[0] == with_source(tmp_path / "new" / "my pictures")


def test_pictures_elsewhere_stay_where_they_are(tmp_path):
    (tmp_path / "project").mkdir()
    elsewhere = tmp_path / "pictures"
    write_project(with_source(elsewhere), tmp_path / "project" / "P.atelier")
    (tmp_path / "project").rename(tmp_path / "moved")
    assert read_project(tmp_path / "moved" / "P.atelier")[0] == with_source(elsewhere)


def test_a_path_that_no_system_knows_does_not_stop_a_save(tmp_path):
    for strange in ("a\0b", "x" * 5000, "../" * 500):
        write_project(with_source(strange), tmp_path / "P.atelier")
        assert read_project(tmp_path / "P.atelier")[1] == ()


def test_saving_makes_missing_folders(tmp_path):
    write_project(example(), tmp_path / "a" / "b" / "P.atelier")
    assert read_project(tmp_path / "a" / "b" / "P.atelier") == (example(), ())


def test_where_nothing_can_be_saved_the_error_names_the_file(tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(ProjectError) as caught:
        write_project(example(), tmp_path / "taken" / "P.atelier")
    assert "“P.atelier”" in caught.value.what and caught.value.why and "another folder" in caught.value.fix


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may write everywhere")
def test_a_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ProjectError):
        write_project(example(), tmp_path / "P.atelier")


@pytest.mark.parametrize("broken", ["replace", "fsync"])
def test_a_full_disk_keeps_the_old_project(tmp_path, monkeypatch, broken):
    path = tmp_path / "P.atelier"
    write_project(example(), path)

    def no_space(*_args) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, broken, no_space)
    with pytest.raises(ProjectError, match=os.strerror(errno.ENOSPC)):
        write_project(replace(example(), notes="new"), path)
    monkeypatch.undo()
    assert read_project(path)[0] == example() and os.listdir(tmp_path) == ["P.atelier"]


def test_a_project_that_is_gone_or_a_folder(tmp_path):
    with pytest.raises(ProjectError, match="not there"):
        read_project(tmp_path / "gone.atelier")
    with pytest.raises(ProjectError, match="cannot be read"):
        read_project(tmp_path)


def test_a_huge_file_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "P.atelier"
    write_project(example(), path)
    monkeypatch.setattr("engine.spec.files.LARGEST", 100)
    with pytest.raises(ProjectError, match="too large"):
        read_project(path)


def test_saving_and_reading_leave_the_project_alone(tmp_path):
    project = with_source(tmp_path / "inside")
    before = copy.deepcopy(project)
    write_project(project, tmp_path / "P.atelier")
    read_project(tmp_path / "P.atelier")
    assert project == before
