"""How often honest vendors are accused, and inflated claims found: ``python -m bench.honest [--vendors N]``.

Every vendor is simulated through the code that audits use: the claim retest plans, seals, opens, and reads the answers
in committed order until it needs no more. There is no network, and no text.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from steelyard.auditing.verdict import rejected
from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.planning.decoding import decoding_of, repeat_check_of, repeats_of
from steelyard.planning.weights import share_out
from steelyard.plugins import Formats, MeasurementRequest
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Capabilities,
    Claim,
    ClaimSheet,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    Protocol,
    Reads,
    RepeatCheck,
    SampleScore,
    Served,
)
from steelyard.runner.order import calls_of
from steelyard.runner.schedule import Call
from steelyard.stats.intervals import clopper_pearson

ALPHA = 0.05
SCORER = "exact@2"
SEED = 20261126
ACCURACY = 0.85
VENDORS = 200

Random = np.random.Generator
Chances = NDArray[np.float64]


# ── vendors ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Vendor:
    """One kind of vendor: how its model answers, what it prints, and how it may be asked.

    ``variance`` is w, the variance within samples: some of them are right with probability ``flip``, all others always
    or never. Greedy answers have ``variance`` of their own (batches), and ``sampled`` is that of answers at a
    temperature. The vendor's number is one pass over ``scored`` random samples (None: all), sampled where ``decoding``
    says so or it ``hides`` that it was, and ``inflated`` by so much. Our answers are ``open`` or ``missing`` at random
    with these shares. ``cached``: the endpoint repeats its first answer to every sample. ``formats``: the task has so
    many prompt formats, and the vendor states none; in each its model loses so much of its accuracy.
    """

    name: str
    population: int
    tolerance: str = "2"
    accuracy: float = ACCURACY
    variance: float = 0.0
    sampled: float = 0.0
    decoding: str = "greedy"
    hides: bool = False
    in_process: bool = False
    scored: int | None = None
    inflated: float = 0.0
    open: float = 0.0
    missing: float = 0.0
    flip: float = 0.5
    cached: bool = False
    formats: tuple[float, ...] = (0.0,)


SIZES = (164, 198, 1319)
TEMPERATURE = "temperature 0.7"

HONEST: tuple[Vendor, ...] = (
    *(Vendor("greedy, in-process", size, in_process=True) for size in SIZES),
    *(Vendor("greedy", size) for size in SIZES),
    *(Vendor(f"batch noise w = {w}", size, variance=w) for w in (0.005, 0.016) for size in (198, 1319)),
    *(
        Vendor(f"batch noise w = {w}, tolerance .5", size, "0.5", variance=w)
        for w in (0.005, 0.016)
        for size in (198, 1319)
    ),
    *(
        Vendor(f"batch noise w = 0.016, flips of {flip}, tolerance .5", size, "0.5", 0.5, 0.016, flip=flip)
        for flip in (0.1, 0.9)
        for size in (30, 198, 1319)
    ),
    *(Vendor("sampled", size, accuracy=0.75, sampled=0.05, decoding=TEMPERATURE) for size in (30, *SIZES)),
    *(
        Vendor(f"sampled (w = {w}), does not say so", size, "2", 0.75, 0.005, w, decoding="", hides=True)
        for size in (30, 164, 198)
        for w in (0.05, 0.1)
    ),
    Vendor("sampled, does not say so, in-process", 198, sampled=0.05, decoding="", hides=True, in_process=True),
    *(
        Vendor("sampled, behind a cache", size, accuracy=0.75, sampled=0.05, decoding=TEMPERATURE, cached=True)
        for size in SIZES
    ),
    Vendor("scored 20 of N", 1319, accuracy=0.95, scored=20),
    Vendor("scored 30 of N", 198, scored=30),
    Vendor("scored 200 of N", 1319, scored=200, in_process=True),
    *(Vendor(f"{share:.0%} open", size, open=share) for share in (0.01, 0.03, 0.05) for size in (198, 1319)),
    *(Vendor("5% missing", size, missing=0.05) for size in (198, 1319)),
    *(Vendor("best of 3 formats, states none", size, formats=(0.08, 0.03, 0.0)) for size in (198, 1319)),
    *(Vendor("2 formats alike, states none", size, variance=0.005, formats=(0.0, 0.0)) for size in (198, 1319)),
    Vendor(
        "best of 3 formats, states no decoding either", 198, "2", 0.75, 0.005, 0.05, "", True, formats=(0.1, 0, 0.05)
    ),
)
INFLATED: tuple[Vendor, ...] = (
    *(
        Vendor(name, size, variance=w, in_process=in_process, inflated=points, accuracy=0.75, open=share)
        for name, w, in_process, share in (
            ("in-process", 0.0, True, 0.0),
            ("w = 0.016", 0.016, False, 0.0),
            ("w = 0.016, 1% open", 0.016, False, 0.01),
        )
        for size in (164, 500, 1319)
        for points in (0.05, 0.10)
    ),
    Vendor("states samples: 30", 198, scored=30, inflated=0.10, accuracy=0.75),
    Vendor("states samples: 30", 1319, scored=30, inflated=0.10, accuracy=0.75),
    *(
        Vendor("best of 3 formats, states none", size, inflated=0.10, accuracy=0.75, formats=(0.08, 0.0, 0.03))
        for size in (500, 1319)
    ),
)


def _chances(vendor: Vendor, variance: float) -> Chances:
    """p of each sample: those that vary, and those that are always right or always wrong, so that the mean is right."""
    varying = variance * vendor.population / (vendor.flip * (1 - vendor.flip))
    flips = 10 * round(varying / 10) if vendor.flip != 0.5 else 2 * round(varying / 2)
    right = round(vendor.accuracy * vendor.population) - round(flips * vendor.flip)
    return np.array([vendor.flip] * flips + [1.0] * right + [0.0] * (vendor.population - flips - right))


def _printed(vendor: Vendor, source: Random) -> str:
    """The number that the vendor prints: one pass, with one decimal."""
    chances = _chances(vendor, vendor.sampled if vendor.hides or vendor.decoding == TEMPERATURE else vendor.variance)
    marks = source.random(vendor.population) < chances
    scored = marks if vendor.scored is None else source.choice(marks, vendor.scored, replace=False)
    return f"{min(100.0, 100 * (scored.mean() + vendor.inflated)):.1f}"


# ── the audit ───────────────────────────────────────────────────────────────────────────────────────────────────────


class BenchPlanner:
    """Plans a benchmark of a given size without its samples; the rest is as :class:`TaskPlanner` decides it."""

    def __init__(
        self, sheet: ClaimSheet, model: PlannedModel, tolerance: str, population: int, formats: int = 1
    ) -> None:
        self.sheet, self.models, self.tolerance, self.population = sheet, {SUBJECT: model}, tolerance, population
        self.format_count = formats
        self.measurements: list[Measurement] = []
        self.served: list[Served] = []

    def formats(self, request: str, claim: Claim) -> Formats:
        """The formats of the task, by their numbers."""
        return Formats(tuple(map(str, range(self.format_count)))) if self.format_count > 1 else Formats()

    def measure(self, request: MeasurementRequest) -> Served:
        """Serve a request."""
        capabilities, size, claim = self.models[SUBJECT].capabilities, self.population, request.claim
        degrees = request.temperature or 0.0
        mode: Any = "sampled" if degrees else "greedy"
        if claim:
            mode, degrees, _ = decoding_of(claim, "generate")
        check = repeat_check_of(mode, capabilities, size, size) if claim else request.repeat_check or RepeatCheck()
        measurement = Measurement(
            id=f"{len(self.measurements):02d}",
            task=request.task,
            prompt=request.prompt or "0",
            kind="generate",
            decoding=mode,
            temperature=degrees,
            scorers=(SCORER,),
            population=size,
            samples_root="0" * 64,
            order_seed=f"seed {len(self.measurements)}",  # one order: the samples are shuffled instead
            repeats=repeats_of(mode, capabilities, size) if claim else 1,
            repeat_check=check,
            limit=request.limit,
            arm=request.arm,
        )
        self.measurements.append(measurement)
        reads = Reads(measurement=measurement.id, scorer=SCORER)
        self.served.append(Served(request=request.name, reads=reads, prompt=measurement.prompt))
        return self.served[-1]

    def measurement(self, served: Served) -> Measurement:
        """What serves it."""
        return next(each for each in self.measurements if each.id == served.reads.measurement)


def _plan(vendor: Vendor, value: str) -> Plan:
    samples = vendor.scored
    claim = Claim(task="t", value=value, samples=samples, protocol=Protocol(decoding=vendor.decoding))
    sheet = ClaimSheet(model="m", claims=(claim,), digest="0" * 64)
    model = PlannedModel(
        identity=ModelIdentity(uri="x:y"),
        capabilities=Capabilities(deterministic=vendor.in_process, repeats_identical=(0.7,) if vendor.cached else ()),
    )
    planner = BenchPlanner(sheet, model, vendor.tolerance, vendor.population, len(vendor.formats))
    tests = ClaimRetest().plan(planner)
    plan = Plan(
        format=PLAN_FORMAT,
        software="0",
        created="2026-11-26T00:00:00+00:00",
        sheet=sheet,
        models={SUBJECT: model},
        measurements=tuple(planner.measurements),
        detectors=("claim_retest@2",),
        tests=share_out(tests),
        served=tuple(planner.served),
        alpha=ALPHA,
        tolerance=vendor.tolerance,
    )
    return msgspec.structs.replace(plan, tests=tuple(ClaimRetest().seal(test, plan) for test in plan.tests))


@cache
def _calls(measurement: Measurement) -> tuple[Call, ...]:
    return tuple(calls_of(measurement))


@dataclass(frozen=True)
class Audited:
    """How one audit ended, and its calls as a share of the benchmark's size."""

    word: str
    asked: float


