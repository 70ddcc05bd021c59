"""What to try after a diagnosis: experiments that change one thing of a project, each as a pure function.

No words here: a name and a value, from which the window makes the text of a button.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from engine.compile import Facts, infer
from engine.edits.scale import scaled
from engine.errors import EngineError
from engine.params import params_of
from engine.spec import Chosen, ProjectSpec, RecipeSpec
from engine.spec.network import NetworkSpec, Node, free_id, insert_after
from engine.train.diagnosis import Diagnosis
from engine.train.optimizers import OPTIMIZERS

GENTLE = (Chosen("rotate"), Chosen("zoom"))
"""Augmentations that leave nearly every image what it is; a mirrored 2 is no digit."""

DROPOUT = 0.3
"""Share of the numbers before the last layer that a first dropout sets to zero."""

SMOOTHING = 0.1
"""Share of the truth that a first label smoothing spreads, as in its paper; see `engine.tasks.losses`."""

FIRST_DECAY, MOST_DECAY = 0.01, 0.5


@dataclass(frozen=True)
class NextStep:
    """One experiment.

    Attributes:
        name: "lower_rate", "higher_rate", "more_epochs", "augment", "dropout", "weight_decay", "wider", "narrower",
            "balance", "smooth" or "cosine".
        value: what the setting becomes: the learning rate, the epochs, the weight decay, the label smoothing, the
            factor of the width; 0 where there is nothing to say.
        apply: gives the project with that one thing changed. It was tried once, so that it does not raise.
    """

    name: str
    value: float
    apply: Callable[[ProjectSpec], ProjectSpec]


def next_steps(found: Diagnosis, project: ProjectSpec) -> tuple[NextStep, ...]:
    """What is worth trying after `found`, the most promising first; experiments that change nothing are left out.

    Args:
        project: what was trained.
    """
    is_perfect = found.pictures and found.pictures * (1 - found.best_accuracy) < 1
    if found.code in ("plateau", "still_learning") and is_perfect:
        return ()  # not an image is left that it gets wrong: nothing could be seen to help
    makers = _AFTER.get(found.code, ())
    steps = (step for maker in makers for step in maker(found, project))
    return tuple(step for step in steps if _works(step, project))


def _works(step: NextStep, project: ProjectSpec) -> bool:
    """Whether the experiment changes the project, and leaves a network that can be trained."""
    try:
        changed = step.apply(project)
    except EngineError:
        return False
    return changed != project and infer(changed.network, _facts(changed)).is_ready


def _facts(project: ProjectSpec) -> Facts:
    """What the data tell the network; before they were listed, two classes stand for however many there are."""
    return Facts(project.data.shape, len(project.data.classes) or 2)


def _with_recipe(name: str, value: float, **changes: object) -> NextStep:
    return NextStep(name, value, lambda project: replace(project, recipe=replace(project.recipe, **changes)))


def gentler_rate(rate: float, usual: float) -> float:
    """What to try after a learning rate that was far too high: a tenth, and from far above the usual one at once that.

    Args:
        usual: what the optimizer usually takes; 0 where that is not known.
    """
    return usual if 0 < usual < rate / 10 else _rounded(rate / 10)


# ---- the experiments


def _lower_rate(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    wanted = gentler_rate(project.recipe.learning_rate, _usual(project.recipe))
    yield _with_recipe("lower_rate", wanted, learning_rate=wanted)


def _slightly_lower_rate(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    wanted = _rounded(project.recipe.learning_rate / 3)
    yield _with_recipe("lower_rate", wanted, learning_rate=wanted)


def _higher_rate(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    """Ten times the rate; from far below the usual rate, at once to the usual one."""
    rate, usual = project.recipe.learning_rate, _usual(project.recipe)
    wanted = usual if 10 * rate < usual else _rounded(10 * rate)
    yield _with_recipe("higher_rate", wanted, learning_rate=wanted)


def _usual(recipe: RecipeSpec) -> float:
    kind = recipe.optimizer.kind
    return OPTIMIZERS[kind].usual_learning_rate if kind in OPTIMIZERS else recipe.learning_rate


def _rounded(rate: float) -> float:
    """Two figures are as many as a learning rate deserves."""
    return float(f"{rate:.2g}")


def _more_epochs(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    if found.code == "still_learning" and found.best_epoch < found.epochs and not found.ends_low:
        return  # it learnt, but the last epochs brought nothing
    wanted = 2 * project.recipe.epochs
    yield _with_recipe("more_epochs", wanted, epochs=wanted)


def _augment(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    """The gentle ones that are not there yet."""
    there = {chosen.kind for chosen in project.data.augment}
    new = tuple(chosen for chosen in GENTLE if chosen.kind not in there)
    if new:
        augment = (*project.data.augment, *new)
        yield NextStep("augment", 0, lambda one: replace(one, data=replace(one.data, augment=augment)))


def _dropout(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    """Before the last layer, in a network that has none at all."""
    network = project.network
    has_some = any("dropout" in node.kind for node in network.nodes)
    outputs = [node for node in network.nodes if node.kind == "classes" and len(node.inputs) == 1]
    if not has_some and len(outputs) == 1:
        yield NextStep("dropout", DROPOUT, lambda one: replace(one, network=_with_dropout(one.network, outputs[0])))


def _with_dropout(network: NetworkSpec, output: Node) -> NetworkSpec:
    return insert_after(network, output.inputs[0], Node(free_id(network, "dropout"), "dropout", {"rate": DROPOUT}))


def _weight_decay(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    chosen = project.recipe.optimizer
    settings = params_of(OPTIMIZERS[chosen.kind]) if chosen.kind in OPTIMIZERS else ()
    default = next((setting.default for setting in settings if setting.name == "weight_decay"), None)
    if default is None:
        return
    now = float(chosen.params.get("weight_decay", default))
    wanted = min(MOST_DECAY, _rounded(10 * now) if now else FIRST_DECAY)
    params = {**chosen.params, "weight_decay": wanted}
    if wanted > now:
        yield _with_recipe("weight_decay", wanted, optimizer=replace(chosen, params=params))


def _wider(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    yield _of_width("wider", 2.0)


def _narrower(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    yield _of_width("narrower", 0.5)


def _of_width(name: str, factor: float) -> NextStep:
    def apply(project: ProjectSpec) -> ProjectSpec:
        return replace(project, network=scaled(project.network, factor, _facts(project)))

    return NextStep(name, factor, apply)


def _balance(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    """Only where one class has clearly more images than its share."""
    if found.chance > 1.2 / max(2, len(project.data.classes)):
        yield _with_recipe("balance", 0, class_weights="balanced")


def _smooth(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    """Never ask for quite sure answers: Müller et al., 2019, "When does label smoothing help?"; only cross-entropy
    can."""
    loss = project.recipe.loss
    if loss.kind == "cross_entropy" and not loss.params.get("label_smoothing"):
        smooth = replace(loss, params={**loss.params, "label_smoothing": SMOOTHING})
        yield _with_recipe("smooth", SMOOTHING, loss=smooth)


def _cosine(found: Diagnosis, project: ProjectSpec) -> Iterator[NextStep]:
    """A rate that falls to nothing, where it stays as it is."""
    if project.recipe.schedule.kind == "constant":
        yield _with_recipe("cosine", 0, schedule=Chosen("cosine"))


_AFTER: dict[str, tuple[Callable[[Diagnosis, ProjectSpec], Iterator[NextStep]], ...]] = {
    "diverged": (_lower_rate,),
    "rate_too_high": (_lower_rate,),
    "rate_too_low": (_higher_rate,),
    "collapse": (_balance, _lower_rate),
    "too_few": (_augment, _dropout, _narrower),
    "at_chance": (_lower_rate, _higher_rate),
    "overfitting": (_augment, _dropout, _weight_decay),
    "overconfident": (_smooth, _augment, _dropout),
    "underfitting": (_wider, _more_epochs),
    "still_learning": (_more_epochs,),
    "plateau": (_cosine, _augment, _slightly_lower_rate),
}
