"""Memory that a training uses in every step stays in the process meanwhile, and goes back afterwards."""

import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems keep freed memory of their own accord")

SCRIPT = """
import ctypes, resource, sys
import numpy as np
from engine.allocator import give_back, keep_freed_memory
if not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
    sys.exit("another C library")
if sys.argv[1] == "kept":
    keep_freed_memory()

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

def use():
    pieces = [np.ones(40 << 20, np.uint8) for _ in range(3)]

use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    use()
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
held = resident()
give_back()
print(faults, held - resident())
"""


def measured(mode: str) -> tuple[int, int]:
    """Pages that were cleared in twenty rounds of 120 MB, and MB that went back to the system after them."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mode], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    if "another C library" in done.stderr:
        pytest.skip("another C library")
    assert done.returncode == 0, done.stderr
    faults, returned = map(int, done.stdout.split())
    return faults, returned


def test_freed_memory_serves_the_next_step_and_goes_back_in_the_end():
    kept, returned = measured("kept")
    usual, nothing = measured("usual")
    assert kept < usual / 20
    assert returned > 100 and nothing < 10
