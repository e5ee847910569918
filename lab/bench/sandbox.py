"""What the sandbox costs: one program, one examination, and all processors at it. ``python -m bench.sandbox``."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from steelyard.scorers.sandbox.box import Sandbox, open_box
from steelyard.scorers.sandbox.examine import Exam, examine
from steelyard.scorers.sandbox.limits import SandboxLimits

RUNS = 100
EXAM = Exam(
    program=("def f(x):\n    return x * x\n",),
    setup="",
    names=("f",),
    tests="".join(f"assert f({number}) == {number * number}\n" for number in range(10)),
)


def measure(action: Callable[[], object], runs: int = RUNS) -> tuple[str, str, str]:
    """Wall-clock milliseconds of one action: the least, the median and the 90th percentile."""
    action()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    of_interest = min(seconds), statistics.median(seconds), statistics.quantiles(seconds, n=10)[-1]
    least, median, ninetieth = (f"{value * 1e3:.1f}" for value in of_interest)
    return least, median, ninetieth


def main() -> None:
    """Print one table; the floor is the same interpreter without any walls."""
    sandbox = Sandbox()
    if reason := sandbox.unavailable_reason():
        raise SystemExit(reason)
    python = open_box().python
    bare = [python.executable, "-s", "-S", "-c", "print(1)"]
    machine = f"{platform.machine()}, {os.cpu_count()} processors (load {os.getloadavg()[0]:.1f})"
    table = Table(title=f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {python.version} inside, n = {RUNS}")
    for name in ("milliseconds", "least", "median", "90 %"):
        table.add_column(name, justify="left" if name == "milliseconds" else "right")
    table.add_row("bare interpreter: print(1)", *measure(lambda: subprocess.run(bare, capture_output=True, check=True)))
    table.add_row("sandbox: print(1)", *measure(lambda: sandbox.run("print(1)")))
    table.add_row("examination, ten assertions", *measure(lambda: examine(EXAM, SandboxLimits())))
    workers = 2 * (os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: examine(EXAM, SandboxLimits()), range(RUNS)))
        each = (time.perf_counter() - began) / RUNS
    table.add_row(f"the same from {workers} threads: {1 / each:.0f} a second", "", f"{each * 1e3:.1f}", "")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
