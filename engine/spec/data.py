"""What the network is to be shown: where pictures come from, how they are divided, what it receives of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.params import Declared, Value, both, param


@dataclass(frozen=True)
class Chosen:
    """An entry picked from a registry, with its settings: an optimizer, a schedule, an augmentation, a source."""

    kind: str
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class DataEdits:
    """What the project changes about its images; the files stay as they are. Made by `engine.data.edits`.

    Attributes:
        left_out: paths of images that are neither trained with nor tested on, as the index has them.
        moved: from the path of an image to the class it belongs to, whatever folder it lies in.
        class_names: from the name of a class folder to the class it stands for: another name, the same as that of
            other folders (merged), or "" (hidden).
        together: groups of paths that are never divided between training, validation and test.
    """

    left_out: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    class_names: Mapping[str, str] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class DataSpec(Declared):
    """The data half of a project.

    Attributes:
        source: an entry of `engine.data.sources.SOURCES`, None while nothing was picked.
        classes: names in the order of the network's outputs; fixed when the source is scanned, so that a class
            folder that appears later does not silently shift the meaning of trained outputs.
        edits: what was changed about the images by hand.
        augment: entries of `engine.data.augment.AUGMENTATIONS`, applied in this order, for training only.
    """

    size: int | tuple[int, int] = param(
        64,
        pair=True,
        low=4,
        high=1024,
        label="Size",
        unit="pixels",
        help="Height and width that every image is brought to. Larger shows more detail and costs more time.",
    )
    colour: str = param(
        "rgb",
        choices={"rgb": "colour", "grey": "grey"},
        label="Colour",
        help="Three channels (red, green, blue), or one of brightness.",
    )
    fit: str = param(
        "crop",
        choices={"crop": "crop the middle", "pad": "add borders", "squeeze": "squeeze"},
        label="Fit",
        help="How an image of another shape is brought to size: cut off the edges, add borders, or squeeze it.",
    )
    normalise: str = param(
        "dataset",
        choices={
            "dataset": "data set mean",
            "imagenet": "ImageNet mean",
            "unit": "0 to 1",
            "signed": "−1 to 1",
        },
        label="Normalise",
        help="Shift and scale pixel values so that training starts well. “Data set mean” measures the training images.",
    )
    validation_percent: int = param(
        15,
        low=1,
        high=80,
        unit="%",
        label="Validation",
        help="Share of the images kept aside to watch, during training, how well the network does on unseen ones.",
    )
    test_percent: int = param(
        15,
        low=0,
        high=80,
        unit="%",
        label="Test",
        help="Share kept aside until the very end, for one honest measurement.",
    )
    seed: int = param(
        0, low=0, high=2**31 - 1, label="Seed", help="Another seed divides the images differently.", more=True
    )
    folds: int = param(
        0,
        low=0,
        high=50,
        label="Folds",
        zero_means="off",
        help="Divide what is not for testing into this many equal parts; one of them validates, the others train.",
        more=True,
    )
    fold: int = param(
        1,
        low=1,
        high=50,
        label="This fold",
        help="Which of the folds validates. Trained once for each of them, every image has validated once.",
        more=True,
    )
    group_by: str = param(
        "image",
        choices={"image": "none", "folder": "by sub-folder", "prefix": "by name"},
        label="Groups",
        help="Images of one person or film belong on one side. “By name”: all that begin the same, up to the last “_”, "
        "“-” or space, as anna_01 and anna_02.",
        more=True,
    )
    source: Chosen | None = None
    classes: tuple[str, ...] = ()
    edits: DataEdits = field(default_factory=DataEdits)
    augment: tuple[Chosen, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one picture as the network receives it."""
        height, width = both(self.size)
        return (3 if self.colour == "rgb" else 1), height, width
