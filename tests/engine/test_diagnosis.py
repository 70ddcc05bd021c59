"""The rules that judge a run, each in both directions; and real trainings that provoke them."""

import math
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from training_helpers import one_thread, plain_network, small_project, trained  # noqa: F401

from engine.errors import TrainingDiverged
from engine.spec import Chosen, DataSpec, ProjectSpec, RecipeSpec
from engine.spec.network import chain
from engine.train import runs
from engine.train.diagnosis import RULES, WINDOW, Diagnosis, Story, diagnose, trouble_of
from engine.train.next_step import gentler_rate, next_steps
from engine.train.stories import story_of

FALLING = [0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.08, 0.06, 0.05]
RISING = [0.6, 0.7, 0.75, 0.8, 0.83, 0.85, 0.87, 0.88, 0.89, 0.9]
TURNED = [0.7, 0.6, 0.5, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9]
FLAT_LOSS = [0.69] * 10


def story(train_loss, validation_loss, accuracy, gap=0.02, pictures=200, **more) -> Story:
    """Two classes, equally common unless `more` says otherwise."""
    more = {"counts": (pictures // 2, pictures - pictures // 2)} | more
    train_accuracy = more.pop("train_accuracy", [value + gap for value in accuracy])
    return Story(train_loss, train_accuracy, validation_loss, accuracy, **more)


def judged(*given, **more) -> Diagnosis:
    return diagnose(story(*given, **more))[0]


def codes(*given, **more) -> list[str]:
    return [found.code for found in diagnose(story(*given, **more))]


def test_before_the_first_epoch_there_is_nothing_to_judge():
    assert [found.code for found in diagnose(Story())] == ["waiting"]


# ---- each rule fires, and does not


def test_two_epochs_are_too_early_to_judge_unless_the_run_is_over():
    given = [0.7, 0.6], [0.7, 0.65], [0.5, 0.6]
    assert judged(*given).code == "early"
    assert judged(*given, ended=True).code != "early"


def test_a_run_that_was_cut_short_is_not_condemned():
    given = [0.7, 0.69], [0.7, 0.69], [0.5, 0.5]
    assert judged(*given, ended=True).code == "at_chance"
    assert judged(*given, ended=True, cut_short=True).code == "early"
    exploded = [9.0, 900.0], [9.0, 900.0], [0.5, 0.5]
    assert judged(*exploded, ended=True, cut_short=True).code in ("diverged", "rate_too_high")


def test_a_schedule_that_still_rises_is_waited_for():
    given = FLAT_LOSS, FLAT_LOSS, [0.5] * 10
    rising = {"learning_rate": 0.01, "usual_rate": 0.001}
    found = judged(*given, reached_rate=0.001, **rising)
    assert (found.code, found.needed, found.reached_rate) == ("early", 0, 0.001)
    assert judged(*given, reached_rate=0.006, **rising).code == "at_chance"
    assert judged(*given, reached_rate=0.001, ended=True, **rising).code == "at_chance"


def test_a_network_that_learns_its_own_images_gets_time():
    given = [0.7, 0.65, 0.6, 0.55], [0.7] * 4, [0.5] * 4
    assert (judged(*given).code, judged(*given).needed) == ("early", 10)
    assert judged(*given, ended=True).code == "at_chance"


def test_still_learning():
    found = judged(FALLING, FALLING, RISING)
    assert found.code == "still_learning"
    assert found.gain == pytest.approx(0.03)
    assert judged([0.5] * 10, [0.5] * 10, [0.9] * 10).code != "still_learning"


def test_wavering_by_a_picture_is_no_improvement_and_no_overfitting():
    accuracy = [0.88] * 6 + [0.885]
    assert judged(FALLING[:7], [0.5, 0.5, 0.5, 0.5, 0.505, 0.51, 0.5], accuracy).code == "plateau"


def test_overfitting_names_the_epoch_after_the_best():
    found = judged(FALLING, TURNED, [0.7] * 4 + [0.72] + [0.7] * 5, 0.25)
    assert (found.code, found.since, found.best_epoch, found.loss_low) == ("overfitting", 5, 5, 0.45)
    assert found.loss_now == pytest.approx(0.8)
    assert found.gap == pytest.approx(0.25)


def test_a_rise_of_nothing_is_no_overfitting():
    falling = [0.5 / epoch for epoch in range(1, 31)]
    losses = [0.4 - 0.02 * epoch for epoch in range(17)] + [0.023, 0.0235, 0.024, *[0.025] * 10]
    accuracy = [0.9] * 17 + [1.0, *[269 / 270] * 12]
    assert judged(falling, losses, accuracy, gap=0.004, pictures=270).code == "plateau"


def test_accuracy_lost_beyond_noise_is_overfitting_too():
    losses, accuracy = [0.7, 0.5, 0.40, *[0.42] * 7], [0.7, 0.8, 0.9, *[0.7] * 7]
    assert judged(FALLING, losses, accuracy, pictures=300).code == "overfitting"
    assert judged(FALLING, losses, accuracy, pictures=20).code != "overfitting"  # four of twenty may be luck


def test_a_rising_validation_loss_without_a_falling_training_loss_is_no_overfitting():
    assert judged([0.3, 0.3, 0.3, 0.29, *[0.3] * 6], TURNED, [0.9] * 10).code != "overfitting"


def test_underfitting_is_a_standstill_that_fits_not_even_its_own_images():
    losses = [0.65, 0.6, *[0.58] * 8]
    found = judged(losses, losses, [0.65, 0.68, *[0.7] * 8], gap=0.01)
    assert found.code == "underfitting"
    assert found.train_accuracy == pytest.approx(0.71)
    assert judged(losses, losses, [0.9] * 10, gap=0.01).code == "plateau"  # it fits them well enough
    assert judged(losses, losses, [0.7] * 10, gap=0.2).code == "plateau"  # it fits its own images
    assert judged(FALLING, [0.58] * 10, [0.7] * 10, gap=0.01).code == "plateau"  # it has not come to an end


def test_a_loss_far_above_blind_guessing_is_a_rate_too_high():
    found = judged([30.0, 28.0, 27.0, 26.0], [30.0, 28.0, 27.0, 26.0], [0.5, 0.48, 0.5, 0.49])
    assert found.code == "rate_too_high"
    assert found.loss_now > 20 and found.blind_loss == pytest.approx(math.log(2))
    assert judged(FLAT_LOSS, FLAT_LOSS, [0.5] * 10).code == "at_chance"


def test_a_first_epoch_that_threw_the_network_far_off_is_a_rate_too_high():
    losses = [40.0, 2.0, 0.8, 0.7, 0.7, 0.69]
    assert judged(losses, [0.7] * 6, [0.5] * 6, ended=True).code == "rate_too_high"
    assert judged(losses, [0.4] * 6, [0.9] * 6).code != "rate_too_high"  # it recovered


def test_a_training_loss_that_jumps_and_gets_nowhere_is_a_rate_too_high():
    jumping = [0.6, 0.5, 0.65, 0.5, 0.66, 0.5, 0.67, 0.6]
    found = judged(jumping, [0.6] * 8, [0.7] * 8)
    assert (found.code, found.jumps) == ("rate_too_high", 2)
    downhill = [0.9, 0.8, 0.85, 0.6, 0.66, 0.3, 0.35, 0.1]
    assert judged(downhill, [0.6] * 8, [0.7] * 8).code != "rate_too_high"
    tiny = [value / 100 for value in jumping]
    assert judged(tiny, [0.6] * 8, [0.7] * 8).code != "rate_too_high"  # at the bottom, jumps are nothing


def test_a_loss_that_creeps_at_a_tiny_rate_is_a_rate_too_low():
    creeping = [0.70 - 0.001 * epoch for epoch in range(10)]
    given = creeping, creeping, [0.52] * 10
    found = judged(*given, learning_rate=1e-6, usual_rate=1e-3)
    assert (found.code, found.learning_rate) == ("rate_too_low", 1e-6)
    assert judged(*given, learning_rate=1e-3, usual_rate=1e-3).code == "at_chance"  # the usual rate is not to blame
    assert judged(*given).code == "at_chance"  # nobody knows the rate
    assert judged(FALLING, FALLING, RISING, learning_rate=1e-6, usual_rate=1e-3).code == "still_learning"
    assert judged(*given[:2], [0.97] * 10, learning_rate=1e-6, usual_rate=1e-3).code != "rate_too_low"


def test_divergence_is_a_loss_that_is_no_number_or_explodes():
    nan = float("nan")
    assert judged([0.7, nan], [0.7, nan], [0.5, 0.5]).code == "diverged"
    assert judged([0.7, 0.5, nan, nan], [0.7, 0.5, nan, nan], [0.5] * 4).since == 3
    assert judged([0.7, 8.0, 90.0], [0.7, 9.0, 80.0], [0.5] * 3).code == "diverged"
    assert judged([0.7, 0.9, 0.8], [0.7, 0.9, 0.8], [0.5, 0.6, 0.7]).code != "diverged"
    assert judged([0.7, 1.2, 1.3], [0.7, 0.4, 0.3], [0.5, 0.8, 0.9]).code == "still_learning"  # much dropout


def test_a_run_that_was_ended_by_its_loss_has_diverged_even_in_its_first_epoch():
    assert [found.code for found in diagnose(Story(diverged=True, ended=True))] == ["diverged"]
    found = judged(FALLING[:2], FALLING[:2], RISING[:2], diverged=True, ended=True)
    assert (found.code, found.since) == ("diverged", 3)


def test_a_plateau_is_what_is_left():
    found = judged([0.2] * 10, [0.3] * 10, [0.9] * 10)
    assert (found.code, found.since) == ("plateau", 1)
    assert judged([0.2] * 10, [0.3] * 9 + [0.25], [0.9] * 10).code != "plateau"


def test_the_same_answer_to_everything_is_a_collapse():
    given = FLAT_LOSS[:5], FLAT_LOSS[:5], [0.5] * 5
    found = judged(*given, answers=[(0, 200)] * WINDOW)
    assert (found.code, found.answered, found.answered_share) == ("collapse", 1, 1.0)
    assert judged(*given, answers=[(0, 200), (0, 200), (40, 160)]).code == "at_chance"
    assert judged(*given, answers=[(40, 160), (0, 200), (0, 200)]).code == "at_chance"  # not for long enough
    assert judged(*given).code == "at_chance"  # nobody knows the answers


def test_one_answer_where_nearly_all_images_are_of_one_class_is_no_collapse():
    given = [0.2] * 5, [0.2] * 5, [0.95] * 5
    assert judged(*given, counts=(190, 10), answers=[(200, 0)] * WINDOW).code != "collapse"


def test_few_images_that_are_known_by_heart_are_too_few():
    given = FALLING, [0.6] * 10, [0.7] * 10
    assert codes(*given, gap=0.28, train_pictures=40) == ["too_few"]
    assert codes(*given, gap=0.28, train_pictures=4000) == ["plateau"]
    assert "too_few" not in codes(*given, gap=0.05, train_pictures=40)
    assert "too_few" not in codes(*given, gap=0.28)  # nobody counted them


def test_too_few_images_are_told_beside_overfitting():
    assert codes(FALLING, TURNED, [0.7] * 10, gap=0.28, train_pictures=40) == ["overfitting", "too_few"]


@pytest.mark.parametrize("epochs", [1, 2, 12])
@pytest.mark.parametrize("accuracy", [0.3, 0.5, 0.52])
def test_a_run_at_or_below_chance_is_never_done_nor_overfitting(epochs, accuracy):
    train_loss = [0.7 * 0.8**epoch for epoch in range(epochs)]  # learnt by heart
    losses = [0.7 + 0.2 * epoch for epoch in range(epochs)]
    found = judged(train_loss, losses, [accuracy] * epochs, gap=0.4, ended=True)
    assert found.code == "at_chance" and found.learns_by_heart


def test_chance_follows_the_images():
    assert Story(classes=4).chance == 0.25
    assert Story(classes=2, counts=(30, 10)).chance == 0.75
    assert Story(classes=2, counts=(30, 10)).blind_loss == pytest.approx(0.5623, abs=1e-4)


@pytest.mark.parametrize("pictures", [0, 1, 2, 1000])
@pytest.mark.parametrize("epochs", [1, 2, 3, 11])
@pytest.mark.parametrize("ended", [False, True])
def test_every_story_gets_a_judgement(pictures, epochs, ended):
    for losses in (FALLING * 2, TURNED * 2, [float("inf")] * 20, [0.0] * 20):
        found = diagnose(story(losses[:epochs], losses[:epochs], [0.5] * epochs, pictures=pictures, ended=ended))
        assert found
    assert len(RULES) >= 10


# ---- what to try next


@pytest.fixture
def project(picture_folder) -> ProjectSpec:
    made = small_project(picture_folder, network=plain_network(), learning_rate=0.001)
    return replace(made, data=replace(made.data, classes=("a", "b"), augment=()))


def steps(code: str, project: ProjectSpec, **evidence) -> dict:
    return {step.name: step for step in next_steps(Diagnosis(code, chance=0.5, **evidence), project)}


@pytest.mark.parametrize("code", ["plateau", "still_learning"])
def test_where_no_image_is_wrong_nothing_is_offered(project, code):
    assert steps(code, project, pictures=400, best_accuracy=0.99, best_epoch=9, epochs=9)
    assert not steps(code, project, pictures=400, best_accuracy=1.0, best_epoch=9, epochs=9)


def test_more_epochs_are_offered_where_the_last_ones_brought_something(project):
    assert "more_epochs" in steps("still_learning", project, best_epoch=9, epochs=9)
    assert "more_epochs" in steps("still_learning", project, best_epoch=7, epochs=9, ends_low=True)
    assert "more_epochs" not in steps("still_learning", project, best_epoch=7, epochs=9)


@pytest.mark.parametrize(
    ("rate", "usual", "wanted"), [(0.01, 0.001, 0.001), (0.05, 0.001, 0.001), (100.0, 0.05, 0.05), (3.0, 0.0, 0.3)]
)
def test_after_far_too_high_a_rate_comes_a_tenth_or_the_usual_one(rate, usual, wanted):
    assert gentler_rate(rate, usual) == wanted


def test_every_judgement_that_can_be_acted_on_offers_an_experiment(project):
    for code in ("diverged", "rate_too_high", "rate_too_low", "collapse", "too_few", "at_chance", "overfitting"):
        assert steps(code, project), code
    for code in ("underfitting", "still_learning", "plateau"):
        assert steps(code, project), code
    assert not steps("waiting", project) and not steps("early", project)


def test_an_experiment_changes_one_thing_and_leaves_its_project_alone(project):
    before = replace(project)
    for code in ("rate_too_high", "rate_too_low", "too_few", "overfitting", "underfitting", "plateau"):
        for step in next_steps(Diagnosis(code, chance=0.5), project):
            after = step.apply(project)
            changed = [name for name in ("data", "network", "recipe") if getattr(after, name) != getattr(project, name)]
            assert len(changed) == 1, step.name
    assert project == before


def test_learning_rates_that_are_far_off_go_to_the_usual_one(project):
    def with_rate(rate: float) -> ProjectSpec:
        return replace(project, recipe=replace(project.recipe, learning_rate=rate))

    assert steps("rate_too_high", with_rate(10.0))["lower_rate"].value == 0.001
    assert steps("rate_too_high", with_rate(0.003))["lower_rate"].value == pytest.approx(0.0003)
    assert steps("rate_too_low", with_rate(1e-7))["higher_rate"].value == 0.001
    assert steps("rate_too_low", with_rate(1e-4))["higher_rate"].value == pytest.approx(0.001)
    after = steps("rate_too_low", with_rate(1e-7))["higher_rate"].apply(with_rate(1e-7))
    assert after.recipe.learning_rate == 0.001


def test_what_is_there_is_not_offered_again(project):
    everything = replace(project, data=replace(project.data, augment=(Chosen("rotate"), Chosen("zoom"))))
    assert "augment" in steps("overfitting", project)
    assert "augment" not in steps("overfitting", everything)
    with_dropout = steps("overfitting", project)["dropout"].apply(project)
    assert [node.kind for node in with_dropout.network.nodes][-2:] == ["dropout", "classes"]
    assert "dropout" not in steps("overfitting", with_dropout)


def test_weights_are_balanced_only_where_classes_are_not(project):
    assert "balance" not in steps("collapse", project)
    uneven = next_steps(Diagnosis("collapse", chance=0.8), project)
    assert uneven[0].name == "balance"
    assert uneven[0].apply(project).recipe.class_weights == "balanced"


def test_a_wider_network_is_a_network(project):
    wider = steps("underfitting", project)["wider"].apply(project)
    assert wider.network["conv2d_1"].params["filters"] == 8


# ---- real trainings that provoke them


def told(path, number: int = 1) -> list[str]:
    """The judgement of a run from its files alone."""
    return [found.code for found in diagnose(story_of(runs.run_folder(path, number), ended=True))]


def digits(**recipe) -> ProjectSpec:
    """A training on scikit-learn's digits, which no step in a lucky direction solves."""
    data = DataSpec(size=8, colour="grey", source=Chosen("digits"), validation_percent=20, test_percent=50)
    settings = {"epochs": 4, "batch_size": 32, "device": "cpu", "precision": "float32"} | recipe
    return ProjectSpec(data, settings.pop("network", plain_network()), RecipeSpec(**settings))


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_huge_learning_rate_is_found_out(tmp_path, optimizer, schedule):
    path = tmp_path / "p" / "Test.atelier"
    with suppress(TrainingDiverged):
        trained(digits(learning_rate=10.0, optimizer=Chosen(optimizer), schedule=Chosen(schedule)), path)
    found = told(path)
    assert found[0] in ("diverged", "rate_too_high")
    steps = next_steps(Diagnosis(found[0]), runs.read_run_spec(runs.run_folder(path, 1)))
    assert [step.name for step in steps] == ["lower_rate"]


def test_the_gap_is_told_of_the_best_epoch_too():
    found = judged(
        [0.7, 0.6, 0.5, 0.4], [0.7, 0.6, 0.4, 0.6], [0.5, 0.6, 0.87, 0.8], train_accuracy=[0.5, 0.6, 0.79, 0.9]
    )
    assert (found.best_epoch, found.ends_low) == (3, False)
    assert found.best_gap == pytest.approx(-0.08) and found.gap == pytest.approx(0.1)
    assert judged(FALLING, FALLING, RISING).ends_low


def test_what_broke_a_run_is_told_by_its_losses_alone():
    assert trouble_of(story(FALLING, FALLING, RISING, ended=True)) == ""
    assert trouble_of(Story()) == "" and trouble_of(Story(diverged=True)) == "diverged"
    assert trouble_of(story([0.7, 9.0], [0.7, 9.0], [0.5, 0.5], ended=True)) == "diverged"
    assert trouble_of(story([0.7, 400.0, 0.7], [0.7, 7000.0, 0.7], [0.5, 0.5, 0.6], ended=True)) == "exploded"
    jumping = [0.5, 0.6, 0.5, 0.6, 0.5, 0.6]
    assert judged(jumping, [0.5] * 6, [0.8] * 6).code == "rate_too_high"
    assert trouble_of(story(jumping, [0.5] * 6, [0.8] * 6, ended=True)) == "", "it learnt something all the same"


def test_a_run_whose_first_epoch_breaks_says_so_from_its_files(tmp_path):
    path = tmp_path / "p" / "Test.atelier"
    with pytest.raises(TrainingDiverged):
        trained(digits(learning_rate=100.0, optimizer=Chosen("sgd"), schedule=Chosen("constant")), path)
    assert told(path) == ["diverged"]
    assert [info.trouble for info in runs.list_runs(path)] == ["diverged"]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_tiny_learning_rate_is_found_out(tmp_path, optimizer):
    path = tmp_path / "p" / "Test.atelier"
    trained(digits(learning_rate=1e-7, optimizer=Chosen(optimizer)), path)
    assert told(path)[0] == "rate_too_low"


def test_a_usual_learning_rate_is_not_complained_about(tmp_path):
    path = tmp_path / "p" / "Test.atelier"
    trained(digits(learning_rate=0.003), path)
    assert told(path)[0] in ("still_learning", "plateau")


def test_twelve_images_are_learnt_by_heart(tmp_path):
    """Noise: what is learnt of it helps nobody."""
    rng = np.random.default_rng(0)
    for name in ("one", "other"):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for number in range(30):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "noise" / name / f"{number:02d}.png")
    data = {"augment": (), "validation_percent": 60, "test_percent": 10}
    recipe = {"network": plain_network(), "epochs": 25, "learning_rate": 0.01, "schedule": Chosen("constant")}
    trained(small_project(tmp_path / "noise", data=data, **recipe), tmp_path / "p" / "Test.atelier")
    story = story_of(runs.run_folder(tmp_path / "p" / "Test.atelier", 1), ended=True)
    assert story.train_accuracy[-1] == 1.0 and story.train_pictures < 30
    # Better than chance by luck it overfits; else it knows its own few images and no others.
    assert diagnose(story)[0].code in ("overfitting", "too_few")


def test_a_network_that_always_gives_the_same_answer_is_found_out(picture_folder, tmp_path):
    """Few discs, and a network that is too narrow and too much disturbed to tell them from stripes."""
    for path in sorted((picture_folder / "disc").iterdir())[5:]:
        path.unlink()
    narrow = [("image", {}), ("flatten", {}), ("sigmoid", {}), ("dropout", {"rate": 0.95}), ("dense", {"units": 1})]
    network = chain([*narrow, ("tanh", {}), ("classes", {})])
    trained(small_project(picture_folder, network=network, epochs=4), tmp_path / "p" / "Test.atelier")
    story = story_of(runs.run_folder(tmp_path / "p" / "Test.atelier", 1), ended=True)
    assert len(story.answers) == 3 and sum(story.answers[-1]) == story.pictures
    found = diagnose(story)[0]
    assert (found.code, found.answered, found.answered_share) == ("collapse", 1, 1.0)
