"""From folders of every shape to an index, without opening a single picture."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.data.index import TEST, TRAIN, VALIDATION
from engine.data.scan import natural_key, scan
from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl
from engine.spec.data import DataSpec

DATA = DataSpec()
ODD_NAMES = ["Größe", "小狗 🐶", "naïve # “x” 100%", "e\u0301", "שלום", "x" * 200] + ["back\\slash"] * (os.sep == "/")


def lay_out(root: Path, *paths: str) -> Path:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"not decoded here")
    return root


def names(class_name: str, count: int) -> list[str]:
    return [f"{class_name}/{number}.jpg" for number in range(count)]


def test_one_folder_per_class(tmp_path):
    index = scan(lay_out(tmp_path, *names("dog", 10), *names("cat", 10), "dog/deep/er/x.PNG"), DATA)
    assert index.classes == ("cat", "dog")
    assert len(index) == 21 and not index.brings_splits and index.notes == ()
    assert list(index.paths) == sorted(index.paths)
    assert index.counts().sum(1).tolist() == [10, 11]
    deep = list(index.paths).index("dog/deep/er/x.PNG")
    assert index.labels[deep] == 1 and index.path(deep).is_file()
    assert index.sizes[deep] == 16 and index.modified[deep] == index.path(deep).stat().st_mtime_ns
    assert sorted(np.concatenate([index.where(split) for split in (TRAIN, VALIDATION, TEST)])) == list(range(21))


def test_the_columns_have_the_promised_types(tmp_path):
    index = scan(lay_out(tmp_path, *names("a", 3), *names("b", 3)), DATA)
    types = {"labels": np.int32, "splits": np.int8, "sizes": np.int64, "modified": np.int64}
    assert {name: getattr(index, name).dtype for name in types} == types
    assert isinstance(index.paths.dtype, np.dtypes.StringDType)


def test_classes_are_in_natural_order():
    assert sorted(["b", "10", "2", "A", "a2", "a10"], key=natural_key) == ["2", "10", "A", "a2", "a10", "b"]


def test_known_classes_keep_their_place(tmp_path):
    lay_out(tmp_path, *names("ant", 4), *names("bee", 4), *names("cat", 4))
    index = scan(tmp_path, DataSpec(classes=("cat", "gone", "bee")))
    assert index.classes == ("cat", "gone", "bee", "ant")
    assert index.counts().sum(1).tolist() == [4, 0, 4, 4]
    assert [index.classes[label] for label in index.labels[:4]] == ["ant"] * 4
    assert any("gone" in note for note in index.notes)


def test_a_class_keeps_its_place_when_a_disk_writes_its_name_otherwise(tmp_path):
    lay_out(tmp_path, *names("train/Ba\u0308r", 4), *names("train/Ant", 4), *names("test/B\u00e4r", 2))
    index = scan(tmp_path, DataSpec(classes=("B\u00e4r", "Ant")))
    assert index.classes == ("B\u00e4r", "Ant") and index.counts().sum(1).tolist() == [6, 4]
    assert all(index.path(number).is_file() for number in range(len(index)))


@pytest.mark.parametrize("train, validation, test", [("train", "val", "test"), ("Training", "VALID", "Testing")])
def test_folders_for_splits_are_obeyed_exactly(tmp_path, train, validation, test):
    lay_out(tmp_path, *names(f"{train}/a", 5), *names(f"{train}/b", 4), *names(f"{validation}/a", 3))
    lay_out(tmp_path, *names(f"{test}/b", 2), *names(f"{test}/only here", 1))
    index = scan(tmp_path, DATA)
    assert index.brings_splits and index.classes == ("a", "b", "only here")
    assert index.counts().tolist() == [[5, 3, 0], [4, 0, 2], [0, 0, 1]]
    assert any("only here" in note and "none to train with" in note for note in index.notes)


def test_validation_is_taken_from_train_where_there_is_none(tmp_path):
    lay_out(tmp_path, *names("train/a", 17), *names("train/b", 34), *names("test/a", 3), *names("test/b", 6))
    index = scan(tmp_path, DATA)
    assert index.brings_splits and index.counts().tolist() == [[14, 3, 3], [28, 6, 6]]


def test_a_lone_train_folder_is_divided_as_usual(tmp_path):
    index = scan(lay_out(tmp_path, *names("train/a", 20), *names("train/b", 20)), DATA)
    assert not index.brings_splits and index.counts().tolist() == [[14, 3, 3], [14, 3, 3]]


def test_a_train_can_be_a_class(tmp_path):
    lay_out(tmp_path, *names("train", 3), *names("car", 3), "train/steam/1.jpg")
    assert scan(tmp_path, DATA).classes == ("car", "train")


def test_what_lies_beside_train_and_test_is_noted(tmp_path):
    lay_out(tmp_path, *names("train/a", 3), *names("test/a", 3), *names("unsorted", 2), "cover.jpg")
    index = scan(tmp_path, DATA)
    assert len(index) == 6
    assert any("“unsorted”" in note for note in index.notes)
    assert any(note.startswith("1 image lies beside") for note in index.notes)


def test_a_folder_around_everything_is_stepped_over(tmp_path):
    lay_out(tmp_path, *names("set/set/a", 3), *names("set/set/b", 3), "__MACOSX/set/._x.jpg")
    index = scan(tmp_path, DATA)
    assert index.classes == ("a", "b") and index.paths[0] == "set/set/a/0.jpg"
    assert any("further down" in note for note in index.notes)


def test_a_single_class_is_returned_with_a_note(tmp_path):
    index = scan(lay_out(tmp_path, *names("cat", 5), "cat/more/9.jpg"), DATA)
    assert index.classes == ("cat",) and len(index) == 6
    assert any("only one class" in note for note in index.notes)


def test_the_folder_full_of_traps(shared_data):
    index = scan(shared_data / "nasty" / "folder", DATA)
    counts = dict(zip(index.classes, index.counts().sum(1).tolist(), strict=True))
    assert counts == {"class_a": 5, "class_b": 2, "class_c_all_broken": 1, "class_e": 1}
    assert "class_e/nested/deep.jpg" in list(index.paths)
    text = "\n".join(index.notes)
    assert "class_d_empty" in text and "1 image lies beside" in text and "“class_b” has only 2" in text
    assert not any(word in text for word in ("hidden", "DS_Store", "Thumbs", "labels.csv"))


@pytest.mark.parametrize(
    "name",
    ["Größe", "小狗 🐶", "naïve # “x” 100%", "e\u0301", "שלום", "x" * 200, "back\\slash" if os.sep == "/" else "b"],
)
def test_odd_names_survive(tmp_path, name):
    index = scan(lay_out(tmp_path, f"{name}/{name}.jpg", "other/1.jpg"), DATA)
    assert name in index.classes and f"{name}/{name}.jpg" in list(index.paths)
    number = list(index.paths).index(f"{name}/{name}.jpg")
    assert index.path(number).read_bytes() == b"not decoded here"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_unicode_is_left_out_with_a_note(tmp_path):
    lay_out(tmp_path, *names("a", 3), *names("b", 3))
    with open(os.fsencode(tmp_path) + b"/a/caf\xe9.jpg", "wb") as file:
        file.write(b"x")
    index = scan(tmp_path, DATA)
    assert len(index) == 6
    assert any("not valid Unicode" in note and "a/caf" in note for note in index.notes)
    assert all(note.encode() for note in index.notes)


def test_links_in_circles_end(tmp_path):
    lay_out(tmp_path, *names("a", 3), *names("b", 3), "elsewhere.jpg")
    try:
        (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "b" / "self.jpg").symlink_to("self.jpg")
    (tmp_path / "b" / "nowhere.jpg").symlink_to("missing.jpg")
    (tmp_path / "b" / "good.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    (tmp_path / "c").symlink_to(tmp_path / "b", target_is_directory=True)
    index = scan(tmp_path, DATA)
    assert index.counts().sum(1).tolist() == [3, 4, 4]
    text = "\n".join(index.notes)
    assert all(name in text for name in ("a/up", "a/again", "b/self.jpg", "b/nowhere.jpg"))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="rights do not bind this user")
def test_a_locked_folder_is_noted(tmp_path):
    lay_out(tmp_path, *names("a", 3), *names("b", 3), "b/locked/1.jpg")
    (tmp_path / "b" / "locked").chmod(0)
    try:
        index = scan(tmp_path, DATA)
    finally:
        (tmp_path / "b" / "locked").chmod(0o700)
    assert len(index) == 6 and any("b/locked" in note for note in index.notes)


def test_a_folder_that_cannot_be_listed_is_noted(tmp_path, monkeypatch):
    lay_out(tmp_path, *names("a", 3), *names("b", 3), "b/locked/1.jpg")
    real = os.scandir

    def refusing(place):
        if Path(place).name == "locked":
            raise PermissionError(13, "Permission denied", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", refusing)
    index = scan(tmp_path, DATA)
    assert len(index) == 6
    assert any("b/locked" in note and "permission denied" in note for note in index.notes)


@pytest.mark.parametrize(
    "paths, what",
    [
        ((), "There are no images"),
        (("readme.txt", "a/notes.txt"), "There are no images"),
        (("1.jpg", "2.jpg"), "The 2 images in .* are not sorted into classes"),
        (("train/1.jpg", "test/a/1.jpg"), "no images to train with"),
        (("test/a/1.jpg", "test/b/1.jpg"), "no images to train with"),
        (("train/a/notes.txt", "test/a/1.jpg"), "no images to train with"),
    ],
)
def test_folders_that_cannot_be_used_say_why(tmp_path, paths, what):
    with pytest.raises(EngineError, match=what) as caught:
        scan(lay_out(tmp_path, *paths), DATA)
    assert caught.value.why and caught.value.fix


def test_pictures_without_class_folders_inside_train_are_not_classes(tmp_path):
    with pytest.raises(EngineError, match="not sorted into classes"):
        scan(lay_out(tmp_path, "train/a.jpg", "test/b.jpg"), DATA)


def test_a_missing_folder_and_a_file_say_so(tmp_path):
    with pytest.raises(EngineError, match="is not there"):
        scan(tmp_path / "missing", DATA)
    with pytest.raises(EngineError, match="is a file"):
        scan(lay_out(tmp_path, "x.jpg") / "x.jpg", DATA)


def test_a_scan_can_be_stopped(tmp_path):
    control = JobControl()
    control.stop()
    with pytest.raises(Cancelled):
        scan(lay_out(tmp_path, *names("a", 3)), DATA, control)
