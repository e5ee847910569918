"""What a gate asks of this run alone, as a detector: the time of an answer, what it costs, or a fixed rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.detectors.gate.cost import CostMonitor, cost_null
from steelyard.detectors.gate.latency import LatencyMonitor, latency_null
from steelyard.detectors.gate.rule import RuleMonitor, read_rule
from steelyard.detectors.gate.whole_run import WholeRun
from steelyard.detectors.requested import request_of
from steelyard.errors import InputError
from steelyard.evidence.canonical import without_defaults
from steelyard.plugins import Planner
from steelyard.records import Plan, PlannedTest, RequestedTest
from steelyard.records.record import Record

__all__ = ["Budget", "BudgetOptions"]

_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class BudgetOptions(Record, frozen=True, kw_only=True):
    """What a user sets: ``seconds`` for a share ``quantile`` of answers, the ``cost`` of one, or a ``rule``."""

    seconds: str = ""
    quantile: str = ""
    cost: str = ""
    rule: str = ""


class Budget:
    """Asks to the end and says whether the answers of this run kept to a budget of time or cost.

    Answers of one run hang together in time, and a few dear ones make a mean, so that no error rate would hold about
    other runs: a budget is about the calls of this one, all of them, and has no part of the error budget.
    """

    name = "budget"
    version = 2
    access = ("text",)
    reads_calls = True

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
        planned = planner.measurement(served).planned
        if options.rule and planned != read_rule(options.rule)[1]:
            raise InputError(f"rule {options.rule}: {requested.task} asks {planned:,} questions, and it is about all")
        null = f"at least {options.rule} questions are right here" if options.rule else cost_null(options.cost)
        kind = "latency" if options.seconds else "rule" if options.rule else "cost"
        return PlannedTest(
            id=f"budget-{number:02d}-{kind}-{re.sub(r'[^A-Za-z0-9._-]', '-', requested.task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=0.0,
            null=latency_null(options.seconds, options.quantile) if options.seconds else null,
            reads=(served.reads,),
            sealed=without_defaults(options),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Nothing is known only when the orders are fixed."""
        return test

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """It reads all answers, whatever they are."""
        return plan.by_id[test.reads[0].measurement].planned

    def open(self, test: PlannedTest, plan: Plan) -> WholeRun:
        """Start reading; raises ValueError for what :meth:`plan` would not have written."""
        try:
            options = options_of(test.sealed)
        except InputError as error:
            raise ValueError(f"sealed by another rule: {error}") from None
        if len(test.reads) != 1 or test.weight:
            raise ValueError("sealed by another rule")
        kind = LatencyMonitor if options.seconds else RuleMonitor if options.rule else CostMonitor
        return kind(test, plan)


def options_of(given: Mapping[str, Any]) -> BudgetOptions:
    """The options of a budget, read strictly: of one kind. Raises InputError for others."""
    try:
        options = msgspec.convert(given, BudgetOptions)
    except msgspec.ValidationError as error:
        raise InputError(f"a budget has the options seconds and quantile, cost, or rule: {error}") from None
    kinds = [bool(each) for each in (options.seconds, options.cost, options.rule)]
    if sum(kinds) != 1 or bool(options.seconds) != bool(options.quantile):
        raise InputError("a budget has the options seconds and quantile, cost, or rule")
    if options.rule:
        read_rule(options.rule)
    if options.seconds and not (_is_above_0(options.seconds) and re.fullmatch(r"0\.[0-9]{1,4}", options.quantile)):
        raise InputError(f"--max-latency-p95 {options.seconds[:20]!r}: seconds above 0, as 2 or 0.8")
    if options.quantile and not float(options.quantile):
        raise InputError(f"the quantile {options.quantile} is none: it is between 0 and 1")
    if options.cost and not _is_above_0(options.cost):
        raise InputError(f"--max-cost-per-answer {options.cost[:20]!r}: an amount above 0, as 0.002")
    return options


def _is_above_0(text: str) -> bool:
    return _DECIMAL.fullmatch(text) is not None and float(text) > 0
