"""The gate as a detector: one test for each bar that a user set, on a measurement of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.detectors.bars import is_steady, share_of_series
from steelyard.detectors.gate.monitor import GateMonitor, GateOptions, SealedGate
from steelyard.detectors.gate.outlook import outlook_of
from steelyard.detectors.gate.paired import (
    BASELINE,
    BaselineOptions,
    PairedMonitor,
    SealedBaseline,
    margin_of,
    null_of,
)
from steelyard.detectors.requested import request_of
from steelyard.errors import InputError
from steelyard.evidence.canonical import without_defaults
from steelyard.plugins import Planner
from steelyard.records import Plan, PlannedTest, RequestedTest, Served
from steelyard.scorers import is_share, open_identifier
from steelyard.stats.bar_gate import gate_at_levels
from steelyard.stats.sequential import StopTable, samples_needed
from steelyard.util.bounded_fraction import bounded_fraction
from steelyard.util.decimal_share import decimal_share

__all__ = ["MAX_FAMILY", "Gate"]

MAX_FAMILY = 100_000


class Gate:
    """Asks a suite in a committed order until it is shown that the score is at least a bar, or below it.

    Where answers do not vary (in-process, greedy) the score is that of this pass over the whole suite: an exact test
    for a finite population. Else it is the rate over passes, of which one pass is a sample
    (:mod:`steelyard.stats.bar_gate`).
    """

    name = "gate"
    access = ("text",)

    def __init__(self, version: int = 4) -> None:
        self.version = version

    def former(self, version: str) -> Gate | None:
        """The third version, whose gates with a baseline took answers as independent (:class:`PairedMonitor`)."""
        return Gate(3) if version == "3" else None

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each gate that the user asked for; raises InputError for options that are none."""
        mine = [each for each in planner.requested if each.detector == self.name]
        return [test for number, each in enumerate(mine) if (test := self._test(planner, number, each))]

    def _test(self, planner: Planner, number: int, requested: RequestedTest) -> PlannedTest | None:
        options = options_of(requested.options)
        if isinstance(options, BaselineOptions):
            return self._paired(planner, number, requested, options)
        bar = float(bounded_fraction(options.at_least))
        served = _asked(planner, number, requested)
        if served is None:
            return None
        measurement = planner.measurement(served)
        if not 0 < bar <= 1:
            raise InputError(f"--at-least {options.at_least}: it is above 0 and at most 1, as 0.85 or 85%")
        of = (
            "the items would be answered rightly in this pass"
            if is_steady(measurement, planner.models)
            else ("answers to such items would be right, on average over passes")
        )
        return PlannedTest(
            id=_id(number, requested),
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null=f"at least {100 * bar:g} % of {of}",
            reads=(served.reads,),
            sealed=without_defaults(
                SealedGate(at_least=options.at_least, family=options.family, strict_series=options.strict_series)
            ),
        )

    def _paired(
        self, planner: Planner, number: int, requested: RequestedTest, options: BaselineOptions
    ) -> PlannedTest | None:
        served = _asked(planner, number, requested)
        if served is None:
            return None
        measurement = planner.measurement(served)
        same_items = bool(options.items) and measurement.items == options.items
        if measurement.samples_root != options.samples_root and not same_items:
            raise InputError("the baseline was asked other samples: run it again on this suite")
        sealed = SealedBaseline(
            request=planner.requested.index(requested),
            baseline=options.baseline,
            margin=options.margin,
            family=options.family,
            strict_series=options.strict_series,
        )
        return PlannedTest(
            id=_id(number, requested),
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null=null_of(sealed.margin),
            reads=(served.reads,),
            inputs=(BASELINE,),
            sealed=without_defaults(sealed),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the stop tables, cut to what is asked at most: red at the test's own share of the level, green at α."""
        if BASELINE in test.sealed:
            return test
        sealed = msgspec.convert(test.sealed, SealedGate)
        measurement = plan.by_id[test.reads[0].measurement]
        steady = is_steady(measurement, plan.models)
        share = share_of_series(plan, measurement, strict=sealed.strict_series)
        gate = gate_at_levels(
            measurement.population,
            bounded_fraction(sealed.at_least),
            plan.alpha * share / (sealed.family * round(1 / test.weight)),
            plan.alpha * share,
            steady=steady,
        )
        asked = measurement.planned
        whole = SealedGate(
            at_least=sealed.at_least,
            family=sealed.family,
            strict_series=sealed.strict_series,
            steady=steady,
            needed=gate.red_below,
            red=gate.table.inconsistent[:asked],
            green=gate.table.consistent[:asked],
        )
        return msgspec.structs.replace(test, sealed=without_defaults(whole))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Answers until a decision if the score is the bar less ``shortfall``; all of them where it is the bar."""
        if BASELINE in test.sealed:
            return _opened_with_baseline(test, plan, self.version).forecast(shortfall)
        sealed = msgspec.convert(test.sealed, SealedGate)
        measurement = plan.by_id[test.reads[0].measurement]
        rate = min(1.0, max(0.0, float(bounded_fraction(sealed.at_least)) - shortfall))
        table = StopTable(inconsistent=sealed.red, consistent=sealed.green)
        return samples_needed(table, 0, 0, measurement.population, rate) or measurement.planned

    def outlook(self, test: PlannedTest, plan: Plan, expected: float | None) -> str:
        """Before anything is asked: how probably it ends undecided, at the rate that a user expects."""
        return outlook_of(self.open(test, plan), expected)

    def open(self, test: PlannedTest, plan: Plan) -> GateMonitor:
        """Start reading; raises ValueError for what :meth:`seal` would not have written."""
        if BASELINE in test.sealed:
            return _opened_with_baseline(test, plan, self.version)
        try:
            same = self.seal(test, plan).sealed == test.sealed
        except (msgspec.ValidationError, KeyError) as error:
            raise ValueError(f"sealed by another rule: {error}") from None
        if not same or len(test.reads) != 1:
            raise ValueError("sealed by another rule")
        return GateMonitor(test, plan)


def _asked(planner: Planner, number: int, requested: RequestedTest) -> Served | None:
    """What a gate asks; None where it cannot be asked, as the plan says. Raises InputError where scores are shares."""
    served = planner.measure(request_of(requested, f"gate/{number}"))
    if served is not None and is_share(open_identifier(served.reads.scorer)):
        raise InputError(
            f"{requested.task}: its scorer gives shares between 0 and 1, and a gate counts answers that are right: "
            "score all or nothing (json_schema: scores: all; similarity: a threshold)"
        )
    return served


def _id(number: int, requested: RequestedTest) -> str:
    return f"gate-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', requested.task)[:80]}"


def _opened_with_baseline(test: PlannedTest, plan: Plan, version: int) -> PairedMonitor:
    """Raises ValueError for a sealed part, a request or an input that do not go together."""
    try:
        sealed = msgspec.convert(test.sealed, SealedBaseline)
        options = options_of(plan.requested[sealed.request].options)
    except (msgspec.ValidationError, IndexError, InputError) as error:
        raise ValueError(f"sealed by another rule: {error}") from None
    given = plan.inputs.get(BASELINE)
    same = isinstance(options, BaselineOptions) and all(
        getattr(sealed, name) == getattr(options, name) for name in ("baseline", "margin", "family", "strict_series")
    )
    if not same or sealed.request < 0 or len(test.reads) != 1 or given is None or given.sha256 != sealed.baseline:
        raise ValueError("sealed by another rule, or for another baseline")
    assert isinstance(options, BaselineOptions)
    return PairedMonitor(test, plan, sealed, options, blocked=version > 3)


def options_of(given: Mapping[str, Any]) -> GateOptions | BaselineOptions:
    """The options of a gate, read strictly: a bar, or a baseline with its margin. Raises InputError for others."""
    options: GateOptions | BaselineOptions
    try:
        options = msgspec.convert(given, BaselineOptions) if BASELINE in given else msgspec.convert(given, GateOptions)
    except msgspec.ValidationError as error:
        raise InputError(f"a gate has the options at_least and family, or baseline and margin: {error}") from None
    if not 1 <= options.family <= MAX_FAMILY:
        raise InputError(f"--family {options.family}: how many gates have one level together, 1 to {MAX_FAMILY:,}")
    if isinstance(options, BaselineOptions):
        if margin_of(options.margin) is None:
            raise InputError(f"--margin {options.margin[:20]!r}: percentage points from 0 to below 100, as 2 or 0.5")
        if not set(options.right).isdisjoint(options.wrong) or not (options.right or options.wrong):
            raise InputError("the baseline's scores are none, or a sample has two")
        if options.places and len(options.places) != len(options.right) + len(options.wrong):
            raise InputError("the baseline's places are not one for each score")
    elif decimal_share(options.at_least) is None:
        raise InputError(f"--at-least {options.at_least[:20]!r}: it is above 0 and at most 1, as 0.85 or 85%")
    return options
