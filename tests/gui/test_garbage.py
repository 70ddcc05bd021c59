"""Garbage is collected, in the GUI thread, by nobody else."""

import gc
import threading
import weakref

import pytest

from gui.jobs.garbage import GuiCollector


class Node:
    """Can stand in a cycle."""


@pytest.fixture
def collector(qapp):
    collector = GuiCollector()
    collector.start()
    yield collector
    collector.stop()
    gc.unfreeze()


def make_cycles(count: int) -> weakref.ref:
    for _ in range(count):
        node = Node()
        node.itself = node
    return weakref.ref(node)


def test_cycles_of_another_thread_die_in_this_one(qtbot, collector):
    assert not gc.isenabled()
    threads: list[int] = []
    gc.callbacks.append(lambda phase, _: phase == "start" and threads.append(threading.get_ident()))
    try:
        found: list[weakref.ref] = []
        worker = threading.Thread(target=lambda: found.append(make_cycles(5000)))
        worker.start()
        worker.join()
        assert found[0]() is not None and not threads
        qtbot.waitUntil(lambda: found[0]() is None, timeout=5000)
        assert set(threads) == {threading.get_ident()}
    finally:
        gc.callbacks.pop()


def test_what_is_spared_is_not_looked_at_again(collector):
    collector.spare()
    assert gc.get_freeze_count() > 1000


def test_python_collects_again_afterwards(qapp):
    collector = GuiCollector()
    collector.start()
    collector.stop()
    assert gc.isenabled()
