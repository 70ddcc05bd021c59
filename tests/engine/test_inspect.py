"""What is wrong with a data set, said in sentences."""

import json
import shutil

import pytest
from PIL import Image

from engine.data.inspect import Inspection, inspect
from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl, Progress
from engine.spec.data import Chosen, DataSpec


def looked_at(what) -> Inspection:
    work = inspect(what)
    while True:
        try:
            assert isinstance(next(work), Progress)
        except StopIteration as end:
            return end.value


def test_a_good_folder_has_nothing_to_complain_about(picture_folder):
    found = looked_at(picture_folder)
    told = found.as_json()
    findings = told.pop("findings")
    assert {finding["check"]: finding["level"] for finding in findings} == {
        "reading": "good",
        "copies": "good",
        "near": "info",
        "balance": "good",
        "few": "warning",
    }
    assert told == {
        "classes": {"disc": 12, "stripes": 12},
        "images": 24,
        "unreadable": [],
        "duplicates": [],
        "splits": {"train": 16, "validation": 4, "test": 4},
        "brings_splits": False,
        "warnings": ["2 classes have fewer than 10 images to train with; 50 or more usually learn far better"],
    }


def test_a_specification_can_be_inspected_as_well(picture_folder):
    data = DataSpec(source=Chosen("folder", {"path": str(picture_folder)}), test_percent=0)
    assert looked_at(data).as_json()["splits"]["test"] == 0


def test_the_folder_full_of_traps(shared_data):
    result = looked_at(str(shared_data / "nasty" / "folder")).as_json()
    assert result["classes"] == {"class_a": 5, "class_b": 2, "class_c_all_broken": 1, "class_e": 1}
    assert [entry["path"] for entry in result["unreadable"]] == ["class_c_all_broken/bad.jpg"]
    copies = ["class_a/a0 copy.jpg", "class_a/a0.jpg", "class_b/same_as_a0.jpg", "class_e/nested/deep.jpg"]
    assert result["duplicates"] == [copies]
    text = "\n".join(result["warnings"])
    for part in (
        "class_d_empty",
        "no image that can be read",
        "stands in two classes",
        "5.0 times",
        "beside the class",
    ):
        assert part in text
    assert json.loads(json.dumps(result)) == result


def test_a_copy_on_both_sides_of_a_split_is_a_leak(tmp_path, picture_folder):
    for split in ("train", "test"):
        shutil.copytree(picture_folder, tmp_path / "set" / split)
    found = looked_at(tmp_path / "set")
    assert len(found.duplicates) == 24
    assert any("24 images stand in more than one of" in warning for warning in found.warnings)
    assert not any("two classes" in warning for warning in found.warnings)


def test_files_of_one_size_are_no_copies_unless_equal(picture_folder):
    for name, shade in (("one", 10), ("two", 200)):
        Image.new("L", (20, 20), shade).save(picture_folder / "disc" / f"{name}.bmp")
    assert looked_at(picture_folder).duplicates == ()


def test_broken_copies_are_unreadable_and_nothing_else(picture_folder):
    for name in ("one", "two"):
        (picture_folder / "disc" / f"{name}.jpg").write_bytes(b"<html></html>")
    found = looked_at(picture_folder)
    assert found.duplicates == () and len(found.unreadable) == 2
    assert "2 files cannot be read and are left out" in found.warnings


def test_tiny_pictures_and_uneven_classes_are_told(picture_folder):
    for number in range(50):
        Image.new("L", (8, 40), number).save(picture_folder / "disc" / f"tiny {number}.png")
    found = looked_at(picture_folder)
    told = {finding.check: finding for finding in found.findings}
    assert "“disc” has 5.2 times as many images as “stripes”" in told["balance"].text
    assert told["tiny"].text.startswith("50 images of less than 16 pixels") and len(told["tiny"].images) == 50


def test_inspecting_can_be_stopped_and_errors_come_through(picture_folder, tmp_path):
    control = JobControl()
    work = inspect(picture_folder, control)
    next(work)
    control.stop()
    with pytest.raises(Cancelled):
        list(work)
    with pytest.raises(EngineError, match="is not there"):
        list(inspect(tmp_path / "missing"))
