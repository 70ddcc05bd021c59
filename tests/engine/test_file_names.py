"""Classes in file names: which pattern is likely, what it makes of names, and a folder that is taken or left alone."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.cli import main
from engine.data.file_names import apply_pattern, flat_names, list_files, suggest_patterns, sure_pattern
from engine.data.index import TEST
from engine.data.load import load_index
from engine.data.sources import source_of
from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import Cancelled, JobControl
from engine.spec import Chosen, DataSpec


def names(form: str, classes=("cat", "dog"), count=12) -> list[str]:
    return [form.format(c=c, n=n) for n in range(count) for c in classes]


# ---- patterns


@pytest.mark.parametrize(
    "pattern, name, expected",
    [
        ("{class}_{number}", "dog_0007.png", "dog"),
        ("{class}.{number}", "cat.123.jpg", "cat"),
        ("{class}_{number}", "american_pit_bull_12.jpg", "american_pit_bull"),
        ("{class}_{rest}", "cat_in_the_sun.jpg", "cat"),
        ("{rest}_{class}", "2020_07_cat.jpg", "cat"),
        ("IMG_{number}-{class}", "img_12-rose.jpg", "rose"),
        ("{class}{number}", "b2b12.png", "b2b"),
        ("{number}{class}", "12rose.png", "rose"),
        ("{class} ({number})", "black cat (3).jpeg", "black cat"),
        ("{class}_{number}.jpg", "cat_3.png", "cat"),
        ("{ Class }_{number}", "cat_3", "cat"),
        ("{class}_{number}", "cat_x.png", None),
        ("{class}_{number}", "_3.png", None),
        ("{class}_{number}", "  _3.png", None),
        ("a.b*{class}", "a.b*rose.png", "rose"),
        ("a.b*{class}", "axbbrose.png", None),
    ],
)
def test_a_pattern_reads_the_class(pattern, name, expected):
    assert apply_pattern([name], pattern) == [expected]


@pytest.mark.parametrize(
    "pattern, why",
    [
        ("", "where the class stands"),
        ("{number}", "where the class stands"),
        ("{class}_{class}", "more than one"),
        ("{clas}_1", "did you mean {class}"),
        ("{x}{class}", "there are {class}"),
        ("{class", "bracket"),
        ("class}", "bracket"),
        ("{class}{rest}", "Nothing stands between"),
        ("{number}{number}{class}", "Nothing stands between"),
        ("{rest}-{rest}-{class}", "twice"),
        ("{number}-{number}-{number}-{number}-{number}-{class}", "more than 5 fields"),
        ("{class}" + "x" * 200, "longer than"),
    ],
)
def test_a_bad_pattern_says_why(pattern, why):
    with pytest.raises(EngineError) as caught:
        apply_pattern(["cat_1.png"], pattern)
    assert why in caught.value.why and "{class}_{number}" in caught.value.fix


@pytest.mark.parametrize("pattern", ["{rest}a{class}a{rest}b", "{rest}a{class}a{number}a{rest}b"])
def test_no_name_holds_up_the_work(pattern):
    started = time.monotonic()
    assert apply_pattern(["a" * 251 + ".png"] * 10 + ["a" * 100_000], pattern) == [None] * 11
    assert time.monotonic() - started < 5


@given(st.text(max_size=40), st.lists(st.text(max_size=30), max_size=8))
def test_any_text_is_a_pattern_or_is_told_to_be_none(pattern, given_names):
    try:
        found = apply_pattern(given_names, pattern)
    except EngineError as error:
        assert error.why and error.fix
    else:
        assert len(found) == len(given_names) and all(name is None or name.strip() for name in found)


# ---- suggestions


@pytest.mark.parametrize(
    "form, classes, expected",
    [
        ("{c}.{n}.jpg", ("cat", "dog"), "{class}.{number}"),
        ("{c}_{n:04}.png", ("american_pit_bull", "Abyssinian"), "{class}_{number}"),
        ("IMG_{n}-{c}.jpg", ("rose", "tulip"), "{rest}-{class}"),
        ("{n:04}_{c}.png", ("rose", "tulip"), "{number}_{class}"),
        ("{c}{n}.png", ("rose", "tulip"), "{class}{number}"),
        ("{c} ({n}).png", ("rose", "tulip"), "{class} ({number})"),
        ("2020_{c}_{n}_front.png", ("oak", "elm"), "{number}_{class}_{rest}"),
        ("{c}_{n}.png", ("A", "B", "C"), "{class}_{number}"),
    ],
)
def test_the_likeliest_pattern_comes_first(form, classes, expected):
    found = suggest_patterns(names(form, classes))
    assert found[0] == expected == sure_pattern(names(form, classes))
    assert len(set(found)) == len(found)


def test_several_readings_are_all_offered():
    made = [f"{c}_{k}_{n}.png" for c in ("cat", "dog") for k in ("black", "white") for n in range(9)]
    found = {tuple(sorted(set(apply_pattern(made, pattern)))) for pattern in suggest_patterns(made)}
    assert {("cat", "dog"), ("black", "white"), ("cat_black", "cat_white", "dog_black", "dog_white")} <= found


@pytest.mark.parametrize(
    "made",
    [
        [],
        ["a.png"],
        names("{c}_{n}.jpg", ("cat",)),
        names("{c}_{n}.jpg", ("IMG", "DSC")),
        names("{c}_{n}.jpg", ("train", "test")),
        [f"IMG_2023010{day}_12{n:04}.jpg" for day in range(5) for n in range(9)],
        [f"Photo {year}-01-0{day} at 10.{n}.00.jpg" for year in (23, 24) for day in (1, 2) for n in range(10, 19)],
        [f"Screenshot at 10.{n}.33 {half}.png" for n in range(10, 19) for half in ("AM", "PM")],
        names("{c}_{n}.jpg", tuple(f"patient{n}" for n in range(9))),
        [f"{hash((n, 'x')) & 0xFFFFFFFF:08x}.png" for n in range(300)],
        ["my dog.jpg", "mum and dad.jpg", "sunset at the sea.jpg", "car.jpg"],
    ],
)
def test_names_that_say_nothing_are_not_taken_for_classes(made):
    assert sure_pattern(made) is None


@given(st.lists(st.text(max_size=20), max_size=40))
def test_suggestions_can_always_be_applied(made):
    for pattern in suggest_patterns(made):
        found = {name for name in apply_pattern(made, pattern) if name}
        assert 2 <= len(found) <= 1000


# ---- folders


def write(folder: Path, *made: str) -> Path:
    for number, name in enumerate(made):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number * 7 % 256, 60, 90)).save(place, "PNG")
    return folder


def loaded(folder: Path, **params):
    return load_index(DataSpec(source=Chosen("named", {"path": str(folder), **params})))


def test_a_folder_with_classes_in_the_names_is_taken(tmp_path):
    write(tmp_path, *names("{c}.{n}.png"))
    assert source_of(tmp_path) == Chosen("named", {"path": str(tmp_path)})
    index = load_index(DataSpec(source=source_of(tmp_path)))
    assert index.classes == ("cat", "dog") and index.counts().sum(1).tolist() == [12, 12] and index.notes == ()
    assert index.root.is_relative_to(cache_folder())


def test_class_folders_stay_class_folders(tmp_path):
    write(tmp_path, *names("{c}/{c}.{n}.png"))
    assert source_of(tmp_path).kind == "folder"
    write(tmp_path, *names("{c}.{n}.png"))  # beside them
    assert source_of(tmp_path).kind == "folder"


def test_a_folder_whose_names_say_nothing_stays_one(tmp_path):
    write(tmp_path, *(f"IMG_{n}.png" for n in range(20)))
    assert source_of(tmp_path).kind == "folder"
    assert flat_names(tmp_path / "none") == []


def test_train_and_test_folders_are_obeyed(tmp_path):
    write(tmp_path, *names("train/{c}.{n}.png"), *names("Test/{c}.{n}.png", count=3))
    (tmp_path / "notes").mkdir()
    assert source_of(tmp_path).kind == "named"
    index = load_index(DataSpec(source=source_of(tmp_path)))
    assert index.classes == ("cat", "dog") and len(index.where(TEST)) == 6 and len(index) == 30
    write(tmp_path, "notes/deep/scan.png")
    assert source_of(tmp_path).kind == "folder"


def test_sub_folders_count_and_what_does_not_fit_is_told(tmp_path):
    write(tmp_path, *names("2020/{c}_{n}.png"), *names("2021/spring/{c}_{n}.png", count=2), "odd.png", ".hidden_1.png")
    index = loaded(tmp_path, pattern="{class}_{number}")
    assert len(index) == 28 and index.classes == ("cat", "dog")
    assert "1 image does not fit" in index.notes[0] and "“odd.png”" in index.notes[0]


def test_links_follow_the_folder(tmp_path):
    write(tmp_path, *names("{c}_{n}.png"))
    first = loaded(tmp_path)
    told = []
    again = load_index(DataSpec(source=source_of(tmp_path)), progress=lambda *done: told.append(done))
    assert again.root == first.root and told == []
    write(tmp_path, "bird_1.png", "bird_2.png")
    assert loaded(tmp_path).classes == ("bird", "cat", "dog")
    os.utime(tmp_path / "bird_1.png", ns=(1, 1))
    assert loaded(tmp_path).root != first.root


def test_no_class_leaves_the_folder(tmp_path):
    write(tmp_path, *names("x-{c}-{n}.png", ("..", "a~b", "con.")))
    index = loaded(tmp_path, pattern="x-{class}-{number}")
    assert set(index.classes) == {"_", "a~b", "con"}


@pytest.mark.parametrize(
    "made, params, what",
    [
        (["a.png"], {"pattern": "{class}_{number}"}, "fits no image"),
        (["a.png", "b.png"], {}, "do not tell the classes"),
        ([], {}, "There are no images"),
        (["a_1.png"], {"pattern": "{class"}, "cannot be used"),
        (["a_1.png"], {"path": "/no/such/folder"}, "cannot be opened"),
        (["a_1.png"], {"path": " "}, "No folder has been chosen"),
    ],
)
def test_what_cannot_be_used_says_so(tmp_path, made, params, what):
    with pytest.raises(EngineError, match=what) as caught:
        loaded(write(tmp_path, *made), **params)
    assert caught.value.why and caught.value.fix
    assert not any((cache_folder() / "unpacked").glob("*"))


def test_it_obeys_a_stop(tmp_path):
    control = JobControl()
    control.stop()
    with pytest.raises(Cancelled):
        list_files(tmp_path, control)
    write(tmp_path, *names("{c}_{n}.png"))
    with pytest.raises(Cancelled):
        load_index(DataSpec(source=source_of(tmp_path)), control)
    assert not any((cache_folder() / "unpacked").glob("*"))


def test_the_command_line_takes_such_a_folder(tmp_path, capsys):
    folder = write(tmp_path / "flowers", *names("IMG_{n}-{c}.png", ("rose", "tulip")))
    assert main(["inspect", str(folder)]) == 0
    assert "24 images in 2 classes" in capsys.readouterr().out
    assert main(["new", str(tmp_path / "a.atelier"), "--data", str(folder)]) == 0
    assert "(rose, tulip)" in capsys.readouterr().out
