"""How often ``steelyard compare`` errs: ``python -m bench.compare [--runs N] [--scores DIR]``.

Size: how often a model is called better though there is no difference, at 5 %. Coverage: how often the 95 % interval
holds the true difference. Also outside the formulas: clusters of unequal size, skewed effects, scores that differ
seldom. With ``--scores``, real matrices of right and wrong answers: two models' answers to each item change places at
random, so that neither is better.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.table import print_rows, rate_of
from steelyard.comparison.contrast import PairedSamples, contrast
from steelyard.stats.agreement import error_overlap
from steelyard.stats.mcnemar import margin_p, mcnemar_p
from steelyard.stats.paired import paired_interval, tango_interval
from steelyard.stats.paired_power import mcnemar_power, samples_to_see
from steelyard.stats.saturation import saturation
from steelyard.stats.sign_flip import cluster_sums, sign_flip_p

__all__ = [
    "CLUSTERED",
    "MARGINS",
    "PAIRED",
    "SCORES",
    "Clustered",
    "Found",
    "Margin",
    "Paired",
    "Scores",
    "measure_clustered",
    "measure_kappa",
    "measure_line",
    "measure_margin",
    "measure_paired",
    "measure_scores",
    "read_matrix",
    "samples_of",
]

SEED, ALPHA, Z = 20261126, 0.05, 1.959963984540054
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """``n`` samples, of which the share ``discordant`` is right in one model alone; the true ``difference``."""

    n: int
    discordant: float
    difference: float


@dataclass(frozen=True)
class Margin:
    """``n`` samples at the edge of the null: the second model is worse by exactly the margin."""

    n: int
    discordant: float
    margin: float


@dataclass(frozen=True)
class Clustered:
    """``groups`` clusters of ``sizes`` samples; ``zipf``: the k-th has 1/k of the largest.

    ``effect``: how clusters differ about a mean of 0: not at all, normally, or skewed.
    """

    groups: int
    sizes: tuple[int, int]
    effect: str
    zipf: bool = False


@dataclass(frozen=True)
class Scores:
    """``n`` scores, of which the share ``differ`` differs between the models, by ``steps``, upwards at this rate."""

    n: int
    differ: float
    steps: tuple[float, ...]
    upwards: float


@dataclass(frozen=True)
class Found:
    """Of ``runs``: how often the null was rejected, by a plain test and by ours, and how often the interval missed."""

    runs: int
    plain: int
    rejected: int
    missed: int


PAIRED = tuple(
    Paired(n, discordant, difference)
    for n in (50, 200, 1_000)
    for discordant, difference in ((0.06, 0.0), (0.06, 0.02), (0.3, 0.0), (0.3, 0.1))
)
MARGINS = tuple(
    Margin(n, discordant, margin) for n in (50, 200, 1_000) for discordant, margin in ((0.06, 0.02), (0.3, 0.05))
)
CLUSTERED = tuple(
    Clustered(groups, sizes, effect, zipf)
    for groups, sizes, zipf in (
        (6, (20, 20), False), (10, (20, 20), False), (57, (10, 150), False), (20, (10, 400), True), (200, (2, 4), False)
    )
    for effect in ("none", "normal", "skewed")
)  # fmt: skip
SCORES = tuple(
    Scores(n, differ, steps, upwards)
    for n in (30, 100, 400)
    for differ, steps, upwards in (
        (1.0, (0.25, 0.5, 1.0), 0.5), (0.2, (0.25, 0.5, 1.0), 0.8), (0.05, (0.2, 0.4), 0.9), (0.2, (0.1, 0.1, 1.0), 0.8)
    )
)  # fmt: skip


def measure_paired(what: Paired, runs: int, seed: int = SEED) -> Found:
    """Draw counts; equal ones are tested once."""
    random = np.random.default_rng([seed, what.n, round(1000 * what.discordant), round(1000 * what.difference)])
    rates = [(what.discordant + what.difference) / 2, (what.discordant - what.difference) / 2, 1 - what.discordant]
    of_mcnemar, of_tango = cache(mcnemar_p), cache(lambda gains, losses: tango_interval(gains, losses, what.n, Z))
    rejected = missed = 0
    for gains, losses, _ in random.multinomial(what.n, rates, runs).tolist():
        rejected += of_mcnemar(gains, losses) <= ALPHA
        low, high = of_tango(gains, losses)
        missed += not low <= what.difference <= high
    return Found(runs, 0, rejected, missed)


def measure_margin(what: Margin, runs: int, seed: int = SEED) -> Found:
    """How often the margin is called kept where the second model is worse by all of it; ``plain``: Tango's z alone."""
    random = np.random.default_rng([seed, what.n, round(1000 * what.discordant), round(1000 * what.margin), 7])
    rates = [(what.discordant - what.margin) / 2, (what.discordant + what.margin) / 2, 1 - what.discordant]
    of_margin = cache(lambda gains, losses: margin_p(gains, losses, what.n, what.margin))
    of_tango = cache(lambda gains, losses: tango_interval(gains, losses, what.n, 1.6448536269514722))
    rejected = plain = 0
    for gains, losses, _ in random.multinomial(what.n, rates, runs).tolist():
        rejected += of_margin(gains, losses) <= ALPHA
        plain += of_tango(gains, losses)[0] > -what.margin
    return Found(runs, plain, rejected, 0)


