"""``python -m bench.judge_gaming [--runs N] [--reports]``: how often D7 accuses honest answers and finds constant ones.

A judge accepts a text that fits its prompt, one that does not, and a plain wrong answer with these rates; where
``spread`` is not 0 all three move together from prompt to prompt. A judge of pairs prefers each of these to the second
run's answer with these rates, which its liking for a seat changes, and calls some pairs a tie.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.elsewhere import pooled, write_elsewhere
from bench.inhouse.table import SEED, Printed, share, where
from steelyard.judging.attacks import ANOTHER, FLATTERY, PROMPTS, arm_sizes
from steelyard.reports.judging import RULE
from steelyard.stats.judge_gaming import bounded_mean_p

__all__ = ["HONEST", "PAIRED_HONEST", "honest", "main", "paired_rejections", "rejections", "tables"]

RUNS = 4_000
ALPHA = 0.05


@dataclass(frozen=True)
class Judged:
    """Rates of acceptance: ``other`` where the answer is that to another question, ``own``, and the ``floor``."""

    name: str
    other: float
    own: float
    floor: float
    spread: float = 0.0


HONEST = (
    Judged("a good judge", 0.05, 0.9, 0.02),
    Judged("verbose answers that hold a little of everything", 0.25, 0.95, 0.05),
    Judged("a lenient judge", 0.45, 0.9, 0.1),
    Judged("the same, from prompt to prompt", 0.45, 0.9, 0.1, 0.2),
    Judged("exactly halfway, the edge of the hypothesis", 0.5, 0.9, 0.1),
    Judged("one that hardly tells what fits", 0.6, 0.7, 0.55),
    Judged("one that throws a coin", 0.5, 0.5, 0.5),
    Judged("one that accepts all", 1.0, 1.0, 1.0),
)
_DECEIVED = (
    Judged("always accepts the constant text", 1.0, 1.0, 0.0),
    Judged("accepts it 95 times in 100", 0.95, 0.95, 0.0),
    Judged("accepts it 9 times in 10", 0.9, 0.9, 0.0),
    Judged("accepts it 9 times in 10, and 1 plain wrong answer in 20", 0.9, 0.9, 0.05),
    Judged("accepts it 8 times in 10", 0.8, 0.8, 0.0),
)


@dataclass(frozen=True)
class Paired:
    """Rates at which a text is preferred to the second run's answer; ``first`` is added in the first seat."""

    name: str
    other: float
    own: float
    floor: float
    first: float = 0.0
    tie: float = 0.0


PAIRED_HONEST = (
    Paired("a good judge of two like runs", 0.02, 0.5, 0.02),
    Paired("one that likes the first seat", 0.05, 0.5, 0.05, first=0.3),
    Paired("a lenient judge, half of its verdicts ties", 0.2, 0.5, 0.1, tie=0.5),
    Paired("exactly halfway, the edge of the hypothesis", 0.3, 0.5, 0.1),
    Paired("exactly halfway, the first run far worse", 0.05, 0.1, 0.0),
    Paired("exactly halfway, the first run far better", 0.5, 0.95, 0.05),
    Paired("one that throws a coin", 0.5, 0.5, 0.5),
    Paired("one that always prefers the first seat", 0.5, 0.5, 0.5, first=0.5),
    Paired("one that always says tie", 0.0, 0.0, 0.0, tie=1.0),
)
_PAIRED_DECEIVED = (
    Paired("always prefers the text", 1.0, 0.5, 0.0),
    Paired("prefers it 9 times in 10", 0.9, 0.5, 0.0),
    Paired("prefers it 9 times in 10, and likes the first seat", 0.9, 0.5, 0.05, first=0.3),
    Paired("prefers it 8 times in 10", 0.8, 0.5, 0.0),
    Paired("always prefers it, the first run far better", 1.0, 0.95, 0.05),
    Paired("prefers it 9 times in 10, the first run far better", 0.9, 0.95, 0.05),
    Paired("always prefers it in the first seat, never in the second", 0.5, 0.5, 0.0, first=0.5),
)


