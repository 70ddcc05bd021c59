"""The cleaned data set as a folder of its own."""

import errno
import shutil

import pytest

from engine.data import edits
from engine.data.index import SPLITS
from engine.data.load import load_index
from engine.data.scan import scan
from engine.data.write_out import write_out
from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl, Progress
from engine.spec import Chosen, DataSpec


def written(*args):
    work = write_out(*args)
    while True:
        try:
            assert isinstance(next(work), Progress)
        except StopIteration as end:
            return end.value


@pytest.fixture
def data(picture_folder):
    data = DataSpec(source=Chosen("folder", {"path": str(picture_folder)}), classes=("disc", "stripes"))
    data = edits.move(data, ["disc/disc-03.png"], "stripes")
    data = edits.rename_class(data, "disc", "a/b: c?")
    return edits.leave_out(data, ["stripes/stripes-01.png"])


def test_what_is_written_is_what_the_project_sees(data, tmp_path, picture_folder):
    before = {path: path.read_bytes() for path in picture_folder.rglob("*.png")}
    index = load_index(data)
    out = written(index, tmp_path / "out", {0})
    again = scan(out, DataSpec())
    assert again.brings_splits and again.classes == ("a_b_ c_", "stripes") and again.notes == ()
    expected = sorted(
        (SPLITS[split], again.classes[label], str(path).rpartition("/")[2])
        for number, (path, label, split) in enumerate(zip(index.paths, index.labels, index.splits, strict=True))
        if number != 0
    )
    assert sorted(tuple(str(path).split("/")) for path in again.paths) == expected
    assert {path: path.read_bytes() for path in picture_folder.rglob("*.png")} == before, "the originals stay"


def test_files_of_one_name_do_not_replace_each_other(data, tmp_path, picture_folder):
    for sub in ("one", "two"):
        (picture_folder / "disc" / sub).mkdir()
        shutil.copy(picture_folder / "disc" / "disc-00.png", picture_folder / "disc" / sub / "same.png")
    index = load_index(data)
    assert len(scan(written(index, tmp_path / "out"), DataSpec())) == len(index)


def test_a_folder_with_something_in_it_is_refused(data, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(EngineError, match="were not written"):
        written(load_index(data), tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize("end", ["stop", "full", "gone"])
def test_an_early_end_leaves_nothing(data, tmp_path, end, monkeypatch):
    index, control = load_index(data), JobControl()
    place = tmp_path / "somewhere"
    place.mkdir()
    if end == "full":

        def refuse(source, target):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(shutil, "copyfile", refuse)
    if end == "gone":
        index.path(5).unlink()
    work = write_out(index, place / "out", (), control)
    next(work)
    if end == "stop":
        control.stop()
    with pytest.raises(Cancelled if end == "stop" else EngineError) as caught:
        list(work)
    assert list(place.iterdir()) == []
    assert end == "stop" or "could not be written" in caught.value.what
