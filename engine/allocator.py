"""How this process keeps the memory that a training uses over and over.

A step allocates and frees the same outputs of layers, megabytes each, as the step before. The C library of Linux gives
such pieces back to the system each time, which clears every page anew when they are asked for again: forward passes of
64 images of 64 x 64 took twice the time for each image, and a training step a tenth more. Kept instead, the same memory
serves all steps; after a training it is given back. Other systems keep it of their own accord, and graphics processors
have an allocator of torch's.

Source: mallopt(3) of the Linux manual pages.
"""

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # names of malloc.h
_KEPT = 1 << 30
"""Bytes: larger pieces are given back at once, and so much of freed memory is kept at most."""


@cache
def keep_freed_memory() -> None:
    """Keep freed memory for the next step. Called before the first thread of a program it counts for all of them."""
    library = _library()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _KEPT)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)
        # Threads with heaps of their own would give theirs back all the same.
        library.mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Give what is free back to the system, after a training.

    Also that of a graphics processor: the next training asks how much is free there to choose its batch size.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    library = _library()
    if library is not None:
        library.malloc_trim(0)


@cache
def _library() -> ctypes.CDLL | None:
    """The C library, where it is the one that this is about."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