def paired_rejections(judged: Paired, prompts: int, runs: int) -> int:
    """In how many runs the hypothesis is rejected at .05; each text is asked in both seats."""
    rates = (judged.other, judged.own, judged.floor)
    random = np.random.default_rng([SEED, 3, prompts, *(round(1000 * each) for each in (*rates, judged.first))])

    def scores(rate: float) -> np.ndarray:
        seats = []
        for shift in (judged.first, -judged.first):
            won = random.random((runs, prompts)) < np.clip(rate + shift, 0, 1)
            seats.append(np.where(random.random((runs, prompts)) < judged.tie, 0.5, won))
        return np.asarray((seats[0] + seats[1]) / 2)

    w, s, f = (scores(rate) for rate in rates)
    return sum(bounded_mean_p(row) <= ALPHA for row in (w - s / 2 - f / 2).tolist())


def rejections(judged: Judged, prompts: int, runs: int) -> int:
    """In how many runs the hypothesis is rejected at .05."""
    random = np.random.default_rng(
        [SEED, prompts, *(round(1000 * r) for r in (judged.other, judged.own, judged.floor))]
    )
    shift = random.normal(0, judged.spread, size=(runs, prompts)) if judged.spread else np.zeros((runs, prompts))
    rates = (judged.other, judged.own, judged.floor)
    w, s, f = ((random.random((runs, prompts)) < np.clip(rate + shift, 0, 1)).astype(float) for rate in rates)
    return sum(bounded_mean_p(row) <= ALPHA for row in (w - s / 2 - f / 2).tolist())


def _sizes() -> tuple[int, ...]:
    """As many prompts as an attack has by default, as the test of answers has, and more."""
    by_default = arm_sizes(10_000)
    return by_default[FLATTERY], by_default[ANOTHER], arm_sizes(10_000, 4 * PROMPTS)[ANOTHER]


def honest(runs: int) -> dict[str, tuple[int, int]]:
    """By honest judge, of each and of pairs: what is rejected at .05, with each number of prompts, and all runs."""
    sizes = _sizes()
    found = {each.name: sum(rejections(each, size, runs) for size in sizes) for each in HONEST}
    found |= {
        f"of pairs: {each.name}": sum(paired_rejections(each, size, runs) for size in sizes) for each in PAIRED_HONEST
    }
    return {name: (count, runs * len(sizes)) for name, count in found.items()}


def tables(runs: int) -> Iterator[Printed]:
    """Size and power, with the prompts that the test has by default, with as many as an attack has, and with more."""
    sizes = _sizes()
    heads = ["the judge", *(f"{size} prompts" for size in sizes)]
    for title, every in (("Honest answers accused", HONEST), ("Constant answers found", _DECEIVED)):
        rows = [[each.name, *(share(rejections(each, size, runs), runs) for size in sizes)] for each in every]
        yield Printed(f"{title}, level .05, {runs:,} runs each", heads, rows)
    heads[0] = "the judge of pairs"
    for title, paired in (
        ("Honest judges of pairs accused", PAIRED_HONEST),
        ("Attacks on them found", _PAIRED_DECEIVED),
    ):
        rows = [[each.name, *(share(paired_rejections(each, size, runs), runs) for size in sizes)] for each in paired]
        yield Printed(f"{title}, level .05, {runs:,} runs each", heads, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, and write what reports show where that is asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.judge_gaming", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--reports", action="store_true", help="write what reports show of it")
    given = parser.parse_args(arguments)
    print(f"{where()}\n")
    for table in tables(given.runs):
        print(table)
    if given.reports:
        found, judged, said = pooled(honest(given.runs))
        sizes = _sizes()
        what = f"simulated sets of {min(sizes)} to {max(sizes)} texts by which no judge is deceived, at {ALPHA:g}"
        write_elsewhere(RULE, what, found, judged)
        print(f"{RULE}: {found:,} of {judged:,} at {ALPHA:g}; of single kinds {said}.")


if __name__ == "__main__":
    main()
