"""What every source of pictures promises."""

from dataclasses import asdict

import pytest

from engine.data.scan import scan
from engine.data.sources import SOURCES, Source
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
