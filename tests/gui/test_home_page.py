"""Home: every way to start reaches the studio."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pages_studio import FakeStudio
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QPushButton

from engine.train.runs import RunInfo
from gui.pages.home import HomePage
from gui.pages.home.recents import state_in_words, when_in_words
from gui.pages.home.sample_pictures import COUNT, sample_pictures
from gui.pages.home.samples import SampleCard
from gui.studio import recents
from gui.studio.recents import Recent


@pytest.fixture
def studio(qapp, tmp_path: Path) -> FakeStudio:
    return FakeStudio(tmp_path / "settings.ini")


@pytest.fixture
def page(qtbot, studio: FakeStudio) -> HomePage:
    page = HomePage(studio)
    qtbot.addWidget(page)
    page.resize(1300, 800)
    page.show()
    return page


def button(page: HomePage, name: str) -> QPushButton:
    found = page.findChild(QPushButton, name)
    assert found is not None, name
    return found


def test_choosing_a_folder_starts_a_project(qtbot, page, studio, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "photos"))
    qtbot.mouseClick(button(page, "home.choose_folder"), Qt.MouseButton.LeftButton)
    assert studio.calls == [("start_from_folder", tmp_path / "photos")]
    assert studio.settings.value("folders/data") == str(tmp_path), "the next dialog opens here"


def test_changing_ones_mind_starts_nothing(qtbot, page, studio, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    qtbot.mouseClick(button(page, "home.choose_folder"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(button(page, "home.open_project"), Qt.MouseButton.LeftButton)
    assert studio.calls == []


def test_opening_a_project(qtbot, page, studio, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.atelier"), ""))
    qtbot.mouseClick(button(page, "home.open_project"), Qt.MouseButton.LeftButton)
    assert studio.calls == [("open_project", tmp_path / "a.atelier")]


def test_a_dropped_folder_starts_and_anything_else_is_left_to_the_studio(page, studio, tmp_path):
    page.well.dropped.emit([tmp_path])
    page.well.dropped.emit([tmp_path / "a.jpg"])
    assert studio.calls == [("start_from_folder", tmp_path), ("handle_drop", [tmp_path / "a.jpg"], "home")]


def test_every_sample_has_a_card_with_its_own_pictures(qtbot, page, studio):
    cards = [page.findChild(SampleCard, f"home.sample.{sample.name}") for sample in studio.samples()]
    for card in cards:
        qtbot.waitUntil(lambda card=card: len(card.pictures()) == COUNT, timeout=20_000)
        assert not any(picture.isNull() for picture in card.pictures())
    qtbot.keyClick(cards[1], Qt.Key.Key_Return)
    assert studio.calls == [("start_from_sample", "digits")]


def test_sample_pictures_are_made_once_and_damaged_ones_again(user_folders: Path):
    first = sample_pictures("drawn")
    files = sorted(user_folders.rglob("drawn-*.png"))
    assert len(files) == COUNT
    times = [file.stat().st_mtime_ns for file in files]
    assert sample_pictures("drawn") == first
    assert [file.stat().st_mtime_ns for file in files] == times
    files[2].write_bytes(b"cut")
    assert sample_pictures("drawn") == first
    assert files[2].stat().st_size > 100


def test_digits_are_white_on_black():
    grey = sample_pictures("digits")[0].convertToFormat(QImage.Format.Format_Grayscale8)
    values = {value for row in range(grey.height()) for value in bytes(grey.constScanLine(row))}
    assert min(values) == 0 and max(values) > 200


def test_a_sample_without_pictures_has_an_empty_strip():
    assert sample_pictures("not a sample of ours") == []


def recent(path: Path, **facts) -> Recent:
    usual = {"score": None, "state": "", "runs": 0, "resumable": None, "when": datetime.now(), "is_there": True}
    return Recent(path, path.stem, **usual | facts)


def run(number: int, state: str, epochs_done: int, best: float | None = 0.6) -> RunInfo:
    when = datetime.now(UTC) + timedelta(minutes=number)
    return RunInfo(number, Path(f"{number:04d}"), state, epochs_done, 40, 7, best, "Small VGG", 1234, when)


def told_of(monkeypatch, tmp_path: Path, *runs: RunInfo) -> Recent:
    """What the list of recent projects says of a project with these runs, newest first."""
    monkeypatch.setattr(recents, "list_runs", lambda _: tuple(runs))
    (tmp_path / "A.atelier").write_bytes(b"")
    projects = recents.Recents()
    projects.add(tmp_path / "A.atelier")
    (entry,) = projects.entries()
    return entry


def test_the_score_is_the_best_of_all_runs(qapp, monkeypatch, tmp_path, user_folders):
    runs = (run(3, "finished", 40, 0.989), run(2, "finished", 40, 0.996), run(1, "stopped", 5, 0.4))
    entry = told_of(monkeypatch, tmp_path, *runs)
    assert (entry.score, entry.runs, entry.state, entry.resumable) == (0.996, 3, "finished", None)


def test_a_run_without_an_epoch_is_not_spoken_of(qapp, monkeypatch, tmp_path, user_folders):
    empty = run(2, "stopped", 0, None)
    entry = told_of(monkeypatch, tmp_path, empty)
    assert state_in_words(entry) == "not trained yet" and entry.score is None
    entry = told_of(monkeypatch, tmp_path, empty, run(1, "interrupted", 9))
    assert state_in_words(entry) == "interrupted at epoch 9 of 40 · resume" and entry.score == 0.6
    entry = told_of(monkeypatch, tmp_path, run(2, "running", 0, None), run(1, "finished", 40))
    assert state_in_words(entry) == "training now"


def test_recent_projects_open_and_leave_the_list(qtbot, page, studio, tmp_path):
    muffins, leaves = tmp_path / "Muffins.atelier", tmp_path / "Leaves.atelier"
    studio.recents.list = [
        recent(muffins, score=0.941, runs=3, state="finished"),
        recent(leaves, runs=1, state="stopped", resumable=run(1, "stopped", 9)),
    ]
    studio.recents.changed.emit()
    qtbot.waitUntil(lambda: len(page.recents.cards) == 2)
    first, second = page.recents.cards
    assert first.score.text().startswith("94.1") and first.score.property("tone") == "good"
    assert first.state.text().startswith("3 runs · today")
    assert second.state.text().startswith("stopped at epoch 9 of 40 · resume") and second.score.text() == "–"
    qtbot.keyClick(first, Qt.Key.Key_Return)
    assert studio.calls == [("open_project", muffins)]
    qtbot.keyClick(first, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: [card.path for card in page.recents.cards] == [leaves])


def test_a_missing_project_is_greyed_and_can_be_removed(qtbot, page, studio, tmp_path):
    studio.recents.list = [recent(tmp_path / "gone.atelier", score=0.5, is_there=False)]
    studio.recents.changed.emit()
    qtbot.waitUntil(lambda: len(page.recents.cards) == 1)
    card = page.recents.cards[0]
    assert card.is_missing and not card.name.isEnabled()
    menu = {action.text(): action for action in card.make_menu().actions() if action.text()}
    assert not menu["Open"].isEnabled()
    menu["Remove from this list"].trigger()
    qtbot.waitUntil(lambda: page.recents.cards == [])
    assert page.recents.empty.isVisible()
    assert studio.calls == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"runs": 0}, "not trained yet"),
        ({"runs": 1, "state": "finished"}, "1 run"),
        ({"runs": 2, "state": "running"}, "training now"),
        ({"runs": 1, "resumable": run(3, "interrupted", 9)}, "interrupted at epoch 9 of 40 · resume"),
        ({"runs": 1, "resumable": run(3, "stopped", 9)}, "stopped at epoch 9 of 40 · resume"),
    ],
)
def test_the_state_is_said_in_words(tmp_path, facts, words):
    assert state_in_words(recent(tmp_path / "a.atelier", **facts)) == words


def test_no_recent_projects_says_so(qtbot, page):
    qtbot.waitUntil(lambda: not page.recents.is_loading())
    assert page.recents.empty.isVisible()


@pytest.mark.parametrize("size", [(1300, 800), (940, 610), (520, 500)])
def test_nothing_is_wider_than_the_page(qtbot, page, size):
    page.resize(*size)
    qtbot.waitUntil(lambda: page.width() == size[0])
    qtbot.waitUntil(lambda: page._content.width() <= size[0])
    for part in (page.well, page.samples, page.recents):
        left = part.mapTo(page, part.rect().topLeft()).x()
        assert left >= 0 and left + part.width() <= size[0]


def test_when_is_said_in_words():
    now = datetime(2026, 3, 12, 15, 0)
    assert when_in_words(now, now).startswith("today ")
    assert when_in_words(now - timedelta(days=1), now) == "yesterday"
    assert when_in_words(now - timedelta(days=3), now) == "Monday"
    assert "2025" in when_in_words(now - timedelta(days=400), now)


def test_a_file_of_images_is_chosen(qtbot, page, studio, tmp_path, monkeypatch):
    asked = []

    def choose(_parent, _title, _start, pattern):
        asked.append(pattern)
        return str(tmp_path / "set.zip"), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    qtbot.mouseClick(page.findChild(QPushButton, "home.choose_file"), Qt.MouseButton.LeftButton)
    assert studio.calls == [("handle_drop", [tmp_path / "set.zip"], "home")]
    assert "*.zip" in asked[0] and "*-ubyte.gz" in asked[0]