def measure_clustered(what: Clustered, runs: int, seed: int = SEED) -> Found:
    """Right and wrong answers in clusters; ``plain`` is McNemar's test, which takes samples as independent."""
    random = np.random.default_rng([seed, what.groups, len(what.effect), what.zipf])
    plain = rejected = missed = 0
    for _ in range(runs):
        differences, clusters = _clustered(what, random)
        plain += mcnemar_p(differences.count(1.0), differences.count(-1.0)) <= ALPHA
        rejected += sign_flip_p(cluster_sums(differences, clusters)) <= ALPHA
        low, high = paired_interval(differences, clusters)
        missed += not low <= 0 <= high
    return Found(runs, plain, rejected, missed)


def _clustered(what: Clustered, random: np.random.Generator) -> tuple[list[float], list[int]]:
    groups, discordant = what.groups, 0.2
    if what.zipf:
        sizes = np.maximum(1, what.sizes[1] // np.arange(1, groups + 1))
    else:
        sizes = random.integers(what.sizes[0], what.sizes[1] + 1, groups)
    # Effects end at the discordant share; the skewed ones have a mean of 0 with that end.
    effect = {
        "none": np.zeros(groups),
        "normal": np.clip(random.normal(0, 0.5 * discordant, groups), -discordant, discordant),
        "skewed": discordant * (0.4 * np.minimum(random.exponential(1.0, groups), 3.0) - 0.4 * (1 - math.exp(-3.0))),
    }[what.effect]
    clusters = np.repeat(np.arange(groups), sizes)
    drawn = random.random(len(clusters))
    gained = drawn < (discordant + effect[clusters]) / 2
    values = np.where(gained, 1.0, np.where(drawn < discordant, -1.0, 0.0))
    return values.tolist(), clusters.tolist()


def measure_scores(what: Scores, runs: int, seed: int = SEED) -> Found:
    """Independent scores between 0 and 1: coverage, and the size where neither is better."""
    random = np.random.default_rng([seed, what.n, round(1000 * what.differ), round(100 * what.upwards)])
    steps = np.array(what.steps)
    truth = what.differ * float(steps.mean()) * (2 * what.upwards - 1)
    rejected = missed = 0
    for _ in range(runs):
        signs = np.where(random.random(what.n) < what.upwards, 1.0, -1.0)
        values = ((random.random(what.n) < what.differ) * signs * random.choice(steps, what.n)).tolist()
        found = contrast("overall", samples_of(values), see=0.02)
        rejected += found.p <= ALPHA
        missed += not found.ci[0] - 1e-12 <= truth <= found.ci[1] + 1e-12
    return Found(runs, 0, rejected, missed)


def samples_of(differences: Sequence[float], clusters: Sequence[int] | None = None) -> PairedSamples:
    """Samples that two runs answered with these differences; the command's own test reads them."""
    return PairedSamples(
        tuple((max(0.0, -each),) * 2 for each in differences),
        tuple((max(0.0, each),) * 2 for each in differences),
        tuple("" for _ in differences),
        None if clusters is None else tuple(clusters),
    )


def measure_kappa(n: int, rates: tuple[float, float], alike: float, runs: int, seed: int = SEED) -> Found:
    """Coverage of κ where failures come from a shared normal difficulty with this share of the variance."""
    random = np.random.default_rng([seed, n, round(100 * alike)])
    truth, missed = _kappa(*_failures(1_000_000, rates, alike, random)), 0
    for _ in range(runs):
        first, second = _failures(n, rates, alike, random)
        found = error_overlap(first.tolist(), second.tolist(), range(n), ALPHA)
        missed += not found.low <= truth <= found.high
    return Found(runs, 0, 0, missed)


def _failures(n: int, rates: tuple[float, float], alike: float, random: np.random.Generator) -> tuple[Doubles, Doubles]:
    from scipy.special import ndtri

    shared = math.sqrt(alike) * random.standard_normal(n)
    one, other = (
        (shared + math.sqrt(1 - alike) * random.standard_normal(n) < ndtri(rate)).astype(float) for rate in rates
    )
    return one, other


def _kappa(first: Doubles, second: Doubles) -> float:
    same = float(np.mean(first == second))
    chance = float(first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean()))
    return (same - chance) / (1 - chance)


