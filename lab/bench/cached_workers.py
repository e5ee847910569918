"""A response cache in each of several workers: ``python -m bench.cached_workers [--runs N]``.

How often the check for a cache finds them, in turn and at random. How often an honest vendor behind them is accused,
and one whose claim is just over its tolerance is confirmed, where they are found and where not. Without a cache, and
taken for one (two open texts were the same by chance), an honest vendor must not be accused more often.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from bench.honest import Answerer, plan_of, retest
from bench.table import rate_of
from bench.vendors import TEMPERATURE, Random, Vendor, printed
from steelyard.auditing.verdict import rejected
from steelyard.models.cache_check import identical_at
from steelyard.records import Capabilities, GenerateRequest, Measurement, ModelOutput, Outcome, SampleScore
from steelyard.runner.schedule import Call

__all__ = ["EDGE", "HONEST", "Ended", "Workers", "found_as_cache", "measure"]

SEED = 20261129
SIZES = (100, 198)
HONEST = Vendor("sampled", 198, accuracy=0.75, sampled=0.1, decoding=TEMPERATURE)
EDGE = replace(HONEST, inflated=0.021, states_rate=True)


class Workers:
    """A model of so many workers, asked in turn or at random, that keep the first text they made for a request."""

    def __init__(self, number: int, *, in_turn: bool, source: Random) -> None:
        self._number, self._in_turn, self._source = number, in_turn, source
        self._kept: dict[int, str] = {}
        self._asked = 0

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """What the next worker has kept, or a new text."""
        worker = self._asked % self._number if self._in_turn else int(self._source.integers(self._number))
        self._asked += 1
        text = self._kept.setdefault(worker, f"town {self._asked}")
        return ModelOutput(outcome=Outcome.OK, text=text, finish_reason="stop")


def found_as_cache(number: int, *, in_turn: bool, source: Random) -> bool:
    """Whether the check takes such workers for a cache."""
    model: Any = Workers(number, in_turn=in_turn, source=source)
    return asyncio.run(identical_at(model, Capabilities(), 0.7))


class CachingAnswerer(Answerer):
    """A vendor's endpoint whose workers, asked at random, each repeat their first answer to a sample."""

    def __init__(self, vendor: Vendor, measurement: Measurement, source: Random, workers: int) -> None:
        super().__init__(vendor, measurement, source)
        self._workers, self._kept = workers, dict[tuple[int, int], SampleScore]()

    def score(self, call: Call) -> SampleScore:
        """The score of a new answer, or that of the kept one."""
        if not self._workers:
            return super().score(call)
        place = int(self._source.integers(self._workers)), call.sample
        if place not in self._kept:
            self._kept[place] = super().score(call)
        return msgspec.structs.replace(
            self._kept[place], measurement=call.measurement, position=call.position, repeat=call.repeat
        )


@dataclass(frozen=True)
class Ended:
    """Of ``audits``: how many accused, and how many confirmed."""

    audits: int
    inconsistent: int
    consistent: int


def measure(vendor: Vendor, workers: int, audits: int, *, is_found: bool, seed: int = SEED) -> Ended:
    """Audit so many vendors behind so many caching workers (0: none), which the check found or not."""
    source, words = np.random.default_rng([seed, vendor.population, workers]), []
    for _ in range(audits):
        plan = plan_of(replace(vendor, cached=is_found), (printed(vendor, source),))
        result, _ = retest(lambda each: CachingAnswerer(vendor, each, source, workers), plan, plan.tests[0])
        words.append("inconsistent" if rejected(plan, [result]) else result.word.value)
    return Ended(audits, words.count("inconsistent"), words.count("consistent"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.cached_workers", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    runs = parser.parse_args(arguments).runs
    source = np.random.default_rng(SEED)
    where = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, {runs:,} runs"
    table = Table("workers", "in turn", "at random", title=f"Found as a cache: {where}", title_justify="left")
    for number in (1, 2, 3, 4, 8):
        found = [
            sum(found_as_cache(number, in_turn=each, source=source) for _ in range(runs)) for each in (True, False)
        ]
        table.add_row(str(number), *(rate_of(each, runs) for each in found))
    Console(width=100).print(table)
    names = ("workers", "found", "honest: inconsistent", "honest: consistent", "2.1 points over: consistent")
    table = Table("N", *names, title=f"Audits of sampled rows, tolerance 2: {where}", title_justify="left")
    for size in SIZES:
        for workers in (0, 2, 3, 4):
            for is_found in (False, True):
                honest, edge = (
                    measure(replace(each, population=size), workers, runs, is_found=is_found) for each in (HONEST, EDGE)
                )
                table.add_row(
                    str(size), str(workers or "no cache"), "yes" if is_found else "no",
                    *(rate_of(each, runs) for each in (honest.inconsistent, honest.consistent, edge.consistent)),
                )  # fmt: skip
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
