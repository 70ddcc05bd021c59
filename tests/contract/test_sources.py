"""What every source of pictures promises."""

from dataclasses import asdict

import pytest

from engine.data.scan import scan
from engine.data.sources import SOURCES, Source, source_of
from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import Cancelled, JobControl
from engine.params import params_of
from engine.spec.data import DataSpec


@pytest.fixture(params=list(SOURCES), ids=lambda kind: kind.name)
def kind(request) -> type[Source]:
    return request.param


@pytest.fixture(params=[kind for kind in SOURCES if kind.is_sample], ids=lambda kind: kind.name)
def sample(request) -> Source:
    small = {"count": 12} if any(setting.name == "count" for setting in params_of(request.param)) else {}
    return request.param(**small)


def test_it_explains_itself(kind):
    assert kind.title and kind.__doc__.strip().endswith(".")
    assert kind.summary.endswith(".") and kind.summary.count(". ") == 0
    assert all(setting.label and setting.help for setting in params_of(kind))
    assert kind(**asdict(kind())) == kind()


def test_its_suggestions_are_acceptable(kind):
    data = DataSpec(size=kind.suggested_size, colour=kind.suggested_colour)
    assert data.shape[1:] == (kind.suggested_size, kind.suggested_size)


def test_a_sample_is_written_once_into_the_cache_and_can_be_scanned(sample):
    told = []
    place = sample.folder(lambda done, total: told.append((done, total)))
    assert place.is_relative_to(cache_folder()) and told[-1][0] == told[-1][1]
    index = scan(place, DataSpec())
    assert len(index.classes) >= 2 and index.notes == ()
    told.clear()
    assert sample.folder(lambda done, total: told.append((done, total))) == place and told == []


def test_a_sample_obeys_a_stop(sample):
    control = JobControl()
    control.stop()
    with pytest.raises(Cancelled):
        sample.folder(control=control)
    assert not any((cache_folder() / "samples").glob("[!.]*"))


def test_nothing_chosen_is_told(kind):
    if any(setting.name == "path" for setting in params_of(kind)):
        with pytest.raises(EngineError, match="has been chosen") as caught:
            kind().folder()
        assert caught.value.why and caught.value.fix


def test_what_is_not_there_is_taken_by_none_and_told(kind, tmp_path):
    missing = tmp_path / "none"
    assert not kind.takes(missing)
    if any(setting.name == "path" for setting in params_of(kind)) and kind.name != "folder":
        with pytest.raises(EngineError):
            kind(path=str(missing)).folder()
        assert not any((cache_folder() / "unpacked").glob("*"))


def test_class_folders_are_taken_by_none_and_read_as_they_are(kind, picture_folder):
    assert not kind.takes(picture_folder)
    assert source_of(picture_folder).kind == "folder"