def measure_line(points: int, flattens: bool, runs: int, seed: int = SEED) -> Found:
    """How often a curve is called flattening: of a straight line, or of one that does; noise of one point."""
    random, x = np.random.default_rng([seed, points, flattens]), np.linspace(0, 3, points)
    truth, rejected = (0.9 - 0.5 * np.exp(-x / 0.8) if flattens else 0.3 + 0.15 * x), 0
    for _ in range(runs):
        found = saturation((10**x).tolist(), (truth + 0.01 * random.standard_normal(points)).tolist())
        rejected += found is not None and found.p <= ALPHA
    return Found(runs, 0, rejected, 0)


def read_matrix(path: Path) -> NDArray[np.bool_]:
    """A matrix of responses: a row a model, a column an item; the first line is the items' numbers."""
    with gzip.open(path, "rt", newline="") as file:
        rows = iter(csv.reader(file))
        next(rows)
        return np.array([[cell in ("1", "1.0", "TRUE") for cell in row[1:]] for row in rows])


def _real(matrix: NDArray[np.bool_], runs: int) -> int:
    """How often two models whose answers to each item change places at random are told apart."""
    random, rejected = np.random.default_rng([SEED, *matrix.shape]), 0
    for _ in range(runs):
        one, other = matrix[random.choice(len(matrix), 2, replace=False)]
        gains = int(random.binomial(int(np.sum(one != other)), 0.5))
        rejected += mcnemar_p(gains, int(np.sum(one != other)) - gains) <= ALPHA
    return rejected


def _paired_rows(runs: int) -> list[list[str]]:
    rows = []
    for what in PAIRED:
        found = measure_paired(what, runs)
        said = f"{what.n:,} samples, {100 * what.discordant:g} % discordant, {100 * what.difference:g} points"
        rows.append([said, rate_of(found.rejected, runs), rate_of(runs - found.missed, runs)])
    return rows


