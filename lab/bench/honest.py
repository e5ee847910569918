"""How often honest vendors are accused, and inflated claims found: ``python -m bench.honest [--vendors N]``.

Every vendor is simulated through the code that audits use: the claim retest plans, seals, opens, and reads the answers
in committed order until it needs no more. There is no network, and no text.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.vendors import (
    EDGE,
    HONEST,
    INFLATED,
    NOT_REPAIRED,
    QUOTED,
    RANGES,
    TEMPERATURE,
    Random,
    Vendor,
    Weather,
    chances_of,
    printed,
    readings,
    worth_of,
)
from steelyard.auditing.verdict import rejected
from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.planning.again import asked_again
from steelyard.planning.decoding import asked_how_often, decoding_of
from steelyard.planning.order import order_of
from steelyard.planning.weights import share_out
from steelyard.plugins import Formats, MeasurementRequest, detector_of
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    Capabilities,
    Claim,
    ClaimSheet,
    DetectorResult,
    Measurement,
    ModelIdentity,
    Part,
    Plan,
    PlannedModel,
    PlannedTest,
    Protocol,
    Question,
    Reads,
    RepeatCheck,
    RequestedTest,
    SampleScore,
    Served,
)
from steelyard.runner.order import calls_of
from steelyard.runner.schedule import Call
from steelyard.stats import sequential
from steelyard.stats.intervals import clopper_pearson

ALPHA = 0.05
SCORER = "numeric@7"
SHARES = 'similarity[{"measure":"token_f1"}]@1'  # gives scores between 0 and 1
SEED = 20261126
VENDORS = 200
WORDS = ("not_testable", "unverifiable", "insufficient_power", "inconsistent", "consistent")  # the worst first
PART = 250  # of one kind's vendors, in one job

# Vendors of one kind print the same numbers again and again: their tables are made once.
sequential.stop_table = cache(sequential.stop_table)


# ── the audit ───────────────────────────────────────────────────────────────────────────────────────────────────────


class BenchPlanner:
    """Plans a benchmark of a given size without its samples; the rest is as :class:`TaskPlanner` decides it."""

    def __init__(self, sheet: ClaimSheet, model: PlannedModel, vendor: Vendor) -> None:
        self.sheet, self.models, self.tolerance = sheet, {SUBJECT: model}, vendor.tolerance
        self.population, self.format_count = vendor.asked_of, len(vendor.formats)
        self.groups = tuple((f"s{place}", size) for place, size in enumerate(vendor.subtasks))
        self.remark = "it states what cannot be reproduced" * vendor.remark
        whole, self.scorer = vendor.population, SHARES if vendor.partial else SCORER
        self.requested: tuple[RequestedTest, ...] = ()
        self.part = Part(of=whole, same=vendor.part) if vendor.part else None
        self.measurements: list[Measurement] = []
        self.served: list[Served] = []

    def formats(self, request: str, claim: Claim) -> Formats:
        """The formats of the task, by their numbers."""
        return Formats(tuple(map(str, range(self.format_count)))) if self.format_count > 1 else Formats()

    def measure(self, request: MeasurementRequest) -> Served:
        """Serve a request."""
        size, claim = self.population, request.claim
        if request.again:
            return self._serve(request, asked_again(self._named(request.beside), request, self.scorer))
        degrees = request.temperature or 0.0
        mode: Any = "sampled" if degrees else "greedy"
        repeats, check = 1, request.repeat_check or RepeatCheck()
        if claim:
            mode, degrees, _ = decoding_of(claim, "generate", request.temperature)
            model = self.models[SUBJECT]
            two_passes = request.two_passes and model.varies(mode, degrees)
            repeats, check = asked_how_often(mode, model.capabilities, size, size, self.scorer, two_passes=two_passes)
            repeats = repeats if request.temperature is None else 1
        measurement = Measurement(
            id=f"{len(self.measurements):02d}",
            task=request.task,
            prompt=request.prompt or "0",
            kind="generate",
            decoding=mode,
            temperature=degrees,
            scorers=(self.scorer,),
            population=size,
            samples_root="0" * 64,
            order_seed="",
            repeats=repeats,
            repeat_check=check,
            limit=request.limit,
            part=self.part,
            arm=request.arm,
            question="q",
            groups=self.groups if claim else (),
        )
        return self._serve(request, measurement)

    def _serve(self, request: MeasurementRequest, measurement: Measurement) -> Served:
        number = len(self.measurements)
        # One order for all vendors of a kind: the samples are shuffled instead.
        measurement = msgspec.structs.replace(measurement, id=f"{number:02d}", order_seed=f"seed {number}")
        self.measurements.append(measurement)
        reads = Reads(measurement=measurement.id, scorer=self.scorer)
        remark = self.remark if request.claim else ""
        self.served.append(Served(request=request.name, reads=reads, prompt=measurement.prompt, unverifiable=remark))
        return self.served[-1]

    def measurement(self, served: Served) -> Measurement:
        """What serves it."""
        return self._named(served.reads.measurement)

    def _named(self, name: str) -> Measurement:
        return next(each for each in self.measurements if each.id == name)


@cache
def plan_of(vendor: Vendor, values: tuple[str, ...]) -> Plan:
    repeats = 64 if vendor.one_seed else vendor.passes if vendor.passes > 1 else None
    protocol, unsourced = Protocol(decoding=vendor.decoding), ("decoding",) * vendor.unsourced
    average: Literal["", "macro"] = "macro" if vendor.subtasks else ""
    claims = tuple(
        Claim(
            task=f"t{row}",
            value=value,
            samples=vendor.scored,
            repeats=repeats,
            protocol=protocol,
            average=average,
            unsourced=unsourced,
        )
        for row, value in enumerate(values)
    )
    sheet = ClaimSheet(model="m", claims=claims, digest="0" * 64)
    model = PlannedModel(
        identity=ModelIdentity(uri="x:y"),
        capabilities=Capabilities(deterministic=vendor.in_process, repeats_identical=(0.7,) if vendor.cached else ()),
    )
    planner = BenchPlanner(sheet, model, vendor)
    tests = ClaimRetest(vendor.rule).plan(planner)
    plan = Plan(
        format=PLAN_FORMAT,
        software="0",
        created="2026-11-26T00:00:00+00:00",
        sheet=sheet,
        models={SUBJECT: model},
        measurements=tuple(planner.measurements),
        detectors=(f"claim_retest@{vendor.rule}",),
        questions={"q": Question(benchmark="b", subject="s", number=vendor.audit)},
        tests=share_out(tests),
        served=tuple(planner.served),
        alpha=ALPHA,
        tolerance=vendor.tolerance,
    )
    return msgspec.structs.replace(plan, tests=tuple(ClaimRetest(vendor.rule).seal(test, plan) for test in plan.tests))


@cache
def _calls(measurement: Measurement) -> tuple[Call, ...]:
    return tuple(calls_of(measurement))


@dataclass(frozen=True)
class Audited:
    """How one audit ended, by its worst word, and its calls as a share of the samples.

    Where the claim is only measured, and its range misses the model's score, the word is *outside*.
    """

    word: str
    asked: float


def audit(vendor: Vendor, source: Random) -> Audited:
    """One vendor, from its printed numbers to the verdicts."""
    others = replace(vendor, inflated=0.0, states_rate=False)
    values = (printed(vendor, source), *(printed(others, source) for _ in range(vendor.claims - 1)))
    plan = plan_of(vendor, values)
    asked, results = 0, []
    for test in plan.tests:
        result, calls = _retest(vendor, plan, test, source)
        results.append(result)
        asked += calls
    words = {result.word.value for result in results}
    word = next(word for word in WORDS if word in words)
    if vendor.remark:
        word = "outside" if _is_outside(vendor, results[0]) else word
    return Audited("inconsistent" if rejected(plan, results) else word, asked / vendor.asked_of / vendor.claims)


def _is_outside(vendor: Vendor, result: DetectorResult) -> bool:
    assert result.claim is not None, "a retest has a claim"
    share, _, drop = vendor.bursts or (0.0, 0, 0.0)
    sampled = vendor.sampled if vendor.decoding == TEMPERATURE else vendor.variance
    rate = float(chances_of(vendor, sampled).mean()) * (1 - share * drop / vendor.accuracy)
    low, high = result.claim.standard or (0.0, 1.0)
    return not low <= rate <= high


def interval_of(vendor: Vendor, source: Random) -> tuple[float, float]:
    """The interval of the first claim of one vendor's audit."""
    plan = plan_of(vendor, (printed(vendor, source),))
    claim = _retest(vendor, plan, plan.tests[0], source)[0].claim
    assert claim is not None, "a retest has a claim"
    return claim.ci or (0.0, 1.0)


