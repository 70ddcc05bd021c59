"""Deal groups of pictures that stay together to the folds of a cross-validation, all at once."""

import heapq

import numpy as np


def deal(owner: np.ndarray, label: np.ndarray, count: np.ndarray, place: np.ndarray, folds: int) -> np.ndarray:
    """Give each group one fold, so that each fold has its share of every class.

    A group goes to the fold f that has least of its classes c yet: where the sum of n_c x_fc / N_c^2 is least, with
    n_c of what the group holds, x_fc of what the fold holds, and N_c of all there is. Groups of several classes come
    first, then the large ones, which the small ones even out; those of about the same size (within a factor of two)
    come in the order of the queue, so that another seed divides differently. A group that is all there is of a class is
    dealt to no fold: a network that has never seen a class says nothing of it.

    How even it is, of what is dealt: two folds differ in a class by its largest group at most, and with as many groups
    as folds each fold has one, where no group holds anything else beside that class. Where some do, the squares of what
    the folds' shares of a class differ from 1 / folds add up to at most (1 - 1 / folds) times the sum of
    (n_gd / N_d)^2 over all groups g and classes d: the best fold for a group adds no more to that sum, over all
    classes, than the average fold. So a class of very few groups that all hold others besides may end in one fold,
    which then has none of it to train with.

    Args:
        owner, label, count: (n,) which group holds how many pictures of which class; each pair once.
        place: (G,) of each group in the queue.
    Returns:
        (G,) the fold of each group, from 1; 0 for those that are dealt to none.
    """
    fold_of = np.zeros(len(place), np.int64)
    if not len(owner):
        return fold_of
    only = np.unique(owner[np.bincount(label)[label] == 1])
    is_dealt = ~np.isin(owner, only)
    owner, label, count = owner[is_dealt], label[is_dealt], count[is_dealt]
    table = _Table(folds, np.bincount(label, count))
    about = np.frexp(np.bincount(owner, count, minlength=len(place)))[1]  # the power of two that its size is near
    rows = np.lexsort((label, place[owner], -about[owner]))
    is_mixed = np.bincount(owner, minlength=len(place))[owner[rows]] > 1
    mixed, pure = rows[is_mixed], rows[~is_mixed]
    for parts in _apart(mixed, owner):
        fold = table.take_mixed(label[parts].tolist(), count[parts].tolist())
        fold_of[owner[parts[0]]] = fold + 1
    for parts in _apart(pure[np.argsort(label[pure], kind="stable")], label):
        fold_of[owner[parts]] = np.array(table.take_class(int(label[parts[0]]), count[parts].tolist())) + 1
    return fold_of


def _apart(rows: np.ndarray, key: np.ndarray) -> list[np.ndarray]:
    """`rows`, cut wherever their key changes."""
    return np.split(rows, np.flatnonzero(np.diff(key[rows])) + 1) if len(rows) else []


class _Table:
    """How many pictures of each class lie in each fold so far."""

    def __init__(self, folds: int, dealt: np.ndarray):
        """Args: dealt: (C,) pictures of each class that will lie in any of them."""
        self._folds = range(folds)
        self._held = [[0] * len(dealt) for _ in self._folds]
        self._total = [0] * folds
        self._weight = (1.0 / np.maximum(dealt, 1) ** 2).tolist()

    def take_mixed(self, labels: list[int], counts: list[int]) -> int:
        """Deal one group of several classes. Returns: its fold, from 0."""
        holds = list(zip(labels, counts, strict=True))

        def cost(fold: int) -> tuple[float, int, int]:
            held = self._held[fold]
            return sum(count * held[label] * self._weight[label] for label, count in holds), self._total[fold], fold

        fold = min(self._folds, key=cost)
        for label, count in holds:
            self._held[fold][label] += count
        self._total[fold] += sum(counts)
        return fold

    def take_class(self, label: int, counts: list[int]) -> list[int]:
        """Deal all groups of one class that hold nothing else. Returns: the fold of each, from 0."""
        # Of two folds with as much of the class the one with less in all: what is left over of each class is spread.
        heap = [(self._held[fold][label], self._total[fold], fold) for fold in self._folds]
        heapq.heapify(heap)
        taken = []
        for count in counts:
            held, total, fold = heap[0]
            heapq.heapreplace(heap, (held + count, total + count, fold))
            taken.append(fold)
        for held, total, fold in heap:
            self._held[fold][label], self._total[fold] = held, total
        return taken


def fold_notes(counts: np.ndarray, folds: int, what: str) -> tuple[str, ...]:
    """Sentences about classes that cannot be in every fold, which takes a picture or a group for each.

    Args:
        counts: (C,) how many each class has to be dealt.
        what: "image" or "group".
    """
    single, few = int((counts == 1).sum()), int(((counts > 1) & (counts < folds)).sum())
    notes = []
    if single:
        them = "One class is" if single == 1 else f"{single} classes are"
        of = "image" if what == "image" else "group of images that stay together"
        notes.append(f"{them} a single {of} beside the test images; it trains in every fold and validates in none.")
    if few:
        them = "One class has" if few == 1 else f"{few} classes have"
        of = "images" if what == "image" else "groups of images that stay together"
        notes.append(f"{them} fewer {of} than there are folds; some folds have none of it to validate with.")
    return tuple(notes)
