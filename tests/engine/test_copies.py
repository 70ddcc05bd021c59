"""Copies: found by content alone, and judged by where they stand."""

import shutil

import numpy as np
import pytest

from engine.data.copies import Copies, find_copies, judged
from engine.data.load import load_index
from engine.data.scan import scan
from engine.jobs import Cancelled, JobControl
from engine.spec import Chosen, DataEdits, DataSpec, ProjectSpec
from engine.spec.files import from_json, to_json


@pytest.fixture
def folder(picture_folder):
    """24 images, with three planted copies: in the same class, in the other class, and one that was cut short."""
    shutil.copy(picture_folder / "disc" / "disc-00.png", picture_folder / "disc" / "zz-again.png")
    shutil.copy(picture_folder / "disc" / "disc-01.png", picture_folder / "stripes" / "zz-wrong.png")
    return picture_folder


def test_equal_files_are_found_whatever_they_are_called(folder):
    index = scan(folder, DataSpec())
    copies = find_copies(index)
    named = [{str(index.paths[number]) for number in group} for group in copies.groups]
    assert {"disc/disc-00.png", "disc/zz-again.png"} in named
    assert {"disc/disc-01.png", "stripes/zz-wrong.png"} in named
    assert len(named) == copies.extra == 2
    assert [named[copies.groups.index(group)] for group in copies.across_classes] == [
        {"disc/disc-01.png", "stripes/zz-wrong.png"}
    ]


def test_copies_across_splits_are_told_apart(folder):
    index = scan(folder, DataSpec())
    same = index.splits.copy()
    object.__setattr__(index, "splits", np.zeros_like(same))
    assert find_copies(index).across_splits == ()
    group = find_copies(index).groups[0]
    index.splits[group[0]] = 2
    assert judged(index, (group,)).across_splits == (group,)


def test_what_cannot_be_read_does_no_harm(folder):
    index = scan(folder, DataSpec())
    broken = {n for n in range(len(index)) if "zz-" in str(index.paths[n])}
    assert find_copies(index, broken) == Copies()


def test_a_file_that_vanishes_meanwhile_is_no_copy(folder):
    index = scan(folder, DataSpec())
    (folder / "disc" / "zz-again.png").unlink()
    assert find_copies(index).extra == 1


def test_it_obeys_a_stop(folder):
    control = JobControl()
    control.stop()
    with pytest.raises(Cancelled):
        find_copies(scan(folder, DataSpec()), control=control)


def test_what_is_left_out_moves_no_other_image(folder):
    whole = scan(folder, DataSpec())
    gone = str(whole.paths[3])
    source = Chosen("folder", {"path": str(folder)})
    rest = load_index(DataSpec(source=source, edits=DataEdits(left_out=(gone, "not/there.png"))))
    assert len(rest) == len(whole) - 1 and gone not in set(map(str, rest.paths))
    before = dict(zip(map(str, whole.paths), whole.splits.tolist(), strict=True))
    assert all(before[str(path)] == split for path, split in zip(rest.paths, rest.splits.tolist(), strict=True))


def test_what_is_left_out_survives_the_file():
    project = ProjectSpec(data=DataSpec(edits=DataEdits(left_out=("a/1.png", "b/ä.png"))))
    assert from_json(to_json(project)) == (project, ())
    damaged = to_json(project).replace('"a/1.png"', "7")
    found, notes = from_json(damaged)
    assert found.data.edits.left_out == () and "leave out" in notes[0]
