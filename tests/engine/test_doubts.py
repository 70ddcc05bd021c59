"""What a run makes one doubt: labels that look wrong, images never learnt, images forgotten."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.index import VALIDATION, Index
from engine.evaluate.doubts import confident_errors, doubts
from engine.train.history import NAME, EpochLine
from engine.train.watch import WatchFolder


def made_index(labels: list[int]) -> Index:
    count = len(labels)
    paths = np.array([f"x/{number:03d}.png" for number in range(count)], np.dtypes.StringDType())
    numbers = np.zeros(count, np.int64)
    splits = np.full(count, VALIDATION, np.int8)
    return Index(Path("/x"), ("a", "b", "c"), paths, np.array(labels, np.int32), splits, numbers, numbers, False)


def stored(folder: Path, index: Index, answers: list[np.ndarray]) -> Path:
    """A run with these answers, one array of (N, classes) per epoch; the last epoch is the best."""
    folder.mkdir(parents=True)
    watch = WatchFolder(folder)
    watch.begin(index, np.arange(len(index)))
    lines = []
    for epoch, probabilities in enumerate(answers, 1):
        watch.store(epoch, probabilities)
        lines.append(EpochLine(epoch, 1.0, 0.5, 1.0, epoch / 100, 0.1, 1.0, 1.0, is_best=True))
    (folder / NAME).write_text("".join(json.dumps(asdict(line)) + "\n" for line in lines))
    return folder


def sure_of(classes: list[int], share: float = 0.9) -> np.ndarray:
    probabilities = np.full((len(classes), 3), (1 - share) / 2, np.float32)
    probabilities[np.arange(len(classes)), classes] = share
    return probabilities


def test_a_label_the_network_is_sure_against_is_told_with_both_names(tmp_path):
    labels = [0] * 10 + [1] * 10 + [2] * 10
    index = made_index(labels)
    answers = sure_of([1, *labels[1:]])
    (finding,) = doubts(stored(tmp_path / "run", index, [answers]), 7, index)
    assert (finding.check, finding.images, finding.badge) == ("labels", (0,), "label?")
    assert finding.reasons[0] == "The network says “b” (90%), the label “a”." and "run 7" in finding.text


def test_the_surest_come_first_and_hesitation_is_no_doubt(tmp_path):
    labels = [0] * 12 + [1] * 12 + [2] * 12
    index = made_index(labels)
    answers = sure_of(labels, 0.8)
    answers[3] = (0.02, 0.96, 0.02)
    answers[5] = (0.1, 0.85, 0.05)
    answers[8] = (0.45, 0.5, 0.05)  # wrong, but not as sure as it is of others
    (finding,) = doubts(stored(tmp_path / "run", index, [answers]), 1, index)
    assert finding.images == (3, 5)


def test_a_network_that_knows_little_has_no_say(tmp_path):
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 60).tolist()
    index = made_index(labels)
    answers = random.dirichlet((1, 1, 1), 60).astype(np.float32)
    assert doubts(stored(tmp_path / "run", index, [answers]), 1, index) == ()


def test_a_mended_label_is_doubted_no_more(tmp_path):
    labels = [0] * 10 + [1] * 10 + [2] * 10
    before = made_index(labels)
    folder = stored(tmp_path / "run", before, [sure_of([1, *labels[1:]])])
    assert doubts(folder, 1, before)
    assert doubts(folder, 1, made_index([1, *labels[1:]])) == ()


def test_never_right_and_forgotten(tmp_path):
    labels = [0] * 10 + [1] * 10
    index = made_index(labels)
    epochs = [list(labels) for _ in range(5)]
    for epoch in epochs:
        epoch[2] = 2  # never right
    for epoch in epochs[3:]:
        epoch[4] = 1  # learnt and forgotten
    epochs[1][6] = 2  # once wrong
    found = {
        each.check: each for each in doubts(stored(tmp_path / "run", index, [sure_of(e) for e in epochs]), 1, index)
    }
    assert found["never"].images == (2,) and found["forgotten"].images == (4,)
    assert found["never"].text == "1 image never told right in run 1"


def test_images_that_are_gone_and_other_classes_are_no_trouble(tmp_path):
    labels = [0] * 10 + [1] * 10
    index = made_index(labels)
    folder = stored(tmp_path / "run", index, [sure_of([1, *labels[1:]])])
    fewer = index.taken(np.arange(1, 20))
    assert doubts(folder, 1, fewer) == ()
    other = made_index(labels)
    object.__setattr__(other, "classes", ("a", "b"))
    assert doubts(folder, 1, other) == ()
    (folder / "watch" / "00001.npy").unlink()
    assert doubts(folder, 1, index) == ()
    assert doubts(tmp_path / "nothing", 1, index) == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 5), st.integers(5, 60), st.integers(0, 2**31))
def test_confident_errors_are_what_the_paper_defines(classes, count, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    probabilities = random.dirichlet(np.ones(classes), count)
    order, answers = confident_errors(probabilities, labels)
    for number in range(count):
        reached = [
            c
            for c in range(classes)
            if (labels == c).any() and probabilities[number, c] >= probabilities[labels == c, c].mean()
        ]
        expected = max(reached, key=lambda c: probabilities[number, c]) if reached else -1
        assert answers[number] == expected
        is_doubted = expected not in (-1, labels[number])
        if is_doubted and probabilities[number, expected] > probabilities[number, labels[number]]:
            assert number in order
        else:
            assert number not in order
    margins = probabilities[order, answers[order]] - probabilities[order, labels[order]]
    assert (np.diff(margins) <= 1e-12).all()


def test_no_run_no_doubt(tmp_path):
    with pytest.raises(OSError):
        (tmp_path / "nothing").stat()
    assert doubts(tmp_path / "nothing", 1, made_index([0, 1, 2])) == ()
