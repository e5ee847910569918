"""How often ``steelyard compare`` errs on skewed and dependent differences: ``python -m bench.compare_skewed``.

One model is a little better on most questions, or groups of questions, and far worse on few, and the means are equal.
A sample may hold none of the few. Of partial scores signs alone, as they were tested before, are beside the command's
test, with the powers of both. Of groups no test can do without an assumption: how often no bad group is drawn at all is
beside how often one model is called better.

Dependent differences: a model against itself (A/A), and against one that is worse, where an endpoint is worse for a
while, or where all questions about one document share their noise; by the comparison and by the gate of two runs.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bench.compare import ALPHA, SEED, samples_of
from bench.table import print_rows, rate_of
from steelyard.comparison.contrast import PairedSamples, contrast
from steelyard.stats.blocked import blocks_by
from steelyard.stats.gate import paired_gate
from steelyard.stats.mcnemar import mcnemar_p
from steelyard.stats.padded import padded_p
from steelyard.stats.sign_flip import sign_flip_p

__all__ = ["GROUPED", "POWERS", "SKEWED", "Found", "Grouped", "Power", "Skewed", "measure", "two_point_size"]

JITTER = 0.004
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Skewed:
    """``n`` partial scores: worse on the share ``bad``, by so much that the means are equal, and better by ``gain``."""

    n: int
    bad: float
    gain: float

    @property
    def loss(self) -> float:
        """How much worse, so that the mean is 0."""
        return self.gain * (1 - self.bad) / self.bad

    @property
    def mean(self) -> float:
        """The true difference."""
        return 0.0

    def __str__(self) -> str:
        return f"{self.n} scores, {self.loss:.2f} worse on {100 * self.bad:g} %, else {self.gain:g} better"

    def draw(self, random: np.random.Generator) -> tuple[Doubles, NDArray[np.int64] | None, bool]:
        """Differences, clusters, and whether a bad sample was drawn."""
        bad = random.random(self.n) < self.bad
        values = np.where(bad, -self.loss, self.gain) + random.uniform(-JITTER, JITTER, self.n)
        return np.clip(values, -1, 1), None, bool(bad.any())


@dataclass(frozen=True)
class Power:
    """``n`` partial scores that differ normally, clipped to [−1, 1]."""

    n: int
    mean: float
    deviation: float

    def __str__(self) -> str:
        return f"{self.n} scores, {100 * self.mean:g} ± {100 * self.deviation:g} points better"

    def draw(self, random: np.random.Generator) -> tuple[Doubles, None, bool]:
        """Differences, no clusters."""
        return np.clip(random.normal(self.mean, self.deviation, self.n), -1, 1), None, True


@dataclass(frozen=True)
class Grouped:
    """``groups`` of ``size`` questions, right or wrong: ``gain`` better but on the share ``bad`` of them."""

    groups: int
    size: int
    bad: float
    gain: float

    @property
    def mean(self) -> float:
        """The true difference."""
        return 0.0 if self.bad else self.gain

    def __str__(self) -> str:
        kind = (
            f"{100 * self.gain * (1 - self.bad) / self.bad:.0f} points worse on {100 * self.bad:g} %, else "
            if self.bad
            else ""
        )
        return f"{self.groups} groups of {self.size}, {kind}{100 * self.gain:g} points better"

    def draw(self, random: np.random.Generator) -> tuple[Doubles, NDArray[np.int64] | None, bool]:
        """Differences, their groups, and whether a bad group was drawn."""
        bad = random.random(self.groups) < self.bad
        loss = self.gain * (1 - self.bad) / self.bad if self.bad else 0.0
        first = np.where(bad, 0.9, 0.6)[:, None]
        second = np.where(bad, 0.9 - loss, 0.6 + self.gain)[:, None]
        drawn = random.random((self.groups, self.size))
        values = (drawn < second).astype(float) - (drawn < first)
        return values.ravel(), np.repeat(np.arange(self.groups), self.size), bool(bad.any())


@dataclass(frozen=True)
class Dependent:
    """``n`` right or wrong answers of a model that is ``worse`` in its second run; ``w`` is p·(1 − p), averaged.

    ``bursts``: 5 % of the time 40 points worse, in stretches of so many calls (from, to), of one endpoint or of
    ``both``. ``documents`` are of so many neighbours, all of one draw in each run, and of unequal sizes with ``zipf``.
    ``groups``: a field, such as a language, cuts across them.
    """

    n: int = 400
    w: float = 0.016
    worse: float = 0.0
    bursts: tuple[int, int] | None = None
    both: bool = False
    documents: int = 1
    zipf: bool = False
    interleaved: bool = False
    groups: int = 0

    def __str__(self) -> str:
        said = f"{self.n:,} answers, w = {self.w:g}"
        if self.bursts:
            low, high = self.bursts
            length = f"{low}–{high}" if low < high else f"{low}"
            said += f", bursts of {length} calls in {'both' if self.both else 'one'}"
        if self.documents > 1:
            said += f", documents of {f'1 to {6 * self.documents}' if self.zipf else self.documents}"
        said += f", in {self.groups} groups by turns" if self.groups else ""
        said += ", asked at once" if self.interleaved else ""
        return f"{said}, {100 * self.worse:g} points worse" if self.worse else said

    def draw(self, random: np.random.Generator) -> tuple[list[NDArray[np.bool_]], list[NDArray[np.int64]]]:
        """The answers of both runs by the place in the file, and when each was asked."""
        n, varying = self.n, round(4 * self.w * self.n)
        chance = np.zeros(n)
        chance[:varying] = 0.5
        chance[varying : varying + round(0.8 * n - varying / 2)] = 1.0
        if self.w > 0.12:  # every answer varies: two unlike models
            chance[:] = 0.75
        chance = random.permutation(chance)
        sizes = random.permutation(np.maximum(1, 6 * self.documents / np.arange(1, n + 1) ** 0.7).astype(int))
        document = np.repeat(np.arange(n), sizes if self.zipf else self.documents)[:n]
        orders = [random.permutation(n), random.permutation(n)]
        if self.interleaved:
            orders[1] = orders[0]
        answers = []
        for run, order in enumerate(orders):
            bad = np.zeros(n, dtype=bool)
            if self.bursts and (run or self.both):
                bad[order] = self._bad(random)
            lost = bad & (random.random(n) < 0.4 / 0.8) | (random.random(n) < run * self.worse / chance.mean())
            answers.append((random.random(n)[document] < chance) & ~lost)
        return answers, [np.argsort(order) for order in orders]

    def _bad(self, random: np.random.Generator) -> NDArray[np.bool_]:
        """When the endpoint is worse: it may be so when the run begins."""
        assert self.bursts is not None
        low, high = self.bursts
        mean = (low + high) / 2
        at, on, bad = -float(random.exponential(mean)), random.random() < 0.05, np.zeros(self.n, dtype=bool)
        while at < self.n:
            length = float(random.uniform(low, high)) if on else float(random.exponential(19 * mean))
            bad[max(0, round(at)) : max(0, round(at + length))] = on
            at, on = at + length, not on
        return bad


@dataclass(frozen=True)
class Found:
    """Of ``runs``: how often signs alone, and the command, tell apart, the interval misses, none bad is drawn."""

    runs: int
    signs: int
    rejected: int
    missed: int
    unseen: int


SKEWED = tuple(
    Skewed(n, bad, gain) for n in (30, 50, 100, 200, 400) for bad, gain in ((0.02, 0.005), (0.05, 0.02), (0.1, 0.1))
)
POWERS = tuple(
    Power(n, mean, deviation)
    for n in (50, 100, 200, 400)
    for mean, deviation in ((0.03, 0.1), (0.03, 0.2), (0.06, 0.2))
)
GROUPED = tuple(
    Grouped(groups, size, bad, gain)
    for groups, size in ((8, 20), (12, 20), (20, 10), (40, 5), (60, 10), (100, 5), (200, 5))
    for bad, gain in ((0.1, 0.08), (0.05, 0.04), (0.02, 0.015), (0.0, 0.08))
)


def measure_dependent(what: Dependent, runs: int, seed: int = SEED) -> tuple[int, int, int]:
    """How often McNemar's test, the comparison and the gate of two runs (red) find a difference."""
    random = np.random.default_rng([seed, sum(map(ord, str(what)))])
    plain = told = red = 0
    for _ in range(runs):
        (one, other), times = what.draw(random)
        gains, losses = int((other & ~one).sum()), int((one & ~other).sum())
        scores = [tuple((float(each),) * 2 for each in answers) for answers in (one, other)]
        whens, file = tuple(tuple(each.tolist()) for each in times), tuple(range(what.n))
        plain += mcnemar_p(gains, losses) <= ALPHA
        clusters = tuple(place % what.groups for place in file) if what.groups else None
        samples = PairedSamples(scores[0], scores[1], ("",) * what.n, clusters, whens, file)
        told += contrast("overall", samples, see=0.02).p <= ALPHA
        gate = paired_gate(other.tolist(), one.tolist(), 0.0, ALPHA, blocks_by(whens, file, clusters))
        red += gate.colour == "red"
    return plain, told, red


