"""Single steps that fail: what is tried in another way, and what is not tried again."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.jobs import Cancelled
from engine.spec import Chosen, RecipeSpec
from engine.tasks import Classification
from engine.train.device import Placement
from engine.train.memory import out_of_memory
from engine.train.optimizers import OPTIMIZERS, parameter_groups
from engine.train.step import Stepper, StepsOfEpoch

FULL = torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")
CPU = Placement(torch.device("cpu"), "", "float32", "")


class Source:
    """Batches of eight random images that can fail to come."""

    device = torch.device("cpu")

    def __init__(self, steps: int = 3):
        chance = torch.Generator().manual_seed(1)
        self.batches = [
            (torch.randn(8, 3, 2, 2, generator=chance), torch.randint(3, (8,), generator=chance)) for _ in range(steps)
        ]
        self.fails: dict[int, int] = {}  # by batch: how often it cannot be made
        self.made = 0

    def epoch(self, number: int):
        for place, batch in enumerate(self.batches):
            if self.fails.get(place, 0):
                self.fails[place] -= 1
                raise FULL
            self.made += 1
            yield batch


def stepper(optimizer: str = "adamw", **recipe) -> Stepper:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 3))
    kind = OPTIMIZERS[optimizer]()
    made = kind.build(parameter_groups(network, kind.weight_decay), 0.01)
    return Stepper(network, Classification(3), CPU, made, RecipeSpec(optimizer=Chosen(optimizer), **recipe), 8)


def taken(one: Stepper, source: Source) -> list[str]:
    """Take all steps of an epoch. Returns: what was told."""
    steps, told = StepsOfEpoch(one, source, [[8]] * len(source.batches), 1), []
    for step in range(1, len(source.batches) + 1):
        told += list(steps.take(step, step, lambda: None))
    return told


def failing(call: Callable, at: int, error: Exception = FULL) -> Callable:
    """`call`, but its `at`-th time."""
    count = 0

    def tried(*args, **more):
        nonlocal count
        count += 1
        if count == at:
            raise error
        return call(*args, **more)

    return tried


def weights(one: Stepper) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in one.network.parameters()])


def test_a_pass_that_does_not_fit_is_taken_in_pieces_with_the_same_result(monkeypatch):
    plain, cut = stepper(), stepper()
    assert taken(plain, Source()) == []
    monkeypatch.setattr(cut, "_forward", failing(cut.network, 2))
    told = taken(cut, Source())
    assert len(told) == 1 and "each is taken in 2 pieces" in told[0] and cut.pieces == 2
    torch.testing.assert_close(weights(cut), weights(plain))


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_an_update_that_failed_is_not_taken_again(name, monkeypatch):
    one = stepper(name, clip_norm=1.0)
    monkeypatch.setattr(one.optimizer, "step", failing(one.optimizer.step, 2))
    with pytest.raises(torch.OutOfMemoryError):
        taken(one, Source())
    assert one.stage == "update" and one.pieces == 1, "smaller batches would not have helped"


def test_a_batch_that_cannot_be_made_is_tried_once_more_and_not_cut():
    source, plain = Source(), stepper()
    taken(plain, Source())
    source.fails = {1: 1}
    one = stepper()
    told = taken(one, source)
    assert len(told) == 1 and "tried once more" in told[0] and one.pieces == 1
    assert torch.equal(weights(one), weights(plain))
    source.fails = {0: 1, 2: 1}
    assert len(taken(stepper(), source)) == 2, "once for each step"
    source.fails = {1: 2}
    with pytest.raises(torch.OutOfMemoryError):
        taken(stepper(), source)


def test_a_shape_that_cannot_be_compiled_ends_nothing(monkeypatch):
    def compiled(network, mode):
        def forward(x):
            if len(x) < 8:
                raise RuntimeError("no kernel for this shape")
            return network(x)

        return forward

    monkeypatch.setattr(torch, "compile", compiled)
    one, source = stepper(compiled=True), Source()
    source.batches[2] = tuple(part[:5] for part in source.batches[2])
    steps = StepsOfEpoch(one, source, [[8], [8], [5]], 1)
    assert list(steps.take(1, 1, lambda: None)) == list(steps.take(2, 2, lambda: None)) == []
    told = list(steps.take(3, 3, lambda: None))
    assert len(told) == 1 and "(no kernel for this shape)" in told[0]


def test_a_mistake_in_a_shape_that_has_worked_is_no_matter_of_compiling(monkeypatch):
    one = stepper(compiled=False)
    one._forward, one._is_compiled = failing(one.network, 2, RuntimeError("shapes cannot be multiplied")), True
    with pytest.raises(RuntimeError, match="shapes cannot"):
        taken(one, Source())


def test_who_stops_is_not_held_up():
    one = stepper()

    def stopped() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        list(StepsOfEpoch(one, Source(), [[8]] * 3, 1).take(1, 1, stopped))


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (FULL, True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried"),
            True,
        ),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17.98 GB)"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("CUDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: unspecified launch failure"), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_no_memory_looks_like(error, is_it):
    assert out_of_memory(error) is is_it
