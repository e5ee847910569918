"""CPU seconds of ``steelyard --help`` against a Python that does nothing."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from bench.table import Row

__all__ = ["measure"]

RUNS = 10


def measure() -> list[Row]:
    """Median CPU seconds over ten runs each, in turn."""
    ours, floor = [], []
    for _ in range(RUNS):
        ours.append(_cpu_seconds([sys.executable, "-m", "steelyard", "--help"]))
        floor.append(_cpu_seconds([sys.executable, "-c", "pass"]))
    mine, least = statistics.median(ours), statistics.median(floor)
    return [Row("steelyard --help, CPU s", RUNS, f"{mine:.3f}", f"{least:.3f}", f"{mine / least:.1f}", "< 0.3 s")]


def _cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
