"""How often a claim about a recipe is called inconsistent, or consistent: ``python -m bench.recipes``.

Each audit draws trainings of a recipe, whose true scores vary normally around its mean, asks 200 questions in blocks
(:mod:`steelyard.planning.turns`), and takes the real test of the claim (60 % to within 2 points). Beside it stands the
sequential test alone, as it would be for a claim about these very trainings.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from steelyard.detectors.claim_retest.repeats import Noise
from steelyard.detectors.claim_retest.retest import Retest
from steelyard.detectors.claim_retest.sealed import ClaimTest
from steelyard.detectors.claim_retest.thresholds import sealed_test
from steelyard.records import Claim, Measurement
from steelyard.stats.intervals import clopper_pearson
from steelyard.stats.series import series_share

SEED, ALPHA, QUESTIONS = 20261126, 0.05, 200
CLAIM = Claim(task="world", value="60")
EDGE = 0.575  # v − u/2 − δ: a true mean of this, or more, has the claim
DEVIATION = 0.05  # between trainings
TRAININGS = 3, 5, 10
MEANS = EDGE, 0.55, 0.50, 0.45
ROWS = 1, 8  # of the sheet, which share the level


@dataclass(frozen=True)
class Recipe:
    """So many ``trainings`` of a true ``mean``; ``questions_differ``: some are hard for all trainings, some easy."""

    trainings: int
    mean: float
    rows: int = 1
    deviation: float = DEVIATION
    questions_differ: bool = False


@dataclass(frozen=True)
class Found:
    """Of so many audits: inconsistent with the margin between trainings and without, and consistent."""

    recipe: Recipe
    audits: int
    inconsistent: int
    without_margin: int
    consistent: int


def planned(recipe: Recipe) -> tuple[ClaimTest, Measurement]:
    """The sealed test, in a first audit of a sheet with so many rows, and its measurement."""
    turns = tuple(place % recipe.trainings for place in range(QUESTIONS))
    asked = Measurement(
        id="m", task="world", prompt="p", kind="generate", scorers=("s@1",), population=QUESTIONS, samples_root="",
        order_seed="", turns=turns,
    )  # fmt: skip
    test = ClaimTest(
        claim=0,
        tolerance="2",
        alpha_inconsistent=ALPHA / recipe.rows * series_share(1),
        alpha_consistent=ALPHA * series_share(1),
        trainings=recipe.trainings,
    )
    found = sealed_test(test, asked, CLAIM)
    sealed = msgspec.structs.replace(
        test,
        accuse=found.accuse,
        confirm=found.confirm,
        stop_inconsistent=found.inconsistent,
        stop_consistent=found.consistent,
    )
    return sealed, asked


def answers_of(recipe: Recipe, random: np.random.Generator) -> np.ndarray:
    """The answers of one audit in the committed order, 1 right: each training has its turn in every block."""
    rates = recipe.mean + recipe.deviation * random.standard_normal(recipe.trainings)
    blocks = -(-QUESTIONS // recipe.trainings)
    turns = np.concatenate([random.permutation(recipe.trainings) for _ in range(blocks)])[:QUESTIONS]
    # With questions that differ by ± .35, half of each kind, the mean over questions stays a training's own rate.
    hardness = random.permutation(np.repeat([-0.35, 0.35], QUESTIONS // 2)) if recipe.questions_differ else 0.0
    right = random.random(QUESTIONS) < np.clip(rates[turns] + hardness, 0, 1)
    return np.stack([turns, right.astype(np.int64)])


def word_of(sealed: ClaimTest, asked: Measurement, right: np.ndarray) -> str | None:
    """The word of the real test."""
    retest = Retest(sealed, asked, CLAIM)
    retest.begin(Noise())
    for each in right.tolist():
        if retest.word is not None:
            break
        retest.take(each)
    return retest.word


def measure(recipe: Recipe, audits: int, seed: int = SEED) -> Found:
    """So many audits of one recipe."""
    random = np.random.default_rng([seed, recipe.trainings, recipe.rows, round(1000 * recipe.mean)])
    sealed, asked = planned(recipe)
    alone = msgspec.structs.replace(sealed, trainings=1)
    words: list[tuple[str | None, str | None]] = []
    for _ in range(audits):
        turns, right = answers_of(recipe, random)
        asked = msgspec.structs.replace(asked, turns=tuple(turns.tolist()))
        words.append((word_of(sealed, asked, right), word_of(alone, asked, right)))
    return Found(
        recipe,
        audits,
        sum(word == "inconsistent" for word, _ in words),
        sum(word == "inconsistent" for _, word in words),
        sum(word == "consistent" for word, _ in words),
    )


def recipes() -> Iterator[Recipe]:
    """All of the table: at the edge also with questions that differ, and with trainings that are all the same."""
    for rows, trainings, mean in product(ROWS, TRAININGS, MEANS):
        yield Recipe(trainings, mean, rows)
    for trainings in TRAININGS:
        yield Recipe(trainings, EDGE, deviation=0.0)
        yield Recipe(trainings, EDGE, questions_differ=True)


def main() -> None:
    """Print the table, with date and machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=1_000, help="simulated audits of each recipe")
    audits = parser.parse_args().audits
    console = Console(width=150)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    title = f"claimed 60 % to within 2 points, {QUESTIONS} questions, {audits:,} audits each, seed {SEED}"
    table = Table(title=title)
    columns = ("rows of the sheet", "trainings", "deviation", "questions", "true mean", "inconsistent", "95 % limits")
    for name in (*columns, "without the margin", "consistent"):
        table.add_column(name, justify="right")
    for recipe in recipes():
        row = measure(recipe, audits)
        low, high = clopper_pearson(row.inconsistent, audits)
        table.add_row(
            str(recipe.rows),
            str(recipe.trainings),
            f"{100 * recipe.deviation:g}",
            "differ" if recipe.questions_differ else "alike",
            f"{100 * recipe.mean:g}",
            f"{row.inconsistent / audits:.3f}",
            f"{low:.3f}–{high:.3f}",
            f"{row.without_margin / audits:.3f}",
            f"{row.consistent / audits:.3f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
