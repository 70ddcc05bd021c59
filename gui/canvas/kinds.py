"""Layer kinds as people look for them: families in words, search by what was typed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from engine.layers import FAMILIES, LAYERS, LayerKind

_TITLES = {
    "input": QT_TRANSLATE_NOOP("Families", "Input"),
    "convolution": QT_TRANSLATE_NOOP("Families", "Convolution"),
    "pooling": QT_TRANSLATE_NOOP("Families", "Pooling"),
    "dense": QT_TRANSLATE_NOOP("Families", "Dense"),
    "reshape": QT_TRANSLATE_NOOP("Families", "Reshape"),
    "activation": QT_TRANSLATE_NOOP("Families", "Activation"),
    "normalisation": QT_TRANSLATE_NOOP("Families", "Normalisation"),
    "regularisation": QT_TRANSLATE_NOOP("Families", "Regularisation"),
    "merge": QT_TRANSLATE_NOOP("Families", "Merge"),
    "attention": QT_TRANSLATE_NOOP("Families", "Attention"),
    "recurrent": QT_TRANSLATE_NOOP("Families", "Sequences"),
    "block": QT_TRANSLATE_NOOP("Families", "Blocks"),
    "output": QT_TRANSLATE_NOOP("Families", "Output"),
}

Kinds = Sequence[type[LayerKind]]


def family_title(family: str) -> str:
    """A family's name in the user's language."""
    return QCoreApplication.translate("Families", _TITLES.get(family, family.capitalize()))


def by_family(own: Kinds = ()) -> list[tuple[str, list[type[LayerKind]]]]:
    """All layer kinds and those of `own`, grouped in the order of the palette; without families that have no kind."""
    kinds = [*(kind for kind in LAYERS if kind.in_palette), *own]
    groups = [(family, [kind for kind in kinds if kind.family == family]) for family in FAMILIES]
    return [(family, kinds) for family, kinds in groups if kinds]


def find_kinds(query: str, own: Kinds = ()) -> list[type[LayerKind]]:
    """The kinds that `query` may mean, the likeliest first; all of them, in palette order, for an empty query."""
    ordered = [kind for _, kinds in by_family(own) for kind in kinds]
    words = query.casefold().split()
    if not words:
        return ordered
    ranked = [(sum(ranks), kind) for kind in ordered if (ranks := _ranks(kind, words)) is not None]
    exact = " ".join(words)
    return [kind for _, kind in sorted(ranked, key=lambda found: (found[1].title.casefold() != exact, found[0]))]


def _ranks(kind: type[LayerKind], words: list[str]) -> list[int] | None:
    """How far away each word is from the kind's name, 0 the nearest; None where one does not fit at all."""
    ranks = [_rank(kind, word) for word in words]
    return None if None in ranks else ranks  # type: ignore[return-value]


def _rank(kind: type[LayerKind], word: str) -> int | None:
    title = kind.title.casefold()
    tests = (
        title.startswith(word),
        kind.name.startswith(word),
        any(part.startswith(word) for part in title.split()),
        word in title or word in kind.name,
        family_title(kind.family).casefold().startswith(word),
        # A word of the explanation ("fully", "overfitting"); not a fragment, which would find nearly everything.
        len(word) >= 4 and any(part.startswith(word) for part in kind.help().casefold().split()),
    )
    return next((rank for rank, fits in enumerate(tests) if fits), None)
