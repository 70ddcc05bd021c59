"""What a training says and leaves when the numbers, the memory or the disk give up."""

import errno
import os

import pytest
import torch
import training_helpers as made
from training_helpers import followed, info_of, plain_network, small_project, trained, until
from training_helpers import one_thread as one_thread

from engine.compile.module import Network
from engine.errors import EngineError, OutOfMemory, TrainingDiverged
from engine.evaluate.model import load_model
from engine.jobs import Cancelled, JobControl
from engine.spec import Chosen
from engine.spec.network import chain
from engine.train import history, runs
from engine.train.events import EpochDone, RunStarted, Told
from engine.train.job import start_run


@pytest.fixture
def path(tmp_path):
    return tmp_path / "P" / "P.atelier"


def run_folder(path, number: int = 1):
    return path.parent / "runs" / f"{number:04d}"


# ---- the numbers


def test_far_too_large_steps_are_a_sentence(picture_folder, path):
    project = small_project(
        picture_folder,
        network=plain_network(),
        optimizer=Chosen("sgd"),
        schedule=Chosen("constant"),
        learning_rate=100.0,
        epochs=20,
    )
    with pytest.raises(TrainingDiverged, match=r"diverged in epoch \d+: the loss is no longer a number") as caught:
        trained(project, path)
    assert "learning rate 100" in caught.value.why and "tenth of the learning rate" in caught.value.fix
    info = info_of(path)
    assert info.state == "failed" and info.reason == str(caught.value) and not info.can_resume
    assert not runs.owner_is_alive(info.folder)
    with pytest.raises(EngineError, match="cannot be resumed") as refused:
        made.resumed(path)
    assert "diverged" in refused.value.why


def test_what_was_learnt_before_the_divergence_is_kept(picture_folder, path):
    # The rate rises from harmless to absurd: the first epochs learn, a later one explodes.
    rise = Chosen("one_cycle", {"warmup_percent": 90.0, "start_divisor": 1e6})
    project = small_project(
        picture_folder, network=plain_network(), optimizer=Chosen("sgd"), schedule=rise, learning_rate=100.0, epochs=40
    )
    watching = made.Watching()
    with pytest.raises(TrainingDiverged) as caught:
        followed(start_run(project, path, JobControl()), watching)
    epochs = watching.of(EpochDone)
    assert epochs, "it diverged at once"
    best = history.best_of(history.read(run_folder(path)))
    assert f"Epoch {best.epoch} was kept." in caught.value.fix
    assert f"in epoch {len(epochs) + 1}:" in caught.value.what
    info = info_of(path)
    assert info.state == "failed" and info.has_weights and info.epochs_done == len(epochs)
    model = load_model(info.folder, "cpu")
    assert model.epoch == best.epoch
    assert all(weight.isfinite().all() for weight in model.network.state_dict().values())


# ---- the memory


@pytest.fixture
def small_memory(monkeypatch):
    """A memory that holds so many pictures of a batch in training, any number without gradients."""

    def holds(most: int):
        usual = Network.forward

        def forward(self, x):
            if torch.is_grad_enabled() and len(x) > most:
                raise torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")
            return usual(self, x)

        monkeypatch.setattr(Network, "forward", forward)

    return holds


@pytest.mark.parametrize(("most", "pieces"), [(11, [2]), (6, [2]), (5, [2, 4]), (2, [2, 4, 8]), (1, [2, 4, 8, 12])])
def test_with_too_little_memory_batches_are_halved_until_they_fit(picture_folder, path, small_memory, most, pieces):
    small_memory(most)
    told = trained(small_project(picture_folder, batch_size=12, network=plain_network()), path)
    assert [event.text.partition(" pieces")[0].split()[-1] for event in told.of(Told)] == [str(n) for n in pieces]
    assert told.result.epochs == 3 and info_of(path).state == "finished"


def test_a_validation_that_does_not_fit_is_taken_in_pieces(picture_folder, path, monkeypatch):
    project = small_project(picture_folder, network=plain_network())
    plain = trained(project, path)
    usual = Network.forward

    def forward(self, x):
        if not torch.is_grad_enabled() and len(x) > 2:
            raise torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")
        return usual(self, x)

    monkeypatch.setattr(Network, "forward", forward)
    told = trained(project, path)
    for one, other in zip(plain.of(EpochDone), told.of(EpochDone), strict=True):
        assert one.train_loss == other.train_loss
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-5)
    assert "in pieces" in (run_folder(path, 2) / "log.txt").read_text("utf-8")


@pytest.mark.parametrize(("most", "fitting"), [(11, 6), (2, 1)])
def test_where_not_even_pieces_fit_a_fitting_batch_is_named(
    picture_folder, path, small_memory, monkeypatch, most, fitting
):
    small_memory(most)

    def full(*_args, **_more):
        raise torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")

    monkeypatch.setattr("engine.train.trainer.answer", full)
    with pytest.raises(OutOfMemory, match="too little memory for batches of 12 images") as caught:
        trained(small_project(picture_folder, batch_size=12, network=plain_network()), path)
    assert caught.value.fitting_batch == fitting and caught.value.fix == f"Set the batch size to {fitting}."
    assert info_of(path).state == "failed" and info_of(path).reason == str(caught.value)


def test_no_batch_fits_at_all(picture_folder, path, small_memory):
    small_memory(0)
    with pytest.raises(OutOfMemory) as caught:
        trained(small_project(picture_folder), path)
    assert caught.value.fitting_batch == 0 and "smaller network or smaller images" in caught.value.fix