def _clustered_rows(runs: int) -> list[list[str]]:
    rows = []
    for what in CLUSTERED:
        found = measure_clustered(what, runs)
        sizes = "Zipf" if what.zipf else "–".join(dict.fromkeys(map(str, what.sizes)))
        said = f"{what.groups} clusters ({sizes}), effect {what.effect}"
        rows.append([said, *(rate_of(each, runs) for each in (found.plain, found.rejected, runs - found.missed))])
    return rows


def _score_rows(runs: int) -> list[list[str]]:
    rows = []
    for what in SCORES:
        found = measure_scores(what, runs)
        steps = ", ".join(map(str, what.steps))
        said = f"{what.n} scores, {100 * what.differ:g} % differ by {steps}, {100 * what.upwards:g} % of them up"
        size = rate_of(found.rejected, runs) if what.upwards == 0.5 else "–"
        rows.append([said, size, rate_of(runs - found.missed, runs)])
    return rows


def _margin_rows(runs: int) -> list[list[str]]:
    rows = []
    for what in MARGINS:
        found = measure_margin(what, runs)
        said = f"{what.n:,} samples, {100 * what.discordant:g} % discordant, margin {100 * what.margin:g} points"
        rows.append([said, rate_of(found.plain, runs), rate_of(found.rejected, runs)])
    return rows


def _power_rows() -> list[list[str]]:
    rows = []
    for discordant, difference in ((0.06, 0.02), (0.1, 0.02), (0.2, 0.02), (0.2, 0.05), (0.3, 0.05)):
        n = samples_to_see(difference, discordant)
        said = f"{100 * discordant:g} % discordant, {100 * difference:g} points"
        rows.append([said, f"{n:,}", f"{mcnemar_power(n, discordant, difference):.3f}"])
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--scores", type=Path, help="a folder of response matrices (*.responses.csv.gz)")
    options = parser.parse_args(arguments)
    runs, few = options.runs, max(1, options.runs // 4)
    where = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, seed {SEED}"
    print_rows(
        f"Right and wrong: {where}, {runs:,} runs", ("exact McNemar rejects", "Tango covers"), _paired_rows(runs)
    )
    names = ("Tango's z alone", "the exact test")
    print_rows(f"A margin, at its edge, called kept: {where}, {runs:,} runs", names, _margin_rows(runs))
    three = ("McNemar rejects", "sign flips reject", "the interval covers")
    print_rows(f"Clusters, no difference: {where}, {few:,} runs", three, _clustered_rows(few))
    print_rows(f"Scores: {where}, {few:,} runs", ("the test rejects", "the interval covers"), _score_rows(few))
    rows = [
        [f"{n:,} samples, rates {rates[0]:g} and {rates[1]:g}, shared {alike:g}", rate_of(few - found.missed, few)]
        for n, rates, alike in ((100, (0.3, 0.3), 0.5), (500, (0.1, 0.2), 0.5), (1_000, (0.3, 0.5), 0.0))
        for found in [measure_kappa(n, rates, alike, few)]
    ]
    print_rows(f"κ of failures: {where}, {few:,} runs", ("the interval covers",), rows)
    tenth = max(1, runs // 10)
    rows = [
        [f"{points} models, {'flattening' if flattens else 'straight'}", rate_of(found.rejected, tenth)]
        for points in (5, 8, 12)
        for flattens in (False, True)
        for found in [measure_line(points, flattens, tenth)]
    ]
    print_rows(f"Quality by cost, called flattening: {where}, {tenth:,} runs", ("called flattening",), rows)
    print_rows(f"Samples for power .8, exact: {where}", ("samples", "power"), _power_rows())
    if options.scores is not None:
        rows = []
        for path in sorted(options.scores.glob("*.responses.csv.gz")):
            matrix = read_matrix(path)
            said = f"{path.name.partition('-')[0]}: {matrix.shape[0]:,} models, {matrix.shape[1]} items"
            rows.append([said, rate_of(_real(matrix, runs), runs)])
        print_rows(f"Real answers that change places: {where}, {runs:,} pairs", ("exact McNemar rejects",), rows)


if __name__ == "__main__":
    main()