def _retest(vendor: Vendor, plan: Plan, test: PlannedTest, source: Random) -> tuple[DetectorResult, int]:
    """One test, and how many calls it took."""
    return retest(lambda measurement: Answerer(vendor, measurement, source), plan, test)


def retest(answering: Callable[[Measurement], Answerer], plan: Plan, test: PlannedTest) -> tuple[DetectorResult, int]:
    """One test of what these endpoints answer, and how many calls it took."""
    read = {each.measurement for each in test.reads}
    measurements = [each for each in plan.measurements if each.id in read]
    answerers = {each.id: answering(each) for each in measurements if not each.again}
    detector = detector_of(test.rule)
    assert detector is not None, "the plan's own rule"
    finder: Any = detector.open(test, plan)
    calls = {name: iter(_calls(plan.by_id[name])) for name in answerers}
    asked, is_asked = 0, True
    while is_asked:
        is_asked = False
        for call in _turn(finder, measurements, calls):
            asked, is_asked = asked + 1, True
            of = plan.by_id[call.measurement]
            finder.observe(answerers[of.beside if of.again else of.id].score(call))
    return finder.find({}), asked


def _turn(finder: Any, measurements: Sequence[Measurement], calls: dict[str, Iterator[Call]]) -> Iterator[Call]:
    """The calls that may be made next: those of one measurement, until another one is to be asked."""
    for each in measurements:
        if each.again and finder.has_read(each.beside) and (places := finder.left(each.id)):
            order = order_of(next(first for first in measurements if first.id == each.beside))
            yield from (Call(each.id, place, *divmod(order[place], each.repeats)) for place in places)
            return
    closed, heads = finder.closed, finder.heads
    for name in [name for name in calls if name not in closed and heads[name] is not None]:
        for call in calls[name]:
            yield call
            if name in finder.closed or finder.heads[name] is None:
                return


