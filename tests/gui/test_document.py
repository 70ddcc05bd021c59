"""The open project: undo, unsaved changes, autosave, and files that cannot be read or written."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.compile import Facts
from engine.errors import ProjectError
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.files import read_project, write_project
from engine.templates import fitted
from gui.document import ChangedOnDisk, ProjectDocument, project_document


@pytest.fixture
def document(qapp, tmp_path: Path) -> ProjectDocument:
    document = ProjectDocument()
    document.create(ProjectSpec(DataSpec(source=Chosen("folder", {"path": "/pictures"}))), tmp_path / "Test.atelier")
    return document


def set_epochs(document: ProjectDocument, epochs: int, merge_key: str = "") -> None:
    document.edit("Set epochs", recipe=replace(document.recipe, epochs=epochs), merge_key=merge_key)


def count_signals(document: ProjectDocument) -> dict[str, int]:
    """What is emitted from now on, by name."""
    seen: dict[str, int] = {}
    for name in ("data_changed", "network_changed", "recipe_changed", "report_changed", "replaced", "state_changed"):
        getattr(document, name).connect(lambda name=name: seen.__setitem__(name, seen.get(name, 0) + 1))
    return seen


def test_a_new_document_holds_nothing(qapp):
    document = ProjectDocument()
    assert not document.is_open and not document.is_modified
    assert document.name == "" and document.path is None
    assert document.spec == ProjectSpec()
    document.autosave()  # nothing to save, and nowhere
    document.discard_autosave()


def test_an_edit_can_be_undone_and_done_again(document):
    set_epochs(document, 7)
    assert document.recipe.epochs == 7 and document.is_modified
    assert document.undo_stack.undoText() == "Set epochs"
    document.undo_stack.undo()
    assert document.recipe.epochs == RecipeSpec().epochs and not document.is_modified
    document.undo_stack.redo()
    assert document.recipe.epochs == 7 and document.is_modified


def test_an_edit_that_changes_nothing_is_no_step(document):
    set_epochs(document, document.recipe.epochs)
    assert document.undo_stack.count() == 0 and not document.is_modified


def test_one_drag_is_one_step(document):
    for epochs in (5, 6, 7):
        set_epochs(document, epochs, merge_key="epochs")
    document.edit("Set batch size", recipe=replace(document.recipe, batch_size=4), merge_key="batch")
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert (document.recipe.epochs, document.recipe.batch_size) == (7, RecipeSpec().batch_size)
    document.undo_stack.undo()
    assert document.recipe.epochs == RecipeSpec().epochs


def test_a_drag_back_to_where_it_began_leaves_no_step(document):
    before = document.recipe.epochs
    for epochs in (before + 1, before + 2, before):
        set_epochs(document, epochs, merge_key="epochs")
    assert document.recipe.epochs == before
    assert not document.undo_stack.canUndo() and not document.is_modified


def test_steps_are_not_merged_over_a_save(document):
    set_epochs(document, 5, merge_key="epochs")
    document.save()
    set_epochs(document, 6, merge_key="epochs")
    assert document.is_modified
    document.undo_stack.undo()
    assert document.recipe.epochs == 5 and not document.is_modified


def test_signals_tell_only_what_changed(document):
    seen = count_signals(document)
    set_epochs(document, 9)
    assert set(seen) == {"recipe_changed", "state_changed"} and seen["recipe_changed"] == 1
    seen.clear()
    document.edit("Use", network=fitted("perceptron", document.facts))
    assert set(seen) == {"network_changed", "report_changed", "state_changed"}
    seen.clear()
    document.edit("Set seed", data=replace(document.data, seed=3))
    assert set(seen) == {"data_changed", "state_changed"}, "the network sees the same shape"
    seen.clear()
    document.edit("Set size", data=replace(document.data, size=20))
    assert set(seen) == {"data_changed", "report_changed", "state_changed"}


def test_the_report_follows_data_and_network(document):
    document.settle_classes(("a", "b"))
    document.edit("Use", network=fitted("perceptron", document.facts))
    small = document.report.parameters
    document.edit("Set size", data=replace(document.data, size=128))
    assert document.report.parameters > small > 0
    document.undo_stack.undo()
    assert document.report.parameters == small


def test_settled_classes_are_no_step(document):
    seen = count_signals(document)
    document.settle_classes(("cat", "dog"))
    assert document.data.classes == ("cat", "dog")
    assert not document.undo_stack.canUndo() and not document.is_modified
    assert seen["data_changed"] == 1
    document.settle_classes(("cat", "dog"))
    assert seen["data_changed"] == 1


def test_a_new_project_is_on_disk_at_once(document, tmp_path):
    assert read_project(tmp_path / "Test.atelier") == (document.spec, ())
    assert document.name == "Test" and not document.is_modified


def test_saving(document):
    set_epochs(document, 3)
    document.autosave()
    assert document.autosave_path.is_file()
    document.save()
    assert read_project(document.path)[0].recipe.epochs == 3
    assert not document.is_modified and not document.autosave_path.exists()


def test_saving_as_another_file_goes_on_there(document, tmp_path):
    first = document.path
    set_epochs(document, 3)
    document.save(tmp_path / "Other.atelier")
    assert document.name == "Other" and not document.is_modified
    assert read_project(first)[0].recipe.epochs == RecipeSpec().epochs, "the first file is as it was"
    set_epochs(document, 4)
    document.save()
    assert read_project(tmp_path / "Other.atelier")[0].recipe.epochs == 4


def test_a_save_that_fails_keeps_everything(document, monkeypatch):
    set_epochs(document, 3)
    document.autosave()
    before = document.path.read_bytes()

    def full(*_: object) -> None:
        raise ProjectError("The project could not be saved.", why="No space left on device.")

    monkeypatch.setattr(project_document, "write_project", full)
    with pytest.raises(ProjectError, match="could not be saved"):
        document.save()
    assert document.is_modified and document.recipe.epochs == 3
    assert document.path.read_bytes() == before
    assert document.autosave_path.is_file()
    failures: list[ProjectError] = []
    document.save_failed.connect(failures.append)
    document.autosave()
    assert len(failures) == 1 and document.is_modified


def test_an_autosave_that_cannot_be_removed_does_not_fail_a_save(document, monkeypatch):
    set_epochs(document, 3)
    document.autosave()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("in use")

    monkeypatch.setattr(Path, "unlink", refuse)
    document.save()
    assert not document.is_modified


def test_changes_are_autosaved_after_a_moment(qtbot, document):
    document._autosave_timer.setInterval(20)
    with qtbot.waitSignal(document.autosaved, timeout=10_000):
        set_epochs(document, 11)
    assert read_project(document.autosave_path)[0].recipe.epochs == 11
    assert read_project(document.path)[0].recipe.epochs == RecipeSpec().epochs
    with qtbot.waitSignal(document.autosaved, timeout=10_000):
        document.undo_stack.undo()
    assert not document.autosave_path.exists(), "nothing is left that saving would add"


def test_what_was_not_saved_comes_back_after_a_crash(document, tmp_path):
    set_epochs(document, 11)
    document.autosave()
    document.close()  # as the system does for a process that died
    again = ProjectDocument()
    notes = again.open(tmp_path / "Test.atelier")
    assert again.recipe.epochs == 11 and again.is_modified
    assert len(notes) == 1 and "restored" in notes[0]
    again.undo_stack.undo()
    assert again.recipe.epochs == RecipeSpec().epochs and not again.is_modified


def test_an_autosave_older_than_the_file_is_not_taken(document):
    set_epochs(document, 11)
    document.autosave()
    write_project(replace(document.spec, recipe=RecipeSpec(epochs=2)), document.path)
    os.utime(document.autosave_path, (1, 1))
    document.close()  # as the system does for a process that died
    again = ProjectDocument()
    assert again.open(document.path) == ()
    assert again.recipe.epochs == 2 and not again.is_modified


def test_a_damaged_autosave_is_told_and_the_file_opens(document):
    set_epochs(document, 11)
    document.autosave()
    document.autosave_path.write_text("{half")
    document.close()  # as the system does for a process that died
    again = ProjectDocument()
    (note,) = again.open(document.path)
    assert "autosaved copy" in note
    assert again.recipe.epochs == RecipeSpec().epochs and not again.is_modified


def test_discarded_changes_do_not_come_back(document):
    set_epochs(document, 11)
    document.autosave()
    document.discard_autosave()
    document.close()  # as the system does for a process that died
    again = ProjectDocument()
    assert again.open(document.path) == ()
    assert again.recipe.epochs == RecipeSpec().epochs


def test_what_cannot_be_understood_is_told_and_the_rest_opens(document):
    raw = json.loads(document.path.read_text("utf-8"))
    raw["recipe"]["epochs"] = "many"
    raw["recipe"]["batch_size"] = 5
    raw["surprise"] = 1
    document.path.write_text(json.dumps(raw))
    notes = document.open(document.path)
    assert len(notes) == 2 and any("surprise" in note for note in notes)
    assert document.recipe.batch_size == 5 and document.recipe.epochs == RecipeSpec().epochs


@pytest.mark.parametrize("content", ["", "[]", "{half", '{"format": 9999}', "\x00\x01"])
def test_a_file_that_is_no_project_leaves_the_open_one(document, tmp_path, content):
    bad = tmp_path / "bad.atelier"
    bad.write_text(content)
    set_epochs(document, 5)
    seen = count_signals(document)
    with pytest.raises(ProjectError):
        document.open(bad)
    assert document.name == "Test" and document.recipe.epochs == 5 and document.is_modified
    assert seen == {}


def test_opening_starts_afresh(document, tmp_path):
    other = tmp_path / "Other.atelier"
    write_project(ProjectSpec(recipe=RecipeSpec(epochs=77)), other)
    set_epochs(document, 5)
    seen = count_signals(document)
    assert document.open(other) == ()
    assert document.recipe.epochs == 77 and not document.undo_stack.canUndo() and not document.is_modified
    parts = ("replaced", "data_changed", "network_changed", "recipe_changed", "report_changed")
    assert all(seen[name] == 1 for name in parts)


def test_replaced_comes_first(document, tmp_path):
    other = tmp_path / "Other.atelier"
    write_project(ProjectSpec(recipe=RecipeSpec(epochs=77)), other)
    order: list[str] = []
    document.replaced.connect(lambda: order.append("replaced"))
    document.recipe_changed.connect(lambda: order.append("recipe"))
    document.open(other)
    assert order == ["replaced", "recipe"]


def test_whoever_is_told_of_anything_finds_the_report_of_the_network(document, tmp_path):
    def must_belong(*_: object) -> None:
        assert list(document.report.nodes) == [node.id for node in document.network.nodes]

    document.edit("Draw", network=fitted("lenet", document.facts))
    signals = (document.replaced, document.data_changed, document.network_changed, document.recipe_changed)
    for signal in (*signals, document.report_changed, document.state_changed):
        signal.connect(must_belong)
    data = DataSpec(size=8, colour="grey", classes=("a", "b"))
    document.create(ProjectSpec(data, fitted("mlp", Facts(data.shape, 2))), tmp_path / "B.atelier")
    document.edit("Another", network=fitted("perceptron", document.facts), data=replace(data, size=9))
    document.undo_stack.undo()


def test_five_hundred_steps_can_be_undone(document):
    for epochs in range(1000, 1510):
        set_epochs(document, epochs)
    for _ in range(500):
        document.undo_stack.undo()
    assert document.recipe.epochs == 1009 and not document.undo_stack.canUndo()


def test_a_file_that_somebody_else_saved_is_not_overwritten_unasked(document, tmp_path):
    other = ProjectDocument()
    other.open(document.path)
    other.edit("Set notes", notes="theirs")
    other.save()
    document.edit("Set notes", notes="ours")
    with pytest.raises(ChangedOnDisk) as told:
        document.save()
    assert told.value.what and told.value.why and told.value.fix
    assert read_project(document.path)[0].notes == "theirs" and document.is_modified
    document.save(overwrite=True)
    assert read_project(document.path)[0].notes == "ours" and not document.is_modified
    document.edit("Set notes", notes="ours again")
    document.save()  # our own saving is no surprise


# ---- two windows on one project


@pytest.fixture
def second(qapp, document):
    """Another window's document on the same file, with the sentences that it told when it opened it."""
    second = ProjectDocument()
    second.notes = second.open(document.path)
    yield second
    second.close()