DEPENDENT = tuple(
    Dependent(**kind)  # type: ignore[arg-type]  # of one dictionary
    for kind in (
        *({"n": n, "w": w} for n in (50, 100, 400, 1_319) for w in (0.016, 0.1)),
        {"w": 0.1875},
        *({"n": n, "w": w, "bursts": (50, 200), "both": both}
          for n, w in ((100, 0.1), (400, 0.016), (400, 0.1), (1_319, 0.1)) for both in (False, True)),
        *({"bursts": (length, length), "both": True} for length in (50, 200)),
        {"bursts": (50, 200), "interleaved": True},
        *({"n": n, "w": 0.1, "documents": 20} for n in (100, 400, 1_319)),
        {"w": 0.016, "documents": 20}, {"w": 0.1, "documents": 8}, {"w": 0.1, "documents": 10, "zipf": True},
        {"w": 0.1, "documents": 20, "groups": 10},
        *({"n": n, "w": w, "worse": 0.08} for n in (100, 400) for w in (0.016, 0.1, 0.1875)),
        {"w": 0.1, "worse": 0.08, "interleaved": True}, {"n": 1_319, "w": 0.1875, "worse": 0.08},
        {"w": 0.1, "worse": 0.08, "bursts": (50, 200), "both": True}, {"w": 0.1, "worse": 0.08, "documents": 20},
    )
)  # fmt: skip


