"""Problems the user can act on.

Anything raised in the engine that is not an `EngineError` is our bug: logged with its traceback and reported as such.
A subclass exists only where code reacts differently to it, never merely to name a sentence.
"""


class EngineError(Exception):
    """What happened, why, and what to do next: three short sentences kept apart, so that a display can lay them out."""

    def __init__(self, what: str, *, why: str = "", fix: str = ""):
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.fix) if part)


class ShapeMismatch(EngineError):
    """A layer cannot work on the shape it receives; shown at the layer while the user draws."""


class PictureError(EngineError):
    """One picture cannot be read; the picture is counted, named and left out, the work goes on."""


class ProjectError(EngineError):
    """A project file cannot be opened or written."""


class TrainingDiverged(EngineError):
    """The loss is no longer a finite number; the run stops and keeps its best epoch."""


class OutOfMemory(EngineError):
    """The device has too little memory for this batch; `fitting_batch` is the largest that was seen to fit, or 0."""

    def __init__(self, what: str, *, why: str = "", fix: str = "", fitting_batch: int = 0):
        super().__init__(what, why=why, fix=fix)
        self.fitting_batch = fitting_batch
