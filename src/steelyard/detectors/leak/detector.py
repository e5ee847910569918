"""The leak check as a detector: released items against kept ones, and against variants that nobody was asked.

Both tests read the measurement of the released items; with both, each has half of the level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from steelyard.detectors.leak.finder import LeakFinder
from steelyard.detectors.leak.variants import VariantsFinder
from steelyard.detectors.requested import request_of
from steelyard.errors import InputError
from steelyard.plugins import Planner
from steelyard.records import Plan, PlannedTest, RequestedTest, Served
from steelyard.records.record import Record

__all__ = ["Leak", "LeakOptions"]

RELEASED, KEPT, OTHER = "released", "kept", "other"  # the arms
_NULLS: Final = {
    KEPT: "the released items are answered like the kept ones: nothing was learned from them",
    OTHER: "the variants that the endpoint was asked are answered like others of the same items: nothing was learned "
    "from them",
}


class LeakOptions(Record, frozen=True, kw_only=True):
    """What a user sets: the names of the tasks with the kept items and with other variants of the released ones.

    One of them at least is there. The level is a decimal text. With other variants, ``addresses`` is how many addresses
    are sealed with them: the test of one address has that part of the level.
    """

    kept: str = ""
    others: str = ""
    alpha: str = "0.001"
    addresses: int = 0


class Leak:
    """D3: permutation tests over a committed split, and over the variants that a seal drew (docs/statistics.md)."""

    name = "leak"
    version = 4
    access = ("text",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One or two tests for each check that the user asked for; raises InputError for options that are none."""
        mine = [each for each in planner.requested if each.detector == self.name]
        return [test for number, each in enumerate(mine) for test in self._tests(planner, number, each)]

    def _tests(self, planner: Planner, number: int, requested: RequestedTest) -> Iterator[PlannedTest]:
        options = options_of(requested.options)
        tasks = {RELEASED: requested.task, KEPT: options.kept, OTHER: options.others}
        reads = {
            arm: served.reads
            for arm, task in tasks.items()
            if task and (served := self._measured(planner, number, requested, arm, task)) is not None
        }
        for arm in (KEPT, OTHER):
            if RELEASED in reads and arm in reads:
                name = "leak" if arm == KEPT else "leak-variants"
                yield PlannedTest(
                    id=f"{name}-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', requested.task)[:80]}",
                    rule=f"{self.name}@{self.version}",
                    weight=1.0,
                    null=_NULLS[arm],
                    reads=(reads[RELEASED], reads[arm]),
                    sealed={"alpha": options.alpha} | ({"addresses": options.addresses} if arm == OTHER else {}),
                )

    def _measured(self, planner: Planner, number: int, requested: RequestedTest, arm: str, task: str) -> Served | None:
        return planner.measure(request_of(requested, f"leak/{number}/{arm}", task=task, arm=arm))

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """Nothing follows from the share of the level: the test is one of fixed size."""
        return test

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """All of both arms: the test does not stop early."""
        return sum(plan.by_id[reads.measurement].planned for reads in test.reads)

    def open(self, test: PlannedTest, plan: Plan) -> LeakFinder | VariantsFinder:
        """Start reading; raises ValueError for what :meth:`plan` would not have written."""
        arms = [plan.by_id[reads.measurement].arm for reads in test.reads if reads.measurement in plan.by_id]
        sealed = dict(test.sealed)
        is_own = is_level(sealed.pop("alpha", None))
        if is_own and arms == [RELEASED, KEPT] and not sealed:
            return LeakFinder(test, plan)
        if is_own and arms == [RELEASED, OTHER] and is_count(sealed.pop("addresses", None)) and not sealed:
            return VariantsFinder(test, plan)
        raise ValueError(
            "it reads the released and the kept items of a suite, or other variants, at a level of its own"
        )


def options_of(given: Mapping[str, Any]) -> LeakOptions:
    """The options of a check, read strictly; raises InputError for anything else."""
    try:
        options = msgspec.convert(given, LeakOptions)
    except msgspec.ValidationError as error:
        raise InputError(f"a leak check has the options kept, others, alpha and addresses: {error}") from None
    if not (options.kept or options.others):
        raise InputError("a leak check needs kept items, or other variants of the released ones")
    if not is_level(options.alpha):
        raise InputError(f"--alpha {options.alpha[:20]!r}: a level is between 0 and 0.05, as 0.001")
    if bool(options.others) != is_count(options.addresses):
        raise InputError("a leak check of other variants needs the number of addresses that are sealed with them")
    return options


def is_count(value: object) -> bool:
    """Whether a value can be a number of sealed addresses."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_level(text: object) -> bool:
    """Whether a value is the text of a level that a check may have: above 0, and at most that of the whole plan."""
    return isinstance(text, str) and re.fullmatch(r"0?\.\d{1,12}", text) is not None and 0 < float(text) <= 0.05
