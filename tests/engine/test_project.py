"""New projects: what they hold, and where they are kept."""

import pytest
import training_helpers as made
from training_helpers import one_thread as one_thread

from engine.compile import Facts, infer
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.project import SUFFIX, free_project_path, new_project, projects_folder, starting_spec
from engine.spec import Chosen
from engine.spec.files import read_project, write_project
from engine.templates import templates
from engine.train.events import EpochDone
from engine.train.job import start_run

HEAVY = {"alexnet", "vgg11", "vgg16", "convnext-tiny", "inception-v3", "resnet50"}
TEMPLATES = [pytest.param(entry.name, marks=pytest.mark.slow if entry.name in HEAVY else ()) for entry in templates()]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_project_can_be_trained_as_it_is(picture_folder, tmp_path, template):
    path = tmp_path / "P" / "P.atelier"
    project = new_project(made.source(picture_folder), size=16, template=template, seed=3)
    assert project.data.classes == ("disc", "stripes") and project.data.size == 16
    assert project.data.seed == project.recipe.seed == 3 and project.network.template == template
    assert infer(project.network, Facts(project.data.shape, 2)).is_ready
    write_project(project, path)
    assert read_project(path) == (project, ())
    work = start_run(project, path, JobControl())
    made.until(work, EpochDone)
    work.close()


def test_the_source_suggests_size_colour_and_augmentation(picture_folder):
    drawn, digits = starting_spec(Chosen("drawn")), starting_spec(Chosen("digits"))
    assert drawn.data.shape[0] == 3 and digits.data.shape[0] == 1
    assert [chosen.kind for chosen in drawn.data.augment] == ["mirror", "rotate", "zoom"]
    assert "mirror" not in [chosen.kind for chosen in digits.data.augment], "a mirrored digit is another sign"
    assert starting_spec(Chosen("digits"), size=20).data.size == 20
    assert drawn.data.classes == ()


def test_the_digits_become_a_project_of_ten_classes():
    project = new_project(Chosen("digits"), template="mlp")
    assert project.data.classes == tuple("0123456789")


def test_what_cannot_become_a_project_is_a_sentence(picture_folder, tmp_path):
    with pytest.raises(EngineError, match="no template called “vgg-small”") as caught:
        new_project(made.source(picture_folder), template="vgg-small")
    assert "small-vgg" in caught.value.fix
    with pytest.raises(EngineError, match="nowhere"):
        new_project(made.source(tmp_path / "nowhere"))
    with pytest.raises(EngineError, match="Size"):
        new_project(made.source(picture_folder), size=0)
    with pytest.raises(EngineError, match="source"):
        new_project(Chosen("pigeon"))


def test_every_new_project_gets_a_folder_of_its_own(tmp_path):
    first = free_project_path("Muffins", tmp_path)
    assert first == tmp_path / "Muffins" / f"Muffins{SUFFIX}"
    first.parent.mkdir()
    second = free_project_path("Muffins", tmp_path)
    assert second == tmp_path / "Muffins 2" / f"Muffins 2{SUFFIX}"
    second.parent.mkdir()
    assert free_project_path("Muffins", tmp_path).stem == "Muffins 3"
    assert free_project_path("Muffins").parent.parent == projects_folder()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ('a/b\\c:d*e?f"g<h>i|j', "a b c d e f g h i j"),
        (" .. ", "Project"),
        ("", "Project"),
        ("Größe 日本 🧁", "Größe 日本 🧁"),
        ("line\nbreak\x00", "line break"),
        ("name.", "name"),
    ],
)
def test_a_name_becomes_one_that_every_disk_takes(tmp_path, name, stem):
    path = free_project_path(name, tmp_path)
    assert path.stem == stem and path.parent.parent == tmp_path
    path.parent.mkdir()
    path.write_text("")
