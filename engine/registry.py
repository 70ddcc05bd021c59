"""Named things that can be added in one place and found everywhere: layer kinds, optimizers, augmentations, sources."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Generic, TypeVar

from engine.errors import EngineError

Kind = TypeVar("Kind", bound=type)


class Registry(Generic[Kind]):
    """Classes by name, in the order of registration.

    A registered class gets the attributes `name` (stable, stored in files) and `title` (shown to people).

    Args:
        noun: what one entry is called in messages, for example "layer".
        load: imports the modules that register entries; called at the first look-up, so that declaring is enough.
    """

    def __init__(self, noun: str, load: Callable[[], None] | None = None):
        self.noun = noun
        self._load = load
        self._entries: dict[str, Kind] = {}

    def add(self, name: str, title: str) -> Callable[[Kind], Kind]:
        """Decorate a class to register it. A second class of the same name is a programming error."""

        def register(kind: Kind) -> Kind:
            if name in self._entries:
                raise ValueError(f"the {self.noun} {name!r} is registered twice")
            kind.name, kind.title = name, title
            self._entries[name] = kind
            return kind

        return register

    def _ready(self) -> dict[str, Kind]:
        if self._load is not None:
            load, self._load = self._load, None
            load()
        return self._entries

    def __getitem__(self, name: str) -> Kind:
        """Raises: EngineError, naming the nearest known name."""
        entries = self._ready()
        if name in entries:
            return entries[name]
        near = get_close_matches(name, entries, n=1)
        raise EngineError(
            f"There is no {self.noun} called “{name}”.",
            why="It may come from a newer version of Atelier, or be a spelling mistake.",
            fix=f"Did you mean “{near[0]}”?" if near else f"Known: {', '.join(entries)}.",
        )

    def __contains__(self, name: object) -> bool:
        return name in self._ready()

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._ready().values())

    def __len__(self) -> int:
        return len(self._ready())

    def names(self) -> tuple[str, ...]:
        """Names in order of registration."""
        return tuple(self._ready())
