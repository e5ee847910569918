"""Known difficulties of items on real answers: ``python -m bench.covariates [--data DIR] [--models N] [--orders N]``.

Matrices of real right and wrong answers, a row a model (shared/data/scores, see its README; never shipped). Half of the
models are the panel that difficulties come from, and tested ones are drawn from the other half, with .6 to .92 right.
Cost: the share asked until a claim is decided, with and without difficulties, each model in one order for both.
Size: claims that lie exactly at the edge of each null, with the panel's difficulties and with wrong ones.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from steelyard.stats.difficulty_bets import HARDEST, DifficultyTracker, HitBet, bins_of
from steelyard.stats.intervals import clopper_pearson
from steelyard.stats.sequential import CONSISTENT_DISTANCES, INCONSISTENT_DISTANCES, Tracker, stop_table
from steelyard_forensics.stats.difficulties import difficulties_of

__all__ = ["SETS", "Matrix", "asked", "main", "read_matrix"]

SEED: Final = 20261127
ALPHA: Final = 0.05
TOLERANCE: Final = 0.02
SETS: Final = ("gsm8k", "arc", "mmlu", "truthfulqa")
PANEL: Final = 2_000  # models at most
_ABILITIES: Final = (0.6, 0.92)
_OF_SIZE: Final = 60  # tested models, of which the middle one is at its edge, where costs are not printed

Answers = NDArray[np.int64]


@dataclass(frozen=True)
class Matrix:
    """The answers of the panel and of tested models, and the difficulties that the panel's gave."""

    name: str
    panel: int
    tested: Answers
    odds: tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """The shares asked of each model, without and with difficulties, and how many verdicts were false with them."""

    plain: NDArray[np.float64]
    known: NDArray[np.float64]
    false: int

    @property
    def ratio(self) -> float:
        """The mean with difficulties over that without."""
        return float(self.known.mean() / self.plain.mean())

    def ratio_interval(self, rng: np.random.Generator) -> tuple[float, float]:
        """Its 95 % interval, by 2,000 draws of the models with replacement."""
        drawn = rng.integers(0, len(self.plain), (2_000, len(self.plain)))
        ratios = self.known[drawn].mean(axis=1) / self.plain[drawn].mean(axis=1)
        return float(np.quantile(ratios, 0.025)), float(np.quantile(ratios, 0.975))


def read_matrix(folder: Path, name: str, models: int, panel: int = PANEL) -> Matrix:
    """Read a matrix and split its models; raises FileNotFoundError where there is none of this name."""
    path = next(iter(sorted(folder.glob(f"{name}-*.responses.csv.gz"))), None)
    if path is None:
        raise FileNotFoundError(f"{folder}: no matrix of {name}")
    with gzip.open(path, "rt") as file:
        items = len(file.readline().rstrip().split(",")) - 1
        rows = [line.rstrip().split(",")[-items:] for line in file]
    answers: Answers = np.array(rows, dtype=float).astype(int)
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(answers))
    half = len(answers) // 2
    chosen, rest = answers[order[:half][:panel]], answers[order[half:]]
    means = rest.mean(axis=1)
    tested = rest[(means > _ABILITIES[0]) & (means < _ABILITIES[1])][:models]
    return Matrix(name, len(chosen), tested, difficulties_of(chosen.astype(float)))


def asked(matrix: Matrix, excess: float, odds: Sequence[int], seed: int = SEED) -> Asked:
    """Audit each tested model's claim, which is ``excess`` above its true share, until it is decided."""
    rng = np.random.default_rng(seed)
    plain, known, false = [], [], 0
    for answers in matrix.tested:
        size = len(answers)
        accuse = int(np.ceil(size * (answers.mean() + excess - TOLERANCE) - 1e-9))
        order = rng.permutation(size)
        if not 1 <= accuse <= size:
            continue
        table = Tracker(size, accuse, stop_table(size, accuse, ALPHA, ALPHA))
        bets = DifficultyTracker(bins_of([odds[place] for place in order]), accuse, accuse, ALPHA, ALPHA)
        for place in order:
            if table.observe(int(answers[place])) and bets.decision:
                break
            if bets.observe(int(answers[place])) and table.decision:
                break
        plain.append((table.decided_at or size) / size)
        known.append((bets.decided_at or size) / size)
        false += bets.decision != ("inconsistent" if answers.sum() < accuse else "consistent")
    return Asked(np.array(plain), np.array(known), false)


