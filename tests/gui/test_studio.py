"""What pages share: starting, opening, saving, and what a drop anywhere in the window means."""

import zipfile
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import platformdirs
import pytest
from conftest import draw_pictures
from real_studio import (
    make_trained,
    open_copy,
    open_project,
    running_studio,
    set_epochs,
    small_project,
    train,
    until,
    wait_ready,
)

from engine.errors import EngineError
from engine.spec.files import read_project, write_project
from gui.studio import Studio
from gui.studio.recents import MOST, Recents


@pytest.fixture(autouse=True)
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for documents."""
    folder = tmp_path / "documents"
    monkeypatch.setattr(platformdirs, "user_documents_dir", lambda: str(folder))
    return folder


@pytest.fixture
def studio(qtbot):
    with running_studio() as studio:
        studio.heard = Heard(studio)
        yield studio


class Heard:
    """What a studio asked the window to do."""

    def __init__(self, studio: Studio) -> None:
        self.places: list[str] = []
        self.errors: list[BaseException] = []
        self.sentences: list[str] = []
        studio.place_wanted.connect(self.places.append)
        studio.failed.connect(self.errors.append)
        studio.told.connect(self.sentences.append)


@pytest.fixture
def opened(qtbot, studio: Studio, picture_folder: Path, tmp_path: Path) -> Studio:
    (tmp_path / "project").mkdir()
    open_project(qtbot, studio, small_project(picture_folder), tmp_path / "project" / "Test.atelier")
    return studio


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return make_trained(tmp_path_factory.mktemp("made"))


@pytest.fixture
def trained(studio: Studio, made: Path, tmp_path: Path) -> Studio:
    open_copy(studio, made, tmp_path)
    return studio


@pytest.fixture
def picture(picture_folder: Path) -> Path:
    return picture_folder / "disc" / "disc-00.png"


@pytest.fixture
def plain_folder(tmp_path: Path) -> Path:
    """Pictures without class folders."""
    draw_pictures(tmp_path / "plain-source", per_class=3, side=16)
    return tmp_path / "plain-source" / "disc"


# ---- starting


def test_starting_from_a_folder(qtbot, studio, picture_folder, documents):
    studio.start_from_folder(picture_folder)
    path = studio.document.path
    assert path == documents / "Atelier" / "pictures" / "pictures.atelier" and path.is_file()
    assert studio.heard.places == ["data"]
    wait_ready(qtbot, studio)
    assert studio.training.blocker() is None, "it can be trained as it is"
    assert [recent.path for recent in studio.recents.entries()] == [path]


def test_starting_twice_from_a_folder_makes_two_projects(qtbot, studio, picture_folder):
    studio.start_from_folder(picture_folder)
    studio.start_from_folder(picture_folder)
    assert studio.document.name == "pictures 2"
    wait_ready(qtbot, studio)


@pytest.mark.parametrize(
    "name", ["Muffins & Hünde", "日本語", "a.b.c", "trailing. ", " ", "...", "CON", "x" * 120, "emoji 🐶", "100 %"]
)
def test_folders_of_any_name(qtbot, studio, picture_folder, name):
    folder = picture_folder.parent / name / "pictures"
    folder.parent.mkdir()
    picture_folder.rename(folder)
    studio.start_from_folder(folder.parent if name == "a.b.c" else folder)
    assert studio.document.is_open and studio.document.path.is_file()
    assert read_project(studio.document.path)[1] == ()
    until(qtbot, lambda: studio.data.state in ("ready", "failed"))


@pytest.mark.parametrize("name", ["Muffins & Hünde", "日本語", "v1.0", "trailing. ", "...", "x" * 120, "emoji 🐶"])
def test_a_project_is_named_after_its_folder(qtbot, studio, picture_folder, name):
    folder = picture_folder.parent / name
    picture_folder.rename(folder)
    studio.start_from_folder(folder)
    assert studio.document.path.is_file()
    assert studio.document.name == (name.strip(" .") or "Project")
    wait_ready(qtbot, studio)


def test_starting_from_a_sample(qtbot, studio):
    assert {sample.name for sample in studio.samples()} == {"drawn", "digits"}
    assert all(sample.title and sample.summary for sample in studio.samples())
    studio.start_from_sample("digits")
    assert studio.heard.places == ["data"]
    wait_ready(qtbot, studio)
    assert len(studio.data.index.classes) == 10 and studio.training.blocker() is None


def test_a_documents_folder_that_cannot_be_written_is_told(studio, picture_folder, documents):
    documents.write_text("a file")
    studio.start_from_folder(picture_folder)
    assert isinstance(studio.heard.errors[0], EngineError) and studio.heard.places == []
    assert not studio.document.is_open


# ---- opening, saving


def test_opening_a_project_shows_where_it_was_left(qtbot, trained, picture_folder, tmp_path):
    path = trained.document.path
    other = tmp_path / "Other.atelier"
    write_project(small_project(picture_folder), other)
    trained.open_project(other)
    assert trained.heard.places == ["data"]
    trained.open_project(path)
    assert trained.heard.places == ["data", "train"]
    assert [recent.name for recent in trained.recents.entries()] == ["Test", "Other"]
    assert trained.heard.errors == []


@pytest.mark.parametrize("what", ["missing", "empty", "a folder"])
def test_a_file_that_is_no_project(opened, tmp_path, what):
    bad = tmp_path / "bad.atelier"
    if what == "empty":
        bad.write_text("")
    elif what == "a folder":
        bad.mkdir()
    asked = []
    opened.may_replace = lambda: asked.append(True) or True
    opened.open_project(bad)
    (error,) = opened.heard.errors
    assert isinstance(error, EngineError) and error.what
    assert opened.document.name == "Test" and asked == [], "nothing is asked for a file that cannot be opened"


def test_what_was_not_understood_is_told_in_one_message(opened, tmp_path):
    path = opened.document.path
    text = path.read_text("utf-8").replace('"batch_size": 8', '"batch_size": "x"').replace('"notes"', '"note"')
    path.write_text(text, "utf-8")
    opened.open_project(path)
    (sentence,) = opened.heard.sentences
    assert len(sentence.splitlines()) == 2


def test_the_present_project_stays_when_the_user_wants_it_to(opened, picture_folder, tmp_path):
    other = tmp_path / "Other.atelier"
    write_project(small_project(picture_folder), other)
    opened.may_replace = lambda: False
    for attempt in (
        lambda: opened.open_project(other),
        lambda: opened.start_from_folder(picture_folder),
        lambda: opened.start_from_sample("digits"),
        lambda: opened.handle_drop([other]),
        lambda: opened.handle_drop([picture_folder], "home"),
    ):
        attempt()
        assert opened.document.name == "Test"
    assert opened.heard.places == [] and opened.heard.errors == []


def test_changes_that_were_to_be_dropped_are_kept_when_nothing_replaces_them(opened, picture_folder, documents):
    documents.write_text("a file")
    set_epochs(opened, 9)
    opened.document.autosave()

    def drop() -> bool:
        opened.document.discard_autosave()
        return True

    opened.may_replace = drop
    opened.start_from_folder(picture_folder)
    assert len(opened.heard.errors) == 1 and opened.document.recipe.epochs == 9
    assert opened.document.autosave_path.is_file()


def test_saving(opened, tmp_path):
    set_epochs(opened, 9)
    assert opened.save() and not opened.document.is_modified
    assert opened.save(tmp_path / "Copy.atelier") and opened.document.name == "Copy"
    assert opened.recents.entries()[0].name == "Copy"
    (tmp_path / "a file").write_text("")
    assert not opened.save(tmp_path / "a file" / "X.atelier")
    assert isinstance(opened.heard.errors[0], EngineError)
    assert opened.document.name == "Copy"


def test_an_autosave_that_fails_is_told(opened, monkeypatch):
    from engine.errors import ProjectError
    from gui.document import project_document

    def full(*_):
        raise ProjectError("The disk is full.")

    monkeypatch.setattr(project_document, "write_project", full)
    set_epochs(opened, 9)
    opened.document.autosave()
    assert [error.what for error in opened.heard.errors] == ["The disk is full."]


# ---- edits


def test_a_template_is_one_step_and_fits_the_data(qtbot, opened):
    steps = opened.document.undo_stack.count()
    opened.use_template("lenet")
    assert opened.document.undo_stack.count() == steps + 1
    assert opened.document.network.template == "lenet" and opened.document.report.problems == ()
    opened.document.undo_stack.undo()
    assert opened.document.network.template == "mlp"


def test_other_data_keep_the_network(qtbot, opened, tmp_path):
    network = opened.document.network
    draw_pictures(tmp_path / "other", per_class=4, side=16)
    (tmp_path / "other" / "disc").rename(tmp_path / "other" / "moon")
    opened.choose_data(tmp_path / "other")
    until(qtbot, lambda: opened.document.data.classes == ("moon", "stripes"))
    assert opened.document.network == network
    opened.document.undo_stack.undo()
    until(qtbot, lambda: opened.document.data.classes == ("disc", "stripes"))
    wait_ready(qtbot, opened)


# ---- drops


def test_a_dropped_project_is_opened(opened, picture_folder, picture, tmp_path):
    other = tmp_path / "Other.atelier"
    write_project(small_project(picture_folder), other)
    opened.handle_drop([picture, other], "predict")
    assert opened.document.name == "Other"


def test_class_folders_on_home_start_a_project(qtbot, opened, picture_folder):
    opened.handle_drop([picture_folder], "home")
    assert opened.document.name == "pictures" and opened.heard.places == ["data"]
    wait_ready(qtbot, opened)


@pytest.mark.parametrize("place", ["data", "network", "train"])
def test_class_folders_elsewhere_are_new_data(qtbot, opened, tmp_path, place):
    draw_pictures(tmp_path / "other", per_class=4, side=16)
    opened.handle_drop([tmp_path / "other"], place)
    assert opened.document.name == "Test" and opened.heard.places == ["data"]
    assert opened.document.data.source.params["path"] == str(tmp_path / "other")
    wait_ready(qtbot, opened)


def test_class_folders_without_a_project_start_one(qtbot, studio, picture_folder):
    studio.handle_drop([picture_folder], "data")
    assert studio.document.name == "pictures"
    wait_ready(qtbot, studio)


def test_class_folders_on_predict_are_answered_where_something_is_trained(qtbot, trained, picture_folder):
    trained.handle_drop([picture_folder], "predict")
    until(qtbot, lambda: len(trained.prediction.results) == 24)
    assert trained.heard.places == []


def test_class_folders_on_predict_are_data_where_nothing_is_trained(qtbot, opened, tmp_path):
    draw_pictures(tmp_path / "other", per_class=4, side=16)
    opened.handle_drop([tmp_path / "other"], "predict")
    assert opened.heard.places == ["data"]
    wait_ready(qtbot, opened)


def test_a_plain_folder_without_a_project_is_looked_at(qtbot, studio, plain_folder):
    studio.handle_drop([plain_folder], "home")
    until(qtbot, lambda: studio.data.state == "failed")
    assert studio.data.problem.fix


def test_a_plain_folder_with_a_model_is_answered(qtbot, trained, plain_folder):
    trained.handle_drop([plain_folder], "train")
    assert trained.heard.places == ["predict"]
    until(qtbot, lambda: len(trained.prediction.results) == 3)


@pytest.mark.parametrize("place", ["home", "train", "predict"])
def test_pictures_with_a_model_are_answered(qtbot, trained, picture, place):
    trained.handle_drop([picture], place)
    assert trained.heard.places == ([] if place == "predict" else ["predict"])
    until(qtbot, lambda: len(trained.prediction.results) == 1)


@pytest.mark.parametrize("place", ["home", "data", "predict"])
def test_pictures_without_a_model_say_what_to_do(opened, picture, place):
    opened.handle_drop([picture], place)
    (error,) = opened.heard.errors
    assert "cannot be classified yet" in error.what and error.why and error.fix
    assert opened.heard.places == []


def test_pictures_without_a_project_say_what_to_do(studio, picture):
    studio.handle_drop([picture], "home")
    assert "cannot be classified yet" in studio.heard.errors[0].what


def test_a_file_that_means_nothing_is_named(opened, tmp_path):
    junk = tmp_path / "letter.docx"
    junk.write_bytes(b"x")
    opened.handle_drop([junk], "data")
    assert "letter.docx" in opened.heard.errors[0].what


def test_a_file_that_means_nothing_is_named_by_its_reader_where_something_is_trained(qtbot, trained, tmp_path):
    junk = tmp_path / "letter.docx"
    junk.write_bytes(b"x")
    trained.handle_drop([junk], "predict")
    until(qtbot, lambda: len(trained.prediction.results) == 1)
    assert isinstance(trained.prediction.results[0].error, EngineError)


def test_on_other_pages_it_is_refused_though_something_is_trained(trained, tmp_path):
    junk = tmp_path / "README.md"
    junk.write_text("# read me")
    trained.handle_drop([junk], "home")
    assert "README.md" in trained.heard.errors[0].what
    assert not trained.prediction.results


def test_other_images_are_announced(opened, picture_folder):
    opened.choose_data(picture_folder / "disc")
    assert "disc" in opened.heard.sentences[-1] and "Undo" in opened.heard.sentences[-1]


def test_saving_elsewhere_says_where_the_runs_stay(trained, tmp_path):
    former = trained.document.path
    assert trained.save(tmp_path / "elsewhere" / "Copy.atelier")
    assert former.name in trained.heard.sentences[-1] and "runs" in trained.heard.sentences[-1]


# ---- recent projects


def test_recents_are_newest_first_without_repetition(qapp, tmp_path):
    recents = Recents()
    changes = []
    recents.changed.connect(lambda: changes.append(True))
    for name in "abca":
        recents.add(tmp_path / f"{name}.atelier")
    assert [entry.name for entry in recents.entries()] == ["a", "c", "b"] and len(changes) == 4
    recents.remove(tmp_path / "c.atelier")
    assert [entry.name for entry in recents.entries()] == ["a", "b"]
    for number in range(30):
        recents.add(tmp_path / f"{number}.atelier")
    assert len(recents.entries()) == MOST
    assert not recents.entries()[0].is_there


@pytest.mark.parametrize("content", ["", "{", "{}", "3", "null", '["a", 3, null]', "\x00"])
def test_a_damaged_list_of_recents_is_no_problem(qapp, tmp_path, content):
    recents = Recents()
    recents.add(tmp_path / "a.atelier")
    recents._file().write_text(content)
    assert all(isinstance(entry.path, Path) for entry in recents.entries())
    recents.add(tmp_path / "b.atelier")
    assert recents.entries()[0].name == "b"


def test_a_recent_project_with_a_run(qtbot, trained):
    trained.save()
    (recent,) = trained.recents.entries()
    (info,) = trained.training.runs
    assert (recent.score, recent.state, recent.runs) == (info.best_accuracy, "finished", 1)
    assert recent.resumable is None and recent.is_there and recent.when.tzinfo == UTC


def test_the_list_of_recents_is_read_anew_when_a_run_begins_and_ends(qtbot, opened):
    changes = []
    opened.recents.changed.connect(lambda: changes.append(opened.training.state))
    set_epochs(opened, 6)
    train(qtbot, opened)
    assert changes == ["training", "idle"]


def test_a_recent_project_whose_run_can_go_on(qtbot, opened):
    set_epochs(opened, 5000)
    opened.save()
    opened.training.start()
    until(qtbot, lambda: opened.training.epochs)
    opened.training.close()
    (recent,) = opened.recents.entries()
    assert recent.state == "stopped" and recent.resumable.number == 1


def test_settings_are_remembered(qtbot, studio):
    studio.settings.setValue("window/mode", "light")
    studio.settings.sync()
    with running_studio() as again:
        assert again.settings.value("window/mode") == "light"


def test_closing_ends_everything(qtbot, opened):
    opened.document.edit("x", data=replace(opened.document.data, size=20))
    opened.training.start()
    opened.close()
    assert opened.training.state == "idle" and not opened.data._timer.isActive()


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def test_a_dropped_archive_becomes_a_project_or_its_data(qtbot, studio, picture_folder, tmp_path):
    path = zipped(picture_folder, tmp_path / "My set.zip")
    studio.handle_drop([path], "home")
    assert studio.document.name == "My set" and studio.document.data.source.kind == "archive"
    until(qtbot, lambda: studio.data.state == "ready")
    assert studio.document.data.classes == ("disc", "stripes") and len(studio.data.index) == 24
    other = zipped(picture_folder / "disc", tmp_path / "other.zip")
    studio.handle_drop([other], "data")
    assert studio.document.data.source.params["path"] == str(other)
    until(qtbot, lambda: studio.data.state == "failed")
    assert "not sorted into classes" in studio.data.problem.what


def test_a_damaged_archive_is_told_on_its_page(qtbot, studio, tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 nothing")
    studio.start_from_folder(tmp_path / "broken.zip")
    until(qtbot, lambda: studio.data.state == "failed")
    assert "cannot be unpacked" in studio.data.problem.what
