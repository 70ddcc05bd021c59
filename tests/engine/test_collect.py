"""Adding images by hand: names, places, all or nothing, and taking back what nobody has touched."""

import errno
import io
import os
import stat
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.data import collect
from engine.data.collect import LONGEST_NAME, add_images, class_folder, count_images, safe_class_name, undo_added
from engine.data.scan import scan
from engine.errors import EngineError, PictureError
from engine.jobs import Cancelled, JobControl
from engine.spec import DataSpec


def frame(value: int = 200) -> np.ndarray:
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[:, :6] = value, 10, 30
    return pixels


def content(file_format: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(frame()).save(stream, file_format)
    return stream.getvalue()


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names(folder)}


# ---- what is written


def test_arrays_pillow_images_and_bytes_become_numbered_files_with_their_pixels(tmp_path):
    grey = np.arange(96, dtype=np.uint8).reshape(8, 12)
    given_images = [frame(), grey, grey[..., None], Image.fromarray(frame(90)), content("JPEG")]
    paths = add_images(tmp_path, "cat", given_images, prefix="webcam")
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "cat/webcam-0001.png",
        "cat/webcam-0002.png",
        "cat/webcam-0003.png",
        "cat/webcam-0004.png",
        "cat/webcam-0005.jpg",
    ]
    assert np.array_equal(np.asarray(Image.open(paths[0])), frame())
    for path in paths[1:3]:
        assert np.array_equal(np.asarray(Image.open(path)), grey)
    assert np.array_equal(np.asarray(Image.open(paths[3])), frame(90))
    assert paths[4].read_bytes() == content("JPEG"), "a file that came as it is stays as it is"


def test_what_is_added_is_found_by_the_scan(tmp_path, picture_folder):
    before = len(scan(picture_folder, DataSpec()))
    paths = add_images(picture_folder, "disc", [frame()] * 3) + add_images(picture_folder, "new one", [frame()])
    index = scan(picture_folder, DataSpec())
    assert len(index) == before + 4 and index.classes == ("disc", "new one", "stripes")
    assert {index.path(number) for number in range(len(index))} >= set(paths)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "F", "YCbCr"])
def test_every_mode_of_pillow_can_be_written(tmp_path, mode):
    image = (
        Image.fromarray(frame()).convert("L").convert(mode) if mode == "F" else Image.fromarray(frame()).convert(mode)
    )
    [path] = add_images(tmp_path, "cat", [image])
    assert Image.open(path).size == (12, 8)


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)])
def test_an_array_that_is_no_image_is_a_mistake_of_the_program(tmp_path, array):
    with pytest.raises(ValueError, match="an image cannot be"):
        add_images(tmp_path, "cat", [frame(), array])
    assert names(tmp_path) == [] and not (tmp_path / "cat").exists()


def test_files_are_copied_byte_for_byte_under_their_names(tmp_path):
    source = tmp_path / "from" / "Mimi.JPG"
    source.parent.mkdir()
    source.write_bytes(content("JPEG"))
    [path] = add_images(tmp_path / "from" / "..", "cat", [str(source)])
    assert path.name == "Mimi.JPG" and path.read_bytes() == source.read_bytes() and source.exists()


def test_nothing_is_ever_replaced(tmp_path):
    source = tmp_path / "mimi.png"
    source.write_bytes(content())
    data = tmp_path / "data"
    (data / "cat").mkdir(parents=True)
    (data / "cat" / "MIMI.png").write_bytes(b"mine")
    (data / "cat" / "webcam-0041.jpeg").write_bytes(b"mine too")
    paths = add_images(data, "cat", [source, frame(), source], prefix="webcam")
    assert [path.name for path in paths] == ["mimi-0001.png", "webcam-0042.png", "mimi-0002.png"]
    assert (data / "cat" / "MIMI.png").read_bytes() == b"mine"


def test_a_name_that_another_program_takes_meanwhile_is_left_to_it(tmp_path, monkeypatch):
    real = collect._rename_new

    def race(temporary: Path, target: Path) -> None:
        if target.name == "image-0001.png":
            target.write_bytes(b"faster")
        real(temporary, target)

    monkeypatch.setattr(collect, "_rename_new", race)
    [path] = add_images(tmp_path, "cat", [frame()])
    assert path.name == "image-0002.png" and (tmp_path / "cat/image-0001.png").read_bytes() == b"faster"
    assert names(tmp_path) == ["cat/image-0001.png", "cat/image-0002.png"]


@pytest.mark.skipif(os.name == "nt", reason="renaming never replaces there")
def test_a_disk_without_links_is_no_obstacle_and_still_nothing_is_replaced(tmp_path, monkeypatch):
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    [path] = add_images(tmp_path, "cat", [frame()])
    assert names(tmp_path) == ["cat/image-0001.png"]
    with pytest.raises(FileExistsError):
        collect._rename_new(path, path)