def test_the_words_of_a_cpu_without_memory_are_understood(picture_folder, path, monkeypatch):
    def forward(self, x):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Network, "forward", forward)
    with pytest.raises(OutOfMemory):
        trained(small_project(picture_folder), path)


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("full")], ids=lambda e: type(e).__name__)
def test_memory_that_is_gone_before_the_first_step_is_a_sentence_too(picture_folder, path, monkeypatch, error):
    def build(*_args):
        raise error

    monkeypatch.setattr("engine.train.setup.build", build)
    with pytest.raises(OutOfMemory) as caught:
        trained(small_project(picture_folder), path)
    assert "smaller network" in caught.value.fix and not (path.parent / "runs").exists()


@pytest.mark.parametrize(
    ("error", "raised", "words"),
    [
        (torch.OutOfMemoryError("Tried to allocate 20.00 GiB."), OutOfMemory, "too little memory for the optimizer"),
        (RuntimeError("CUDA error: unspecified launch failure"), RuntimeError, "launch failure"),
        (ValueError("a mistake of ours"), ValueError, "a mistake of ours"),
    ],
)
def test_what_the_machine_could_not_do_it_may_do_later(picture_folder, path, monkeypatch, error, raised, words):
    project = small_project(picture_folder, epochs=4)
    trained(project, path)
    update, steps = torch.optim.AdamW.step, []

    def step(self, *args, **more):
        steps.append(1)
        if len(steps) == 8:  # the second of three steps of the third epoch
            raise error
        return update(self, *args, **more)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    with pytest.raises(raised, match=words):
        trained(project, path)
    info = info_of(path, 2)
    assert info.state == "interrupted" and info.can_resume and info.epochs_done == 2 and words in info.reason
    monkeypatch.setattr(torch.optim.AdamW, "step", update)
    made.resumed(path, 2)
    made.assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_a_run_that_cannot_go_on_today_can_tomorrow(picture_folder, path, monkeypatch):
    project = small_project(picture_folder, epochs=3)
    trained(project, path)
    control = JobControl()
    work = start_run(project, path, control)
    until(work, EpochDone)
    control.stop()
    with pytest.raises(Cancelled):
        followed(work)

    def forward(self, x):
        raise torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")

    with monkeypatch.context() as patch:
        patch.setattr(Network, "forward", forward)
        with pytest.raises(OutOfMemory):
            made.resumed(path, 2)
    assert info_of(path, 2).can_resume
    made.resumed(path, 2)
    made.assert_same_run(run_folder(path, 1), run_folder(path, 2))


@pytest.mark.parametrize("name", ["residual", "bottleneck", "dense_block"])
def test_batch_norm_of_one_number_is_refused_in_blocks_too(picture_folder, path, name):
    one_place = ("adaptive_avg_pool", {"size": (1, 1)})
    network = chain([("image", {}), one_place, (name, {}), ("flatten", {}), ("classes", {})])
    with pytest.raises(EngineError, match="one image at a time"):
        trained(small_project(picture_folder, network=network, batch_size=1), path)


def test_a_mistake_of_ours_is_not_dressed_up_as_the_users(picture_folder, path, monkeypatch):
    def forward(self, x):
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(Network, "forward", forward)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught:
        trained(small_project(picture_folder), path)
    assert type(caught.value) is RuntimeError
    assert info_of(path).state == "failed" and "shapes" in info_of(path).reason


# ---- the disk


def full_disk(monkeypatch, when) -> None:
    """From now on, replacing a file for which `when` is true fails as on a full disk."""
    usual = os.replace

    def replace(source, target):
        if when(str(target)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        usual(source, target)

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("file", ["last.safetensors", "best.safetensors", "00002.npy", "everything"])
def test_after_a_full_disk_the_run_goes_on_exactly(picture_folder, path, monkeypatch, file, epoch):
    project = small_project(picture_folder)
    trained(project, path)
    work = start_run(project, path, JobControl())
    with monkeypatch.context() as patch:
        until(work, *((EpochDone, epoch - 1) if epoch > 1 else (RunStarted,)))
        full_disk(patch, lambda target: file in target or file == "everything")
        try:
            followed(work)
            failed = False
        except EngineError as error:
            failed = True
            assert "files could not be written" in error.what and "No space left" in error.why
            assert "resume" in error.fix
    best = {line.epoch for line in history.read(run_folder(path)) if line.is_best}
    wanted = {"best.safetensors": any(e >= epoch for e in best), "00002.npy": epoch <= 2}
    assert failed == wanted.get(file, True)
    if failed:
        info = info_of(path, 2)
        assert info.state == "interrupted" and info.can_resume
        made.resumed(path, 2)
    made.assert_same_run(run_folder(path, 1), run_folder(path, 2))


def test_a_disk_that_is_full_at_the_start_leaves_nothing(picture_folder, path, monkeypatch):
    with monkeypatch.context() as patch:
        full_disk(patch, lambda target: "runs" in target)
        with pytest.raises(EngineError, match="run cannot be kept in") as caught:
            trained(small_project(picture_folder), path)
    assert "No space left" in caught.value.why and caught.value.fix
    assert not list((path.parent / "runs").iterdir())


def test_a_folder_that_cannot_be_written_is_a_sentence(picture_folder, path):
    path.parent.mkdir()
    (path.parent / "runs").write_text("a file where the runs should be")
    with pytest.raises(EngineError, match="run cannot be kept in") as caught:
        trained(small_project(picture_folder), path)
    assert "where you may write" in caught.value.fix
    assert runs.list_runs(path) == ()
