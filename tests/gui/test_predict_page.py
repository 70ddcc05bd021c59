"""Predict: what goes in reaches the session, what comes out is shown, and a table can be saved."""

import csv
from pathlib import Path

import pytest
from pages_studio import FakeStudio
from PIL import Image
from PySide6.QtCore import QMimeData, QSize, Qt, QUrl
from PySide6.QtGui import QFontMetrics, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QPushButton

from engine.errors import PictureError
from engine.evaluate.predict import Prediction
from engine.jobs import Progress
from gui.pages.predict import PredictPage
from gui.pages.predict.results_model import PREDICTION, THUMBNAIL
from gui.pages.predict.words import duration, fitting, how_sure, ranked


@pytest.fixture
def studio(qapp, tmp_path: Path) -> FakeStudio:
    return FakeStudio(tmp_path / "settings.ini")


@pytest.fixture
def page(qtbot, studio: FakeStudio) -> PredictPage:
    page = PredictPage(studio)
    qtbot.addWidget(page)
    page.resize(1200, 760)
    page.show()
    return page


def make(tmp_path: Path, name: str = "a.png", shares=(0.9, 0.1), classes=("muffin", "chihuahua")) -> Prediction:
    path = tmp_path / name
    Image.new("RGB", (40, 30), (200, 90, 20)).save(path)
    return Prediction(name, path, tuple(classes), tuple(shares), 0.012)


def broken(name: str = "bad.jpg") -> Prediction:
    error = PictureError("“bad.jpg” cannot be read.", why="It is cut off.", fix="Copy it again.")
    return Prediction(name, Path("/somewhere") / name, error=error)


def push(qtbot, page: PredictPage, name: str) -> None:
    qtbot.mouseClick(page.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


# ---- what goes in


def test_without_a_model_the_page_says_so_and_leads_to_train(qtbot, page, studio):
    assert page.empty.isVisible()
    with qtbot.waitSignal(studio.place_wanted) as wanted:
        qtbot.mouseClick(page.empty.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert wanted.args == ["train"]
    studio.prediction.train()
    assert not page.empty.isVisible() and page.well.isVisible()


def test_dropped_and_opened_files_and_folders_are_predicted(qtbot, page, studio, tmp_path, monkeypatch):
    studio.prediction.train()
    page.well.dropped.emit([tmp_path / "a.jpg"])
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "b.jpg")], ""))
    push(qtbot, page, "predict.open")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    push(qtbot, page, "predict.folder")
    asked = [sources for sources, _ in studio.prediction.asked]
    assert asked == [[tmp_path / "a.jpg"], [tmp_path / "b.jpg"], [tmp_path]]