@pytest.mark.skipif(os.name == "nt", reason="no such rights there")
def test_files_have_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    [path] = add_images(tmp_path, "cat", [frame()])
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


# ---- files and folders that are given


def test_a_folder_gives_its_images_also_those_further_down(tmp_path):
    given_folder = tmp_path / "holiday"
    (given_folder / "deep" / ".hidden").mkdir(parents=True)
    for place in ("b10.png", "b9.png", "deep/c.png", "deep/.hidden/d.png", ".e.png"):
        (given_folder / place).write_bytes(content())
    (given_folder / "notes.txt").write_text("no image")
    (tmp_path / "data").mkdir()
    paths = add_images(tmp_path / "data", "cat", [given_folder])
    assert [path.name for path in paths] == ["b9.png", "b10.png", "c.png"]


def test_a_folder_that_holds_the_class_itself_comes_to_an_end(tmp_path):
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "rex.png").write_bytes(content())
    add_images(tmp_path, "cat", [frame()])
    paths = add_images(tmp_path, "cat", [tmp_path])
    assert [path.name for path in paths] == ["rex.png"], "what is in the class already is not doubled"
    assert add_images(tmp_path, "cat", [tmp_path / "cat", paths[0]]) == []


def test_what_is_no_image_is_told_of_and_left_out(tmp_path):
    letter, gone, empty = tmp_path / "letter.png", tmp_path / "gone.png", tmp_path / "empty"
    letter.write_text("Dear Sir")
    empty.mkdir()
    data = tmp_path / "data"
    data.mkdir()
    problems: list[PictureError] = []
    paths = add_images(data, "cat", [letter, frame(), gone, b"nothing", empty], problems=problems)
    assert len(paths) == 1 and len(problems) == 4
    told = " ".join(str(problem) for problem in problems)
    assert all(word in told for word in ("letter.png", "gone.png", "text file", "“empty”"))
    for wrong in (letter, gone, b"nothing", empty):
        with pytest.raises(PictureError):
            add_images(data, "dog", [frame(), wrong])
        assert names(data) == ["cat/image-0001.png"], "none of them, then"
    assert not (data / "dog").exists()


