"""Not served, as a detector: one test for each claim that an endpoint answers; its calls are made where some fail."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from steelyard.detectors.not_served.finder import NotServedFinder
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import Plan, PlannedTest, Served
from steelyard.stats.series import series_share

__all__ = ["NotServed"]

ITEMS, TIMES = 30, 3
TEMPERATURE = 0.7  # of what is asked again: that at which an endpoint was seen to give new answers
# Of a claim's weight, which gives 3 % of its level for it. Seven items that always fail are enough to be found then
# (7 of 7 against 0 of 7 have p = .0003). A tenth would find more only where many calls fail for other reasons, too
# (of the endpoints of bench.served that fail 7 times in 10, .66 and .73 of 200 audits in place of .42 and .51).
WEIGHT = 0.03
AGAIN = "again"  # the arm of what is asked again


class NotServed:
    """D2: asks again what got no answer, and as much that got one (docs/statistics.md)."""

    name = "not_served"
    access = ("text",)

    def __init__(self, version: int = 3) -> None:
        self.version = version

    def former(self, version: str) -> NotServed | None:
        """The second version, which asked again at the claim's own temperature: its plans are planned again by it."""
        return NotServed(2) if version == "2" else None

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each claim, over the measurements of its prompt formats; none of a model in this process.

        None either behind a cache that was seen to answer the same question in the same way: it may know questions by
        their words alone, and then what was answered once is never failed again, whatever the endpoint does. That was
        looked for at temperature .7, since greedy answers are alike without a cache; so greedy questions are asked
        again at that temperature, where a cache of greedy answers alone does not know them.
        """
        claims: dict[int, list[Served]] = {}
        watched: set[str] = set()
        for served in planner.served:
            measurement, number = planner.measurement(served), served.claim_number
            if number is None or measurement.arm or measurement.id in watched:
                continue
            model = planner.models[measurement.role]
            offers, is_cached = model.capabilities.offers, bool(model.capabilities.repeats_identical)
            if not model.identity.sha256 and not is_cached and (offers is None or "language" in offers):
                watched.add(measurement.id)
                claims.setdefault(number, []).append(served)
        return [self._test(planner, number, served) for number, served in claims.items()]

    def _test(self, planner: Planner, number: int, served: Sequence[Served]) -> PlannedTest:
        reads = []
        for each in served:
            first = planner.measurement(each)
            is_sampled = self.version > 2 and planner.models[first.role].capabilities.takes_temperature
            again = planner.measure(
                MeasurementRequest(
                    name=f"{each.request}/again",
                    task=first.task,
                    role=first.role,
                    repeats=TIMES,
                    temperature=TEMPERATURE if is_sampled else None,
                    arm=AGAIN,
                    beside=first.id,
                    again=ITEMS,
                )
            )
            reads += [each.reads] if again is None else [each.reads, again.reads]
        task = planner.measurement(served[0]).task
        return PlannedTest(
            id=f"not-served-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=WEIGHT,
            null="whether a call fails does not depend on the item",
            reads=tuple(reads),
        )

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Seal how many items of each kind could show anything at the test's own share of the level."""
        from steelyard.stats.fisher import least_pairs

        level = plan.alpha * test.weight * series_share(plan.number_of(test))
        return msgspec.structs.replace(test, sealed={"least": least_pairs(level)})

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Zero: where every call is answered, nothing is asked again."""
        return 0

    def open(self, test: PlannedTest, plan: Plan) -> NotServedFinder:
        """Start reading; raises ValueError for what :meth:`seal` would not have written."""
        if test.sealed != self.seal(test, plan).sealed:
            raise ValueError("sealed by another rule")
        names = {reads.measurement for reads in test.reads}
        again = [plan.by_id[name] for name in names if name in plan.by_id and plan.by_id[name].again]
        if not again or names != {each.id for each in again} | {each.beside for each in again}:
            raise ValueError("it reads measurements, and beside each what is asked of it again")
        return NotServedFinder(test, plan, test.sealed["least"])
