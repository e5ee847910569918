"""How often endpoints are found not to serve some items: ``python -m bench.served [--audits N]``.

Calls are simulated one after another in time, and read by the test that audits use. The honest situations are those
in which failures cluster in time, or in which what fails depends on the item for reasons that are no finding.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from bench.elsewhere import write_elsewhere
from steelyard.auditing.verdict import rejected
from steelyard.detectors.not_served.detector import AGAIN, ITEMS, TEMPERATURE, TIMES, WEIGHT, NotServed
from steelyard.planning.again import asked_again
from steelyard.planning.weights import share_out
from steelyard.plugins import MeasurementRequest
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    DetectorResult,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
    Reads,
    SampleScore,
    Service,
    VerdictWord,
)
from steelyard.stats.intervals import clopper_pearson

__all__ = ["HONEST", "WITHHOLDING", "Endpoint", "Found", "measure"]

ALPHA, SEED, SCORER = 0.05, 20261126, "numeric@2"
SECONDS = 2.0  # from one call to the next: 1,319 questions take 44 minutes
RATE = 0.8  # of right answers

Random = np.random.Generator


@dataclass(frozen=True)
class Endpoint:
    """An endpoint's way of failing: ``serve(item, second, random)`` is how one call ends.

    An item is its two numbers from 0 to 1, drawn once: whether it is wrong (below 1 − RATE), and how long it is.
    ``cached``: an answer to a request is kept, and given whenever the same request comes again. ``by_words``: that
    cache keeps greedy answers alone, and knows a question by its words.
    """

    name: str
    serve: Callable[[tuple[float, float], float, Random], Service]
    population: int = 1_319
    repeats: int = 1
    cached: bool = False
    by_words: bool = False


@dataclass(frozen=True)
class Found:
    """How many audits found that items are not served; how many p are at most α; items and calls that were added."""

    endpoint: Endpoint
    audits: int
    found: int
    small: int
    calls: float


# ── endpoints ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _at_random(rate: float, item: tuple[float, float], second: float, random: Random) -> Service:
    return "failed" if random.random() < rate else "answered"


def _down(begin: float, minutes: float, every: float, item: tuple[float, float], second: float, r: Random) -> Service:
    """Down for some minutes from a second on, again and again where ``every`` seconds are given; 1 % fail anyway."""
    at = (second - begin) % every if every and second >= begin else second - begin
    return _at_random(0.9 if 0 <= at < 60 * minutes else 0.01, item, second, r)


def _rising(item: tuple[float, float], second: float, random: Random) -> Service:
    return _at_random(min(0.5, second / 20_000), item, second, random)


def _overloaded(item: tuple[float, float], second: float, random: Random) -> Service:
    return _at_random(0.7 if second > 1_300 else 0.01, item, second, random)


def _long(end: Service, item: tuple[float, float], second: float, random: Random) -> Service:
    """The longest twentieth always ends otherwise; of all others 3 % fail."""
    return end if item[1] > 0.95 else _at_random(0.03, item, second, random)


def _wrong_is_slow(item: tuple[float, float], second: float, random: Random) -> Service:
    """What it gets wrong takes longer, and runs over our time limit half of the time; 3 % fail anyway."""
    slow = item[0] < 1 - RATE and random.random() < 0.5
    return "timed_out" if slow else _at_random(0.03, item, second, random)


def _withheld(share: float, holds: float, noise: float, item: tuple[float, float], second: float, r: Random) -> Service:
    """So large a share of what is wrong fails, each time with probability ``holds``; of all calls ``noise`` fail."""
    if item[0] < (1 - RATE) * share and r.random() < holds:
        return "failed"
    return _at_random(noise, item, second, r)


_OFTEN_FAILING = Endpoint("30 % of calls fail (malformed, dropped)", partial(_at_random, 0.3))
HONEST = (
    Endpoint("3 % of calls fail", partial(_at_random, 0.03)),
    _OFTEN_FAILING,
    Endpoint("down for ten minutes", partial(_down, 600, 10, 0)),
    Endpoint("down for ten minutes, N = 500", partial(_down, 300, 10, 0), 500, 2),
    Endpoint("down again while asked again", partial(_down, 600, 3, 2_038)),
    Endpoint("a rate limit, 20 s of each minute", partial(_down, 0, 1 / 3, 60)),
    Endpoint("fails ever more often", _rising),
    Endpoint("long questions run over our time limit", partial(_long, "timed_out")),
    Endpoint("long questions are beyond the context", partial(_long, "too_long")),
    Endpoint("a content filter stops 5 % of the items", partial(_long, "filtered")),
    Endpoint("wrong answers are slow: our time limit", _wrong_is_slow),
    Endpoint("a cache, and 60 % of calls fail", partial(_at_random, 0.6), cached=True),
    Endpoint("a cache, and 70 % of calls fail from half time on", _overloaded, cached=True),
    Endpoint("a cache, and down again while asked again", partial(_down, 600, 3, 2_038), cached=True),
    Endpoint("a cache, and a rate limit, 40 s of each minute", partial(_down, 0, 2 / 3, 60), cached=True),
    Endpoint("a cache of greedy words, and 60 % of calls fail", partial(_at_random, 0.6), cached=True, by_words=True),
    Endpoint("a cache of greedy words, and 70 % fail from half time on", _overloaded, cached=True, by_words=True),
)
WITHHOLDING = tuple(
    Endpoint(
        f"fails on a quarter of what is wrong{said}, N = {size:,}", partial(_withheld, 0.25, holds, noise), size, r
    )
    for holds, noise, said in ((1.0, 0.0, ""), (1.0, 0.05, "; 5 % anyway"), (0.7, 0.05, ", 7 times in 10; 5 % anyway"))
    for size, r in ((500, 2), (1_319, 1))
)


# ── audits ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def plan_of(endpoint: Endpoint) -> Plan:
    """A plan of one claim, whose calls the test watches."""
    first = Measurement(
        id="00-t", task="t", prompt="p", kind="generate", scorers=(SCORER,), population=endpoint.population,
        samples_root="0" * 64, order_seed="first", repeats=endpoint.repeats,
    )  # fmt: skip
    request = MeasurementRequest(
        name="claim/0/again", task="t", arm=AGAIN, beside=first.id, again=ITEMS, repeats=TIMES, temperature=TEMPERATURE
    )
    again = msgspec.structs.replace(asked_again(first, request, SCORER), id="01-t", order_seed="again")
    reads = tuple(Reads(measurement=each.id, scorer=SCORER) for each in (first, again))
    tests = share_out(
        (
            PlannedTest(id="claim", rule="claim_retest@4", weight=1.0, reads=reads[:1]),
            PlannedTest(id="served", rule="not_served@3", weight=WEIGHT, null="of the item", reads=reads),
        )
    )
    plan = Plan(
        format=PLAN_FORMAT,
        software="0",
        created="",
        models={SUBJECT: PlannedModel(identity=ModelIdentity(uri="openai:m@http://127.0.0.1/v1"))},
        measurements=(first, again),
        tests=tests,
        alpha=ALPHA,
    )
    return msgspec.structs.replace(plan, tests=(tests[0], NotServed().seal(tests[1], plan)))


def audit(endpoint: Endpoint, plan: Plan, random: Random) -> tuple[bool, float, int]:
    """One audit: whether items are found not to be served, the p-value, and the calls that were made again."""
    finder = NotServed().open(plan.tests[1], plan)
    first, again = plan.measurements
    items = random.random((endpoint.population, 2))
    order = random.permutation(first.trials) // first.repeats  # item at each place
    clock = _clock()
    kept: set[tuple[int, int]] = set()

    def ask(measurement: Measurement, place: int, item: int) -> None:
        number: tuple[float, float] = (items[item][0], items[item][1])
        # What is asked again has limits of tokens of its own (request_again): another request to a cache.
        request = item, 1 + place % TIMES if measurement.again and not endpoint.by_words else 0
        keeps = endpoint.cached and not (endpoint.by_words and measurement.temperature)
        now = next(clock)
        service = "answered" if keeps and request in kept else endpoint.serve(number, now, random)
        answered = service == "answered"
        if answered and keeps:
            kept.add(request)
        score = SampleScore(
            measurement=measurement.id,
            position=place,
            sample=str(item),
            repeat=0,
            status="scored" if answered else "missing",
            value=1.0 if answered else None,
            scorer=SCORER,
            service=service,
            seq=place,
        )
        finder.observe(score)

    for place, item in enumerate(order):
        ask(first, place, int(item))
    # The items are drawn anew in each audit, so the order that the seed draws is shuffled with them.
    left = finder.left(again.id)
    for place in left:
        ask(again, place, int(order[place // TIMES]))
    result = finder.find({})
    claim = DetectorResult(test="claim", rule="claim_retest@4", word=VerdictWord.INSUFFICIENT_POWER, p=1.0)
    return "served" in rejected(plan, [claim, result]), result.p or 0.0, len(left)


def _clock() -> Iterator[float]:
    second = 0.0
    while True:
        yield second
        second += SECONDS


def measure(endpoint: Endpoint, audits: int, seed: int = SEED) -> Found:
    """So many audits of one endpoint."""
    random = np.random.default_rng([seed, endpoint.population])
    plan = plan_of(endpoint)
    done = [audit(endpoint, plan, random) for _ in range(audits)]
    small = sum(p <= ALPHA for _, p, _ in done)
    return Found(endpoint, audits, sum(found for found, _, _ in done), small, sum(each[2] for each in done) / audits)


def main() -> None:
    """Print both tables, with date and machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=1_000, help="simulated audits of each endpoint")
    parser.add_argument("--reports", action="store_true", help="write what reports show of the rule")
    args = parser.parse_args()
    audits = args.audits
    console = Console(width=140)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    for title, endpoints in (("honest", HONEST), ("withholding", WITHHOLDING)):
        table = Table(title=f"{title} endpoints, {audits:,} audits each, seed {SEED}")
        for name in ("endpoint", "not served", "95 % limits", "p ≤ .05", "95 % limits", "calls made again"):
            table.add_column(name, justify="left" if name == "endpoint" else "right")
        for endpoint in endpoints:
            row = measure(endpoint, audits)
            if args.reports and endpoint is _OFTEN_FAILING:
                what = "simulated audits of an honest endpoint of which 30 % of calls fail, at 0.05"
                write_elsewhere(f"{NotServed.name}@{NotServed().version}", what, row.small, audits)
            cells = []
            for number in (row.found, row.small):
                low, high = clopper_pearson(number, audits)
                cells += [f"{number / audits:.4f}", f"{low:.4f}–{high:.4f}"]
            table.add_row(endpoint.name, *cells, f"{row.calls:.0f}")
        console.print(table)


if __name__ == "__main__":
    main()
