"""Vendors and panels that answer public items and authored twins of them, held against one another.

Each vendor has a panel of its own: for each benchmark new items, their twins, and models of all families but the
vendor's. Only what the test reads is drawn: who has which item right in one pass. The test is that of
``steelyard detect twin_gap``; beside it stand ConStat and rules of thumb, on the same answers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from steelyard_forensics.gauntlet.constat import constat_p
from steelyard_forensics.gauntlet.parameters import Benchmark
from steelyard_forensics.gauntlet.twins_parameters import TwinsKind, TwinsWorld
from steelyard_forensics.gauntlet.vendors import Abilities, Reals
from steelyard_forensics.panels.record import Side
from steelyard_forensics.panels.twin_gap import Arm, TwinScores, panel_twin_gap

__all__ = ["LEVEL", "Answers", "TwinsTested", "draw_answers", "run_twins", "twins_tested"]

LEVEL: Final = 0.05
_BOOTSTRAPS: Final = 100
_RAW: Final = 0.05
_Z: Final = 1.6448536269514722

Bits = NDArray[np.bool_]
Random = np.random.Generator


@dataclass(frozen=True)
class Answers:
    """What a panel's models, and last of them the tested one, have right of the public items and of their twins.

    (models, items). ``lost`` are the tested one's calls that failed, of the public items and of the twins; these are
    wrong in ``public`` and ``twins``.
    """

    public: Bits
    twins: Bits
    families: NDArray[np.int64]
    lost: tuple[Bits, Bits]


@dataclass(frozen=True)
class TwinsTested:
    """What is said of one row of a vendor.

    ``word`` and ``p`` are the test's. ``constat``, ``z`` and ``raw``: whether the others accuse; ``constat`` is None
    where it was not asked.
    """

    kind: str
    dose: float | None
    benchmark: str
    word: str
    p: float | None
    constat: bool | None
    z: bool
    raw: bool


def run_twins(abilities: Abilities, world: TwinsWorld, kind: TwinsKind, number: int, seed: int) -> list[TwinsTested]:
    """The ``number``-th vendor of a kind, on every benchmark, with a panel of its own; the first ones meet ConStat."""
    name = f"{kind.name} {kind.dose}".encode()
    random = np.random.default_rng([seed, number, *name])
    models = world.reference_models if number < world.constat_vendors else 0
    return [
        twins_tested(benchmark, kind, answers, of_constat, reference_models=models)
        for benchmark, answers, of_constat in _drawn(abilities, world, kind, random)
    ]


def _drawn(
    abilities: Abilities, world: TwinsWorld, kind: TwinsKind, random: Random
) -> Iterator[tuple[Benchmark, Answers, Random]]:
    of = abilities.world
    own = int(random.choice(of.families, p=abilities.sizes))
    others = np.delete(np.arange(of.families), own)
    sizes = abilities.sizes[others] / abilities.sizes[others].sum()
    more = random.choice(others, max(0, world.models - len(others)), p=sizes)
    families = np.concatenate([others, more, [own]])
    of_model = random.normal(0, of.vendor, len(families))
    for number, benchmark in enumerate(of.benchmarks):
        # ConStat draws from numbers of its own, so that the answers do not depend on whether it is asked.
        yield benchmark, draw_answers(abilities, world, kind, number, families, of_model, random), random.spawn(1)[0]


def draw_answers(
    abilities: Abilities,
    world: TwinsWorld,
    kind: TwinsKind,
    number: int,
    families: NDArray[np.int64],
    of_model: Reals,
    random: Random,
) -> Answers:
    """One pass of every model over one benchmark and its twins; the last model is the tested vendor's."""
    of, models = abilities.world, len(families)
    benchmark = of.benchmarks[number]
    slopes, difficulties = abilities.fresh_items(random, number)
    harder = random.normal(difficulties, world.item)
    ability = abilities.families[families] + of_model + abilities.by_benchmark[families, number]
    ability = ability + random.normal(0, of.benchmark, models)
    lower = random.normal(0, world.shift) + kind.harder + random.normal(0, world.scatter, models)
    ability[-1] += kind.skill
    lower[-1] += kind.brittle
    known = random.random((2, benchmark.samples)) < np.array([[kind.memorised], [kind.spill]])
    luck = random.random((2, models, benchmark.samples))
    public = luck[0] < _chances(benchmark, slopes, ability[:, None] - difficulties)
    twins = luck[1] < _chances(benchmark, slopes, (ability - lower)[:, None] - harder)
    levels = (ability[-1] - difficulties, ability[-1] - lower[-1] - harder)
    own = _best_variant(abilities, kind, benchmark, slopes, levels, known, luck[:, -1], random)
    own = own ^ (random.random(own.shape) < kind.flaky)
    lost = random.random(own.shape) < np.where(own, kind.missing, kind.missing_wrong)
    public[-1], twins[-1] = own & ~lost
    return Answers(public, twins, families, (lost[0], lost[1]))


