"""The process of one comparison: ``python -P -m steelyard_server.comparing.process CPU-SECONDS MEMORY PARENT``.

What to compare comes as JSON on standard input; the result goes to standard output. The runs' files are held against
their seals before they are read, and scored again. It has the limits of a verification, and no network.
"""

from __future__ import annotations

import sys
from dataclasses import replace as replaced
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from steelyard.comparison.portfolio_record import Portfolio
from steelyard.comparison.record import Comparison, DifferingSample, MatrixCell, PairResult
from steelyard.errors import InputError, SteelyardError, VerificationError
from steelyard.util.text import one_line
from steelyard_server.push.worker import confine

if TYPE_CHECKING:
    from steelyard.comparison.scored_run import ScoredRun

__all__ = ["MAX_REPLY", "Asked", "AskedRun", "Compared", "compared", "main"]

MAX_REPLY: Final = 8 << 20
_WRITTEN: Final = 64 << 20
_MOST_NAMED: Final = 2_000  # samples on which models differ, of all pairs together
_LONGEST_ID: Final = 400  # characters; a longer one is not named


class AskedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run: where its folder lies, and the SHA-256 of its seal."""

    folder: str
    seal: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to compare: the first run with each other one, or all pairs."""

    runs: tuple[AskedRun, ...]
    all_pairs: bool = False


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison with its matrix, and the models as a portfolio; or ``problem``, why there is none, in one line.

    ``seals`` are those of the compared models' runs, in the order of letters, and ``measurements`` the one measurement
    of each task there, where it is one. ``no_portfolio``: why that is missing.
    """

    comparison: Comparison | None = None
    cells: tuple[MatrixCell, ...] = ()
    seals: tuple[str, ...] = ()
    measurements: tuple[dict[str, str], ...] = ()
    portfolio: Portfolio | None = None
    no_portfolio: str = ""
    problem: str = ""


def main(cpu_seconds: int, memory: int, parent: int) -> None:
    """Compare what standard input says."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    confine(cpu_seconds, memory, parent, _WRITTEN)
    sys.stdout.buffer.write(msgspec.json.encode(compared(asked)))


def compared(asked: Asked) -> Compared:
    """The comparison by the functions of ``steelyard compare`` and ``steelyard portfolio``; it has no text of a run."""
    try:
        return _compared(asked)
    except SteelyardError as error:
        return Compared(problem=_without_places(asked, str(error)))
    except MemoryError:
        return Compared(problem="these runs need more memory to be compared than this server allows")


def _compared(asked: Asked) -> Compared:
    from steelyard.comparison.compare import compare_runs
    from steelyard.comparison.matrix import matrix_of

    found = [(each.seal, run) for each in asked.runs for run in _read(each)]
    letters = ascii_uppercase[: len(found)]
    runs = [replaced(run, name=letter) for letter, (_, run) in zip(letters, found, strict=False)]
    if len(found) > len(letters):
        raise InputError(f"these runs have {len(found)} models: {len(letters)} at most can be compared")
    comparison = compare_runs(runs, all_pairs=asked.all_pairs, with_texts=False)
    portfolio, why_not = _portfolio(runs)
    named = tuple(replace(each, folder="") for each in comparison.runs)
    share = _MOST_NAMED // max(1, len(comparison.pairs))
    pairs = tuple(replace(each, differing_samples=_named(each, share)) for each in comparison.pairs)
    return Compared(
        comparison=replace(comparison, runs=named, pairs=pairs),
        cells=matrix_of([(run.name, run) for run in runs]),
        seals=tuple(seal for seal, _ in found),
        measurements=tuple(_measurements(run) for run in runs),
        portfolio=portfolio,
        no_portfolio=_without_places(asked, why_not),
    )


def _named(pair: PairResult, most: int) -> tuple[DifferingSample, ...]:
    """Some of the samples on which two models differ: by their ids, without a text."""
    return tuple(
        each
        for each in pair.differing_samples[:most]
        if max(len(each.sample), len(each.second_sample or "")) <= _LONGEST_ID
    )


def _measurements(run: ScoredRun) -> dict[str, str]:
    """The measurement of each task that has one alone, by its id: answers are found by it."""
    found: dict[str, set[str]] = {}
    for each in run.measured:
        found.setdefault(each.measurement.task, set()).add(each.measurement.id)
    return {task: ids.pop() for task, ids in found.items() if len(ids) == 1}


def _read(asked: AskedRun) -> list[ScoredRun]:
    """The models of a run. Raises VerificationError where its files are not those of the seal."""
    from steelyard.comparison.scored_run import read_run
    from steelyard.evidence import layout

    if layout.digest_and_lines(Path(asked.folder), layout.BUNDLE)[0] != asked.seal:
        raise VerificationError(f"{asked.folder}: its seal is not what was received here")
    return read_run(asked.folder)


def _portfolio(runs: list[ScoredRun]) -> tuple[Portfolio | None, str]:
    """With equal shares: a page puts others in their place (:func:`with_shares`), which needs no run."""
    from steelyard.comparison.portfolio import Facts, portfolio_of

    try:
        return portfolio_of([(run.name, run) for run in runs], Facts()), ""
    except InputError as error:
        return None, str(error)


def _without_places(asked: Asked, message: str) -> str:
    """A message without where this server keeps the runs."""
    for each in asked.runs:
        place = f"the run {each.seal[:12]}"
        message = message.replace(f"{each.folder}: ", f"{place}: ").replace(f"{each.folder}/", "")
        message = message.replace(each.folder, place)
    return one_line(message, 600)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
