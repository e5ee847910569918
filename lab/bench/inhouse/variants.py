"""Keyed variants: false findings among honest models, drawn as a seal draws them, and what so many items can see."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.inhouse.table import SEED, Printed, share
from steelyard.records import SuiteItem
from steelyard.stats.variants import detectable_pair_gap, pair_power, variants_test
from steelyard.tasks.suite_seal import SuiteSeal
from steelyard.tasks.suite_variants import Variants, draw_of

__all__ = ["ALPHA", "drawn", "honest", "measure", "measure_chosen", "tables"]

ALPHA = 0.001
PAIRS = (50, 100, 200, 500, 1_000)
Kind = Literal["honest", "one easier", "another's", "learned"]
Orders = NDArray[np.int64]


def drawn(items: int, variants: int, recipient: str) -> Orders:
    """By item, the numbers of its variants in the order that a seal draws for a recipient."""
    seal, originals, known = _suite(items, variants)
    draw = draw_of(seal, recipient)
    return np.array([[int(each.id.rpartition("-")[2]) for each in known.ordered(item, draw)] for item in originals])


@lru_cache(maxsize=8)
def _suite(items: int, variants: int) -> tuple[SuiteSeal, list[SuiteItem], Variants]:
    seal = SuiteSeal(
        format="steelyard-suite/1", suite="s", version=1, digest="d", items=items, root="r", share="0.5", checks=1,
        at="2026-11-27T00:00:00+00:00", seed=f"{SEED}",
    )  # fmt: skip
    originals = [SuiteItem(id=f"i{item}-0", question="q") for item in range(items)]
    others = {
        each.id: tuple(SuiteItem(id=f"i{item}-{number}", question="q") for number in range(1, variants))
        for item, each in enumerate(originals)
    }
    return seal, originals, Variants(others)


def measure(kind: Kind, items: int, variants: int, runs: int, *, gap: float = 0.0, steps: int = 1) -> list[float]:
    """The p-values of ``runs`` models, each with a recipient of its own.

    Items differ in difficulty, variants of an item too, and models in skill (logistic); answers vary by chance. *One
    easier*: the first variant of each item, as it was written, is easier by three logits. *Another's*: the model has
    learned all that another endpoint was asked. *Learned*: it gains ``gap``, as a share of what it lacks, on what the
    recipient was asked. ``steps``: a score is a share of so many yes-or-no parts.
    """
    random = np.random.default_rng([SEED, items, variants, round(1000 * gap), steps, *kind.encode()])
    rows, found = np.arange(items), []
    for run in range(runs):
        order = drawn(items, variants, f"https://{run}.example/v1")
        hard = 1.5 * random.standard_normal((items, 1)) + random.standard_normal((items, variants))
        if kind == "one easier":
            hard[:, 0] -= 3
        rates = 1 / (1 + np.exp(hard - random.standard_normal()))
        if kind == "another's":
            rates[rows, drawn(items, variants, f"https://other-{run}.example/v1")[:, 0]] = 1.0
        if kind == "learned":
            rates[rows, order[:, 0]] += gap * (1 - rates[rows, order[:, 0]])
        scores = random.binomial(steps, rates) / steps
        asked, others = scores[rows, order[:, 0]], scores[rows, order[:, 1]]
        found.append(variants_test(asked.tolist(), others.tolist()).p)
    return found


def measure_chosen(addresses: int, items: int, variants: int, runs: int) -> list[float]:
    """The least p of ``runs`` honest models over so many sealed addresses: whoever checks takes the best one.

    Whoever has the suite has asked the model every variant, and knows the draw of each address. The first variant of
    each item is easier by three logits.
    """
    random = np.random.default_rng([SEED, addresses, items, variants])
    rows, found = np.arange(items), []
    for run in range(runs):
        hard = 1.5 * random.standard_normal((items, 1)) + random.standard_normal((items, variants))
        hard[:, 0] -= 3
        right = random.random((items, variants)) < 1 / (1 + np.exp(hard - random.standard_normal()))
        scores = right.astype(np.float64)
        orders = (drawn(items, variants, f"https://{address}.{run}.example/v1") for address in range(addresses))
        found.append(
            min(
                variants_test(scores[rows, each[:, 0]].tolist(), scores[rows, each[:, 1]].tolist()).p for each in orders
            )
        )
    return found


def _chosen(runs: int) -> Printed:
    rows = []
    for addresses in (1, 5, 25):
        ps = measure_chosen(addresses, 50, 2, runs)
        levels = (0.05, 0.05 / addresses, ALPHA / addresses)
        rows.append((f"{addresses}", f"{runs:,}", *(share(sum(p <= level for p in ps), runs) for level in levels)))
    columns = ("sealed addresses", "models", "at .05", "at .05 / E", "at .001 / E")
    return Printed(
        "Honest models found wrongly where whoever checks takes the best of E sealed addresses; 50 items, 2 variants.",
        columns,
        rows,
    )


@cache
def honest(runs: int) -> dict[str, list[float]]:
    """The p-values, by kind, of models that learned nothing of what the endpoint was asked, ``runs`` of each."""
    kinds: tuple[tuple[str, Kind, int, int, int], ...] = (
        ("honest, 50 items, 2 variants", "honest", 50, 2, 1),
        ("honest, 100 items, 4 variants", "honest", 100, 4, 1),
        ("one variant much easier, 50 items, 2 variants", "one easier", 50, 2, 1),
        ("knows what another endpoint was asked, 50 items, 2 variants", "another's", 50, 2, 1),
        ("honest, five criteria, 50 items, 2 variants", "honest", 50, 2, 5),
    )
    return {name: measure(kind, items, variants, runs, steps=steps) for name, kind, items, variants, steps in kinds}


def _size(runs: int) -> Printed:
    rows = [
        (name, f"{runs:,}", *(share(sum(p <= alpha for p in ps), runs) for alpha in (0.05, ALPHA, ALPHA / 2)))
        for name, ps in honest(runs).items()
    ]
    columns = (
        "models that learned nothing of what the endpoint was asked",
        "models",
        "α = .05",
        "α = .001",
        "α = .0005",
    )
    return Printed("Models that are found wrongly, each with draws of its own.", columns, rows)


def _power() -> Printed:
    rows = []
    for pairs in PAIRS:
        gaps = (detectable_pair_gap(pairs, level) for level in (ALPHA, ALPHA / 2, ALPHA / 20))
        seen = ["none" if gap is None else f"{100 * gap:.1f}" for gap in gaps]
        at = [f"{pair_power(pairs, 0.5 + each / 2, 0.5 - each / 2, ALPHA / 2):.2f}" for each in (0.1, 0.2, 0.4)]
        rows.append((f"{pairs:,}", *seen, *at))
    columns = (
        "items with variants",
        "points seen at .001",
        "at .0005",
        "at .0005 / 10",
        "10 points at .0005",
        "20 points",
        "40 points",
    )
    return Printed("What keyed variants can see with probability .9, exact, rates evenly around ½.", columns, rows)


def _learned(runs: int) -> Printed:
    rows = []
    for items in (50, 100, 200):
        found = (measure("learned", items, 2, runs, gap=gap) for gap in (0.3, 0.6, 1.0))
        cells = [share(sum(p <= ALPHA / 2 for p in ps), runs) for ps in found]
        rows.append((f"{items}", f"{runs:,}", *cells))
    columns = ("items with variants", "models", "learned .3 of what it lacked", "learned .6", "learned all")
    return Printed("Models that learned what the endpoint was asked, found at α = .0005.", columns, rows)


def tables(runs: int) -> Iterator[Printed]:
    """What can be seen, sizes, sizes where the address is chosen, and models that learned."""
    yield _power()
    yield _size(runs)
    yield _chosen(max(1, runs // 40))
    yield _learned(max(1, runs // 20))