def errors_at_the_edge(answers: Answers, odds: Sequence[int], side: int, orders: int) -> int:
    """In how many orders the bet wins against a null that is just true: side 0 accuses, 1 confirms."""
    rng = np.random.default_rng(SEED + side)
    bins = bins_of(odds)
    counts = [bins.of.count(place) for place in range(len(bins.odds))]
    of_miss = [HARDEST // each for each in bins.odds] if side else bins.odds
    hits = [bool(answer) != bool(side) for answer in answers]
    found = 0
    for _ in range(orders):
        bet = HitBet(of_miss, counts, sum(hits), (INCONSISTENT_DISTANCES, CONSISTENT_DISTANCES)[side])
        for place in rng.permutation(len(hits)):
            bet.step(hits[place], bins.of[place])
            if bet.wins(ALPHA):
                found += 1
                break
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = os.environ.get("STEELYARD_TEST_SHARED", "../shared")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" / "scores")
    parser.add_argument("--models", type=int, default=160)
    parser.add_argument("--panel", type=int, default=PANEL)
    parser.add_argument("--orders", type=int, default=300)
    given = parser.parse_args(arguments)
    console = Console(width=100)
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}; α = {ALPHA}, "
        f"tolerance {TOLERANCE:.0%}, 95 % intervals, a panel of {given.panel:,} models at most"
    )
    matrices = [read_matrix(given.data, name, given.models or _OF_SIZE, given.panel) for name in SETS]
    if given.models:
        _print_cost(console, matrices)
    if given.orders:
        _print_size(console, matrices[1], given.orders)


def _print_cost(console: Console, matrices: Sequence[Matrix]) -> None:
    table = Table(
        title="Mean share asked until a claim is decided, without and with known difficulties", box=SIMPLE_HEAD
    )
    for heading in ("answers", "N", "difficulties", "claim", "models", "plain", "known", "ratio", "false"):
        table.add_column(heading, justify="left" if heading in ("answers", "difficulties") else "right", no_wrap=True)
    rng = np.random.default_rng(SEED)
    for matrix in track(matrices, console=Console(stderr=True)):
        shuffled = [matrix.odds[place] for place in rng.permutation(len(matrix.odds))]
        for kind, odds in (("the panel's", matrix.odds), ("shuffled", shuffled)):
            for excess in (0.10, 0.0):
                found = asked(matrix, excess, odds)
                low, high = found.ratio_interval(np.random.default_rng(SEED))
                table.add_row(
                    matrix.name, str(len(matrix.odds)), kind, f"+ {excess:.0%}",
                    str(len(found.plain)), f"{found.plain.mean():.3f}", f"{found.known.mean():.3f}",
                    f"{found.ratio:.2f} [{low:.2f}, {high:.2f}]", str(found.false),
                )  # fmt: skip
    console.print(table)


def _print_size(console: Console, matrix: Matrix, orders: int) -> None:
    answers = matrix.tested[int(np.argsort(matrix.tested.mean(axis=1))[len(matrix.tested) // 2])]
    rng = np.random.default_rng(SEED)
    kinds = {
        "the panel's": matrix.odds,
        "shuffled": [matrix.odds[place] for place in rng.permutation(len(matrix.odds))],
        "the answers themselves": [1 if answer else HARDEST for answer in answers],
        "their opposite": [HARDEST if answer else 1 for answer in answers],
    }
    table = Table(
        title=f"False verdicts at the edge, {matrix.name}, {len(answers)} items, {answers.mean():.2f} right",
        box=SIMPLE_HEAD,
    )
    for heading in ("difficulties", "orders", "false inconsistent", "false consistent"):
        table.add_column(heading, justify="left" if heading == "difficulties" else "right")
    for name, odds in track(kinds.items(), console=Console(stderr=True)):
        shown = []
        for side in (0, 1):
            number = errors_at_the_edge(answers, odds, side, orders)
            low, high = clopper_pearson(number, orders, ALPHA)
            shown.append(f"{number / orders:.3f} [{low:.3f}, {high:.3f}]")
        table.add_row(name, str(orders), *shown)
    console.print(table)


if __name__ == "__main__":
    main()
