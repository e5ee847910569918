"""The replay: two vendors, each audited by the real command line as a buyer would, in two lanes side by side."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scandal.closing import as_markdown, as_table, lines_of, read_reports
from scandal.files import B_PACKAGE, NAMES
from scandal.table import Tables
from scandal.world import Command, World, serving
from steelyard.errors import ExitCode
from steelyard.util.console import err, out

__all__ = ["EXPECTED", "VENDORS", "Outcome", "page", "replay"]

VENDORS: Final = ("cheat", "honest")
EXPECTED: Final = {"cheat": int(ExitCode.INCONSISTENT), "honest": int(ExitCode.CONSISTENT)}


@dataclass(frozen=True)
class Outcome:
    """The exit codes of one vendor's commands, by their place in the folder."""

    vendor: str
    codes: Mapping[str, int]

    @property
    def is_as_expected(self) -> bool:
        """The cheating vendor is found by each command about the whole, the honest one by none, and each decides.

        The audits of single files are none of these: B and C do not reach the honest vendor's table either.
        """
        return all(self.codes.get(name) == EXPECTED[self.vendor] for name in ("endpoint", "cue", "assembled"))


def replay(
    folder: Path, files: Mapping[str, Path], tables: Tables, path: Path, vendors: Sequence[str] = VENDORS
) -> list[Outcome]:
    """Audit the vendors in two lanes and print what was shown; gives the exit codes.

    ``path`` is the file of the tables, which the servers read.
    """
    rows = {"cheat": tables.cheat(files), "honest": tables.honest}
    worlds = [World(folder, name, rows[name], files) for name in vendors]
    for world in worlds:
        world.prepare()
    if "B" not in files:
        err().print(f"scandal: {B_PACKAGE} is not installed, so the row that B gave is left out")
    codes: dict[str, dict[str, int]] = {world.name: {} for world in worlds}
    # The endpoint of one vendor beside the files of the other, so that both lanes are about as long.
    kinds = ("endpoint", "files"), ("files", "endpoint")
    plans = [[(kind[at % 2], world) for at, world in enumerate(worlds)] for kind in kinds]
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True) as progress, ThreadPoolExecutor(2) as lanes:
        jobs = [lanes.submit(_lane, lane, path, codes, progress) for lane in plans]
        for job in jobs:
            job.result()
    found = [Outcome(world.name, codes[world.name]) for world in worlds]
    for world, outcome in zip(worlds, found, strict=True):
        _print(world, outcome)
    return found


def page(folder: Path, outcome: Outcome, command: str, seconds: float) -> str:
    """What a replay showed of one vendor, as Markdown: when, where, after what time, and the table."""
    made = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}"
    return "\n\n".join(
        (
            f"`{command}`, {made}, {seconds / 60:.0f} minutes",
            as_markdown(_TITLES[outcome.vendor], lines_of(read_reports(folder / outcome.vendor))).strip(),
            f"Exit codes: {_codes(outcome)}.",
        )
    )


def _codes(outcome: Outcome) -> str:
    return ", ".join(f"{name} {code}" for name, code in outcome.codes.items())


def _lane(lane: Sequence[tuple[str, World]], path: Path, codes: dict[str, dict[str, int]], progress: Progress) -> None:
    shown = progress.add_task("starting")
    for what, world in lane:

        def run(command: Command, world: World = world) -> None:
            progress.update(shown, description=f"{world.name}: {command.words}")
            started = time.monotonic()
            code = codes[world.name][command.log.stem] = world.run(command)
            seconds = time.monotonic() - started
            progress.console.print(f"scandal: {world.name}: {command.words} exit {code} after {seconds:.0f} s")

        (_ask_endpoint if what == "endpoint" else _ask_files)(world, path, run)


def _ask_endpoint(world: World, path: Path, run: Callable[[Command], None]) -> None:
    with serving(world.name, world.files, path) as address:
        run(world.endpoint(address))
        run(world.cue(address))


def _ask_files(world: World, path: Path, run: Callable[[Command], None]) -> None:
    for letter in world.files:
        run(world.file(letter))
    run(world.assemble())


def _print(world: World, outcome: Outcome) -> None:
    console = out()
    console.print(as_table(_TITLES[world.name], lines_of(read_reports(world.folder))))
    asked = ", ".join(f"{letter} = {NAMES[letter]}" for letter in world.files)
    console.print(f"{asked}. The table: {world.folder / 'sheet.yaml'}")
    for page in ("endpoint/report.html", "cue/report.html", "assembled.html"):
        console.print(f"report  {world.folder / page}", soft_wrap=True)
    console.print(f"exit codes: {_codes(outcome)}\n", soft_wrap=True)


_TITLES: Final = {
    "cheat": "The vendor of the story: what was shown",
    "honest": "An honest vendor, whose table is what A does: the same commands",
}