def test_a_second_window_is_told_of_the_first_and_takes_nothing_from_it(document, tmp_path):
    document.edit("Notes", notes="of the first")
    document.autosave()
    second = ProjectDocument()
    (note,) = second.open(document.path)
    assert "open in another window too" in note and second.spec.notes == "" and not second.is_modified
    second.edit("Notes", notes="of the second")
    second.autosave()
    second.discard_autosave()
    second.close()
    assert read_project(document.autosave_path)[0].notes == "of the first"
    document.close()


def test_both_windows_keep_their_changes_through_a_crash_of_either(document, second):
    document.edit("Notes", notes="of the first")
    document.autosave()
    second.edit("Notes", notes="of the second")
    second.autosave()
    os.utime(document.autosave_path, (1e9, 1e9))  # the first one has had its changes saved long ago
    os.utime(document.path, (2e9 - 1, 2e9 - 1))
    os.utime(second.autosave_path, (2e9, 2e9))
    document.close()  # as the system does for a process that dies
    third = ProjectDocument()
    (note,) = third.open(document.path)
    assert "were restored" in note and third.spec.notes == "of the second"
    third.close()


def test_the_second_to_save_is_asked(document, second):
    document.edit("Notes", notes="of the first, which is longer")
    second.edit("Notes", notes="of the second")
    document.save()
    with pytest.raises(ChangedOnDisk):
        second.save()
    assert read_project(document.path)[0].notes.startswith("of the first") and second.is_modified


def test_a_project_that_was_closed_is_nobodys(document):
    document.close()
    other = ProjectDocument()
    assert other.open(document.path) == ()
    other.close()
