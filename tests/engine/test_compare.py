"""Two runs on the images that both were validated with."""

import json
from dataclasses import replace

import numpy as np
import pytest
from training_helpers import info_of, small_project, trained
from training_helpers import one_thread as one_thread

from engine.data.load import load_index
from engine.errors import EngineError
from engine.train.compare import StoredAnswers, compare, compare_runs, numbers_in, signed, stored_answers

CLASSES = ("cat", "dog")


def answers(run: int, right: str, *, shift: int = 0, classes=CLASSES) -> StoredAnswers:
    """Answers to images "00", "01", ...: right where there is a "+"; `shift` moves which images these are."""
    labels = tuple(CLASSES[place % 2] for place in range(shift, shift + len(right)))
    said = np.array([classes.index(label) for label in labels])
    said = np.where([mark == "+" for mark in right], said, 1 - said)
    paths = tuple(f"{place:02d}" for place in range(shift, shift + len(right)))
    return StoredAnswers(run, paths, labels, classes, np.eye(2, dtype=np.float32)[said])


def test_images_that_one_gets_right_and_the_other_wrong_are_found_both_ways():
    found = compare(answers(1, "++--+"), answers(2, "+-+-+"))
    assert found.images == 5
    assert [found.paths[place] for place in found.only_first] == ["01"]
    assert [found.paths[place] for place in found.only_second] == ["02"]


def test_only_shared_images_count_in_whatever_order_the_classes_are():
    found = compare(answers(1, "++++"), answers(2, "----", shift=2, classes=("dog", "cat")))
    assert found.paths == ("02", "03") and len(found.only_first) == 2
    assert [rows.tolist() for rows in found.rows] == [[2, 3], [0, 1]]


def test_an_image_that_changed_its_class_in_between_does_not_count():
    second = answers(2, "+++")
    second = replace(second, labels=("dog", *second.labels[1:]))
    assert compare(answers(1, "+++"), second).paths == ("01", "02")


def test_runs_without_a_shared_image_say_so():
    found = compare(answers(1, "++"), answers(2, "++", shift=10))
    assert found.images == 0 and not found.is_sure
    for say in (found.gain, found.verdict_in_words):
        with pytest.raises(EngineError, match="validated with different images"):
            say()


def test_the_verdict_says_how_sure_it_is():
    sure = compare(answers(1, "-" * 12 + "+" * 8), answers(2, "+" * 20))
    assert sure.is_sure and "Of 20 shared images" in sure.verdict_in_words()
    assert "+60.0 points of accuracy (95 %: +" in sure.verdict_in_words()
    assert "run 2 is better than run 1" in sure.verdict_in_words()
    worse = compare(answers(1, "+" * 20), answers(2, "-" * 12 + "+" * 8))
    assert "run 1 is better than run 2" in worse.verdict_in_words()
    unsure = compare(answers(1, "++--+"), answers(2, "+-++-"))
    assert not unsure.is_sure and "not enough" in unsure.verdict_in_words()
    same = compare(answers(1, "+-+"), answers(2, "+-+"))
    assert "nothing tells them apart" in same.verdict_in_words()


def test_test_and_interval_never_contradict_each_other():
    few = compare(answers(1, "-" * 5 + "+" * 45), answers(2, "+" * 50))
    _, low, _ = few.gain()
    assert low > 0 and few.p_value > 0.05, "the case that this is about"
    assert not few.is_sure and "so few images do not bear it" in few.verdict_in_words()
    for better in range(12):
        for worse in range(12):
            one = "-" * better + "+" * worse + "+" * 20
            other = "+" * better + "-" * worse + "+" * 20
            found = compare(answers(1, one), answers(2, other))
            _, low, high = found.gain()
            assert not (found.is_sure and low <= 0 <= high)


def test_a_difference_is_signed_and_nothing_has_no_side():
    assert (signed(0.021), signed(-0.003), signed(0.0), signed(-0.0001)) == ("+2.1", "−0.3", "±0.0", "±0.0")


def test_two_trainings_are_compared_by_their_files(picture_folder, tmp_path):
    path = tmp_path / "P" / "P.atelier"
    project = small_project(picture_folder, epochs=6, learning_rate=0.02)
    trained(project, path)
    trained(replace(project, recipe=replace(project.recipe, learning_rate=1e-6)), path)
    first, second = info_of(path, 1), info_of(path, 2)
    found = compare_runs(first, second)
    for info, right in ((first, found.first_right), (second, found.second_right)):
        assert right.mean() == pytest.approx(info.best_accuracy)
    index = load_index(project.data)
    numbers = numbers_in(index, (*found.paths, "gone.png"))
    assert [str(index.paths[number]) for number in numbers[:-1]] == list(found.paths) and numbers[-1] == -1


def test_answers_that_are_missing_or_damaged_are_refused(picture_folder, tmp_path):
    path = tmp_path / "P" / "P.atelier"
    trained(small_project(picture_folder, epochs=1), path)
    info = info_of(path)
    file = info.folder / "watch" / "pictures.json"
    whole = json.loads(file.read_text("utf-8"))
    for damaged in ("", "{}", "[]", json.dumps({**whole, "labels": [99] * len(whole["labels"])}), '{"paths": []}'):
        file.write_text(damaged, "utf-8")
        with pytest.raises(EngineError, match="cannot be compared"):
            stored_answers(info)
    with pytest.raises(EngineError, match="no finished epoch"):
        stored_answers(replace(info, best_epoch=0))
