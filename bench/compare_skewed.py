"""How often ``steelyard compare`` errs where differences are skewed: ``python -m bench.compare_skewed [--runs N]``.

One model is a little better on most questions, or groups of questions, and far worse on few, and the means are equal.
A sample may hold none of the few. Of partial scores signs alone, as they were tested before, are beside the command's
test, with the powers of both. Of groups no test can do without an assumption: how often no bad group is drawn at all is
beside how often one model is called better.
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
from steelyard.comparison.contrast import contrast
from steelyard.stats.padded import two_point_size
from steelyard.stats.sign_flip import sign_flip_p

__all__ = ["GROUPED", "POWERS", "SKEWED", "Found", "Grouped", "Power", "Skewed", "measure"]

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
    names = ("no bad group drawn", "the test rejects", "the interval covers")
    print_rows(f"Right and wrong in groups: {where}", names, _rows(GROUPED, runs, grouped=True))
    levels = ("at 5 %", "at 2.5 %", "at 1 %", "at 0.1 %")
    title = "The padded t, exact: the most that differences of +g, and rarely −1, of mean 0 are called positive"
    print_rows(title, levels, _exact_rows())


if __name__ == "__main__":
    main()
