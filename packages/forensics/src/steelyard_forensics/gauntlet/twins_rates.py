"""From vendors that were held against a panel to rates: who is accused, by the panel's test and by others.

A rate over rows has the interval of Clopper and Pearson (1934) with the number of *vendors* as n, as in
:mod:`steelyard_forensics.gauntlet.rates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import msgspec

from steelyard.records import VerdictWord
from steelyard.records.record import Record
from steelyard_forensics.gauntlet.forms import Shown, Table, percent, plain, share
from steelyard_forensics.gauntlet.rates import Rate, WorldRates, rate
from steelyard_forensics.gauntlet.twins import LEVEL, TwinsTested, run_twins
from steelyard_forensics.gauntlet.twins_parameters import TwinsKind, TwinsWorld
from steelyard_forensics.gauntlet.vendors import Abilities
from steelyard_forensics.panels.twin_gap import RULE

__all__ = ["TwinsRate", "TwinsRates", "jobs_of", "twins_rates_of", "twins_shown"]

_VENDORS: Final = 200  # of each kind
_PART: Final = 10  # vendors of one kind in one job


class TwinsRate(Record, frozen=True, kw_only=True):
    """Rows of one kind of vendor, of all honest ones where ``kind`` is empty.

    ``tests`` were tested, ``refused`` were not. Each rate is the share of rows that are accused: by ours at
    :data:`~steelyard_forensics.gauntlet.twins.LEVEL`, by ConStat (of the vendors that met it), the z test and the raw
    gap.
    """

    kind: str
    says: str = ""
    dose: float | None = None
    no_cheat: bool = False
    tests: int
    refused: int
    ours: Rate
    constat: Rate | None
    z: Rate
    raw: Rate


class TwinsRates(WorldRates, frozen=True, kw_only=True):
    """What authored twins and a panel found. ``alarms`` are of honest vendors, ``power`` of all others."""

    rule: str
    reference_models: int
    alarms: tuple[TwinsRate, ...]
    power: tuple[TwinsRate, ...]


def jobs_of(
    world: TwinsWorld, vendors: int | None, seed: int
) -> tuple[Sequence[Callable[[Abilities], list[list[TwinsTested]]]], int]:
    """The jobs for so many vendors of each kind, some of one kind together, and the number of all vendors."""
    size = vendors or _VENDORS
    kinds = [each for kind in (*world.honest, *world.cheats) for each in kind.each()]
    jobs = [
        partial(_several, world=world, kind=kind, numbers=range(begin, min(size, begin + _PART)), seed=seed)
        for begin in range(0, size, _PART)
        for kind in kinds
    ]
    return jobs, size * len(kinds)


def _several(
    abilities: Abilities, world: TwinsWorld, kind: TwinsKind, numbers: Iterable[int], seed: int
) -> list[list[TwinsTested]]:
    return [run_twins(abilities, world, kind, number, seed) for number in numbers]


def twins_rates_of(world: TwinsWorld, vendors: Sequence[Sequence[TwinsTested]], seed: int) -> TwinsRates:
    """All rates of the vendors that were tested, each with its rows."""
    names = {kind.name for kind in world.honest}
    honest = [rows for rows in vendors if rows[0].kind in names]
    alarms = [_rate("", "", None, honest)]
    alarms += [_rate(each.name, each.says, None, _of(honest, each.name, None)) for each in world.honest]
    power = [
        msgspec.structs.replace(found, no_cheat=each.no_cheat)
        for kind in world.cheats
        for each in kind.each()
        if (found := _rate(each.name, each.says, each.dose, _of(vendors, each.name, each.dose)))
    ]
    return TwinsRates(
        world=world.name,
        digest=world.digest,
        seed=seed,
        rule=RULE,
        reference_models=world.reference_models,
        honest=len(honest),
        cheats=len(vendors) - len(honest),
        alarms=tuple(each for each in alarms if each),
        power=tuple(power),
    )


def _of(vendors: Sequence[Sequence[TwinsTested]], kind: str, dose: float | None) -> list[Sequence[TwinsTested]]:
    return [rows for rows in vendors if (rows[0].kind, rows[0].dose) == (kind, dose)]


def _rate(kind: str, says: str, dose: float | None, vendors: Sequence[Sequence[TwinsTested]]) -> TwinsRate | None:
    rows = [each for several in vendors for each in several]
    tested = [each for each in rows if each.word != VerdictWord.NOT_TESTABLE]
    if not tested:
        return None
    of_constat = [each for each in tested if each.constat is not None]
    asked = sum(any(each.constat is not None for each in several) for several in vendors)

    def accused(found: Sequence[bool], n: int = len(vendors)) -> Rate:
        return rate(sum(found) / len(found), n)

    return TwinsRate(
        kind=kind,
        says=says,
        dose=dose,
        tests=len(tested),
        refused=len(rows) - len(tested),
        ours=accused([each.word == VerdictWord.INCONSISTENT for each in tested]),
        constat=accused([bool(each.constat) for each in of_constat], asked) if of_constat else None,
        z=accused([each.z for each in tested]),
        raw=accused([each.raw for each in tested]),
    )


def twins_shown(rates: TwinsRates) -> Shown:
    """The sentences and tables of a page."""
    about = "Every vendor and its panel are simulated: their answers go to the test of steelyard detect twin_gap."
    return Shown(_sentences(rates), [_table(rates, honest=True), _table(rates, honest=False)], about=about)


def _sentences(rates: TwinsRates) -> list[str]:
    if not rates.alarms or rates.alarms[0].kind:
        return ["No honest vendor was held against a panel"]
    whole = rates.alarms[0]
    found = [
        f"Of {whole.tests:,} rows of {rates.honest:,} honest vendors, {percent(whole.ours)} are accused by "
        f"{rates.rule} at {LEVEL:g}; the z test accuses {percent(whole.z)}, a raw gap of 5 points {percent(whole.raw)}"
    ]
    if whole.constat:
        found.append(f"ConStat, asked of {whole.constat.of:,} of these vendors, accuses {percent(whole.constat)}")
    if whole.refused:
        found.append(f"{whole.refused:,} rows were not tested: the model is outside of the panel's range")
    return found


def _table(rates: TwinsRates, *, honest: bool) -> Table:
    rows = []
    for each in rates.alarms if honest else rates.power:
        dose = "" if each.dose is None else f" {each.dose:g}"
        constat = share(each.constat) if each.constat else "–"
        cells = [f"{each.tests:,}", share(each.ours), constat, plain(each.z), plain(each.raw)]
        rows.append([f"{each.kind or 'all'}{dose}{' (no cheat)' if each.no_cheat else ''}", *cells])
    title = "Authored twins and a panel: "
    note = (
        "The share of rows that are accused at .05, each at a level of its own; 95 % intervals (Clopper-Pearson over "
        "vendors). Beside the panel's test, on the same answers: *ConStat*, written anew, with "
        f"{rates.reference_models} reference models; "
        "*z test*: of public items and twins; *raw gap*: more than 5 points."
    )
    return (
        title + ("honest vendors that are accused" if honest else "other vendors that are accused"),
        ["vendors", "rows", "panel", "ConStat", "z test", "raw gap"],
        rows,
        note if honest else note + " *No cheat*: nothing is wrong with it, and the test assumes that it is not so.",
    )
