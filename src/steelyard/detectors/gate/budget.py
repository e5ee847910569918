"""Budgets of a gate as a detector: the time of an answer, and what it costs, beside the score, on the same answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from steelyard.detectors.bars import share_of_series
from steelyard.detectors.gate.cost import CostMonitor, SealedCost, cost_null
from steelyard.detectors.gate.detector import MAX_FAMILY
from steelyard.detectors.gate.latency import LatencyMonitor, SealedLatency, latency_null
from steelyard.detectors.requested import request_of
from steelyard.errors import InputError
from steelyard.evidence.canonical import without_defaults
from steelyard.plugins import Planner
from steelyard.records import Plan, PlannedTest, RequestedTest
from steelyard.records.record import Record
from steelyard.stats.bar_gate import gate_at_levels

__all__ = ["Budget", "BudgetOptions"]

_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class BudgetOptions(Record, frozen=True, kw_only=True):
    """What a user sets: ``seconds`` within which a share ``quantile`` of answers must come, or the ``cost`` of one."""

    seconds: str = ""
    quantile: str = ""
    cost: str = ""
    family: int = 1
    strict_series: bool = False


class Budget:
    """Asks on until it is shown that answers keep to a budget of time or cost, or that they do not.

    Both are about the rate over passes, and valid at every stop: a share of answers within the limit
    (:mod:`steelyard.stats.bar_gate`), and a mean by bets (:mod:`steelyard.stats.mean_bets`).
    """

    name = "budget"
    version = 1
    access = ("text",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each budget that the user set; raises InputError for options that are none."""
        mine = [each for each in planner.requested if each.detector == self.name]
        return [test for number, each in enumerate(mine) if (test := self._test(planner, number, each))]

    def _test(self, planner: Planner, number: int, requested: RequestedTest) -> PlannedTest | None:
        options = options_of(requested.options)
        served = planner.measure(request_of(requested, f"budget/{number}"))
        if served is None:
            return None
        model = planner.models[planner.measurement(served).role]
        if options.seconds and model.identity.uri.startswith("recorded:"):
            raise InputError("--max-latency-p95: a recording answers at once: measure the time of the model itself")
        if options.cost and model.limits.cost_of(0, 0) is None:
            raise InputError("--max-cost-per-answer needs prices: give --price IN,OUT or --prices FILE")
        kind = "latency" if options.seconds else "cost"
        return PlannedTest(
            id=f"budget-{number:02d}-{kind}-{re.sub(r'[^A-Za-z0-9._-]', '-', requested.task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null=latency_null(options.seconds, options.quantile) if options.seconds else cost_null(options.cost),
            reads=(served.reads,),
            sealed=without_defaults(_sealed(options)),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the stop tables of a latency: red at the test's own share of the level, green at α. A cost has none."""
        if "cost" in test.sealed:
            return test
        sealed = msgspec.convert(test.sealed, SealedLatency)
        measurement = plan.by_id[test.reads[0].measurement]
        share = share_of_series(plan, measurement, strict=sealed.strict_series)
        gate = gate_at_levels(
            measurement.population,
            Fraction(sealed.at_least),
            plan.alpha * share / (sealed.family * round(1 / test.weight)),
            plan.alpha * share,
            steady=False,
        )
        whole = SealedLatency(
            seconds=sealed.seconds,
            at_least=sealed.at_least,
            family=sealed.family,
            strict_series=sealed.strict_series,
            needed=gate.red_below,
            red=gate.table.inconsistent[: measurement.planned],
            green=gate.table.consistent[: measurement.planned],
        )
        return msgspec.structs.replace(test, sealed=without_defaults(whole))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Nothing is known beforehand of how times and costs are spread."""
        return None

    def open(self, test: PlannedTest, plan: Plan) -> LatencyMonitor | CostMonitor:
        """Start reading; raises ValueError for what :meth:`seal` would not have written."""
        try:
            same = len(test.reads) == 1 and self.seal(test, plan).sealed == test.sealed
            if "cost" in test.sealed:
                same = same and _DECIMAL.fullmatch(msgspec.convert(test.sealed, SealedCost).cost) is not None
        except (msgspec.ValidationError, KeyError) as error:
            raise ValueError(f"sealed by another rule: {error}") from None
        if not same:
            raise ValueError("sealed by another rule")
        return CostMonitor(test, plan) if "cost" in test.sealed else LatencyMonitor(test, plan)


def _sealed(options: BudgetOptions) -> SealedLatency | SealedCost:
    if options.seconds:
        return SealedLatency(
            seconds=options.seconds,
            at_least=options.quantile,
            family=options.family,
            strict_series=options.strict_series,
        )
    return SealedCost(cost=options.cost, family=options.family, strict_series=options.strict_series)


def options_of(given: Mapping[str, Any]) -> BudgetOptions:
    """The options of a budget, read strictly: a time with its quantile, or a cost. Raises InputError for others."""
    try:
        options = msgspec.convert(given, BudgetOptions)
    except msgspec.ValidationError as error:
        raise InputError(f"a budget has the options seconds and quantile, or cost: {error}") from None
    if not 1 <= options.family <= MAX_FAMILY:
        raise InputError(f"--family {options.family}: how many gates have one level together, 1 to {MAX_FAMILY:,}")
    if bool(options.seconds) == bool(options.cost) or bool(options.seconds) != bool(options.quantile):
        raise InputError("a budget has the options seconds and quantile, or cost")
    if options.seconds and not (_is_above_0(options.seconds) and re.fullmatch(r"0\.[0-9]{1,4}", options.quantile)):
        raise InputError(f"--max-latency-p95 {options.seconds[:20]!r}: seconds above 0, as 2 or 0.8")
    if options.quantile and not float(options.quantile):
        raise InputError(f"the quantile {options.quantile} is none: it is between 0 and 1")
    if options.cost and not _is_above_0(options.cost):
        raise InputError(f"--max-cost-per-answer {options.cost[:20]!r}: an amount above 0, as 0.002")
    return options


def _is_above_0(text: str) -> bool:
    return _DECIMAL.fullmatch(text) is not None and float(text) > 0
