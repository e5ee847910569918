"""From series of audits to rates: how often an honest vendor is accused in any of them, and what adapting helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import mean, median
from typing import Final, NamedTuple

from steelyard.records.record import Record
from steelyard_forensics.gauntlet.forms import Shown, percent, share
from steelyard_forensics.gauntlet.parameters import Kind
from steelyard_forensics.gauntlet.rates import Rate, WorldRates, rate
from steelyard_forensics.gauntlet.series import Begins, Series, run_series
from steelyard_forensics.gauntlet.series_parameters import SeriesWorld
from steelyard_forensics.gauntlet.vendors import Abilities

__all__ = ["SeriesRate", "SeriesRates", "jobs_of", "series_rates_of", "series_shown"]

_VENDORS: Final = 100  # of each kind

_BEGINS = {"bold": "from its boldest rung", "timid": "from honesty"}


class SeriesRate(Record, frozen=True, kw_only=True):
    """Vendors of one kind. ``first``: accused in their first audit; ``found``: in any of them.

    ``after``: in which audit, the median of those that are found. ``lied``: the mean number of audits with a row that
    did not hold, until it was found.
    """

    kind: str
    says: str
    honest: bool
    begins: Begins
    counted: bool
    first: Rate
    found: Rate
    after: float | None
    lied: float


class SeriesRates(WorldRates, frozen=True, kw_only=True):
    """What series of audits found."""

    rounds: int
    wary: float
    bold: float
    rates: tuple[SeriesRate, ...]


def jobs_of(
    world: SeriesWorld, vendors: int | None, seed: int
) -> tuple[Sequence[Callable[[Abilities], list[Series]]], int]:
    """A job for each vendor, so many of each kind and beginning, and their number."""
    jobs = [
        partial(_one, world=world, name=kind, rungs=rungs, number=number, seed=seed, begins=begins, counted=counted)
        for number in range(vendors or _VENDORS)
        for kind, _, rungs, begins, counted, _ in _kinds(world)
    ]
    return jobs, len(jobs)


def _one(
    abilities: Abilities,
    world: SeriesWorld,
    name: str,
    rungs: Sequence[Kind],
    number: int,
    seed: int,
    begins: Begins,
    counted: bool,
) -> list[Series]:
    return [run_series(abilities, world, name, rungs, number, seed, begins=begins, counted=counted)]


def series_rates_of(world: SeriesWorld, series: Sequence[Series], seed: int) -> SeriesRates:
    """All rates of the series that ended."""
    rates = tuple(_rates(world, series))
    return SeriesRates(
        world=world.name,
        digest=world.digest,
        seed=seed,
        rounds=world.rounds,
        wary=world.wary,
        bold=world.bold,
        honest=sum(each.found.of for each in rates if each.honest),
        cheats=sum(each.found.of for each in rates if not each.honest),
        rates=rates,
    )


class _Asked(NamedTuple):
    """Vendors that are alike: their name, what is said of them, and how they are audited."""

    kind: str
    says: str
    rungs: Sequence[Kind]
    begins: Begins
    counted: bool
    honest: bool


def _kinds(world: SeriesWorld) -> Iterator[_Asked]:
    for each in world.honest:
        yield _Asked(each.kind.name, each.kind.says, (each.kind,), "bold", each.counted, True)
    beginnings: tuple[Begins, ...] = ("bold", "timid")
    for ladder in world.cheats:
        for begins in beginnings:
            yield _Asked(ladder.name, ladder.says, ladder.rungs, begins, True, False)


def _rates(world: SeriesWorld, series: Sequence[Series]) -> Iterator[SeriesRate]:
    for kind, says, _, begins, counted, honest in _kinds(world):
        ended = [each for each in series if (each.name, each.begins) == (kind, begins)]
        if not ended:
            continue
        found = [each.found for each in ended if each.found]
        yield SeriesRate(
            kind=kind,
            says=says,
            honest=honest,
            begins=begins,
            counted=counted,
            first=rate(found.count(1) / len(ended), len(ended)),
            found=rate(len(found) / len(ended), len(ended)),
            after=median(found) if found else None,
            lied=mean(each.lied for each in ended),
        )


def series_shown(rates: SeriesRates) -> Shown:
    """The sentences and tables of a page."""
    rounds, sentences = rates.rounds, []
    for each in rates.rates:
        if each.honest:
            how = (
                "whose audits the ledger counts" if each.counted else "of whom each audit has the level of a first one"
            )
            sentences.append(
                f"Of {each.found.of:,} honest vendors ({each.kind}) {how}, {percent(each.found)} were accused of "
                f"something in one of {rounds:,} audits at .05"
            )
    honest = [
        [each.kind, f"{each.found.of:,}", share(each.first), share(each.found)] for each in rates.rates if each.honest
    ]
    cheats = [
        [
            f"{each.kind}, {_BEGINS[each.begins]}",
            f"{each.found.of:,}",
            share(each.first),
            share(each.found),
            "–" if each.after is None else f"{each.after:g}",
            f"{each.lied:.1f}",
        ]
        for each in rates.rates
        if not each.honest
    ]
    many = f"in {rounds:,} audits"
    return Shown(
        sentences or ["No honest vendor was audited"],
        [
            (
                f"Honest vendors that are audited {rounds:,} times",
                ["vendors", "n", "in the first audit", many],
                honest,
                "Accused of something by a report at .05, of one key. The n-th audit of a question has 6/(π²n²) of the "
                "level; *without a ledger* each has that of a first one. 95 % intervals (Clopper-Pearson over "
                "vendors).",
            ),
            (
                "Cheaters that see each report and adapt",
                ["cheat", "n", "in the first audit", many, "median audit", "audits with a lie"],
                cheats,
                f"It publishes its table anew for each audit. After a report with a p of {rates.wary:g} or less it "
                f"goes down a rung, after one whose p-values are all {rates.bold:g} or more up again. *Median audit*: "
                "of those that are found. *Audits with a lie*: the mean number of them, until it was found, with a row "
                "that did not hold.",
            ),
        ],
    )
