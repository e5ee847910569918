"""The choice as a detector: one test over the measurements of all candidates, on the same samples in one order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from steelyard.detectors.bars import is_steady
from steelyard.detectors.choose.monitor import ChooseMonitor, ChooseOptions, SealedChoice
from steelyard.detectors.choose.order import candidates_of, from_the_cheapest
from steelyard.detectors.requested import request_of
from steelyard.errors import InputError
from steelyard.evidence.canonical import without_defaults
from steelyard.plugins import Planner
from steelyard.records import Measurement, Plan, PlannedModel, PlannedTest, RequestedTest, Served
from steelyard.stats.elimination import begin
from steelyard.stats.sequential import samples_needed
from steelyard.util.bounded_fraction import bounded_fraction
from steelyard.util.decimal_share import decimal_share
from steelyard.util.text import one_line

__all__ = ["MAX_CANDIDATES", "Choose", "options_of"]

MAX_CANDIDATES: Final = 100


class Choose:
    """Asks candidates one after another, the cheapest first, until one is shown to reach the target.

    The next one is asked when all cheaper ones are decided, and nobody who is dearer than one that reaches it. Where no
    candidate's answers vary (in-process, greedy) the target is about this pass over the suite. Else it is about each
    one's rate over passes, as a gate's bar is.
    """

    name = "choose"
    version = 1
    access = ("text",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each choice that the user asked for; raises InputError for what cannot be chosen from."""
        mine = [each for each in planner.requested if each.detector == self.name]
        return [test for number, each in enumerate(mine) if (test := self._test(planner, number, each))]

    def _test(self, planner: Planner, number: int, requested: RequestedTest) -> PlannedTest | None:
        options = options_of(requested.options)
        order = candidates_of(planner.models)
        if not 2 <= len(order) <= MAX_CANDIDATES:
            raise InputError(f"--model is given for {len(order)} candidates: choose from 2 to {MAX_CANDIDATES}")
        if options.by == "cost":
            order = from_the_cheapest(order, planner.models)
        found = [_asked(planner, number, requested, role) for role in order]
        served = [each for each in found if each is not None]
        if len(served) < len(found):
            return None
        measurements = [planner.measurement(each) for each in served]
        _check_same(measurements, served, planner.models)
        steady = all(is_steady(each, planner.models) for each in measurements)
        target = f"{100 * float(bounded_fraction(options.target)):g} %"
        of = "the items rightly in this pass" if steady else "such items rightly, on average over passes"
        return PlannedTest(
            id=f"choose-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', requested.task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=1.0,
            null=f"some candidate answers at least {target} of {of}",
            reads=tuple(each.reads for each in served),
            sealed=without_defaults(SealedChoice(target=options.target, by=options.by, order=tuple(order))),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal the stop tables, cut to what is asked at most: *below* at half of the level, *meets* at shares of it."""
        sealed = msgspec.convert(test.sealed, SealedChoice)
        measurements = [plan.by_id[reads.measurement] for reads in test.reads]
        steady = all(is_steady(each, plan.models) for each in measurements)
        first = measurements[0]
        state = begin(
            first.population,
            bounded_fraction(sealed.target),
            len(measurements),
            plan.alpha * test.weight,
            first.planned,
            steady=steady,
        )
        whole = SealedChoice(
            target=sealed.target,
            by=sealed.by,
            order=tuple(each.role for each in measurements),
            steady=steady,
            needed=state.threshold,
            below=state.table.inconsistent,
            meets=state.table.consistent,
        )
        return msgspec.structs.replace(test, sealed=without_defaults(whole))

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Answers until one candidate is decided whose score is the target less ``shortfall``."""
        monitor = self.open(test, plan)
        rate = min(1.0, max(0.0, float(bounded_fraction(monitor.sealed.target)) - shortfall))
        return samples_needed(monitor.table, 0, 0, monitor.population, rate) or monitor.measurements[0].planned

    def open(self, test: PlannedTest, plan: Plan) -> ChooseMonitor:
        """Start reading; raises ValueError for what :meth:`seal` would not have written."""
        try:
            same = bool(test.reads) and self.seal(test, plan).sealed == test.sealed
        except (msgspec.ValidationError, KeyError, ValueError, ZeroDivisionError) as error:
            raise ValueError(f"sealed by another rule: {error}") from None
        if not same:
            raise ValueError("sealed by another rule")
        return ChooseMonitor(test, plan)


def _asked(planner: Planner, number: int, requested: RequestedTest, role: str) -> Served | None:
    """What is asked of one candidate; None where it cannot be asked, and the plan says why."""
    return planner.measure(request_of(requested, f"choose/{number}/{role}", role=role))


def _check_same(
    measurements: Sequence[Measurement], served: Sequence[Served], models: Mapping[str, PlannedModel]
) -> None:
    """Raise InputError where two candidates would not be asked the same, or not scored by one rule."""
    first = measurements[0]
    for each, one in zip(measurements, served, strict=True):
        same = (each.items, each.population, each.planned, one.reads.scorer)
        if same != (first.items, first.population, first.planned, served[0].reads.scorer) or each.kind != first.kind:
            names = [one_line(models[role].identity.name or role, 60) for role in (first.role, each.role)]
            raise InputError(f"{names[0]} and {names[1]} cannot be asked the same way: name a --prompt that both take")


def options_of(given: Mapping[str, Any]) -> ChooseOptions:
    """The options of a choice, read strictly: a target and what orders the candidates. Raises InputError for others."""
    try:
        options = msgspec.convert(given, ChooseOptions)
    except msgspec.ValidationError as error:
        raise InputError(f"a choice has the options target and by: {error}") from None
    if not decimal_share(options.target):
        raise InputError(f"--target {options.target[:20]!r}: it is above 0 and at most 1, as 0.9 or 90%")
    return options
