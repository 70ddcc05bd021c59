"""From an entry in a specification to the thing it names."""

from engine.errors import EngineError
from engine.params import Declared, params_of
from engine.registry import Registry
from engine.spec.data import Chosen


def make(registry: Registry, chosen: Chosen) -> Declared:
    """The entry of `registry` that `chosen` names, with its settings.

    Raises: EngineError for a name or setting that is unknown here, or a value that the setting does not accept.
    """
    kind = registry[chosen.kind]
    known = {setting.name for setting in params_of(kind)}
    unknown = [name for name in chosen.params if name not in known]
    if unknown:
        raise EngineError(
            f"The {registry.noun} “{kind.title}” has no setting “{unknown[0]}”.",
            why="It may come from a newer version of Atelier.",
            fix=f"Choose “{kind.title}” again." if not known else f"Known settings: {', '.join(sorted(known))}.",
        )
    return kind(**chosen.params)
