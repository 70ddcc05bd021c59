"""Images damaged by chance, thousands of them, in a process of their own that may hang or crash."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import engine

ROOT = Path(engine.__file__).parents[1]


def fuzzed(seed: int, count: int, folder: Path | None = None) -> dict:
    """Read `count` mutants; returns the summary. Fails with the number of the first that was not refused in words."""
    command = [sys.executable, str(ROOT / "tests/engine/fuzz_pictures.py"), str(seed), "0", str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *([str(folder)] if folder else [])],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",  # libtiff prints what it finds in the file
        timeout=600,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"seed {seed}, mutant {lines[-1] if lines else 'none'}:\n{done.stderr[-3000:]}"
    *found, summary = [json.loads(line) for line in lines if line.startswith("{")]
    assert not found, found
    return summary


def test_damaged_images_are_read_or_refused():
    summary = fuzzed(seed=1, count=300)
    assert summary["read"] == 300 and summary["files"] > 50


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_thousands_of_damaged_images(shared_data, seed):
    assert fuzzed(seed, 2000, shared_data / "nasty")["files"] > 150