def test_pasted_files_are_predicted(qtbot, page, studio, tmp_path):
    studio.prediction.train()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.jpg"))])
    QGuiApplication.clipboard().setMimeData(data)
    qtbot.keyClick(page, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert studio.prediction.asked == [([tmp_path / "a.jpg"], None)]


def test_a_pasted_picture_arrives_as_png_with_a_name(qtbot, page, studio):
    studio.prediction.train()
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(image)
    page.paste()
    qtbot.waitUntil(lambda: len(studio.prediction.asked) == 1)
    (content,), (name,) = studio.prediction.asked[0]
    assert QImage.fromData(content).size() == image.size()
    assert name == "pasted image 1"


def test_pasting_words_is_answered_in_words(qtbot, page, studio):
    studio.prediction.train()
    QGuiApplication.clipboard().setText("no picture")
    page.paste()
    assert page.status.text().startswith("The clipboard holds no image.")
    assert studio.prediction.asked == []


# ---- what comes out


def test_results_are_shown_newest_first_and_the_newest_is_selected(qtbot, page, studio, tmp_path):
    studio.prediction.train()
    studio.prediction.add(make(tmp_path, "old.png"), make(tmp_path, "new.png", (0.2, 0.8)))
    assert page.model.rowCount() == 2
    assert page.model.index(0).data(PREDICTION).name == "new.png"
    assert page.detail.class_name.text() == "chihuahua"
    qtbot.waitUntil(lambda: page.detail.picture.image().width() == 40)
    assert page.status.text() == "2 images · model: run 3, best epoch 11"


def test_a_chosen_result_stays_chosen_when_others_arrive(qtbot, page, studio, tmp_path):
    studio.prediction.train()
    studio.prediction.add(make(tmp_path, "1.png"), make(tmp_path, "2.png"))
    page.view.setCurrentIndex(page.model.index(1))
    studio.prediction.add(make(tmp_path, "3.png"))
    assert page.view.currentIndex().data(PREDICTION).name == "1.png"
    assert page.view.currentIndex().row() == 2


def test_an_unreadable_file_has_a_card_with_the_reason(page, studio):
    studio.prediction.train()
    studio.prediction.add(broken())
    assert "It is cut off." in page.model.index(0).data()
    assert "It is cut off." in page.detail.sentence.text()
    assert not page.detail.probabilities.isVisible()
    assert page.status.text() == "1 cannot be read · model: run 3, best epoch 11"
    page.grab()


def test_a_file_that_is_gone_keeps_its_card(qtbot, page, studio, tmp_path):
    studio.prediction.train()
    result = make(tmp_path, "gone.png")
    result.source.unlink()
    studio.prediction.add(result)
    page.grab()
    qtbot.waitUntil(lambda: page.model.index(0).data(THUMBNAIL) is not None)
    assert page.model.index(0).data(THUMBNAIL).isNull()
    page.grab()


def test_a_thousand_results_with_many_classes_are_cheap(qtbot, page, studio, tmp_path):
    studio.prediction.train()
    classes = tuple(f"class {number}" for number in range(300))
    shares = tuple(1 / 300 for _ in classes)
    one = make(tmp_path, "one.png", shares, classes)
    results = [Prediction(f"{n}.png", one.source, classes, shares, 0.012) for n in range(1000)]
    studio.prediction.add(*results)
    page.grab()
    assert page.model.rowCount() == 1000
    assert len(page.detail.probabilities.shares()) == 300
    assert page.view.delegate.bars == 5


def test_progress_is_shown_and_can_be_cancelled(qtbot, page, studio):
    studio.prediction.train()
    studio.prediction.progress = Progress(3, 10, "Reading images")
    studio.prediction.progress_changed.emit()
    assert page.busy.isVisible()
    qtbot.mouseClick(page.busy.cancel_button, Qt.MouseButton.LeftButton)
    assert studio.prediction.cancelled == 1
    studio.prediction.progress = None
    studio.prediction.progress_changed.emit()
    assert not page.busy.isVisible()


def test_clear_empties_everything(qtbot, page, studio, tmp_path):
    studio.prediction.train()
    assert not page.clear_button.isEnabled()
    studio.prediction.add(make(tmp_path))
    push(qtbot, page, "predict.clear")
    assert page.model.rowCount() == 0
    assert not page.csv_button.isEnabled() and not page.detail.picture.isVisible()


# ---- tables and words


def test_the_table_has_a_line_for_each_result(qtbot, page, studio, tmp_path, monkeypatch):
    studio.prediction.train()
    studio.prediction.add(make(tmp_path, "ümlaut, comma.png"), broken())
    target = tmp_path / "out.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    push(qtbot, page, "predict.csv")
    qtbot.waitUntil(lambda: page.status.text().startswith("Saved out.csv."))
    with target.open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["path"] == str(tmp_path / "ümlaut, comma.png")
    assert (first["class"], float(first["probability"])) == ("muffin", 0.9)
    assert (float(first["muffin"]), float(first["chihuahua"]), first["error"]) == (0.9, 0.1, "")
    assert second["class"] == second["muffin"] == "" and "cut off" in second["error"]


def test_a_table_that_cannot_be_written_is_reported(qtbot, page, studio, tmp_path, monkeypatch):
    studio.prediction.train()
    studio.prediction.add(make(tmp_path))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no folder" / "out.csv"), ""))
    with qtbot.waitSignal(studio.failed) as failed:
        push(qtbot, page, "predict.csv")
    assert "out.csv" in failed.args[0].what and failed.args[0].fix


@pytest.mark.parametrize("leave", ["other page", "next result", "clear", "paste"])
def test_what_was_saved_is_said_only_until_the_next_action(qtbot, page, studio, tmp_path, monkeypatch, leave):
    studio.prediction.train()
    studio.prediction.add(make(tmp_path))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "out.csv"), ""))
    push(qtbot, page, "predict.csv")
    qtbot.waitUntil(lambda: "Saved" in page.status.text())
    if leave == "other page":
        page.hide()
    elif leave == "next result":
        studio.prediction.add(make(tmp_path, "b.png"))
    elif leave == "clear":
        push(qtbot, page, "predict.clear")
    else:
        QGuiApplication.clipboard().setText("words")
        page.paste()
    assert "Saved" not in page.status.text()