def test_a_file_whose_name_a_scan_would_pass_over_gets_one_that_it_takes(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("photo.jpg_large", ".hidden.jpg", "mimi.txt"):
        (tmp_path / name).write_bytes(content("JPEG"))
    paths = add_images(data, "cat", [tmp_path / name for name in ("photo.jpg_large", ".hidden.jpg", "mimi.txt")])
    assert [path.name for path in paths] == ["photo.jpg", "hidden.jpg", "mimi.jpg"]
    assert len(scan(data, DataSpec())) == 3


# ---- where it goes


@pytest.mark.parametrize(
    ("split", "place"), [("train", "Training"), ("test", "test"), ("validation", "validation")], ids=str
)
def test_the_splits_of_the_folder_are_obeyed(tmp_path, split, place):
    for folder in ("Training/cat", "Training/dog", "test/cat", "test/dog"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.png").write_bytes(content())
    [path] = add_images(tmp_path, "cat", [frame()], split=split)
    assert path == tmp_path / place / "cat" / "image-0001.png"
    index = scan(tmp_path, DataSpec())
    assert len(index) == 5 and index.brings_splits


def test_without_splits_there_is_one_place_whatever_is_asked(tmp_path, picture_folder):
    [path] = add_images(picture_folder, "disc", [frame()], split="test")
    assert path.parent == picture_folder / "disc"
    with pytest.raises(ValueError):
        add_images(picture_folder, "disc", [frame()], split="sideways")


def test_classes_that_an_archive_has_wrapped_get_theirs_inside(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "a.png").write_bytes(content())
    [path] = add_images(tmp_path, "bird", [frame()])
    assert path.parent == tmp_path / "pets" / "bird"
    assert scan(tmp_path, DataSpec()).classes == ("bird", "cat", "dog")


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path):
    with pytest.raises(EngineError, match="is not there"):
        add_images(tmp_path / "gone", "cat", [frame()])


# ---- names of classes


@pytest.mark.parametrize(
    ("wanted", "folder"),
    [
        ("cats/dogs?", "cats-dogs"),
        ("  two   words ", "two words"),
        ("..", None),
        ("", None),
        ("   ", None),
        ("???", None),
        ("-1", "-1"),
        (".hidden", "hidden"),
        ("../../etc", "-..-etc"),
        ("C:\\Windows", "C-Windows"),
        ("ends. . .", "ends"),
        ("NUL", None),
        ("com1.png", None),
        ("Train", None),
        ("validation", None),
        ("__MACOSX", None),
        ("\udce9t\udce9", None),
        ("é" * (LONGEST_NAME // 2), "é" * (LONGEST_NAME // 2)),
        ("é" * (LONGEST_NAME // 2 + 1), None),
        ("7", "7"),
        ("猫", "猫"),
    ],
)
def test_names_of_classes_become_names_of_folders(tmp_path, wanted, folder):
    if folder is None:
        with pytest.raises(EngineError) as told:
            add_images(tmp_path, wanted, [frame()])
        assert told.value.what.endswith(".") and told.value.fix and names(tmp_path) == []
        assert "\n" not in str(told.value)
    else:
        [path] = add_images(tmp_path, wanted, [frame()])
        assert path.parent == tmp_path / folder


@given(st.text(max_size=20))
def test_no_name_leads_out_of_the_folder_or_is_passed_over(name):
    try:
        safe = safe_class_name(name)
    except EngineError:
        return
    assert Path(safe).name == safe and safe not in (".", "..") and not safe.startswith(".")
    assert safe_class_name(safe) == safe


def test_a_class_that_is_there_is_used_as_it_is_spelled(tmp_path):
    decomposed = unicodedata.normalize("NFD", "Bär")
    for name in (decomposed, "train", "dogs.", "cat"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(content())
    for asked, there in (("Bär", decomposed), ("train", "train"), ("dogs.", "dogs."), ("cat", "cat")):
        assert class_folder(tmp_path, asked).name == there


def test_where_the_system_does_not_tell_capitals_the_folder_keeps_its_own(tmp_path, monkeypatch):
    (tmp_path / "Cat").mkdir()
    real = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda path: real(path) or real(path.with_name(path.name.capitalize())))
    assert class_folder(tmp_path, "cat") == tmp_path / "Cat"


# ---- all or nothing


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "may not write"),
        (errno.EACCES, "may not write"),
        (errno.EIO, "error"),
    ],
)
def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path, monkeypatch, number, said):
    add_images(tmp_path, "dog", [frame()])
    before = snapshot(tmp_path)
    calls = []

    def refuse(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(EngineError) as told:
        add_images(tmp_path, "cat", [frame()] * 5)
    assert said in str(told.value) and "cat" in told.value.what
    assert len(calls) == 3 and snapshot(tmp_path) == before and not (tmp_path / "cat").exists()


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EngineError, match="may not write"):
            add_images(tmp_path, "cat", [frame()])
    finally:
        tmp_path.chmod(0o700)


def test_a_file_in_the_place_of_the_class_is_one_sentence(tmp_path):
    (tmp_path / "cat").write_text("a file")
    with pytest.raises(EngineError, match="could not be added"):
        add_images(tmp_path, "cat", [frame()])


def test_a_stop_leaves_nothing_behind(tmp_path):
    control = JobControl()

    def images():
        yield frame()

    control.stop()
    with pytest.raises(Cancelled):
        add_images(tmp_path, "cat", images(), control=control)
    assert list(tmp_path.iterdir()) == []


# ---- taking back


def test_what_was_added_can_be_taken_back_with_the_folder_it_made(tmp_path):
    (tmp_path / "dog").mkdir()
    paths = add_images(tmp_path, "cat", [frame()] * 2) + add_images(tmp_path, "dog", [frame()])
    assert undo_added(paths) == paths
    assert [path.name for path in tmp_path.iterdir()] == ["dog"], "that one was there before"
    assert undo_added(paths) == []


def test_what_was_changed_replaced_or_never_added_stays(tmp_path):
    changed, same_size, kept, removed = add_images(tmp_path, "cat", [frame()] * 4)
    changed.write_bytes(b"edited")
    facts = same_size.stat()
    os.utime(same_size, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1_000_000_000))
    mine = tmp_path / "cat" / "mine.png"
    mine.write_bytes(content())
    assert undo_added([changed, same_size, removed, mine]) == [removed]
    assert {path.name for path in (tmp_path / "cat").iterdir()} == {changed.name, same_size.name, kept.name, mine.name}


# ---- counting


def test_images_are_counted_per_class(tmp_path, picture_folder):
    add_images(picture_folder, "disc", [frame()])
    (picture_folder / "disc" / "deep").mkdir()
    (picture_folder / "disc" / "deep" / "one.png").write_bytes(content())
    (picture_folder / "disc" / "notes.txt").write_text("no image")
    counts = count_images(picture_folder, ["disc", "stripes", "not there", "nul"])
    assert counts == {"disc": 14, "stripes": 12, "not there": 0, "nul": 0}