class Answerer:
    """A vendor's endpoint under one measurement, with the scores of its answers."""

    def __init__(self, vendor: Vendor, measurement: Measurement, source: Random) -> None:
        self._vendor, self._source = vendor, source
        loses = vendor.loses + vendor.formats[int(measurement.prompt)]
        sampled = vendor.sampled if vendor.clamped is None else vendor.clamped
        is_sampled = measurement.decoding == "sampled"
        model = replace(vendor, accuracy=vendor.accuracy - loses - (0.0 if is_sampled else vendor.gap))
        chances = chances_of(model, sampled if is_sampled else vendor.variance)
        if vendor.cached or vendor.repeats:
            chances = (source.random(vendor.population) < chances).astype(float)
        # The part that is here, in a random order: the committed order is one and the same.
        here = np.arange(len(chances)) if vendor.drift else source.permutation(len(chances))[: vendor.asked_of]
        self._chances, self._worth = chances[here], [each[here] for each in worth_of(vendor)]
        subtasks = vendor.subtasks or (vendor.population,)
        self._groups = np.repeat([f"s{place}" for place in range(len(subtasks))], subtasks)[here]
        self._filtered = source.random(vendor.asked_of) < vendor.filtered
        self._weather = Weather(vendor, source)
        self._documents = np.arange(vendor.asked_of) // max(1, vendor.shares)
        if vendor.scattered:
            self._documents = source.permutation(self._documents)
        self._drawn: dict[tuple[str, int, int], float] = {}

    def score(self, call: Call) -> SampleScore:
        """The score of the answer to one call."""
        value = float(self._draw(call) < self._chances[call.sample] * self._weather.next())
        status: Any = self._status(call, value)
        if self._vendor.says and status == "scored":
            text = self._vendor.says[int(self._source.integers(len(self._vendor.says)))]
            of_text = readings(text, value == 1.0)[call.sample % 40]
            status, value = ("open", value) if of_text is None else ("scored", of_text)
        return SampleScore(
            measurement=call.measurement,
            position=call.position,
            sample=str(call.sample),
            repeat=call.repeat,
            status=status,
            value=self._worth[int(value)][call.sample] if status == "scored" else None,
            scorer=SHARES if self._vendor.partial else SCORER,
            seq=0,
            group=str(self._groups[call.sample]),
        )

    def _draw(self, call: Call) -> float:
        """A number from 0 to 1: of its own for each answer, or one for all of a document in each pass."""
        if not self._vendor.shares:
            return self._source.random()
        key = call.measurement, call.repeat, int(self._documents[call.sample])
        if key not in self._drawn:
            self._drawn[key] = self._source.random()
        return self._drawn[key]

    def _status(self, call: Call, value: float) -> str:
        vendor, lost = self._vendor, self._source.random()
        if lost < vendor.open or self._filtered[call.sample]:
            return "open"
        if lost < vendor.open + vendor.missing + (0.0 if value else vendor.slow):
            return "missing"
        return "scored"


