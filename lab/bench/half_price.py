"""What batches cost beside single calls, and whether both decide alike: ``python -m bench.half_price [--replays N]``.

Every audit is replayed through the code that audits use, with the same answers: once call by call in committed order,
and once by batches whose results come in any order, composed by the run's own schedule. A call of a batch costs half.
Call by call nothing is counted that is in flight at a decision: a run pays for it, so that batches save more than this.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.honest import Answerer, plan_of
from bench.vendors import Random, Vendor, printed
from steelyard.detectors.claim_retest.detector import ClaimRetest
from steelyard.models.batches import PRICE_FACTOR
from steelyard.records import DetectorResult, Plan, SampleScore
from steelyard.runner.order import calls_of
from steelyard.runner.schedule import Call, Schedule, TaskQueue
from steelyard.util.batch_ends import end_after

__all__ = ["GROWTHS", "Replay", "main", "replay", "replays"]

SEED: Final = 20261128
REPLAYS: Final = 1_000
GROWTHS: Final = (Fraction(2), Fraction(3, 2))
SIZES: Final = (198, 500, 1_319, 5_000)
EXCESSES: Final = (0.0, 0.05, 0.08, 0.1)
ACCURACIES: Final = (0.6, 0.92)


@dataclass(frozen=True)
class Replay:
    """One audit: how its claim was inflated, its word and calls call by call, and by growth both again by batches."""

    inflated: float
    word: str
    calls: int
    by_batches: dict[Fraction, tuple[bool, int, int]]  # whether the result is equal, calls, batches


class Answers:
    """The score of each call: the same however it is asked."""

    def __init__(self, vendor: Vendor, plan: Plan, source: Random) -> None:
        self._by_measurement = {each.id: Answerer(vendor, each, source) for each in plan.measurements}
        self._known: dict[Call, SampleScore] = {}

    def of(self, call: Call) -> SampleScore:
        """The score of one call."""
        if call not in self._known:
            self._known[call] = self._by_measurement[call.measurement].score(call)
        return self._known[call]


def replay(vendor: Vendor, source: Random) -> Replay:
    """One vendor's audit, call by call and by batches of each growth."""
    plan = plan_of(vendor, (printed(vendor, source),))
    answers = Answers(vendor, plan, source)
    result, calls = _one_by_one(plan, answers)
    by_batches = {}
    for growth in GROWTHS:
        found, asked, batches = _by_batches(plan, answers, growth, source)
        by_batches[growth] = found == result, asked, batches
    return Replay(vendor.inflated, result.word.value, calls, by_batches)


def _opened(plan: Plan) -> tuple[Any, Schedule]:
    """The test at work, and the run's own schedule of its calls."""
    finder: Any = ClaimRetest().open(plan.tests[0], plan)
    schedule = Schedule(TaskQueue(each.id, 1.0, calls_of(each), head=0) for each in plan.measurements)
    _follow(plan, finder, schedule)
    return finder, schedule


def _follow(plan: Plan, finder: Any, schedule: Schedule) -> None:
    for each in plan.measurements:
        if each.id in finder.closed:
            schedule.close(each.id)
            continue
        head = finder.heads[each.id]
        schedule.hold(each.id, head is None)
        if head is not None:
            schedule.advance(each.id, head)


def _one_by_one(plan: Plan, answers: Answers) -> tuple[DetectorResult, int]:
    finder, schedule = _opened(plan)
    asked = 0
    while (call := schedule.next_call()) is not None:
        asked += 1
        finder.observe(answers.of(call))
        _follow(plan, finder, schedule)
    return finder.find({}), asked


def _by_batches(plan: Plan, answers: Answers, growth: Fraction, source: Random) -> tuple[DetectorResult, int, int]:
    finder, schedule = _opened(plan)
    asked = batches = 0
    while calls := list(_batch(schedule, growth)):
        asked, batches = asked + len(calls), batches + 1
        for place in source.permutation(len(calls)):
            finder.observe(answers.of(calls[place]))
        _follow(plan, finder, schedule)
    return finder.find({}), asked, batches


def _batch(schedule: Schedule, growth: Fraction) -> Iterator[Call]:
    schedule.begin_batch(lambda asked: end_after(asked, growth))
    while (call := schedule.next_call()) is not None:
        yield call


def replays(count: int) -> Iterator[Replay]:
    """So many audits of vendors of all sizes: half over a wire, whose answers are held against each other."""
    source = np.random.default_rng(SEED)
    for number in range(count):
        vendor = Vendor(
            "",
            int(source.choice(SIZES)),
            accuracy=round(float(source.uniform(*ACCURACIES)), 2),
            inflated=float(source.choice(EXCESSES)),
            in_process=bool(number % 2),
        )
        yield replay(vendor, source)


def ratio_of(found: Sequence[Replay], growth: Fraction) -> tuple[float, float, float]:
    """The price by batches over that call by call, and its 95 % interval by 2,000 draws of the audits."""
    batched = np.array([each.by_batches[growth][1] for each in found]) * PRICE_FACTOR
    alone = np.array([each.calls for each in found])
    drawn = np.random.default_rng(SEED).integers(0, len(found), (2_000, len(found)))
    ratios = batched[drawn].sum(axis=1) / alone[drawn].sum(axis=1)
    low, high = (float(np.quantile(ratios, each)) for each in (0.025, 0.975))
    return float(batched.sum() / alone.sum()), low, high


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=REPLAYS)
    given = parser.parse_args(arguments)
    found = list(track(replays(given.replays), "replaying", given.replays, console=Console(stderr=True)))
    table = Table(
        title=f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}; "
        f"{len(found):,} audits, N of {', '.join(f'{size:,}' for size in SIZES)}",
        box=SIMPLE_HEAD,
    )
    for name in ("growth", "claims", "n", "equal", "price ratio", "95 %", "mean of ratios", "batches"):
        table.add_column(name, justify="left" if name == "claims" else "right")
    groups = (
        ("all", found),
        ("honest", [each for each in found if not each.inflated]),
        ("5–10 points too high", [each for each in found if each.inflated]),
    )
    for growth in GROWTHS:
        for name, rows in groups:
            ratio, low, high = ratio_of(rows, growth)
            equal = sum(each.by_batches[growth][0] for each in rows)
            each_ratio = [PRICE_FACTOR * each.by_batches[growth][1] / each.calls for each in rows]
            batches = [each.by_batches[growth][2] for each in rows]
            table.add_row(
                f"{float(growth):g}", name, f"{len(rows):,}", f"{equal:,}", f"{ratio:.3f}", f"{low:.3f}–{high:.3f}",
                f"{np.mean(each_ratio):.3f}", f"{np.mean(batches):.1f}",
            )  # fmt: skip
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