def audit(vendor: Vendor, source: Random) -> Audited:
    """One vendor, from its printed number to the verdict."""
    plan = _plan(vendor, _printed(vendor, source))
    shuffled = source.permutation(vendor.population)
    chances = {each.id: _ours(vendor, each, source)[shuffled] for each in plan.measurements}
    finder = ClaimRetest().open(plan.tests[0], plan)
    calls = {each.id: iter(_calls(each)) for each in plan.measurements}
    asked = 0
    while (turn := next(_turns(finder, calls), None)) is not None:
        call = next(calls[turn], None)
        if call is None:
            del calls[turn]
            continue
        asked += 1
        finder.observe(_score(vendor, call, chances[turn][call.sample], source))
    result = finder.find({})
    word = "inconsistent" if rejected(plan, [result]) else result.word.value
    return Audited(word, asked / vendor.population)


def _turns(finder: object, calls: dict[str, Iterator[Call]]) -> Iterator[str]:
    """The measurements that may be asked now."""
    return (
        name
        for name in calls
        if name not in finder.closed and finder.heads[name] is not None  # type: ignore[attr-defined]
    )


def _ours(vendor: Vendor, measurement: Measurement, source: Random) -> Chances:
    """p of our own answers: greedy ones of a vendor that samples are right where its sampled ones are on average."""
    vendor = replace(vendor, accuracy=vendor.accuracy - vendor.formats[int(measurement.prompt)])
    if measurement.decoding == "sampled":
        chances = _chances(vendor, vendor.sampled)
        return (source.random(vendor.population) < chances).astype(float) if vendor.cached else chances
    return _chances(vendor, vendor.variance)


