"""Home: every way to start reaches the studio."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pages_studio import FakeStudio, Recent
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from gui.pages.home import HomePage
from gui.pages.home.recents import when_in_words
from gui.pages.home.sample_pictures import COUNT, sample_pictures
from gui.pages.home.samples import SampleCard


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
    assert studio.calls == [("start_from_folder", tmp_path), ("handle_drop", [tmp_path / "a.jpg"])]


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


def test_a_sample_without_pictures_has_an_empty_strip():
    assert sample_pictures("not a sample of ours") == []


def test_recent_projects_open_and_leave_the_list(qtbot, page, studio, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.atelier").write_text("{}")
    paths = [tmp_path / "a.atelier", tmp_path / "b.atelier"]
    studio.recents.list = [
        Recent(paths[0], "Muffins", 0.941, "3 runs"),
        Recent(paths[1], "Leaves", None, "paused at epoch 9 · resume"),
    ]
    studio.recents.changed.emit()
    first, second = page.recents.cards
    assert first.score.text().startswith("94.1") and first.score.property("tone") == "good"
    assert "paused at epoch 9 · resume" in second.state.text() and second.score.text() == "–"
    qtbot.keyClick(first, Qt.Key.Key_Return)
    assert studio.calls == [("open_project", paths[0])]
    qtbot.keyClick(first, Qt.Key.Key_Delete)
    assert [card.path for card in page.recents.cards] == [paths[1]]
    assert paths[0].is_file(), "only the list forgets it"


def test_a_missing_project_is_greyed_and_can_be_removed(qtbot, page, studio, tmp_path):
    gone = tmp_path / "gone.atelier"
    studio.recents.list = [Recent(gone, "Gone", 0.5)]
    studio.recents.changed.emit()
    card = page.recents.cards[0]
    qtbot.waitUntil(lambda: card.is_missing)
    assert not card.name.isEnabled()
    menu = {action.text(): action for action in card.make_menu().actions() if action.text()}
    assert not menu["Open"].isEnabled()
    menu["Remove from this list"].trigger()
    assert page.recents.cards == []
    assert page.recents.empty.isVisible()
    assert studio.calls == []


def test_no_recent_projects_says_so(page):
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
