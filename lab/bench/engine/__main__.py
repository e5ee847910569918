"""``python -m bench.engine``: ours, both peers and the bare loop in turn against the same server; exit 1 on a FAIL."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.engine.contenders import contenders
from bench.engine.markdown import table, verdicts, write_section
from bench.engine.speed import CELLS, QUICK, Check, Measured, Speed, checks

# CPU is milliseconds a sample, user and system, of all processes; "net" with start-up and end subtracted.
HEADINGS = ("harness", "samples/s", "spread", "of floor", "CPU ms", "net ms", "peak MB", "wall s", "score")


@click.command()
@click.option("--quick", is_flag=True, help="One cell alone: 50 ms latency, 100 connections, 2,000 samples.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Passes of each, in turn.")
@click.option("--patience", type=float, default=180.0, show_default=True, help="Leave out passes longer than this (s).")
@click.option("--only", multiple=True, help="Only this harness (may be given several times).")
@click.option("--markdown", type=click.Path(path_type=Path), help="Put the tables into this document too.")
def main(quick: bool, repeats: int, patience: float, only: tuple[str, ...], markdown: Path | None) -> None:
    """Measure throughput, CPU and memory, print the ratios, and check what was promised."""
    out, err = Console(width=100), Console(stderr=True)
    chosen = [each for each in contenders() if not only or each.name in only]
    cells: list[list[Measured]] = []
    title = f"{machine()}, median of n = {repeats} passes in turn"
    out.print(title)
    with tempfile.TemporaryDirectory(prefix="steelyard-bench-") as folder, err.status("starting") as status:
        speed = Speed(chosen, Path(folder), repeats, patience, notify=status.update)
        for cell in speed.measure(QUICK if quick else CELLS):
            cells.append(cell)
            out.print(_table(cell))
    found = checks(cells)
    for check in found:
        out.print(str(check), style="" if check.kept else "bold red", highlight=False, soft_wrap=True)
    if markdown is not None:
        write_section(markdown, "bench.engine", _as_markdown(title, cells, found))
    sys.exit(0 if all(check.kept for check in found) else 1)


def machine() -> str:
    """Date and machine, for the title of whatever is printed."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({cpu}), Linux {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _rows(cell: Sequence[Measured]) -> list[tuple[str, ...]]:
    floor = next((each.rate for each in cell if each.name == "bare loop" and each.passes), 0.0)
    rows = []
    for each in cell:
        if not each.passes:
            rows.append((each.name, *["–"] * (len(HEADINGS) - 1)))
            continue
        spread = f"{min(each.throughput):,.0f}–{max(each.throughput):,.0f}"
        scores = sorted({"none" if one.score is None else f"{one.score:.4f}" for one in each.passes})
        rows.append(
            (
                each.name,
                f"{each.rate:,.0f}",
                spread,
                f"{each.rate / floor:.2f}" if floor else "",
                f"{each.cpu_ms:.2f}",
                f"{each.net_cpu_ms:.2f}",
                f"{each.peak_mb:.0f}",
                f"{each.wall_s:.1f}",
                ", ".join(scores),
            )
        )
    return rows


def _table(cell: Sequence[Measured]) -> Table:
    shown = Table(title=str(cell[0].cell), box=SIMPLE_HEAD, caption=_left_out(cell), caption_justify="left")
    for name in HEADINGS:
        shown.add_column(name, justify="left" if name == "harness" else "right", no_wrap=True)
    for row in _rows(cell):
        shown.add_row(*row)
    return shown


def _left_out(cell: Sequence[Measured]) -> str:
    return "; ".join(f"left out: {each.name}, {each.left_out}" for each in cell if each.left_out)


def _as_markdown(title: str, cells: Sequence[Sequence[Measured]], found: Sequence[Check]) -> str:
    tables = [table(str(cell[0].cell), HEADINGS, _rows(cell), 1, _left_out(cell)) for cell in cells]
    return "\n".join([title + ".", "", *tables, verdicts([str(check) for check in found])])


if __name__ == "__main__":
    main()
