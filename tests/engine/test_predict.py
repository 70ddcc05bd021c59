"""Answers for new pictures: in order, one broken file stops nothing, and what is shown is what was computed."""

import csv
from pathlib import Path

import pytest
from training_helpers import one_thread as one_thread
from training_helpers import small_project, trained

from engine.data.index import TRAIN
from engine.errors import EngineError, PictureError
from engine.evaluate.model import load_model
from engine.evaluate.predict import Prediction, pictures_in, predict
from engine.evaluate.table import csv_text, write_csv
from engine.jobs import Cancelled, JobControl
from engine.train.job import PicturesReady


@pytest.fixture
def run(picture_folder, tmp_path):
    path = tmp_path / "P" / "P.atelier"
    project = small_project(picture_folder, epochs=8, learning_rate=0.02, data={"augment": ()})
    return trained(project, path), load_model(path.parent / "runs" / "0001", "cpu")


def test_many_pictures_with_a_broken_one_in_between(run, picture_folder):
    watching, model = run
    pictures = watching.of(PicturesReady)[0].pictures
    numbers = pictures.readable(TRAIN).tolist()
    broken = picture_folder / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no picture")
    sources: list[Path | bytes] = [pictures.index.path(number) for number in numbers]
    sources.insert(2, broken)
    sources.append(sources[0].read_bytes())
    found = list(predict(model, sources, JobControl()))
    assert [answer.source for answer in found] == sources
    assert isinstance(found[2].error, PictureError) and found[2].error.what and not found[2].probabilities
    assert (found[2].class_name, found[2].probability) == ("", 0.0)
    good = [answer for answer in found[:-1] if not answer.error]
    wanted = model.probabilities(pictures.rows[pictures.row_of[numbers]])
    for answer, row, number in zip(good, wanted, numbers, strict=True):
        assert answer.probabilities == pytest.approx(row.tolist(), abs=1e-6)
        assert answer.classes == model.classes == ("disc", "stripes")
        assert answer.class_name == model.classes[row.argmax()] and answer.probability == max(answer.probabilities)
        assert answer.name == pictures.index.path(number).name and answer.seconds > 0
    right = [model.classes.index(a.class_name) == pictures.index.labels[n] for a, n in zip(good, numbers, strict=True)]
    assert sum(right) / len(right) > 0.9, "it has learnt which class is which"
    assert found[-1].probabilities == found[0].probabilities, "bytes are read as the file is"


def test_names_may_be_given(run, picture_folder):
    content = (picture_folder / "disc" / "disc-00.png").read_bytes()
    named = list(predict(run[1], [content, content], JobControl(), names=["first", "second"]))
    assert [answer.name for answer in named] == ["first", "second"]
    assert next(predict(run[1], [content], JobControl())).name == "image"


def test_the_first_answer_does_not_wait_for_the_last_and_it_can_be_stopped(run, picture_folder):
    control, asked = JobControl(), []

    def sources():
        for path in sorted(picture_folder.rglob("*.png")):
            asked.append(path)
            yield path

    work = predict(run[1], sources(), control)
    next(work)
    assert len(asked) == 1
    control.stop()
    with pytest.raises(Cancelled):
        next(work)


def test_folders_are_searched_and_named_files_taken_as_they_are(tmp_path):
    for name in ("b/2.png", "b/1.JPG", "b/deep/3.webp", "b/notes.txt", "b/.hidden.png", "odd.xyz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = pictures_in([tmp_path / "odd.xyz", tmp_path / "b", tmp_path / "nowhere.png"])
    assert [str(path.relative_to(tmp_path)) for path in found if path.suffix != ".xyz"] == [
        "b/1.JPG", "b/2.png", "b/deep/3.webp", "nowhere.png"
    ]  # fmt: skip
    assert found[0].name == "odd.xyz"


def test_the_table_has_a_row_for_every_picture_and_columns_in_the_order_of_the_classes():
    classes = ("zebra", "ape")
    found = [
        Prediction("a.png", Path("in/a.png"), classes, (0.25, 0.75)),
        Prediction("pasted", b"bytes", classes, (1.0, 0.0)),
        Prediction("bad.png", Path("bad.png"), error=PictureError("It is broken.", why="Truncated.")),
    ]
    assert list(csv.reader(csv_text(found).splitlines())) == [
        ["path", "class", "probability", "zebra", "ape", "error"],
        [str(Path("in/a.png")), "ape", "0.750000", "0.250000", "0.750000", ""],
        ["pasted", "zebra", "1.000000", "1.000000", "0.000000", ""],
        ["bad.png", "", "", "", "", "It is broken. Truncated."],
    ]


def test_a_table_of_unreadable_pictures_keeps_the_columns_of_the_network():
    bad = Prediction("bad.png", Path("bad.png"), error=PictureError("It is broken."))
    head, row = csv.reader(csv_text([bad], ("zebra", "ape")).splitlines())
    assert head == ["path", "class", "probability", "zebra", "ape", "error"]
    assert row == ["bad.png", "", "", "", "", "It is broken."]


def test_answers_of_two_networks_share_one_table():
    found = [
        Prediction("a.png", b"", ("muffin", "chihuahua"), (0.9, 0.1)),
        Prediction("b.png", b"", ("cat", "muffin"), (0.3, 0.7)),
    ]
    head, first, second = csv.reader(csv_text(found).splitlines())
    assert head == ["path", "class", "probability", "muffin", "chihuahua", "cat", "error"]
    assert first[3:] == ["0.900000", "0.100000", "", ""]
    assert second[3:] == ["0.700000", "", "0.300000", ""]


def test_a_table_keeps_every_file_name_and_says_where_it_cannot_be_written(tmp_path):
    answer = Prediction("ü.png", Path("ümlaut, comma \udcff.png"), ("a", "b"), (0.5, 0.5))
    write_csv(tmp_path / "out.csv", [answer])
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfpath,") and '"ümlaut, comma '.encode() + b'\xff.png"' in content
    with pytest.raises(EngineError) as raised:
        write_csv(tmp_path / "nowhere" / "out.csv", [answer])
    assert "out.csv" in raised.value.what and "nowhere" in raised.value.why and raised.value.fix
