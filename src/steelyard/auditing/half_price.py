"""What a verdict cost by batches, and what it would have cost one call after another: a pure function of the scores.

A test stops at the same place of the committed order either way. Batches end beyond it, at half the price of a call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from steelyard.auditing.finders import open_finders
from steelyard.models.batches import PRICE_FACTOR
from steelyard.planning.order import check_places, checked_samples, order_of
from steelyard.records import Limits, Measurement, Note, Plan, SampleScore

__all__ = ["HalfPrice", "calls_one_by_one"]

CHECKED = -1  # the position of what the repeat check asks


class Priced(Protocol):
    """What a measurement cost, as far as a price needs it."""

    calls: int
    answers: int

    def cost(self, limits: Limits) -> float | None:
        """The money, at the user's prices; None without prices."""
        ...


def calls_one_by_one(plan: Plan, scores: Iterable[SampleScore]) -> Counter[str]:
    """By measurement, how many calls would have been made before its tests stopped, in committed order.

    What is in flight at that moment is not counted: a run call by call pays for it, too.
    """
    finders, found = open_finders(plan), Counter[str]()
    number = {each.id: at for at, each in enumerate(plan.measurements)}
    by_measurement: dict[str, list[SampleScore]] = {}
    for score in scores:
        by_measurement.setdefault(score.measurement, []).append(score)
    placed: list[tuple[int, int, int, SampleScore]] = []
    for measurement, own in by_measurement.items():
        places = _places(plan.by_id[measurement], own)
        placed += [(*place, number[measurement], score) for place, score in zip(places, own, strict=True)]
    counted: set[tuple[str, int, str, int]] = set()
    waiting = [score for *_, score in sorted(placed, key=lambda each: each[:3])]
    while waiting:
        held, before = [], len(counted)
        for score in waiting:
            call = score.measurement, score.position, score.sample, score.repeat
            if call not in counted and finders.is_held(score.measurement):
                held.append(score)  # until what is asked again has come
                continue
            if call not in counted and finders.is_closed(score.measurement):
                continue
            found[score.measurement] += call not in counted
            counted.add(call)
            finders.observe(score)
        waiting = held if len(counted) > before else []
    return found


def _places(measurement: Measurement, scores: list[SampleScore]) -> Iterator[tuple[int, int]]:
    """When each score's call is made: the place of the order, and before it what the repeat check asks there."""
    if measurement.again:  # asked when all else is over
        yield from ((measurement.trials, 1) for _ in scores)
        return
    order = order_of(measurement)
    sample_at = {
        score.sample: order[score.position] // measurement.repeats for score in scores if score.position != CHECKED
    }
    checks = check_places(measurement, checked_samples(measurement, order))
    due = {call: place for place, calls in checks.items() for call in calls}
    for score in scores:
        if score.position != CHECKED:
            yield score.position, 1
        else:
            yield due.get((sample_at.get(score.sample, CHECKED), score.repeat), measurement.trials), 0


@dataclass
class HalfPrice:
    """Takes the scores of a plan that asks by batches, and says its price both ways; of any other it says nothing."""

    plan: Plan
    _scores: list[SampleScore] = field(default_factory=list, init=False)

    def heard(self, scores: Iterable[SampleScore]) -> Iterator[SampleScore]:
        """Pass scores on, and keep those that are needed."""
        for score in scores:
            if self.plan.subject.batch_growth:
                self._scores.append(score)
            yield score

    def notes(self, usage: Mapping[str, Any]) -> Iterator[Note]:
        """One sentence: the calls and the money of both ways."""
        asked = {name: priced for name, priced in usage.items() if priced.answers}
        if not self.plan.subject.batch_growth or not asked:
            return
        alone = calls_one_by_one(self.plan, self._scores)
        limits = self.plan.subject.limits
        calls, calls_alone = sum(each.answers for each in asked.values()), sum(alone[name] for name in asked)
        spent = [_both(priced, alone[name], limits) for name, priced in asked.items()]
        by_batches, one_by_one = (sum(each) for each in zip(*spent, strict=True))
        has_prices = limits.cost_of(0, 0) is not None and one_by_one > 0
        ratio = by_batches / one_by_one if has_prices else PRICE_FACTOR * calls / max(1, calls_alone)
        cost, other = (f": {by_batches:.4g}", f", and cost {one_by_one:.4g}") if has_prices else ("", "")
        yield Note(
            detector="plan",
            check="batches",
            message=(
                f"asked by the provider's batches, {calls:,} calls at {PRICE_FACTOR:g} of the price{cost}. One call "
                f"after another, {calls_alone:,} would have come to the same verdict{other}: this was {ratio:.2f} of "
                "that. What was measured is the model that these batches serve"
            ),
        )


def _both(priced: Priced, calls_alone: int, limits: Limits) -> tuple[float, float]:
    """What a measurement cost by batches, and what so many single calls cost at its mean; 0 without prices."""
    cost = priced.cost(limits) or 0.0
    return cost, cost / (limits.price_factor or 1.0) / priced.answers * calls_alone
