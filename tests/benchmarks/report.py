"""What the measurements share: a table on the terminal, however pytest captures."""

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import date

import psutil


def machine() -> str:
    """Where and when the numbers were taken."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{date.today():%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    )


def print_table(capsys, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print measured values under a title, past pytest's capturing."""
    width = max(len(name) for name, _ in rows)
    with capsys.disabled():
        print(f"\n{title} ({machine()})")
        for name, value in rows:
            print(f"  {name:<{width}}  {value}")


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Median with minimum and maximum: "1.20 s (1.10 to 1.45)"."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f})"
