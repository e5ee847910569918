"""The numbers of vendors that are audited again and again: all in one YAML file, beside the simulated world's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from steelyard.records.record import Record
from steelyard_forensics.gauntlet.parameters import Kind, faults_of, read_parameters

__all__ = ["Ladder", "SeriesWorld", "Steady", "load_series"]

_FORMAT: Final = "steelyard-gauntlet-series/1"
_OWN: Final = "series.yaml"
_MOST_ROUNDS: Final = 1_000


class Steady(Record, frozen=True, kw_only=True):
    """An honest vendor, which stays as it is; not ``counted``: each audit has the level of a first one."""

    kind: Kind
    counted: bool = True


class Ladder(Record, frozen=True, kw_only=True):
    """A cheat by its rungs, the boldest first; each is a kind whose name says how bold it is."""

    name: str
    says: str = ""
    rungs: tuple[Kind, ...]


class SeriesWorld(Record, frozen=True, kw_only=True):
    """So many ``rounds`` of audits of one vendor by one key.

    A cheater sees the p-values of each. After one with a p of ``wary`` or less it goes on to its next rung, after one
    of which every p is ``bold`` or more it goes back by one.
    """

    format: str
    name: str
    seed: int
    rounds: int
    wary: float
    bold: float
    honest: tuple[Steady, ...]
    cheats: tuple[Ladder, ...]
    digest: str = ""


def load_series(path: Path | None = None) -> SeriesWorld:
    """The parameters that come with Steelyard, or a file's; raises InputError for anything else in it."""
    return read_parameters(SeriesWorld, _OWN, path, _faults)


def _faults(world: SeriesWorld) -> Iterator[str]:
    if world.format != _FORMAT:
        yield f"format: {world.format[:40]!r} is not {_FORMAT}"
    if not (1 <= world.rounds <= _MOST_ROUNDS and 0 <= world.seed < 2**63):
        yield f"there are 1 to {_MOST_ROUNDS:,} rounds, and a seed from 0"
    if not 0 <= world.wary <= world.bold <= 1:
        yield "wary and bold are between 0 and 1, and wary is not the larger one"
    names = [*(steady.kind.name for steady in world.honest), *(ladder.name for ladder in world.cheats)]
    if not names or len(set(names)) != len(names):
        yield "kinds of vendors are needed, each with a name of its own"
    for ladder in world.cheats:
        if not ladder.rungs:
            yield f"{ladder.name[:40]!r}: a cheat has rungs, the boldest first"
    kinds = (*(steady.kind for steady in world.honest), *(rung for ladder in world.cheats for rung in ladder.rungs))
    for kind in kinds:
        if kind.varies:
            yield f"{kind.name[:40]!r}: here nothing varies by doses; give each its own rung"
        yield from faults_of(kind)
