"""The command line as scripts see it: exit status, what goes where, and the last line of `--json`."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from training_helpers import info_of, saved_project, small_project, until
from training_helpers import one_thread as one_thread

from engine.cli import main
from engine.errors import EngineError
from engine.importing import read
from engine.jobs import JobControl
from engine.layers import LAYERS
from engine.spec.files import read_project, write_project
from engine.templates import templates
from engine.train.events import EpochDone
from engine.train.job import resume_run, start_run

TRAIN_KEYS = {
    "run", "epochs", "best_epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
    "images_per_second", "seconds", "device", "precision", "parameters",
}  # fmt: skip


@pytest.fixture
def run(capsys):
    """Run a command in this process. Returns: exit status, the lines of stdout, and stderr."""

    def call(*arguments: object) -> tuple[int, list[str], str]:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            status = end.code
        told = capsys.readouterr()
        return status, told.out.splitlines(), told.err

    return call


@pytest.fixture
def good(run):
    """Run a command that must succeed with `--json`. Returns: the object."""

    def call(*arguments: object) -> dict:
        status, out, err = run(*arguments, "--json")
        assert status == 0, err
        return json.loads(out[-1])

    return call


@pytest.fixture
def refused(run):
    """Run a command that must be refused with a sentence. Returns: the sentence."""

    def call(*arguments: object) -> str:
        status, out, err = run(*arguments)
        last = err.splitlines()[-1]
        assert status == 2 and last.startswith("error: ") and "Traceback" not in err
        assert not any(line.startswith("{") for line in out)
        return last

    return call


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "P" / "P.atelier"


@pytest.fixture
def trained(picture_folder, path, good) -> dict:
    saved_project(picture_folder, path, epochs=2)
    return good("train", path)


# ---- new


def test_new_makes_a_project_that_train_can_use(picture_folder, path, good, run):
    made = good("new", path, "--data", picture_folder, "--template", "mlp", "--size", 16, "--seed", 5)
    assert made == {"project": str(path), "classes": ["disc", "stripes"], "template": "mlp"}
    project, notes = read_project(path)
    assert notes == () and project.data.size == 16 and project.data.seed == project.recipe.seed == 5
    assert good("train", path, "--epochs", 1, "--device", "cpu")["epochs"] == 1
    status, out, err = run("new", path, "--data", picture_folder, "--force")
    assert status == 0 and "small-vgg for 2 classes (disc, stripes)" in out[0] and err == ""


@pytest.mark.parametrize("sample", ["digits", pytest.param("drawn", marks=pytest.mark.slow)])
def test_new_knows_the_samples_by_name(path, good, sample):
    made = good("new", path, "--data", sample, "--template", "perceptron", "--size", 16)
    assert len(made["classes"]) == {"digits": 10, "drawn": 2}[sample]


def test_new_says_what_is_wrong(picture_folder, tmp_path, path, refused):
    assert "does not end in .atelier. Name it P.atelier" in refused("new", path.with_suffix(".txt"), "--data", "digits")
    told = refused("new", path, "--data", picture_folder, "--template", "small-vgh")
    assert "no template called “small-vgh”" in told and "small-vgg" in told
    assert "nowhere" in refused("new", path, "--data", tmp_path / "nowhere")
    assert "Size" in refused("new", path, "--data", picture_folder, "--size", 0)
    assert "Seed" in refused("new", path, "--data", picture_folder, "--seed", -1)
    assert not path.exists()
    path.parent.mkdir()
    path.write_text("mine")
    assert "is there already" in refused("new", path, "--data", picture_folder)
    assert path.read_text() == "mine"


def test_a_folder_called_like_a_sample_is_the_folder(picture_folder, tmp_path, path, good, monkeypatch):
    picture_folder.rename(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    assert good("new", path, "--data", "digits", "--size", 16)["classes"] == ["disc", "stripes"]


# ---- train


def test_train_ends_with_the_promised_numbers(picture_folder, path, run):
    saved_project(picture_folder, path, epochs=2)
    status, out, err = run("train", path, "--json")
    result = json.loads(out[-1])
    assert status == 0 and set(result) >= TRAIN_KEYS and set(result) - TRAIN_KEYS == {"reason"}
    assert result["epochs"] == 2 and (result["device"], result["precision"]) == ("cpu", "float32")
    assert len(out) == 2 and out[0].startswith("run 1: best epoch")
    told = err.splitlines()
    assert told[0].startswith("run 1: 12 images for training, 8 for validation, 0 left out; cpu (chosen by hand)")
    assert [line.split()[:2] for line in told[1:]] == [["epoch", "1"], ["epoch", "2"]]
    assert "\r" not in err and "\x1b" not in err, "no bar where there is no terminal"


def test_train_obeys_its_options_and_leaves_the_project_as_it_is(picture_folder, path, good):
    saved_project(picture_folder, path)
    before = path.read_bytes()
    options = ["--epochs", 1, "--batch-size", 3, "--lr", 0.25, "--optimizer", "sgd", "--seed", 7, "--device", "cpu"]
    result = good("train", path, *options, "--precision", "bfloat16")
    assert (result["epochs"], result["precision"]) == (1, "bfloat16")
    recipe = read_project(info_of(path).folder / "spec.json")[0].recipe
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.seed) == (1, 3, 0.25, 7)
    assert recipe.optimizer.kind == "sgd" and path.read_bytes() == before
    good("train", path, "--epochs", 1, "--optimizer", "sgd")
    assert read_project(info_of(path, 2).folder / "spec.json")[0].recipe.learning_rate == 0.05, "usual for SGD"


def test_train_says_what_is_wrong(picture_folder, tmp_path, path, refused):
    saved_project(picture_folder, path)
    told = refused("train", path, "--optimizer", "adamm")
    assert "adamm" in told and "adam" in told.replace("adamm", "")
    assert "Epochs" in refused("train", path, "--epochs", 0)
    assert "Learning rate" in refused("train", path, "--lr", "-1")
    assert "CPU cannot train in float16" in refused("train", path, "--precision", "float16")
    assert "is not there" in refused("train", tmp_path / "nothing.atelier")
    assert "Nothing has been trained" in refused("train", path, "--resume")
    (tmp_path / "noise.atelier").write_bytes(b"\x00\xff noise")
    assert "not an Atelier project" in refused("train", tmp_path / "noise.atelier")
    assert not (path.parent / "runs").exists()


def test_train_goes_on_with_the_last_run(picture_folder, path, good, refused):
    project = saved_project(picture_folder, path)
    work = start_run(project, path, JobControl())
    until(work, EpochDone)
    assert "being trained already" in refused("train", path, "--resume")
    work.close()
    told = refused("train", path, "--resume", "--lr", 0.1)
    assert "--lr cannot be used with --resume" in told
    result = good("train", path, "--resume")
    assert (result["run"], result["epochs"]) == (1, 3)
    assert "no run to resume" in refused("train", path, "--resume")


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["train", "p.atelier", "--device", "abacus"],
        ["fly"],
        [],
        ["new", "p.atelier"],
        ["train", "p", "--lr", "x"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_shows_its_use(run, arguments):
    status, out, err = run(*arguments)
    assert status == 2 and out == [] and err.startswith("usage: ")


# ---- evaluate


def test_evaluate_prints_the_scores_and_the_promised_object(trained, path, run):
    status, out, err = run("evaluate", path, "--json")
    result = json.loads(out[-1])
    assert status == 0 and err == ""
    assert set(result) == {"images", "accuracy", "loss", "per_class", "confusion", "classes", "run", "interval"}
    assert result["images"] == sum(map(sum, result["confusion"])) == 4 and result["classes"] == ["disc", "stripes"]
    assert set(result["per_class"]) == {"disc", "stripes"}
    assert set(result["per_class"]["disc"]) == {"images", "precision", "recall", "f1"}
    assert out[0].startswith("4 images: accuracy ") and len(out) == 1 + 2 + 1


def test_evaluate_takes_a_split_a_run_and_another_folder(trained, picture_folder, path, good, refused):
    good("train", path)
    newest, first = good("evaluate", path, "--split", "validation"), good("evaluate", path, "--run", 1)
    assert (newest["run"], newest["images"], first["run"]) == (2, 8, 1)
    assert newest["accuracy"] == trained["validation_accuracy"], "both runs have the same seed"
    assert good("evaluate", path, "--data", picture_folder)["images"] == 24
    assert "no run 9" in refused("evaluate", path, "--run", 9)
    (picture_folder / "disc").rename(picture_folder / "plate")
    assert "does not know the class “plate”" in refused("evaluate", path, "--data", picture_folder)


def test_what_was_never_trained_cannot_be_asked(picture_folder, path, refused):
    saved_project(picture_folder, path)
    for command in (["evaluate", path], ["predict", path, picture_folder]):
        assert "Nothing has been trained" in refused(*command)


# ---- predict


def test_predict_answers_every_file_in_order(trained, picture_folder, tmp_path, path, run, good):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    nowhere, table = tmp_path / "nowhere.png", tmp_path / "answers.csv"
    asked = [picture_folder / "disc" / "disc-01.png", broken, nowhere, picture_folder / "stripes"]
    result = good("predict", path, *asked, "--csv", table)
    assert set(result) == {"run", "predictions"} and len(result["predictions"]) == 3 + 12
    first, second, third, *rest = result["predictions"]
    assert set(first) == {"path", "class", "probability", "probabilities"} and first["path"] == str(asked[0])
    assert list(first["probabilities"]) == ["disc", "stripes"]
    assert first["probability"] == max(first["probabilities"].values()) == first["probabilities"][first["class"]]
    assert set(second) == set(third) == {"path", "error"}
    assert [second["path"], third["path"]] == [str(broken), str(nowhere)]
    assert [Path(entry["path"]).name for entry in rest] == [f"stripes-{number:02d}.png" for number in range(12)]

    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(table.read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["path", "class", "probability", "disc", "stripes", "error"] and len(rows) == 16
    assert rows[1][:2] == [str(asked[0]), first["class"]] and rows[2][5] == second["error"]

    status, out, err = run("predict", path, *asked[:2])
    assert status == 0 and err == "" and len(out) == 2
    assert out[0].startswith(f"{asked[0]}: {first['class']} ") and out[1].startswith(f"{broken}: ")


def test_predict_says_what_is_wrong(trained, tmp_path, path, picture_folder, refused):
    (tmp_path / "empty").mkdir()
    assert "no images to classify" in refused("predict", path, tmp_path / "empty")
    told = refused("predict", path, picture_folder, "--csv", tmp_path / "no" / "such" / "folder.csv")
    assert "could not be written" in told and "No such file" in told


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes file names of any bytes")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("name", ["grüße 日本 🧁.png".encode(), b"no \xff text.png"], ids=["text", "no text"])
def test_any_file_name_is_answered_in_any_encoding(
    trained, picture_folder, tmp_path, path, name, encoding, monkeypatch
):
    picture = tmp_path / os.fsdecode(name)
    picture.write_bytes((picture_folder / "disc" / "disc-00.png").read_bytes())
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["predict", str(path), str(picture)]) == main(["predict", str(path), str(picture), "--json"]) == 0
    plain, last = out.buffer.getvalue().splitlines()
    assert b".png: " in plain
    assert json.loads(last)["predictions"][0]["path"] == str(picture)


# ---- export


def test_export_writes_a_program_that_takes_the_weights(trained, picture_folder, path, tmp_path, good):
    made = good("export", path, "--to", "code", tmp_path / "net.py")
    assert made == {"path": str(tmp_path / "net.py"), "to": "code", "bytes": (tmp_path / "net.py").stat().st_size}
    folder = tmp_path / "out"
    folder.mkdir()
    weights = good("export", path, "--to", "weights", folder)["path"]
    assert weights == str(folder / "P.safetensors")
    script = (
        "import net, torch, safetensors.torch as files\n"
        "made = [one for one in vars(net).values() if isinstance(one, type) and one.__module__ == 'net'][-1]()\n"
        f"made.load_state_dict(files.load_file({weights!r}), strict=True)\n"
        "print(sum(one.numel() for one in made.parameters()))"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) == trained["parameters"]


def test_export_writes_the_network_and_its_table(trained, path, tmp_path, good, refused):
    good("export", path, "--to", "network", tmp_path / "n.json")
    assert read(tmp_path / "n.json").network == read_project(path)[0].network
    good("export", path, "--to", "table", tmp_path / "n.csv", "--run", 1)
    with (tmp_path / "n.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert sum(int(row["Parameters"]) for row in table) == trained["parameters"]
    assert "no run 7" in refused("export", path, "--to", "weights", tmp_path / "w", "--run", 7)
    assert "could not be" in refused("export", path, "--to", "code", tmp_path / "none" / "n.py")


def test_what_was_never_trained_has_no_weights_but_a_program(picture_folder, path, tmp_path, good, refused):
    saved_project(picture_folder, path)
    assert "Nothing has been trained" in refused("export", path, "--to", "weights", tmp_path / "w")
    assert good("export", path, "--to", "code", tmp_path / "n.py")["bytes"] > 300


# ---- inspect, templates, layers


def test_inspect_tells_what_is_there_and_what_is_wrong(picture_folder, good, run, refused, tmp_path):
    (picture_folder / "disc" / "disc-03.png").write_bytes(b"no picture")
    copied = (picture_folder / "stripes" / "stripes-00.png").read_bytes()
    (picture_folder / "stripes" / "stripes-01.png").write_bytes(copied)
    found = good("inspect", picture_folder)
    assert set(found) >= {"classes", "images", "unreadable", "duplicates", "splits", "warnings"}
    assert found["classes"] == {"disc": 12, "stripes": 12} and found["images"] == 24
    assert [entry["path"] for entry in found["unreadable"]] == ["disc/disc-03.png"]
    assert found["duplicates"] == [["stripes/stripes-00.png", "stripes/stripes-01.png"]]
    assert sum(found["splits"].values()) == 24 and found["warnings"]
    status, out, _ = run("inspect", picture_folder)
    assert status == 0 and out[0] == "24 images in 2 classes"
    assert any("unreadable: disc/disc-03.png" in line for line in out)
    assert "nowhere" in refused("inspect", tmp_path / "nowhere")


def test_inspect_survives_the_nasty_folder(shared_data, good):
    found = good("inspect", shared_data / "nasty" / "folder")
    assert found["images"] == sum(found["classes"].values()) > 0 and found["warnings"]
    broken = {entry["path"] for entry in found["unreadable"]}
    of_class = {path for path in broken if path.startswith("class_c_all_broken/")}
    assert len(of_class) == found["classes"]["class_c_all_broken"] > 0
    assert all(entry["error"] for entry in found["unreadable"])


def test_templates_and_layers_are_listed(good, run):
    found = good("templates")["templates"]
    assert [entry["name"] for entry in found] == [entry.name for entry in templates()]
    assert all(set(entry) >= {"name", "parameters", "layers", "input", "task"} for entry in found)
    assert all(entry["parameters"] > 0 and entry["layers"] > 2 for entry in found)
    assert {entry["task"] for entry in found} == {"classification"}
    kinds = good("layers")["layers"]
    assert [entry["name"] for entry in kinds] == [kind.name for kind in LAYERS]
    assert all(set(entry) >= {"name", "family", "params"} for entry in kinds)
    convolution = next(entry for entry in kinds if entry["name"] == "conv2d")
    assert {"filters", "kernel", "stride", "padding"} <= {setting["name"] for setting in convolution["params"]}
    assert len(run("layers")[1]) == len(kinds)


# ---- whose fault it is


def test_our_own_mistake_shows_a_traceback_and_status_1(run, monkeypatch, tmp_path):
    def broken(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("engine.cli.commands.layers", broken)
    status, out, err = run("layers")
    assert status == 1 and out == [] and "ZeroDivisionError: ours" in err
    assert "a mistake in Atelier, not yours" in err.splitlines()[-1]


def test_the_handler_of_interrupts_is_put_back(run):
    before = signal.getsignal(signal.SIGINT)
    run("layers")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_command_may_run_in_another_thread():
    ended = []
    thread = threading.Thread(target=lambda: ended.append(main(["layers"])))
    thread.start()
    thread.join(30)
    assert ended == [0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
def test_ctrl_c_keeps_the_finished_epochs(picture_folder, path, good):
    saved_project(picture_folder, path, epochs=100_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "train", path, "--json"],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    for line in process.stderr:
        if line.startswith("epoch   2"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    info = info_of(path)
    assert info.state == "stopped" and info.epochs_done >= 2 and info.can_resume and info.has_weights
    assert good("predict", path, picture_folder)["run"] == 1
    work = resume_run(path, 1, JobControl())
    assert until(work, EpochDone).epoch == info.epochs_done + 1
    work.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break in another way")
def test_a_reader_that_has_enough_is_no_disaster():
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from engine.cli import main; input(); sys.exit(main(['layers']))"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdout.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.stderr.read() == b"" and process.wait(60) == 1
    process.stderr.close()


def test_as_a_module_it_explains_itself_without_torch():
    code = "import sys; import engine.cli; assert not {'torch', 'PySide6'} & set(sys.modules); print('light')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "light\n", done.stderr
    done = subprocess.run([sys.executable, "-m", "engine", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "predict" in done.stdout


def test_errors_of_the_engine_are_what_the_window_shows(picture_folder, path, refused):
    project = small_project(picture_folder, device="cuda")
    write_project(project, path)
    try:
        until(start_run(project, path, JobControl()), EpochDone)
    except EngineError as error:
        assert refused("train", path) == f"error: {error}"
    else:
        pytest.skip("there is a graphics processor here")


def test_archives_are_data_for_new_and_inspect(picture_folder, path, tmp_path, good):
    packed = tmp_path / "set.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in picture_folder.rglob("*.png"):
            archive.write(file, file.relative_to(picture_folder).as_posix())
    assert good("inspect", packed)["classes"] == {"disc": 12, "stripes": 12}
    made = good("new", path, "--data", packed, "--template", "mlp", "--size", 16)
    assert made["classes"] == ["disc", "stripes"]
    assert good("train", path, "--epochs", 1)["epochs"] == 1