def measure(what: Skewed | Power | Grouped, runs: int, seed: int = SEED) -> Found:
    """Draw, and let the command's own test read it."""
    random = np.random.default_rng([seed, sum(map(ord, str(what)))])
    signs = rejected = missed = unseen = 0
    for _ in range(runs):
        values, clusters, is_seen = what.draw(random)
        found = contrast(
            "overall", samples_of(values.tolist(), None if clusters is None else clusters.tolist()), see=0.02
        )
        sums = values if clusters is None else np.bincount(clusters, values)
        signs += sign_flip_p(sums.tolist()) <= ALPHA
        rejected += found.p <= ALPHA
        missed += not found.ci[0] <= what.mean <= found.ci[1]
        unseen += not is_seen
    return Found(runs, signs, rejected, missed, unseen)


def two_point_size(n: int, gain: float, loss: float, alpha: float = 0.05) -> float:
    """How often the test calls the mean of ``n`` differences of +gain or −loss positive, where it is 0; exact.

    Raises ValueError for a gain or loss outside (0, 1].
    """
    from scipy.special import bdtr

    if not (0 < gain <= 1 and 0 < loss <= 1):
        raise ValueError("a gain and a loss are within (0, 1]")
    most = -1  # losses with which it is still called positive
    for losses in range(n + 1):
        if gain * (n - losses) <= loss * losses or padded_p([gain] * (n - losses) + [-loss] * losses) > alpha:
            break
        most = losses
    return float(bdtr(most, n, gain / (gain + loss))) if most >= 0 else 0.0


def _rows(kinds: Sequence[Skewed | Power | Grouped], runs: int, *, grouped: bool = False) -> list[list[str]]:
    rows = []
    for what in kinds:
        found = measure(what, runs)
        first = found.unseen if grouped else found.signs
        rows.append([str(what), *(rate_of(each, runs) for each in (first, found.rejected, runs - found.missed))])
    return rows


def _exact_rows() -> list[list[str]]:
    rows = []
    for n in (10, 30, 100, 300, 1_000):
        row = [f"{n:,} scores"]
        for alpha in (0.05, 0.025, 0.01, 0.001):
            row.append(
                f"{max(two_point_size(n, gain, 1.0, alpha) for gain in np.geomspace(0.001, 1, 150).tolist()):.5f}"
            )
        rows.append(row)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare_skewed", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    runs = parser.parse_args(arguments).runs
    where = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, {runs:,} runs"
    three = ("signs alone reject", "the test rejects", "the interval covers")
    print_rows(f"Partial scores, equal means: {where}", three, _rows(SKEWED, runs))
    print_rows(f"Partial scores, power: {where}", three, _rows(POWERS, runs))
    rows = [[str(what), *(rate_of(each, runs) for each in measure_dependent(what, runs))] for what in DEPENDENT]
    print_rows(f"Dependent answers: {where}", ("McNemar's test", "the comparison", "the gate, red"), rows)
    names = ("no bad group drawn", "the test rejects", "the interval covers")
    print_rows(f"Right and wrong in groups: {where}", names, _rows(GROUPED, runs, grouped=True))
    levels = ("at 5 %", "at 2.5 %", "at 1 %", "at 0.1 %")
    title = "The padded t, exact: the most that differences of +g, and rarely −1, of mean 0 are called positive"
    print_rows(title, levels, _exact_rows())


if __name__ == "__main__":
    main()
