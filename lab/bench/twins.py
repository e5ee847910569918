"""``python -m bench.twins``: how often fresh twins accuse honest models, and how soon they find a score by heart.

Every model is one draw: its items differ in difficulty, its answers vary as the kind says, and both arms are asked in
pairs at one time. The test is that of :mod:`steelyard.stats.twins`, in closed form (its test holds both equal).
``--reports`` writes the rate of plain honest models into ``measured_rates.json``, which reports show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table, write_section
from bench.inhouse.table import SEED, share, where
from steelyard.plugins import find

__all__ = ["HONEST", "MEMORISED", "highest", "main", "one_public_set", "scores"]

Right = NDArray[np.bool_]
_CHANCES: Final = (0.6, 0.7, 0.8, 0.9)
_OF_OPEN: Final = 0.1
_MODELS: Final = 20_000
_AT_ONCE: Final = 2_000
HONEST: Final = (
    "plain",
    "unsteady: 5 % of answers flip",
    "5 % missing, wrong ones twice as often",
    "gets worse half-way, pairs asked at one time",
    "all answers of a stretch hang together",
    "nearly all right",
    "20 % cut off at their limit",
    "half of the wrong ones cut off",
)
MEMORISED: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
CUT: Final = ((0.4, 0.05), (0.4, 0.2), (0.97, 1.0))  # known by heart, and the share of fresh answers that are cut off


def highest(
    public: Right, fresh: Right, opened: tuple[Right, Right] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """By model, the largest E at any time, and the pair (from 1) at which it came to 100; 0 where it did not.

    ``opened``: which public and which fresh answers are open.
    """
    e = (1 - _OF_OPEN) * _bet(public & ~fresh, fresh & ~public) + _OF_OPEN
    if opened is not None:
        e += _OF_OPEN * (_bet(opened[1] & ~opened[0], opened[0] & ~opened[1]) - 1)
    crossed = e >= 100
    return e.max(axis=1), np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, 0)


def _bet(won: Right, lost: Right) -> NDArray[np.float64]:
    """The mean over q of the bets on pairs that differ, after each pair."""
    alone = np.cumsum(won, axis=1), np.cumsum(lost, axis=1)
    e = np.zeros(won.shape)
    for q in _CHANCES:
        e += np.exp(alone[0] * np.log(2 * q) + alone[1] * np.log(2 * (1 - q))) / len(_CHANCES)
    return e


def scores(
    kind: str, models: int, pairs: int, random: np.random.Generator, memorised: float = 0.0, cut: float = 0.0
) -> tuple[Right, Right, tuple[Right, Right]]:
    """Whether the public and the fresh sample of each pair count as right for the test, model by model; which are open.

    ``cut``: the share of fresh answers that a vendor runs into their limit.
    """
    skill = random.normal(1.0, 0.8, (models, 1, 1)) + (3.0 if kind.startswith("nearly") else 0.0)
    rates = 1 / (1 + np.exp(random.normal(0, 1, (models, 2, pairs)) - skill))
    if kind.startswith("gets worse"):
        rates[:, :, pairs // 2 :] *= 0.4
    if kind.startswith("all answers"):
        rates = np.repeat(random.random((models, 1, -(-pairs // 25))), 25, axis=2)[:, :, :pairs] * np.ones((1, 2, 1))
    right = random.random(rates.shape) < rates
    if kind.startswith("unsteady"):
        right ^= random.random(rates.shape) < 0.05
    if memorised:
        by_heart = random.random((models, pairs)) < memorised
        right[:, 0] |= by_heart & (random.random((models, pairs)) < 0.98)
    public, fresh = right[:, 0], right[:, 1]
    if "missing" in kind:
        gone = random.random(rates.shape) < np.where(right, 0.04, 0.08)
        public, fresh = public & ~gone[:, 0], fresh | gone[:, 1]
    opened = np.zeros(right.shape, dtype=bool)
    if kind.startswith("20 %"):
        opened = random.random(right.shape) < 0.2
    elif kind.startswith("half"):
        opened = ~right & (random.random(right.shape) < 0.5)
    elif cut:
        opened[:, 1] = random.random((models, pairs)) < cut
    return public & ~opened[:, 0], fresh | opened[:, 1], (opened[:, 0], opened[:, 1])


def _found(
    kind: str, models: int, pairs: int, memorised: float = 0.0, cut: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    random = np.random.default_rng([SEED, sum(map(ord, kind)), pairs, round(100 * memorised), round(100 * cut)])
    parts = [
        highest(*scores(kind, min(_AT_ONCE, models - begin), pairs, random, memorised, cut))
        for begin in range(0, models, _AT_ONCE)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def false_alarms(models: int) -> tuple[str, tuple[int, int]]:
    """Honest models, by kind: the share that is accused at two levels; and how many plain ones of all at .05."""
    rows, accused = [], 0
    for kind in HONEST:
        for pairs in (300, 1000):
            e, _ = _found(kind, models, pairs)
            accused += int((e >= 20).sum()) if kind == "plain" else 0
            rows.append([kind, f"{pairs:,}", *(share(int((e >= 1 / level).sum()), models) for level in (0.05, 0.01))])
    note = (
        f"{models:,} models of each kind; 95 % intervals (Clopper-Pearson). A report gives the test a part of its .05."
    )
    return table("Honest models that are accused", ["kind", "pairs", "at .05", "at .01"], rows, 1, note), (
        accused,
        2 * models,
    )


def power(models: int) -> str:
    """Models that know a share of the public items: the share that is found at .01, and the pairs that it takes."""
    rows = []
    for memorised, cut in (*((each, 0.0) for each in MEMORISED), *CUT):
        for pairs in (300, 1000):
            e, when = _found("plain", models, pairs, memorised, cut)
            took = when[when > 0]
            median = f"{int(np.median(took)):,}" if took.size else "–"
            rows.append([f"{memorised:g}", f"{cut:g}", f"{pairs:,}", share(int((e >= 100).sum()), models), median])
    note = "Skill is drawn: the mean model has .69 of fresh samples right. The median is over those that are found."
    headings = ["share known by heart", "fresh answers cut off", "pairs", "found at .01", "median pairs"]
    return table("Models that know public items by heart", headings, rows, 2, note)


def one_public_set(sets: int, models: int) -> str:
    """Honest models by benchmark: the public samples of one benchmark are one draw, which all who use it share."""
    rows = []
    for pairs in (300, 1000):
        rates: dict[float, list[float]] = {0.05: [], 0.01: []}
        for number in range(sets):
            random = np.random.default_rng([SEED, 7, pairs, number])
            items = random.normal(0, 1, (1, 1, pairs))
            skill = random.normal(1.0, 0.8, (models, 1, 1))
            difficulty = np.concatenate(
                [np.repeat(items, models, axis=0), random.normal(0, 1, (models, 1, pairs))], axis=1
            )
            order = np.argsort(random.random((models, pairs)), axis=1)
            right = random.random(difficulty.shape) < 1 / (1 + np.exp(difficulty - skill))
            e, _ = highest(np.take_along_axis(right[:, 0], order, axis=1), right[:, 1])
            for level, found in rates.items():
                found.append(float((e >= 1 / level).mean()))
        for level, found in rates.items():
            shown = (
                f"{value:.3f}" for value in (np.mean(found), np.median(found), np.quantile(found, 0.9), max(found))
            )
            rows.append([f"{pairs:,}", f"{level:g}", *shown])
    note = (
        f"{sets} benchmarks, {models:,} honest models each. The mean is what the test promises. Whether public samples "
        "are a little easier than fresh ones by chance is one draw for all models that are tested with them."
    )
    return table(
        "False alarms of one benchmark", ["pairs", "at", "mean", "median", ".9 quantile", "most"], rows, 1, note
    )


@click.command()
@click.option("--models", default=_MODELS, show_default=True, help="Models of each kind.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of the rule.")
def main(models: int, markdown: Path | None, reports: bool) -> None:
    """Print the tables."""
    (alarms, accused), found = false_alarms(models), power(max(500, models // 10))
    option = "" if models == _MODELS else f" --models {models}"
    text = (
        f"`python -m bench.twins{option}`, {where()}\n\n{alarms}\n{one_public_set(60, max(100, models // 20))}\n{found}"
    )
    print(text)
    if markdown is not None:
        write_section(markdown, "twins", text)
    if reports:
        what = "simulated honest models whose every answer was read, with 300 or 1,000 pairs, at 0.05"
        write_elsewhere(f"twin_gap@{find('detector', 'twin_gap')().version}", what, *accused)


if __name__ == "__main__":
    main()
