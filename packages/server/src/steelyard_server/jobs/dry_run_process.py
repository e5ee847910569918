"""The process of one dry run: ``python -P -m steelyard_server.jobs.dry_run_process FOLDER CPU-SECONDS PARENT``.

What to plan comes as JSON on standard input, the endpoint's key among it; the figures go to standard output. It
has limits, and ends with the process PARENT.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError, SteelyardError
from steelyard.util.text import one_line
from steelyard_server.bounds import bound
from steelyard_server.jobs.messages import Setup, without_address
from steelyard_server.jobs.specification import Resumption, read_specification

if TYPE_CHECKING:
    from steelyard.planning.dry_run import Forecast

__all__ = ["MAX_REPLY", "Asked", "Figure", "Figures", "main"]

MAX_REPLY: Final = 1 << 20
_MEMORY: Final = 4 << 30
_MAX_WRITTEN: Final = 1 << 30  # one file: the questions of a benchmark are written again


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to plan."""

    specification: str
    setup: Setup

    def __repr__(self) -> str:
        return f"Asked({self.setup!r})"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """At most so much for one claim or measurement; ``cannot``: what would be needed to confirm it, "" where nothing.

    ``if_true`` is the number of samples after which a decision is expected, None where there is none.
    """

    task: str
    claimed: str
    calls: int
    seconds: float
    cost: float | None
    if_true: int | None
    cannot: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """At most so much in all: calls, tokens, seconds, and money where the endpoint has prices.

    ``skipped`` are tasks that are not asked, with the word of their verdict and the reason. ``problem``: why nothing
    could be planned, in one line; "" where it could. ``needs_approval``: the project wants a second person for so much.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None
    rows: tuple[Figure, ...] = ()
    skipped: tuple[tuple[str, str, str], ...] = ()
    assumptions: str = ""
    problem: str = ""
    needs_approval: bool = False


def main(folder: str, cpu_seconds: int, parent: int) -> None:
    """Plan for the process ``parent`` what standard input says; questions are written into ``folder``."""
    bound(cpu_seconds, _MEMORY, parent, _MAX_WRITTEN)
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    try:
        found = asyncio.run(_planned(asked, Path(folder)))
    except SteelyardError as error:
        found = Figures(problem=one_line(without_address(str(error), asked.setup).replace(f"{folder}/", ""), 500))
    sys.stdout.buffer.write(msgspec.json.encode(found))


async def _planned(asked: Asked, folder: Path) -> Figures:
    from steelyard.api.conduct import planned
    from steelyard.planning.dry_run import forecast
    from steelyard_server.jobs.asking import arguments_of, job_of

    specification = read_specification(asked.specification)
    if isinstance(specification, Resumption):
        raise InputError("a run that goes on was planned already: what is left of it, its job shows")
    args = arguments_of(specification, asked.setup, folder, folder / "run")
    async with planned(job_of(specification, args, folder), args) as audit:
        return _figures(forecast(audit.plan, audit.prepared))


def _figures(found: Forecast) -> Figures:
    costs = [row.cost for row in found.rows if row.cost is not None]
    return Figures(
        calls=sum(row.calls for row in found.rows),
        prompt_tokens=sum(row.prompt_tokens for row in found.rows),
        completion_tokens=sum(row.completion_tokens for row in found.rows),
        seconds=sum(row.seconds for row in found.rows),
        cost=sum(costs) if costs and len(costs) == len(found.rows) else None,
        rows=tuple(
            Figure(
                task=one_line(row.task, 200), claimed=one_line(row.claimed, 40), calls=row.calls, seconds=row.seconds,
                cost=row.cost, if_true=row.if_true, cannot=one_line(row.cannot, 400),
            )
            for row in found.rows
        ),
        skipped=tuple((one_line(task, 200), word, one_line(reason, 400)) for task, word, reason in found.skipped),
        assumptions=one_line(found.assumptions, 600),
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
