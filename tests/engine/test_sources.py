"""From a chosen source to an index."""

import pytest

from engine.data.load import load_index
from engine.data.sources import SOURCES
from engine.errors import EngineError
from engine.files import cache_folder
from engine.jobs import Cancelled, JobControl
from engine.spec.data import Chosen, DataSpec


def spec(kind: str, **params) -> DataSpec:
    return DataSpec(source=Chosen(kind, params))


def test_a_folder_of_the_user(picture_folder):
    index = load_index(spec("folder", path=str(picture_folder)))
    assert index.classes == ("disc", "stripes") and len(index) == 24 and index.root == picture_folder


def test_a_folder_in_the_home_folder(picture_folder, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(picture_folder.parent))
    assert len(load_index(spec("folder", path="~/pictures"))) == 24


def test_the_drawn_sample_is_made_once():
    seen = []
    index = load_index(spec("drawn", count=12), progress=lambda done, total: seen.append((done, total)))
    assert index.classes == ("chihuahua", "muffin") and index.counts().sum(1).tolist() == [6, 6]
    assert seen[-1] == (12, 12) and index.root.is_relative_to(cache_folder() / "samples")
    seen.clear()
    again = load_index(spec("drawn", count=12), progress=lambda done, total: seen.append((done, total)))
    assert seen == [] and (again.modified == index.modified).all()


def test_other_settings_draw_other_pictures():
    one, other = (load_index(spec("drawn", count=12, seed=seed)) for seed in (0, 1))
    assert one.root != other.root
    assert any(one.path(number).read_bytes() != other.path(number).read_bytes() for number in range(12))


def test_a_stopped_sample_leaves_nothing_half_finished():
    control = JobControl()

    def stop_soon(done, total):
        if done == 3:
            control.stop()

    with pytest.raises(Cancelled):
        load_index(spec("drawn", count=12), control, stop_soon)
    assert len(load_index(spec("drawn", count=12))) == 12


def test_the_digits():
    index = load_index(spec("digits"))
    assert index.classes == tuple("0123456789") and len(index) == 1797


def test_samples_have_a_size_and_colour_that_suit_them():
    assert [(kind.name, kind.suggested_size, kind.suggested_colour) for kind in SOURCES if kind.is_sample] == [
        ("drawn", 64, "rgb"),
        ("digits", 16, "grey"),
    ]


@pytest.mark.parametrize(
    "data, what",
    [
        (DataSpec(), "No images have been chosen"),
        (spec("folder"), "No folder has been chosen"),
        (spec("folder", path="/no/such/folder"), "is not there"),
        (spec("floder"), "no source called"),
        (spec("drawn", speed=1), "no setting “speed”"),
        (spec("drawn", count=1), "“Images” cannot be 1"),
    ],
)
def test_what_cannot_be_used_says_why(data, what):
    with pytest.raises(EngineError, match=what) as caught:
        load_index(data)
    assert caught.value.fix