def _chances(benchmark: Benchmark, slopes: Reals, above: Reals) -> Reals:
    """The chance that an item is right, by how far the model is above its difficulty."""
    return np.asarray(benchmark.chance + (1 - benchmark.chance) / (1 + np.exp(-slopes * above)))


def _best_variant(
    abilities: Abilities,
    kind: TwinsKind,
    benchmark: Benchmark,
    slopes: Reals,
    levels: tuple[Reals, Reals],
    known: Bits,
    luck: Reals,
    random: Random,
) -> Bits:
    """The tested model's answers, public ones and twins: those of the variant with the best public score."""
    from scipy.special import ndtr, ndtri

    of, tried = abilities.world, []
    easier = kind.effect * known if kind.effect else np.zeros(known.shape)
    latent, rest = ndtri(luck), math.sqrt(1 - of.correlation**2)
    for variant in range(kind.variants):
        effect = random.normal(0, of.format_effect) if variant else 0.0
        drawn = ndtr(of.correlation * latent + rest * random.normal(size=luck.shape)) if variant else luck
        chances = [
            _chances(benchmark, slopes, level + effect + more) for level, more in zip(levels, easier, strict=True)
        ]
        right = drawn < (np.array(chances) if kind.effect else np.where(known, kind.recall, chances))
        tried.append(right)
    return np.asarray(max(tried, key=lambda right: right[0].sum()))


def twins_tested(
    benchmark: Benchmark, kind: TwinsKind, answers: Answers, random: Random, *, reference_models: int
) -> TwinsTested:
    """What the panel's test and the others say of one row; ConStat only where it has reference models."""
    samples = benchmark.samples
    shares = zip(answers.families, answers.public.mean(axis=1), answers.twins.mean(axis=1), strict=True)
    *panel, (own, public, twins) = [(str(family), float(first), float(second)) for family, first, second in shares]
    lost = [float(each.mean()) for each in answers.lost]
    tested = TwinScores(own, Arm(public, public + lost[0]), Arm(twins, twins + lost[1]))
    others = [TwinScores(family, Arm(first, first), Arm(second, second)) for family, first, second in panel]
    sides = _side(benchmark.name, samples), _side(f"{benchmark.name} twins", samples)
    result = panel_twin_gap(tested, others, sides, LEVEL)
    # As they do, the others leave out calls that failed.
    rates = public / max(1e-9, 1 - lost[0]), twins / max(1e-9, 1 - lost[1])
    pooled = sum(rates) / 2
    error = math.sqrt(max(1e-12, pooled * (1 - pooled) * sum(1 / max(1, samples * (1 - each)) for each in lost)))
    return TwinsTested(
        kind=kind.name,
        dose=kind.dose,
        benchmark=benchmark.name,
        word=result.word.value,
        p=result.p,
        constat=_constat_accuses(answers, reference_models, random) if reference_models else None,
        z=(rates[0] - rates[1]) / error > _Z,
        raw=rates[0] - rates[1] > _RAW,
    )


def _side(task: str, samples: int) -> Side:
    return Side(task=task, items="", scorer="", prompt="", kind="generate", decoding="greedy", samples=samples)


def _constat_accuses(answers: Answers, models: int, random: Random) -> bool:
    """ConStat with one model of each of so many families as its reference models."""
    first_of_family = np.unique(answers.families[:-1], return_index=True)[1]
    rows = np.append(random.permutation(first_of_family)[:models], len(answers.families) - 1)
    public, twins = (each[rows].astype(float) for each in (answers.public, answers.twins))
    return constat_p(public, twins, _BOOTSTRAPS, random) <= LEVEL
