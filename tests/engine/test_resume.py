"""A run that was cut off at any moment goes on as if nothing had happened, to the last bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
import training_helpers as made
from conftest import ROOT
from safetensors import safe_open
from safetensors.torch import save_file
from training_helpers import assert_same_run, everything_told, followed, info_of, numbers, small_project, trained, until
from training_helpers import one_thread as one_thread

from engine.errors import EngineError
from engine.evaluate.model import load_model
from engine.jobs import Cancelled, JobControl
from engine.spec import Chosen
from engine.spec.files import write_project
from engine.train import history, record, runs
from engine.train.checkpoint import load_state, read_facts, save_state
from engine.train.events import BatchDone, EpochDone, RunStarted
from engine.train.job import resume_run, start_run
from engine.train.optimizers import OPTIMIZERS
from engine.train.schedules import SCHEDULES


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


def run_folder(path, number: int) -> Path:
    return path.parent / "runs" / f"{number:04d}"


def stopped_after(project, path, kind: type, count: int) -> None:
    """Start a run and stop it right after its `count`-th event of `kind`."""
    control = JobControl()
    work = start_run(project, path, control)
    until(work, kind, count)
    control.stop()
    with pytest.raises(Cancelled):
        followed(work)


OPTIMIZER_SETTINGS = [
    *(pytest.param(Chosen(kind.name), id=kind.name) for kind in OPTIMIZERS),
    pytest.param(Chosen("sgd", {"momentum": 0.0}), id="sgd without momentum"),
    pytest.param(Chosen("sgd", {"nesterov": True}), id="nesterov"),
    pytest.param(Chosen("rmsprop", {"momentum": 0.9}), id="rmsprop with momentum"),
]


@pytest.mark.parametrize("optimizer", OPTIMIZER_SETTINGS)
def test_every_optimizer_goes_on_exactly(picture_folder, path, optimizer):
    project = small_project(picture_folder, optimizer=optimizer, epochs=4, learning_rate=0.01)
    trained(project, path)
    for stop, number in ((1, 2), (3, 3)):
        stopped_after(project, path, EpochDone, stop)
        result = made.resumed(path, number)
        assert result.of(RunStarted)[0].first_epoch == stop + 1
        assert [event.epoch for event in result.of(EpochDone)] == list(range(stop + 1, 5))
        assert result.result.epochs == 4 and result.result.reason == "finished"
        assert_same_run(run_folder(path, 1), run_folder(path, number))


def test_the_best_weights_are_those_of_an_epoch_that_is_kept(picture_folder, path, monkeypatch):
    """Also where the process dies after it wrote the best weights of an epoch and before the epoch itself."""
    monkeypatch.setattr(history, "is_better", lambda line, best: True)
    project, append = small_project(picture_folder, epochs=3), history.append

    def dies(folder, line):
        if line.epoch == 2:
            raise OSError("gone")
        append(folder, line)

    trained(project, path)
    with monkeypatch.context() as patch:
        patch.setattr(history, "append", dies)
        with pytest.raises(EngineError):
            trained(project, path)
    folder = run_folder(path, 2)
    assert read_facts(folder / runs.BEST)["epoch"] == 2, "the moment that this is about"
    control = JobControl()
    work = resume_run(path, 2, control)
    until(work, RunStarted)
    control.stop()
    with pytest.raises(Cancelled):
        followed(work)
    assert info_of(path, 2).best_epoch == read_facts(folder / runs.BEST)["epoch"] == 1
    assert load_model(folder, "cpu").epoch == 1
    made.resumed(path, 2)
    assert_same_run(run_folder(path, 1), folder)
    assert not (folder / runs.FORMER_BEST).exists()


@pytest.mark.parametrize("links", [True, False])
def test_what_is_set_aside_is_whole_or_not_there(picture_folder, path, monkeypatch, links):
    """On a file system without links a copy may end anywhere; the run goes on from its last epoch all the same."""
    monkeypatch.setattr(history, "is_better", lambda line, best: True)
    project = small_project(picture_folder, epochs=4)
    trained(project, path)

    def no_links(*_):
        raise OSError("not here")

    def half(file, part):
        Path(part).write_bytes(Path(file).read_bytes()[:100])
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        if not links:
            patch.setattr(os, "link", no_links)
        stopped_after(project, path, EpochDone, 2)
        folder = run_folder(path, 2)
        assert not (folder / runs.FORMER_BEST).exists()
        patch.setattr(os, "link", no_links)
        patch.setattr(record.shutil, "copyfile", half)
        control = JobControl()
        work = resume_run(path, 2, control)
        until(work, EpochDone)
        control.stop()
        with pytest.raises(Cancelled):
            followed(work)
    (folder / runs.FORMER_BEST).write_bytes(b"what a version before left half written")
    made.resumed(path, 2)
    assert_same_run(run_folder(path, 1), folder)
    assert not (folder / runs.FORMER_BEST).exists() and not list(folder.glob("*part*"))


def test_moments_of_other_weights_are_refused(picture_folder, path):
    project = small_project(picture_folder, epochs=3)
    stopped_after(project, path, EpochDone, 1)
    last = run_folder(path, 1) / runs.LAST
    with safe_open(last, framework="pt") as file:
        names = list(file.keys())
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in names}
    first, second = (tensors[f"optimizer.{place}.exp_avg"] for place in (0, 1))
    assert first.shape != second.shape
    tensors |= {"optimizer.0.exp_avg": second.clone(), "optimizer.1.exp_avg": first.clone()}
    save_file(tensors, last, metadata)
    with pytest.raises(EngineError, match="do not belong to this network"):
        made.resumed(path)


def test_best_weights_without_any_epoch_are_none(picture_folder, path, monkeypatch):
    def dies(folder, line):
        raise OSError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(history, "append", dies)
        with pytest.raises(EngineError):
            trained(small_project(picture_folder), path)
    assert (run_folder(path, 1) / runs.BEST).exists() and not (run_folder(path, 1) / runs.LAST).exists()
    work = resume_run(path, 1, JobControl())
    until(work, RunStarted)
    assert not (run_folder(path, 1) / runs.BEST).exists()
    work.close()


@pytest.mark.filterwarnings("ignore:.*no-op")
def test_single_numbers_of_an_optimizer_stay_where_it_made_them(tmp_path):
    """Else a look at one of them, as NAdam takes at every step, would wait for a graphics processor."""
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.NAdam(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    save_state(tmp_path / "s.safetensors", network, optimizer, {})
    network = torch.nn.Linear(3, 2, device="meta")
    optimizer = torch.optim.NAdam(network.parameters())
    load_state(tmp_path / "s.safetensors", network, optimizer)
    state = optimizer.state[network.weight]
    assert state["mu_product"].device.type == state["step"].device.type == "cpu"
    assert state["exp_avg"].device.type == "meta"


@pytest.mark.parametrize("schedule", [kind.name for kind in SCHEDULES])
def test_every_schedule_goes_on_from_within_an_epoch(picture_folder, path, schedule, monkeypatch):
    project = small_project(picture_folder, schedule=Chosen(schedule))
    trained(project, path)
    with everything_told(monkeypatch):
        stopped_after(project, path, BatchDone, 5)  # the second of three batches of the second epoch
    made.resumed(path, 2)
    assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_a_run_may_be_interrupted_again_and_again(picture_folder, path):
    project = small_project(picture_folder, epochs=5)
    trained(project, path)
    stopped_after(project, path, EpochDone, 1)
    for _ in range(3):
        work = resume_run(path, 2, JobControl())
        until(work, EpochDone)
        work.close()
    assert info_of(path, 2).epochs_done == 4
    made.resumed(path, 2)
    assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_other_work_with_random_numbers_in_between_changes_nothing(picture_folder, path, monkeypatch):
    project = small_project(picture_folder)
    trained(project, path)
    work = start_run(project, path, JobControl())
    until(work, EpochDone, 1)
    trained(small_project(picture_folder, seed=9), path)  # between two epochs, in the same process
    followed(work)
    assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_pausing_holds_within_a_step_and_changes_nothing(picture_folder, path, monkeypatch):
    from threading import Event, Thread

    project = small_project(picture_folder, epochs=4)
    trained(project, path)
    control, events, told = JobControl(), [], Event()
    holding, wait = Event(), control._may_run.wait

    def waits(*args):
        if control.is_paused:
            holding.set()
        return wait(*args)

    monkeypatch.setattr(control._may_run, "wait", waits)

    def work():
        for event in start_run(project, path, control):
            events.append(event)
            if isinstance(event, EpochDone) and event.epoch == 2:
                control.pause()
                told.set()

    thread = Thread(target=work)
    thread.start()
    assert told.wait(30) and holding.wait(30)
    count = len(events)
    assert isinstance(events[-1], EpochDone), "nothing was told after the pause"
    assert thread.is_alive() and not thread.join(0.2) and len(events) == count
    control.resume()
    thread.join(30)
    assert not thread.is_alive() and len(events) > count
    assert_same_run(run_folder(path, 1), run_folder(path, 2))
    # The pause is no working time.
    assert max(line.seconds for line in history.read(run_folder(path, 2))) < 60


# ---- cut off at every single moment


def moments(monkeypatch, folder: Path, into: Path):
    """Copy `folder` to `into` before and after everything that changes it: all states a killed process can leave."""
    count = 0

    def snapshot() -> None:
        nonlocal count
        if (folder / "run.json").exists():
            shutil.copytree(folder, into / f"{count:04d}")
            count += 1

    def around(usual):
        def call(*args, **settings):
            snapshot()
            result = usual(*args, **settings)
            snapshot()
            return result

        return call

    for name in ("replace", "fsync", "unlink"):
        monkeypatch.setattr(os, name, around(getattr(os, name)))
    monkeypatch.setattr(history, "append", around(history.append))


def test_whatever_moment_it_is_killed_at_it_goes_on_exactly(picture_folder, path, tmp_path, monkeypatch):
    project = small_project(picture_folder, epochs=3, learning_rate=0.01)
    trained(project, path)
    wanted = tmp_path / "wanted"
    shutil.move(run_folder(path, 1), wanted)
    with monkeypatch.context() as patch:
        moments(patch, run_folder(path, 1), tmp_path / "moments")
        trained(project, path)
    assert_same_run(wanted, run_folder(path, 1))
    states = {}
    for moment in sorted((tmp_path / "moments").iterdir()):
        state = {str(p.relative_to(moment)): p.read_bytes() for p in moment.rglob("*") if p.is_file()}
        if json.loads((moment / "run.json").read_text())["state"] == "running":
            # Half-written files have random names.
            key = {name.split(".part")[0][:20] if name.endswith(".part") else name: c for name, c in state.items()}
            states[json.dumps({name: hash(content) for name, content in key.items()}, sort_keys=True)] = moment
    assert len(states) > 20
    assert any(list(moment.rglob("*.part")) for moment in states.values())
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        gone = process.pid
    for moment in states.values():
        shutil.rmtree(run_folder(path, 1))
        shutil.copytree(moment, run_folder(path, 1))
        (run_folder(path, 1) / "owner.json").unlink(missing_ok=True)  # its process is gone
        for part in run_folder(path, 1).rglob("*.part"):
            part.rename(part.with_name(part.name.replace(f".{os.getpid()}-", f".{gone}-")))
        assert info_of(path).state == "interrupted" and info_of(path).can_resume, moment.name
        made.resumed(path)
        assert_same_run(wanted, run_folder(path, 1))


# ---- really killed

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")


class Trainings:
    """Trainings in processes of their own, without the seconds that each would take to import torch."""

    def __init__(self):
        script = Path(__file__).with_name("forked_trainings.py")
        env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._server = subprocess.Popen([sys.executable, str(script)], env=env, text=True, encoding="utf-8", **pipes)

    def start(self, *arguments: str, kill_at: int = -1) -> int:
        """Start `python -m engine ARGUMENTS`. Returns: the number of its process."""
        self._server.stdin.write(json.dumps({"arguments": arguments, "kill_at": kill_at}) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def told(self, lines: int) -> list[str]:
        """Wait until it has told that many lines on stderr."""
        return [self._server.stderr.readline() for _ in range(lines)]

    def ended(self) -> tuple[int, list[str]]:
        """Wait for its end. Returns: the exit status, and what it printed."""
        for stream in (self._server.stderr, self._server.stdout):
            printed = []
            while not (line := stream.readline()).startswith("ended"):
                assert line, "the server of trainings has gone"
                printed.append(line)
        return int(line.split()[1]), printed

    def close(self) -> None:
        self._server.stdin.close()
        for pipe in (self._server.stdout, self._server.stderr):
            pipe.read()
            pipe.close()
        self._server.wait(30)


@pytest.fixture(scope="module")
def trainings():
    made = Trainings()
    yield made
    made.close()


def killed_again_and_again(trainings, picture_folder: Path, tmp_path: Path, kills: int, seed: int) -> None:
    random, epochs = np.random.default_rng(seed), 3 * kills
    project = small_project(picture_folder, epochs=epochs, learning_rate=0.003)
    whole, cut = tmp_path / "whole" / "P.atelier", tmp_path / "cut" / "P.atelier"
    write_project(project, cut)
    wanted = asdict(trained(project, whole).result)

    options, counted = [], 0
    for turn in range(kills):
        arguments = ["train", str(cut), "--json", *options]
        if turn % 2:
            trainings.start(*arguments, kill_at=int(random.integers(3, 30)))  # while it writes
        else:
            # One line tells that it starts, then there is one for every epoch: killed while it computes, or anywhere.
            process = trainings.start(*arguments)
            trainings.told(int(random.integers(1, 4)))
            os.kill(process, signal.SIGKILL)
        status, _ = trainings.ended()
        counted += status == -signal.SIGKILL
        info = info_of(cut)
        assert info.state == "interrupted" and info.can_resume
        options = ["--resume"]
    assert counted == kills
    trainings.start("train", str(cut), "--json", "--resume")
    status, printed = trainings.ended()
    assert status == 0
    result = json.loads(printed[-1])
    clocks = {"seconds", "images_per_second"}
    assert {k: v for k, v in result.items() if k not in clocks} == {k: v for k, v in wanted.items() if k not in clocks}
    assert result["epochs"] == epochs
    assert_same_run(run_folder(whole, 1), run_folder(cut, 1))


@needs_fork
def test_a_process_killed_six_times_ends_with_the_same_bits(trainings, picture_folder, tmp_path):
    killed_again_and_again(trainings, picture_folder, tmp_path, kills=6, seed=0)


@needs_fork
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_process_killed_forty_times_ends_with_the_same_bits(trainings, picture_folder, tmp_path, seed):
    killed_again_and_again(trainings, picture_folder, tmp_path, kills=40, seed=seed)


# ---- what may not go on


def test_changed_pictures_are_refused_and_the_run_stays_as_it_was(picture_folder, path):
    project = small_project(picture_folder)
    trained(project, path)
    stopped_after(project, path, EpochDone, 1)
    taken = picture_folder / "disc" / "disc-00.png"
    content = taken.read_bytes()
    taken.unlink()
    before = numbers(run_folder(path, 2))
    for _ in range(2):
        with pytest.raises(EngineError, match="images have changed") as caught:
            made.resumed(path, 2)
        assert caught.value.why and caught.value.fix
    assert info_of(path, 2).state == "stopped" and numbers(run_folder(path, 2)) == before
    taken.write_bytes(content)  # another time, the same name and size
    made.resumed(path, 2)
    assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_a_finished_run_and_an_unknown_one_are_refused(picture_folder, path):
    trained(small_project(picture_folder, epochs=1), path)
    with pytest.raises(EngineError, match="cannot be resumed") as caught:
        made.resumed(path)
    assert "came to its end" in caught.value.why
    with pytest.raises(EngineError, match="no run 7"):
        made.resumed(path, 7)
    with pytest.raises(EngineError, match="no run to resume"):
        runs.last_resumable(path)
    with pytest.raises(EngineError, match="Nothing has been trained"):
        runs.last_resumable(path.parent / "other" / "P.atelier")


def test_a_run_that_somebody_trains_is_refused(picture_folder, path):
    work = start_run(small_project(picture_folder), path, JobControl())
    until(work, EpochDone)
    for attempt in (lambda: made.resumed(path), lambda: runs.last_resumable(path)):
        with pytest.raises(EngineError, match="Run 1 is being trained already"):
            attempt()
    assert info_of(path).state == "running"
    followed(work)  # nobody disturbed it
    assert info_of(path).state == "finished"


def test_another_living_process_owns_its_run_and_a_dead_one_does_not(picture_folder, path):
    stopped_after(small_project(picture_folder), path, EpochDone, 1)
    folder = run_folder(path, 1)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    claim = {"pid": other.pid, "started": psutil.Process(other.pid).create_time()}
    (folder / "owner.json").write_text(json.dumps(claim))
    runs.write_state(folder, {"state": "running"})
    try:
        assert info_of(path).state == "running"
        with pytest.raises(EngineError, match="being trained already"):
            made.resumed(path)
    finally:
        other.communicate(b"\n")
    assert info_of(path).state == "interrupted"
    # Its number may be given to a new process, which owns nothing.
    me = psutil.Process()
    (folder / "owner.json").write_text(json.dumps({"pid": me.pid, "started": me.create_time() - 100}))
    assert info_of(path).state == "interrupted"
    assert made.resumed(path).result.epochs == 3


def test_a_damaged_checkpoint_is_a_sentence_and_the_best_epoch_stays(picture_folder, path):
    stopped_after(small_project(picture_folder), path, EpochDone, 1)
    last = run_folder(path, 1) / "last.safetensors"
    last.write_bytes(last.read_bytes()[:100])
    with pytest.raises(EngineError, match=r"last.safetensors.*cannot be used"):
        made.resumed(path)
    assert (run_folder(path, 1) / "best.safetensors").exists()


def test_a_damaged_history_is_a_sentence_and_what_is_whole_stays(picture_folder, path):
    stopped_after(small_project(picture_folder), path, EpochDone, 2)
    file = run_folder(path, 1) / history.NAME
    first, _ = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text(first + '{"epoch": 2, "train_lo', "utf-8")
    with pytest.raises(EngineError, match="history is damaged") as caught:
        made.resumed(path)
    assert "2 epochs were done" in caught.value.why and "holds 1" in caught.value.why
    assert info_of(path).epochs_done == 1 and (run_folder(path, 1) / "best.safetensors").exists()


def test_a_half_written_last_line_is_written_again(picture_folder, path):
    project = small_project(picture_folder)
    trained(project, path)
    stopped_after(project, path, EpochDone, 2)
    with open(run_folder(path, 2) / history.NAME, "a", encoding="utf-8") as file:
        file.write('{"epoch": 3, "train_lo')
    made.resumed(path, 2)
    assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_the_project_may_change_meanwhile_and_the_run_goes_on_as_it_began(picture_folder, path):
    project = small_project(picture_folder)
    trained(project, path)
    stopped_after(project, path, EpochDone, 1)
    write_project(replace(project, recipe=replace(project.recipe, learning_rate=1.0, epochs=9)), path)
    made.resumed(path, 2)
    assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_a_project_folder_may_be_moved_with_its_pictures(picture_folder, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(picture_folder, here / "pictures")
    project = small_project(here / "pictures")
    trained(project, here / "P.atelier")
    stopped_after(project, here / "P.atelier", EpochDone, 1)
    here.rename(there)
    made.resumed(there / "P.atelier", 2)
    assert_same_run(there / "runs" / "0001", there / "runs" / "0002")
    assert runs.read_run_spec(there / "runs" / "0002").data.source == made.source(there / "pictures")
