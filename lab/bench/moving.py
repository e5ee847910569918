"""How often a vendor is accused, or confirmed, whose answers get worse or better with time: ``python -m bench.moving``.

A retest ends early, and a second pass comes right after the first: what moves more slowly shows in no difference of the
two. So none of these rates is promised; the table shows what the assumption is worth.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from bench.honest import Answerer, plan_of, retest
from bench.table import rate_of
from bench.vendors import Random, Vendor
from steelyard.auditing.verdict import rejected
from steelyard.records import Measurement, SampleScore

if TYPE_CHECKING:
    from steelyard.runner.schedule import Call

SEED = 20261129
RIGHT = 0.85
SIZES = (198, 801, 1319, 5000)
SCORER = "numeric@7"


@dataclass(frozen=True)
class Moving:
    """A model that is right on 85 % of its samples, but for what moves.

    ``first`` is how much worse it is in the first ``share`` of the calls, ``after`` how much worse behind them, and
    ``between`` the standard deviation of whole passes, all as shares. The claim is what a whole pass gives, or with
    ``after`` what the first calls do.
    """

    name: str
    share: float = 0.0
    first: float = 0.0
    after: float = 0.0
    between: float = 0.0

    def printed(self, source: Random) -> float:
        """The number that the vendor prints."""
        return RIGHT - self.share * self.first + source.normal(0.0, self.between)


KINDS = (
    Moving("steady"),
    Moving("first 10 % of the calls 15 points worse", 0.10, first=0.15),
    Moving("first 5 % of the calls 30 points worse", 0.05, first=0.30),
    Moving("first 15 % of the calls 10 points worse", 0.15, first=0.10),
    Moving("whole passes differ, SD 1 point", between=0.01),
    Moving("whole passes differ, SD 2 points", between=0.02),
    Moving("10 points worse after 25 % of the calls", 0.25, after=0.10),
)


class MovingAnswerer(Answerer):
    """The answers of one audit, in the order in which they are asked."""

    def __init__(self, kind: Moving, vendor: Vendor, measurement: Measurement, source: Random) -> None:
        super().__init__(vendor, measurement, source)
        self._kind, self._random, self._calls = kind, source, 0
        self._length = vendor.population * measurement.repeats
        self._right = source.permutation(vendor.population) < RIGHT * vendor.population
        self._level, self._passes = source.random(vendor.population), dict[str, float]()

    def score(self, call: Call) -> SampleScore:
        """The score of the answer to the next call."""
        kind, early = self._kind, self._calls < self._kind.share * self._length
        self._calls += 1
        if call.measurement not in self._passes:
            self._passes[call.measurement] = self._random.normal(0.0, kind.between)
        moved = self._passes[call.measurement] - (kind.first if early else kind.after)
        # Within a pass that differs as a whole, a sample is answered as before when it is asked again.
        drawn = self._level[call.sample] if kind.between else self._random.random()
        chance = 1.0 + min(0.0, moved) / RIGHT if self._right[call.sample] else max(0.0, moved) / (1.0 - RIGHT)
        return SampleScore(
            measurement=call.measurement, position=call.position, sample=str(call.sample), repeat=call.repeat,
            status="scored", value=float(drawn < chance), scorer=SCORER, seq=0, group="s0",
        )  # fmt: skip


def word_of(kind: Moving, population: int, source: Random) -> str:
    """The verdict on the one claim of one such vendor."""
    vendor = Vendor(kind.name, population, "2", RIGHT)
    plan = plan_of(vendor, (f"{100 * min(1.0, kind.printed(source)):.1f}",))
    result, _ = retest(lambda each: MovingAnswerer(kind, vendor, each, source), plan, plan.tests[0])
    return "inconsistent" if rejected(plan, [result]) else str(result.word)


def rows(vendors: int) -> Iterator[tuple[str, ...]]:
    """A line for each kind and size."""
    for kind in KINDS:
        for population in SIZES:
            source = np.random.default_rng([SEED, population, KINDS.index(kind)])
            words = [word_of(kind, population, source) for _ in range(vendors)]
            yield (
                kind.name,
                f"{population:,}",
                *(rate_of(words.count(w), vendors) for w in ("inconsistent", "consistent")),
            )


def main() -> None:
    """Print the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendors", type=int, default=200, help="audits of each kind and size")
    vendors = parser.parse_args().vendors
    print(f"{vendors} vendors a row, seed {SEED}; {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}\n")
    print("| answers | N | inconsistent | consistent |\n|:--|--:|--:|--:|")
    for row in rows(vendors):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
