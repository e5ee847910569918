"""The leak check: false findings among honest models, power, and what halves of a size can see."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from bench.inhouse.table import SEED, Printed, share
from steelyard.stats.released import activation_p, detectable_gap, least_activations, power, released_test

__all__ = ["ALPHA", "honest", "measure", "p_values", "tables"]

ALPHA = 0.001
HALVES = (50, 150, 500, 1_000)


def measure(half: int, gap: float, runs: int, *, alpha: float = ALPHA, steps: int = 1, groups: int = 1) -> int:
    """Findings at ``alpha`` among ``runs`` models, each of which gains ``gap`` on released items."""
    return sum(p <= alpha for p in p_values(half, gap, runs, steps=steps, groups=groups))


def p_values(half: int, gap: float, runs: int, *, steps: int = 1, groups: int = 1) -> list[float]:
    """The p-values of ``runs`` models, of which each gains ``gap`` on released items (as a share of what it lacks).

    Items differ in difficulty and models in skill (logistic), groups of items in difficulty, and answers vary by
    chance. ``steps``: a score is a share of so many yes-or-no parts. The split is drawn within groups.
    """
    random = np.random.default_rng([SEED, half, round(1000 * gap), steps, groups])
    names = [place % groups for place in range(half)]
    found = []
    for _ in range(runs):
        hard = random.standard_normal((2, half)) + 1.5 * random.standard_normal(groups)[names]
        # Each pair of items of one group goes one to either half.
        hard = random.permuted(hard, axis=0)
        rates = 1 / (1 + np.exp(hard - 0.5 - random.standard_normal()))
        rates[0] += gap * (1 - rates[0])
        released, sealed = (random.binomial(steps, rates) / steps).tolist()
        of_groups = (names, names) if groups > 1 else None
        found.append(released_test(released, sealed, groups=of_groups, shuffles=1_999).p)
    return found


@cache
def honest(runs: int) -> dict[str, list[float]]:
    """The p-values of honest models by kind, ``runs`` of each; of scores that take shuffles a twentieth."""
    kinds = (
        ("0/1, 50 + 50", 50, 1, 1, 1),
        ("0/1, 150 + 150", 150, 1, 1, 1),
        ("0/1, 150 + 150, in 5 groups", 150, 1, 5, 1),
        ("five criteria, 50 + 50", 50, 5, 1, 20),
    )
    return {
        name: p_values(half, 0.0, max(1, runs // part), steps=steps, groups=groups)
        for name, half, steps, groups, part in kinds
    }


def _size(runs: int) -> Printed:
    rows = [
        (name, f"{len(ps):,}", *(share(sum(p <= alpha for p in ps), len(ps)) for alpha in (0.05, ALPHA)))
        for name, ps in honest(runs).items()
    ]
    return Printed("Honest models that are found.", ("scores, halves", "models", "α = .05", f"α = {ALPHA}"), rows)


def _power() -> Printed:
    rows = []
    for half in HALVES:
        gap = detectable_gap(half, half, ALPHA)
        at = [f"{power(half, half, 0.5 + each / 2, 0.5 - each / 2, ALPHA):.2f}" for each in (0.1, 0.2, 0.4)]
        rows.append((f"{half:,} + {half:,}", "none" if gap is None else f"{100 * gap:.1f}", *at))
    title = f"What halves can see at α = {ALPHA}, exact, rates evenly around ½."
    columns = ("halves", "points seen with probability .9", "10 points", "20 points", "40 points")
    return Printed(title, columns, rows)


def _keys() -> Printed:
    rows = []
    for patterns, variants in ((16, 4), (32, 2), (32, 4), (64, 4)):
        least = least_activations(patterns, variants, ALPHA)
        p = "" if least is None else f"{activation_p(least, patterns, variants):.5f}"
        rows.append((f"{patterns} patterns, {variants} variants", str(least), p))
    return Printed(f"Keyed variants at α = {ALPHA}, exact.", ("released", "activations needed", "their p"), rows)


def tables(runs: int) -> Iterator[Printed]:
    """What can be seen, keys, and sizes."""
    yield _power()
    yield _keys()
    yield _size(runs)
