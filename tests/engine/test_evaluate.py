"""Scores of a trained network, against the definitions and against scikit-learn."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import training_helpers as made
from conftest import draw_pictures
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from training_helpers import followed, small_project, trained
from training_helpers import one_thread as one_thread

from engine.data.index import TEST, TRAIN, VALIDATION
from engine.errors import EngineError
from engine.evaluate.evaluate import evaluate
from engine.evaluate.metrics import score
from engine.evaluate.model import load_model
from engine.jobs import Cancelled, JobControl, Progress
from engine.spec import DataEdits
from engine.statistics import wilson
from engine.train.events import EpochDone
from engine.train.job import PicturesReady

# ---- the scores


@st.composite
def answers(draw):
    classes, count = draw(st.integers(2, 5)), draw(st.integers(1, 40))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count))
    seed = draw(st.integers(0, 2**32 - 1))
    return np.array(labels), np.random.default_rng(seed).dirichlet(np.full(classes, 0.5), count).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(answers())
def test_every_score_is_that_of_scikit_learn(case):
    labels, probabilities = case
    classes = tuple(f"class {number}" for number in range(probabilities.shape[1]))
    every, given_answers = range(len(classes)), probabilities.argmax(1)
    found = score(classes, labels, probabilities)
    assert found.images == len(labels) and found.accuracy == sk.accuracy_score(labels, given_answers)
    assert found.confusion.tolist() == sk.confusion_matrix(labels, given_answers, labels=every).tolist()
    assert found.loss == pytest.approx(-np.log(probabilities[range(len(labels)), labels].clip(1e-12)).mean(), rel=1e-5)
    precision, recall, f1, count = sk.precision_recall_fscore_support(
        labels, given_answers, labels=every, zero_division=np.nan
    )
    for place, entry in enumerate(found.per_class()):
        assert (entry.name, entry.images) == (classes[place], count[place])
        assert entry.precision == (None if np.isnan(precision[place]) else pytest.approx(precision[place]))
        assert entry.recall == (None if np.isnan(recall[place]) else pytest.approx(recall[place]))
        if entry.f1 is not None:
            assert entry.f1 == pytest.approx(f1[place])
    low, high = found.interval
    assert 0 <= low <= found.accuracy + 1e-9 and found.accuracy - 1e-9 <= high <= 1


def test_a_probability_rounded_to_nothing_costs_much_and_not_everything():
    found = score(("a", "b"), np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert found.loss == pytest.approx(-np.log(1e-12) / 2) and found.accuracy == 0.5


@pytest.mark.parametrize(
    ("successes", "trials", "interval"),
    [
        # Newcombe, 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
        (29, 29, (0.8830, 1.0)),
    ],
)
def test_the_interval_is_wilsons(successes, trials, interval):
    assert wilson(successes, trials) == pytest.approx(interval, abs=1e-4)


# ---- of a model


@pytest.fixture
def run(picture_folder, tmp_path):
    path = tmp_path / "P" / "P.atelier"
    watching = trained(small_project(picture_folder, epochs=2), path)
    return watching, load_model(path.parent / "runs" / "0001", "cpu")


def evaluated(model, **more):
    return followed(evaluate(model, JobControl(), **more))


def test_the_validation_split_scores_as_in_training(run):
    watching, model = run
    best = watching.of(EpochDone)[watching.result.best_epoch - 1]
    found = evaluated(model, split="validation").result
    assert found.accuracy == best.validation_accuracy and found.images == len(best.numbers)
    assert found.loss == pytest.approx(best.validation_loss, rel=1e-4)


def test_each_split_is_scored_on_its_own_pictures(run):
    watching, model = run
    pictures = watching.of(PicturesReady)[0].pictures
    for name, split in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST)):
        watched = evaluated(model, split=name)
        numbers = pictures.readable(split)
        assert watched.result.images == len(numbers)
        wanted = model.probabilities(pictures.rows[pictures.row_of[numbers]]).argmax(1)
        assert watched.result.accuracy == (wanted == pictures.index.labels[numbers]).mean()
        assert all(isinstance(event, Progress) for event in watched.events) and watched.events[-1].done == len(numbers)
    assert evaluated(model).result.images == len(pictures.readable(TEST)), "the usual split is the test"


def test_another_folder_may_lack_a_class_and_keeps_the_order(run, tmp_path):
    _, model = run
    other = tmp_path / "other"
    draw_pictures(other, per_class=5, side=40)
    shutil.rmtree(other / "disc")
    found = evaluated(model, folder=other).result
    assert found.classes == ("disc", "stripes") and found.images == 5, "all of its pictures, not only a test split"
    assert found.confusion[0].tolist() == [0, 0] and found.confusion[1].sum() == 5
    assert found.per_class()[0].recall is None


def test_an_unreadable_picture_of_another_folder_is_left_out(run, tmp_path):
    other = tmp_path / "other"
    draw_pictures(other, per_class=4, side=40)
    (other / "disc" / "disc-00.png").write_bytes(b"no picture")
    assert evaluated(run[1], folder=other).result.images == 7


def test_edits_by_name_mean_nothing_in_another_folder(run, tmp_path):
    other = tmp_path / "other"
    draw_pictures(other, per_class=4, side=40)
    (other / "disc").rename(other / "round")
    edits = DataEdits(
        left_out=("round/disc-00.png",), moved={"stripes/stripes-01.png": "disc"}, class_names={"round": "disc"}
    )
    found = evaluated(replace(run[1], data=replace(run[1].data, edits=edits)), folder=other).result
    assert found.images == 8 and found.confusion.sum(1).tolist() == [4, 4]


def test_an_unknown_class_is_a_sentence(run, tmp_path):
    other = tmp_path / "other"
    draw_pictures(other, per_class=3, side=20)
    (other / "stripes").rename(other / "zebra")
    with pytest.raises(EngineError, match="does not know the class “zebra”") as caught:
        evaluated(run[1], folder=other)
    assert "disc, stripes" in caught.value.why and caught.value.fix


def test_no_pictures_and_no_folder_are_sentences(picture_folder, tmp_path):
    path = tmp_path / "P" / "P.atelier"
    trained(small_project(picture_folder, epochs=1, data={"test_percent": 0}), path)
    model = load_model(path.parent / "runs" / "0001", "cpu")
    with pytest.raises(EngineError, match="no test images to evaluate on") as caught:
        evaluated(model)
    assert "Choose another split" in caught.value.fix
    with pytest.raises(EngineError) as caught:
        evaluated(model, folder=tmp_path / "nowhere")
    assert "nowhere" in str(caught.value)


def test_it_can_be_stopped(run):
    control = JobControl()
    work = evaluate(run[1], control)
    next(work)
    control.stop()
    with pytest.raises(Cancelled):
        followed(work)


# ---- which model is opened


def test_weights_of_another_network_are_a_sentence(run, picture_folder, tmp_path):
    folder = tmp_path / "P" / "runs" / "0001"
    other = tmp_path / "Q" / "Q.atelier"
    trained(small_project(picture_folder, epochs=1, network=made.plain_network()), other)
    shutil.copy(other.parent / "runs" / "0001" / "best.safetensors", folder / "best.safetensors")
    with pytest.raises(EngineError, match="weights of run 1 do not belong to its network"):
        load_model(folder, "cpu")
    (folder / "best.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(EngineError, match="cannot be used"):
        load_model(folder, "cpu")


def test_opening_a_model_takes_no_random_numbers(run, tmp_path):
    import torch

    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    load_model(tmp_path / "P" / "runs" / "0001", "cpu")
    assert torch.equal(torch.rand(3), wanted)


def test_a_model_answers_in_float32_and_one_picture_as_many(run):
    watching, model = run
    assert model.placement.precision == "float32" and not model.network.training
    rows = watching.of(PicturesReady)[0].pictures.rows[:6]
    many = model.probabilities(rows)
    assert many.dtype == np.float32 and many.shape == (6, 2)
    np.testing.assert_allclose(np.concatenate([model.probabilities(row[None]) for row in rows]), many, atol=1e-6)
    np.testing.assert_allclose(many.sum(1), 1, atol=1e-6)