@pytest.mark.parametrize(("width", "height"), [(3000, 2), (1, 2500)])
def test_very_wide_and_very_tall_images_are_seen(qtbot, page, studio, tmp_path, width, height):
    studio.prediction.train()
    path = tmp_path / "thin.png"
    Image.new("RGB", (width, height), (255, 0, 255)).save(path)
    studio.prediction.add(Prediction("thin.png", path, ("a", "b"), (0.9, 0.1), 0.01))
    qtbot.waitUntil(lambda: not page.detail.picture.image().isNull())
    assert "#ff00ff" in colours(page.detail.picture)
    page.view.grab()
    qtbot.waitUntil(lambda: page.model.index(0).data(THUMBNAIL) is not None)
    assert "#ff00ff" in colours(page.view)


def colours(widget) -> set[str]:
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(0, image.height())}


def test_only_whole_sentences_stand_on_a_card(qapp):
    metrics = QFontMetrics(qapp.font())
    text = "It ends in the middle. Copy it again from where it came from. Or leave it out."
    wide = metrics.horizontalAdvance(text) + 10
    line = metrics.height()
    assert fitting(text, metrics, QSize(wide, line)) == text
    assert fitting(text, metrics, QSize(wide * 4 // 5, line)) == text.removesuffix(" Or leave it out.")
    assert fitting(text, metrics, QSize(wide // 3, line)) == "It ends in the middle."
    assert fitting(text, metrics, QSize(wide // 6, line)) in ("It ends in the…", "It ends in…", "It ends…")


def test_the_tool_tip_of_an_unreadable_file_has_the_whole_reason(page, studio):
    studio.prediction.train()
    studio.prediction.add(broken())
    tip = page.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == [str(Path("/somewhere/bad.jpg")), str(broken().error)]


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((0.99, 0.01), "Very sure"),
        ((0.85, 0.15), "Fairly sure"),
        ((0.52, 0.48), "Torn"),
        ((0.7, 0.3), "Leaning"),
        ((0.3, 0.25, 0.25, 0.2), "Unsure"),
    ],
)
def test_how_sure_is_said_in_words(tmp_path, shares, words):
    prediction = make(tmp_path, shares=shares, classes=("a", "b", "c", "d")[: len(shares)])
    assert how_sure(prediction).startswith(words)


def test_ranked_and_duration(tmp_path):
    prediction = make(tmp_path, shares=(0.2, 0.5, 0.3), classes=("a", "b", "c"))
    assert ranked(prediction, 2) == [("b", 0.5), ("c", 0.3)]
    assert duration(0.012) == "12 ms" and duration(1.44) == "1.4 s" and duration(0.00001) == "1 ms"