def _score(vendor: Vendor, call: Call, chance: float, source: Random) -> SampleScore:
    lost = source.random()
    status = "open" if lost < vendor.open else "missing" if lost < vendor.open + vendor.missing else "scored"
    return SampleScore(
        measurement=call.measurement,
        position=call.position,
        sample=str(call.sample),
        repeat=call.repeat,
        status=status,  # type: ignore[arg-type]
        value=float(source.random() < chance) if status == "scored" else None,
        scorer=SCORER,
        seq=0,
    )


# ── the tables ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Rates:
    """How a kind of vendors ended."""

    vendor: Vendor
    audits: int
    inconsistent: int
    consistent: int
    asked: float


def measure(vendor: Vendor, audits: int) -> Rates:
    """Audit so many vendors of one kind, with the kind's own random numbers."""
    source = np.random.default_rng(
        [SEED, *vendor.name.encode(), vendor.population, int(1000 * vendor.sampled), int(1000 * vendor.inflated)]
    )
    found = [audit(vendor, source) for _ in range(audits)]
    words = [each.word for each in found]
    share = float(np.mean([each.asked for each in found]))
    return Rates(vendor, audits, words.count("inconsistent"), words.count("consistent"), share)


def _table(title: str, rows: Sequence[Rates]) -> Table:
    table = Table(title=title)
    table.add_column("vendors")
    for name in ("N", "n", "inconsistent", "95 % limits", "consistent", "asked / N"):
        table.add_column(name, justify="right")
    for row in rows:
        low, high = clopper_pearson(row.inconsistent, row.audits)
        table.add_row(
            row.vendor.name + (f", + {row.vendor.inflated:.0%}" if row.vendor.inflated else ""),
            f"{row.vendor.population:,}",
            f"{row.audits:,}",
            f"{row.inconsistent / row.audits:.3f}",
            f"{low:.3f}–{high:.3f}",
            f"{row.consistent / row.audits:.3f}",
            f"{row.asked:.2f}",
        )
    return table


def main() -> None:
    """Audit every kind and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendors", type=int, default=VENDORS, help="audits of each kind")
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    arguments = parser.parse_args()
    kinds = [kind for kind in (*HONEST, *INFLATED) if arguments.only in kind.name]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(partial(measure, audits=arguments.vendors), kinds))
    console = Console(width=110)
    for title, inflated in (("Honest vendors", False), ("Inflated claims", True)):
        shown = [row for row in rows if bool(row.vendor.inflated) is inflated]
        if shown:
            console.print(_table(f"{title}: α = {ALPHA}, seed {SEED}", shown))


if __name__ == "__main__":
    main()
