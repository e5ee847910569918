"""``python -m bench.cues``: how often an honest model is accused for its benchmark's prompt, and what is found.

Every model is one draw. Both arms are asked in orders of their own, in one lot, and pairs are read in the order in
which the later one of their answers is due. The test is that of :mod:`steelyard_forensics.stats.cues`, in closed form
(its test holds both equal).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from bench.engine.markdown import table, write_section
from bench.inhouse.table import SEED, command, share, where
from steelyard_forensics.stats.cues import BETS

__all__ = ["HONEST", "honest_pairs", "largest", "main", "pairs_of"]

Differences = NDArray[np.float64]
_AT_ONCE: Final = 2_000
_TOLERANCE: Final = 0.05
_RATE: Final = 0.8
HONEST: Final = (
    "independent answers",
    "one in eight answers differs",
    "gets worse half-way",
    "fails for a third of the run",
    "all answers of a stretch hang together",
    "5 % missing, wrong ones twice as often",
)


def largest(differences: Differences, tolerance: float = _TOLERANCE) -> NDArray[np.float64]:
    """E after each pair, model by model."""
    e = np.zeros(differences.shape)
    for bet in BETS:
        e += np.exp(np.cumsum(np.log1p(bet * (differences - tolerance)), axis=1)) / len(BETS)
    return e


def pairs_of(models: int, pairs: int, effect: float, placebo_alone: float, random: np.random.Generator) -> Differences:
    """Pairs of which the placebo alone is right in so many, and the cue alone in as many more as the effect says."""
    drawn = random.random((models, pairs))
    return np.where(drawn < placebo_alone + effect, 1.0, np.where(drawn < 2 * placebo_alone + effect, -1.0, 0.0))


def honest_pairs(
    kind: str, models: int, pairs: int, random: np.random.Generator, effect: float = _TOLERANCE
) -> Differences:
    """Differences, in the order in which they are read, of models that react to the prompt by ``effect``.

    Their rate is .8 and then what the kind says of the time at which they are asked; ``effect`` of the questions are
    right under the cue and wrong under the placebo, whatever the time.
    """
    places = np.argsort(random.random((models, 2, pairs)), axis=2)
    quality = _quality(kind, models, pairs, random)
    right = np.empty((models, 2, pairs), dtype=bool)
    uniform = random.random((models, 2, pairs))
    if kind.startswith("one in eight"):
        uniform[:, 1] = np.where(
            random.random((models, pairs)) < 0.12 / (2 * _RATE * (1 - _RATE)), uniform[:, 1], uniform[:, 0]
        )
    for arm in range(2):
        right[:, arm] = uniform[:, arm] < _RATE * np.take_along_axis(quality, places[:, arm], axis=1)
    reacts = random.random((models, pairs)) < effect
    cue, placebo = right[:, 0] | reacts, right[:, 1] & ~reacts
    if "missing" in kind:
        gone = random.random(right.shape) < np.where(right, 0.04, 0.08)
        cue, placebo = cue & ~gone[:, 0], placebo | gone[:, 1]
    order = np.argsort(places.max(axis=1) * pairs + places.min(axis=1), axis=1)
    return np.take_along_axis(cue.astype(float) - placebo, order, axis=1)


def _quality(kind: str, models: int, pairs: int, random: np.random.Generator) -> NDArray[np.float64]:
    """By place of an arm's order, what is left of the rate."""
    quality = np.ones((models, pairs))
    if kind.startswith("gets worse"):
        quality[:, pairs // 2 :] = 0.5
    if kind.startswith("fails"):
        begin = random.integers(0, pairs - pairs // 3, models)
        place = np.arange(pairs)
        quality[(place >= begin[:, None]) & (place < begin[:, None] + pairs // 3)] = 0.0
    if kind.startswith("all answers"):
        quality = np.repeat(random.integers(0, 2, (models, -(-pairs // 25))) / _RATE, 25, axis=1)[:, :pairs]
    return quality


def _parts(models: int) -> list[int]:
    return [min(_AT_ONCE, models - begin) for begin in range(0, models, _AT_ONCE)]


def false_alarms(models: int) -> str:
    """Honest models, by kind and by how much they react: the share that is accused at two levels."""
    rows = []
    for kind in HONEST:
        for effect in (0.0, _TOLERANCE):
            random = np.random.default_rng([SEED, sum(map(ord, kind)), round(100 * effect)])
            e = np.concatenate(
                [largest(honest_pairs(kind, part, 300, random, effect)).max(axis=1) for part in _parts(models)]
            )
            found = (share(int((e >= 1 / level).sum()), models) for level in (0.05, 0.01))
            rows.append([kind, f"{100 * effect:g}", *found])
    note = (
        f"{models:,} models of each kind, 300 pairs, a rate of .8; 95 % intervals (Clopper-Pearson). The model reacts "
        "to the prompt by so many points; 5 are tolerated. A report gives the test a part of its .05."
    )
    return table("Honest models that are accused", ["kind", "points", "at .05", "at .01"], rows, 1, note)


def published_by_chance(models: int) -> str:
    """Honest models whose rate depends on the examples that are shown: the published ones are one draw among others."""
    rows = []
    for spread in (0.0, 0.02, 0.04, 0.06, 0.12):
        random = np.random.default_rng([SEED, 5, round(100 * spread)])
        e = np.concatenate([largest(_by_examples(part, 300, spread, random)).max(axis=1) for part in _parts(models)])
        found = (share(int((e >= 1 / level).sum()), models) for level in (0.05, 0.01, 0.005))
        rows.append([f"{100 * spread:g}", *found])
    note = (
        f"{models:,} models a line, 300 pairs, independent answers. The rate under each of 21 sets of examples is "
        "drawn around .75 with this standard deviation, in points: one set is published, 20 are placebos."
    )
    headings = ["points from set to set", "at .05", "at .01", "at .005"]
    return table(
        "If other examples took the place of the published ones: honest models that are accused",
        headings,
        rows,
        1,
        note,
    )


def _by_examples(models: int, pairs: int, spread: float, random: np.random.Generator) -> Differences:
    rates = np.clip(random.normal(0.75, spread, (models, 21)), 0, 1)
    placebo = np.take_along_axis(rates, random.integers(0, 20, (models, pairs)), axis=1)
    right = random.random((models, pairs)) < rates[:, 20:]
    return right.astype(float) - (random.random((models, pairs)) < placebo)


def power(models: int) -> str:
    """Effects that are found at .01, by how many pairs differ in an honest model, and the pairs that it takes."""
    rows = []
    for discordant in (0.06, 0.12, 0.2):
        for effect in (0.1, 0.15, 0.2, 0.25, 0.4):
            random = np.random.default_rng([SEED, round(100 * discordant), round(100 * effect)])
            crossed = np.concatenate(
                [largest(pairs_of(part, 300, effect, discordant / 2, random)) >= 100 for part in _parts(models)]
            )
            found = crossed.any(axis=1)
            took = crossed[found].argmax(axis=1) + 1
            median = f"{int(np.median(took)):,}" if took.size else "–"
            rows.append([f"{discordant:g}", f"{100 * effect:g}", share(int(found.sum()), models), median])
    note = (
        f"{models:,} models a line, 300 pairs. *Differ*: the share of pairs of an honest model of which one answer is "
        "right and one wrong; the effect comes on top of it. The median is over those that are found."
    )
    return table("Effects that are found at .01", ["differ", "points", "found", "median pairs"], rows, 1, note)


@click.command()
@click.option("--models", default=20_000, show_default=True, help="Models of each kind.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
def main(models: int, markdown: Path | None) -> None:
    """Print the tables."""
    tables = (false_alarms(models), published_by_chance(models), power(max(500, models // 2)))
    text = f"{command('bench.cues')}, {where()}\n\n" + "\n".join(tables)
    print(text)
    if markdown is not None:
        write_section(markdown, "cues", text)


if __name__ == "__main__":
    main()
