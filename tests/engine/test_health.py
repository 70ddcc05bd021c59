"""The health check finds what was planted, says nothing of what is not there, and its fixes end the trouble."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter

from engine.compile import Facts
from engine.data.health import CHECKS, Finding, Known, examine, examined
from engine.data.health.finding import Shortcut
from engine.data.health.look import fingerprint, look_at
from engine.data.health.near import near_copies
from engine.data.health.shortcut import shortcuts
from engine.data.index import TEST
from engine.data.load import load_index
from engine.data.scan import scan
from engine.errors import EngineError
from engine.jobs import Cancelled, JobControl
from engine.spec import Chosen, DataSpec, ProjectSpec
from engine.templates import fitted


def ended(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def scene(seed: int, side: int = 96) -> Image.Image:
    """A picture of soft shapes like no other."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 6, 3), np.uint8)
    soft = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    fine = random.normal(0, 6, (side, side, 3))
    return Image.fromarray((np.asarray(soft) + fine).clip(0, 255).astype(np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "scenes"
    for place, name in enumerate(("left", "right")):
        (root / name).mkdir(parents=True)
        for number in range(60):
            scene(1000 * place + number).save(root / name / f"{number:02d}.jpg", quality=90)
    return root


def project(folder: Path, **settings: object) -> ProjectSpec:
    return ProjectSpec(data=DataSpec(source=Chosen("folder", {"path": str(folder)}), **settings))


def checked(of: ProjectSpec) -> tuple[Known, dict[str, Finding]]:
    known = ended(examine(load_index(of.data), of, remember=False))
    return known, {finding.check: finding for finding in examined(known)}


def test_nothing_is_wrong_with_a_good_folder(folder):
    _, found = checked(project(folder))
    assert {finding.check: finding.level for finding in found.values()} == {
        "reading": "good",
        "copies": "good",
        "near": "good",
        "balance": "good",
        "shortcut": "good",
        "some": "info",
    }


ALTERED = {
    "smaller": lambda image: image.resize((64, 64)),
    "saved again": lambda image: image,
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "grey": lambda image: image.convert("L"),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
}


@pytest.mark.parametrize("change", ALTERED)
def test_near_copies_are_found_across_splits_and_kept_together_or_left_out(folder, change):
    of = project(folder)
    index = load_index(of.data)
    numbers = [next(int(n) for n in index.where(split) if index.labels[n] == 0) for split in (0, TEST)]
    original = Image.open(index.path(numbers[0]))
    # Under a name that lands on the other side.
    for attempt in range(200):
        copy = folder / "left" / f"copy-{attempt}.jpg"
        ALTERED[change](original).save(copy, quality=60)
        with_copy = load_index(of.data)
        place = {str(path): number for number, path in enumerate(with_copy.paths)}
        if with_copy.splits[place[f"left/{copy.name}"]] != with_copy.splits[place[str(index.paths[numbers[0]])]]:
            break
        copy.unlink()
    _, found = checked(of)
    leak = found["near_leaks"]
    assert len(leak.groups) == 1 and len(leak.images) == 2 and leak.level == "warning"
    for fix in leak.fixes:
        _, after = checked(fix.apply(of))
        assert "near_leaks" not in after
    assert [fix.name for fix in leak.fixes] == ["leave_out", "keep_together"]


def test_the_same_scene_in_two_classes_is_a_doubtful_label(folder):
    Image.open(folder / "left" / "07.jpg").resize((80, 80)).save(folder / "right" / "again.jpg")
    known, found = checked(project(folder))
    names = {str(known.index.paths[number]) for number in found["near_contradictions"].images}
    assert names == {"left/07.jpg", "right/again.jpg"}


def test_exact_copies_are_not_told_twice(folder):
    shutil.copy(folder / "left" / "07.jpg", folder / "left" / "07 copy.jpg")
    known, found = checked(project(folder))
    assert found["near"].level == "good" and len(found["copies"].images) == 2
    assert known.near, "the look finds them as well"


def test_files_that_are_not_what_they_seem(folder):
    image = scene(5)
    image.save(folder / "left" / "photo.png", "JPEG")
    image.resize((10, 30)).save(folder / "left" / "tiny.jpg")
    image.resize((900, 60)).save(folder / "right" / "banner.jpg")
    Image.new("RGB", (64, 64), (200, 10, 10)).save(folder / "right" / "red.jpg")
    (folder / "right" / "cut.jpg").write_bytes((folder / "right" / "01.jpg").read_bytes()[:900])
    (folder / "right" / "empty.jpg").write_bytes(b"")
    of = project(folder)
    known, found = checked(of)
    paths = {check: [str(known.index.paths[number]) for number in finding.images] for check, finding in found.items()}
    assert paths["suffix"] == ["left/photo.png"] and "JPEG" in next(iter(found["suffix"].reasons.values()))
    assert paths["tiny"] == ["left/tiny.jpg"] and "10 × 30" in next(iter(found["tiny"].reasons.values()))
    assert paths["long"] == ["right/banner.jpg"] and paths["blank"] == ["right/red.jpg"]
    assert paths["unreadable"] == ["right/cut.jpg", "right/empty.jpg"]
    reasons = " ".join(found["unreadable"].reasons.values())
    assert "cut off" in reasons and "0 bytes" in reasons
    for check in ("tiny", "long", "blank", "unreadable"):
        (fix,) = found[check].fixes
        assert check not in checked(fix.apply(of))[1]
        assert checked(fix.apply(of))[1]["left_out"].fixes[0].apply(fix.apply(of)) == of, "and back"


def test_what_is_usual_in_a_set_is_no_warning(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(8):
            scene(number + 50 * (name == "b"), 10).save(tmp_path / name / f"{number}.png")
    finding = checked(project(tmp_path))[1]["tiny"]
    assert finding.level == "info" and finding.fixes == ()


def test_uneven_classes_can_be_weighed(folder):
    for path in sorted((folder / "right").iterdir())[:45]:
        path.unlink()
    of = project(folder)
    found = checked(of)[1]
    assert found["balance"].level == "warning" and "4.0 times" in found["balance"].text
    weighed = found["balance"].fixes[0].apply(of)
    assert weighed.recipe.class_weights == "balanced" and weighed.data == of.data
    assert checked(weighed)[1]["balance"].level == "info"


def test_few_images_for_a_large_network_call_for_augmentation(folder):
    of = project(folder, classes=("left", "right"))
    of = replace(of, network=fitted("mlp", Facts(of.data.shape, 2)))
    finding = checked(of)[1]["by_heart"]
    assert "84 training images" in finding.text and finding.level == "info"
    augmented = finding.fixes[0].apply(of)
    assert [entry.kind for entry in augmented.data.augment] == ["mirror", "rotate", "zoom"]
    assert "by_heart" not in checked(augmented)[1]


def test_classes_that_are_tested_and_never_trained(folder):
    whole = project(folder, classes=("left", "right"))
    index = load_index(whole.data)
    trained = [str(index.paths[n]) for n in range(len(index)) if index.labels[n] == 1 and index.splits[n] != TEST]
    from engine.data.edits import leave_out

    of = ProjectSpec(data=leave_out(whole.data, trained))
    assert "“right” has no image to train with" in [finding.text for finding in checked(of)[1].values()]


# --- the shortcut test ------------------------------------------------------------------------------------------------


def told(folder: Path) -> dict[str, Shortcut]:
    looks = ended(look_at(scan(folder, DataSpec()), remember=False))
    return {shortcut.name: shortcut for shortcut in ended(shortcuts(looks))}


def test_scenes_that_share_nothing_have_no_shortcut(folder):
    for shortcut in told(folder).values():
        assert not shortcut.is_strong and shortcut.low < 0.5 < shortcut.high + 0.1 and shortcut.images == 120


def test_one_camera_per_class_is_a_shortcut(folder):
    for path in (folder / "right").iterdir():
        Image.open(path).resize((96, 72)).save(path, quality=90)
    found = told(folder)
    assert found["facts"].accuracy > 0.99 and found["facts"].is_strong and not found["border"].is_strong
    text = checked(project(folder))[1]["shortcut_facts"].text
    assert "100% right" in text and "50.0%" in checked(project(folder))[1]["shortcut_facts"].detail


def test_a_frame_around_one_class_is_a_shortcut(folder):
    random = np.random.default_rng(0)
    for path in (folder / "right").iterdir():
        pixels = np.array(Image.open(path))
        shade = random.integers(0, 60)
        pixels[:6] = pixels[-6:] = shade
        pixels[:, :6] = pixels[:, -6:] = shade
        Image.fromarray(pixels).save(path, quality=90)
    found = told(folder)
    assert found["border"].is_strong and found["border"].accuracy > 0.95


def test_too_few_images_tell_nothing(picture_folder):
    assert told(picture_folder) == {}


# --- looking ----------------------------------------------------------------------------------------------------------


def test_what_was_seen_is_remembered_until_the_file_changes(folder, monkeypatch):
    index = scan(folder, DataSpec())
    first = ended(look_at(index))
    from engine.data.health import look

    opened = []
    real = look._look
    monkeypatch.setattr(look, "_look", lambda path: opened.append(path.name) or real(path))
    again = ended(look_at(index))
    assert opened == [] and (again.rows == first.rows).all()
    scene(77).save(folder / "left" / "03.jpg", quality=85)
    changed = ended(look_at(scan(folder, DataSpec())))
    assert opened == ["03.jpg"] and (changed.rows["hash"][3] != first.rows["hash"][3]).any()


def test_a_damaged_memory_is_no_trouble(folder):
    from engine.data.health import look

    index = scan(folder, DataSpec())
    first = ended(look_at(index))
    file = look._file(index.root)
    file.write_bytes(file.read_bytes()[:200])
    assert (ended(look_at(index)).rows == first.rows).all()


def test_a_check_that_is_stopped_keeps_what_it_saw(folder, monkeypatch):
    control = JobControl()
    from engine.data.health import look

    monkeypatch.setattr(look, "_EVERY_S", 0.0)
    work = examine(scan(folder, DataSpec()), ProjectSpec(), None, control, workers=1)
    for event in work:
        if getattr(event, "text", "") == "Checking images" and event.done > 70:
            control.stop()
            break
    with pytest.raises(Cancelled):
        list(work)
    rows, known = look._remembered(folder, look.keys_of(scan(folder, DataSpec())))
    assert known.sum() >= 70 and (rows["width"][known] == 96).all()


def test_a_full_disk_costs_only_the_memory(folder, monkeypatch):
    def refuse(path, content):
        raise OSError(28, "No space left on device")

    from engine.data.health import look

    monkeypatch.setattr(look, "write_atomically", refuse)
    assert ended(look_at(scan(folder, DataSpec()))).readable.all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.6, 1.0), st.floats(-20, 20))
def test_the_fingerprint_minds_neither_contrast_nor_light(seed, contrast, light):
    grey = np.random.default_rng(seed).uniform(40, 200, (32, 32)).astype(np.float32)
    differing = np.bitwise_count(fingerprint(grey) ^ fingerprint(grey * np.float32(contrast) + np.float32(light)))
    assert differing.sum() <= 2
    other = np.random.default_rng(seed + 1).uniform(40, 200, (32, 32)).astype(np.float32)
    assert np.bitwise_count(fingerprint(grey) ^ fingerprint(other)).sum() > 30


def test_even_areas_are_no_near_copies(tmp_path):
    for shade in range(12):
        (tmp_path / "ab"[shade % 2]).mkdir(exist_ok=True)
        Image.new("RGB", (64, 64), (shade * 20,) * 3).save(tmp_path / "ab"[shade % 2] / f"{shade}.png")
    assert near_copies(ended(look_at(scan(tmp_path, DataSpec()), remember=False))) == ()


# --- every check ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_check_says_little_while_nothing_is_known(check, picture_folder):
    index = scan(picture_folder, DataSpec())
    for finding in check(Known(index, ProjectSpec())):
        assert finding.level in ("good", "info", "warning") and finding.text and not finding.text.endswith(".")
        assert finding.check and check.__doc__.endswith(".")


def test_findings_point_at_images_that_are_there(shared_data):
    known, found = checked(project(shared_data / "nasty" / "folder"))
    for finding in found.values():
        assert all(0 <= number < len(known.index) for number in finding.images)
        assert set(finding.reasons) <= set(finding.images)
        assert not finding.groups or tuple(n for group in finding.groups for n in group) == finding.images
        assert all(fix.words and fix.said for fix in finding.fixes)
    with pytest.raises(EngineError):
        load_index(DataSpec())
