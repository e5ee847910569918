"""Run every measurement and print one table with date, machine and n."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import gateway, runner, startup, verify
from bench.table import Row


def main() -> None:
    """Measure start-up, the runner's CPU per sample, verification's speed, and what the gateway adds to a call."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        steps: tuple[Callable[[], list[Row]], ...] = (
            startup.measure,
            partial(runner.measure, run),
            partial(verify.measure, run),
            partial(gateway.measure, run),
        )
        rows = [row for step in track(steps, "measuring", console=Console(stderr=True)) for row in step()]
    table = Table(title=f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    for name in ("what", "n", "ours", "floor", "ratio", "budget"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        table.add_row(row.what, f"{row.n:,}", row.ours, row.floor, row.ratio, row.budget)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