# ── the tables ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Rates:
    """How the vendors of one kind ended; ``asked`` is the sum of their calls as shares of the samples.

    ``inconsistent`` counts ranges that miss the score, where the claim is only measured.
    """

    vendor: Vendor
    audits: int
    inconsistent: int
    consistent: int
    asked: float

    def __add__(self, other: Rates) -> Rates:
        """More vendors of the same kind."""
        counts = (self.audits, self.inconsistent, self.consistent, self.asked)
        more = (other.audits, other.inconsistent, other.consistent, other.asked)
        return Rates(self.vendor, *(one + two for one, two in zip(counts, more, strict=True)))  # type: ignore[arg-type]


def measure(vendor: Vendor, audits: int, part: int = 0) -> Rates:
    """Audit so many vendors of one kind; each ``part`` of them has random numbers of its own."""
    digest = hashlib.sha256(f"{SEED} {vendor} {part}".encode()).digest()
    source = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    found = [audit(vendor, source) for _ in range(audits)]
    words = [each.word for each in found]
    asked = sum(each.asked for each in found)
    wrong = words.count("outside" if vendor.remark else "inconsistent")
    return Rates(vendor, audits, wrong, words.count("consistent"), asked)


def measure_all(kinds: Sequence[Vendor], audits: int) -> list[Rates]:
    """Audit so many vendors of each kind, on all cores, with progress on stderr."""
    parts = [min(PART, audits - start) for start in range(0, audits, PART)]
    found: dict[Vendor, Rates] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(measure, kind, size, part) for kind in kinds for part, size in enumerate(parts)]
        for job in track(as_completed(jobs), "auditing", len(jobs), console=Console(stderr=True)):
            rates = job.result()
            found[rates.vendor] = found[rates.vendor] + rates if rates.vendor in found else rates
    return [found[kind] for kind in kinds]


COLUMNS = ("vendors", "N", "n", "inconsistent", "95 % limits", "consistent", "asked")


def lines(rows: Sequence[Rates]) -> list[tuple[str, ...]]:
    """One line a kind, and all of them together."""
    audits, inconsistent = sum(row.audits for row in rows), sum(row.inconsistent for row in rows)
    found = [
        (row.vendor.title, f"{row.vendor.population:,}", *_cells(row.audits, row.inconsistent),
         f"{row.consistent / row.audits:.3f}", f"{row.asked / row.audits:.2f}")
        for row in rows
    ]  # fmt: skip
    return [*found, ("all", "", *_cells(audits, inconsistent), "", "")]


def _cells(audits: int, inconsistent: int) -> tuple[str, str, str]:
    low, high = clopper_pearson(inconsistent, audits)
    return f"{audits:,}", f"{inconsistent / audits:.3f}", f"{low:.3f}–{high:.3f}"


def show(title: str, rows: Sequence[Rates], *, markdown: bool) -> None:
    """Print a table for a terminal, or for a page of the docs."""
    if markdown:
        sys.stdout.write(f"{title}\n\n| {' | '.join(COLUMNS)} |\n|:--|{'--:|' * (len(COLUMNS) - 1)}\n")
        sys.stdout.writelines(f"| {' | '.join(line)} |\n" for line in lines(rows))
        return
    found = Table(title=title)
    for name in COLUMNS:
        found.add_column(name, justify="left" if name == "vendors" else "right")
    for line in lines(rows):
        found.add_row(*line)
    Console(width=110).print(found)


def main() -> None:
    """Audit every kind and print a table of the honest and one of the inflated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendors", type=int, default=VENDORS, help="audits of each kind")
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    tables = (
        ("Honest vendors that the former rule accused", "quoted", QUOTED),
        ("Honest vendors that no second pass helps", "others", NOT_REPAIRED),
        ("Claims just above what may be confirmed", "edge", EDGE),
        ("Ranges that miss the score, in place of *inconsistent*", "ranges", RANGES),
        ("Honest vendors", "honest", HONEST),
        ("Inflated claims", "inflated", INFLATED),
    )
    parser.add_argument("--of", choices=[name for _, name, _ in tables], nargs="*", help="which vendors (default: all)")
    parser.add_argument(
        "--rule", type=int, default=ClaimRetest.version, choices=(4, 5), help="the claim retest's version"
    )
    arguments = parser.parse_args()
    for title, name, of_rule in tables:
        kinds = [replace(kind, rule=arguments.rule) for kind in of_rule]
        chosen = [kind for kind in kinds if arguments.only in kind.name and name in (arguments.of or [name])]
        if chosen:
            rows = measure_all(chosen, arguments.vendors)
            machine = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}"
            show(
                f"{title}: claim_retest@{arguments.rule}, α = {ALPHA}, seed {SEED}; {machine}",
                rows,
                markdown=arguments.markdown,
            )


if __name__ == "__main__":
    main()
