"""Draws vendors of a world: what each measured, what it prints, and with which chance the served model is right.

A model is a row of latent normal numbers z, one an item: greedily, an item is right where Φ(z) is below its p. Another
prompt format, checkpoint or precision of it has latent numbers that are correlated with these (a Gaussian copula).
Sampled, an item has a rate of its own, Beta(p·s, (1 − p)·s) at the quantile Φ(z).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from steelyard.gauntlet.parameters import Benchmark, Kind, World
from steelyard.planning.cues import VARIANTS

__all__ = ["Abilities", "Reals", "Row", "Vendor", "draw_vendor"]

Random = np.random.Generator
Reals = NDArray[np.float64]

TOLERANCE = 2.0  # points, as the audit's


@dataclass(frozen=True)
class Row:
    """One row of a vendor's table. ``public`` and ``fresh``: by item, the chance that a served answer is right.

    ``is_true``: the row is what an honest pass of the served system gave, or the served model is not more than the
    tolerance below it. ``same``: public and fresh items are alike to the model. ``fresh`` is empty where no generator
    makes any, and so is ``placebo``: public items under other worked examples. ``unaware``: no router looks for the
    benchmark's prompt. ``candidates``: the same as ``public`` of each model that the vendor has, the served one first,
    where it has several.
    """

    benchmark: Benchmark
    printed: str
    public: Reals
    fresh: Reals
    scored: int | None
    passes: int
    is_true: bool
    same: bool
    placebo: Reals = field(default_factory=lambda: np.empty(0))
    unaware: bool = True
    candidates: tuple[Reals, ...] = ()


@dataclass(frozen=True)
class Vendor:
    """One vendor: its kind, how it samples, and its table."""

    kind: Kind
    rows: tuple[Row, ...]


class Abilities:
    """What a world fixes for all of its vendors: families, their abilities by benchmark, and the items."""

    def __init__(self, world: World) -> None:
        random = np.random.default_rng([world.seed, 0])
        sizes = np.arange(1, world.families + 1, dtype=float) ** -world.zipf
        self.world, self.sizes = world, sizes / sizes.sum()
        self.families = random.normal(0, world.family, world.families)
        self.by_benchmark = random.normal(0, world.family_benchmark, (world.families, len(world.benchmarks)))
        self.means = random.uniform(*world.items.mean, len(world.benchmarks))
        self.items = [
            self._drawn(random, number, benchmark.samples) for number, benchmark in enumerate(world.benchmarks)
        ]

    def _drawn(self, random: Random, number: int, count: int) -> tuple[Reals, Reals]:
        items = self.world.items
        return np.exp(random.normal(0, items.slope, count)), random.normal(self.means[number], items.spread, count)

    def fresh_items(self, random: Random, number: int) -> tuple[Reals, Reals]:
        """Slopes and difficulties of items that the benchmark's generator makes anew."""
        return self._drawn(random, number, self.world.benchmarks[number].samples)


@dataclass(frozen=True)
class _Model:
    """A model on one benchmark: its ability, of each public item its own, and its latent numbers on either items."""

    ability: float | Reals
    latent: Reals
    latent_fresh: Reals

    def varied(self, random: Random, effect: float | Reals, correlation: float) -> _Model:
        """Another format, checkpoint or precision of it."""
        if correlation >= 1:
            return replace(self, ability=self.ability + effect)
        rest = math.sqrt(1 - correlation**2)
        return _Model(
            self.ability + effect,
            correlation * self.latent + rest * random.normal(size=len(self.latent)),
            correlation * self.latent_fresh + rest * random.normal(size=len(self.latent_fresh)),
        )


@dataclass
class _Draw:
    """The benchmark of one vendor while it is drawn."""

    world: Abilities
    kind: Kind
    number: int
    random: Random
    unsteady: float
    entropy: float
    passes: int
    of_fresh: Random
    memorised: NDArray[np.bool_] = field(init=False)
    spilt: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        samples = self.benchmark.samples
        self.memorised = self.random.random(samples) < self.kind.memorised
        self.spilt = self.random.random(samples if self.benchmark.generated else 0) < self.kind.spill
        # The public items of a generator are a draw, too: where all vendors had the same, their p would hang together.
        is_drawn = self.benchmark.generated and not self.kind.same_items
        items = self.world.fresh_items(self.random, self.number) if is_drawn else self.world.items[self.number]
        self.slopes, self.difficulties = items

    @property
    def benchmark(self) -> Benchmark:
        return self.world.world.benchmarks[self.number]

    @cached_property
    def fresh_items(self) -> tuple[Reals, Reals]:
        """The items of the generator, the same for all models of this vendor."""
        return self.world.fresh_items(self.of_fresh, self.number)

    def model(self, family: int, of_vendor: float) -> _Model:
        """A model of a family."""
        world, samples = self.world.world, self.benchmark.samples
        ability = (
            self.world.families[family]
            + of_vendor
            + self.world.by_benchmark[family, self.number]
            + self.random.normal(0, world.benchmark)
            + self.kind.skill
        )
        fresh = samples if self.benchmark.generated else 0
        return _Model(ability, self.random.normal(size=samples), self.of_fresh.normal(size=fresh))

    def public(self, model: _Model) -> Reals:
        """The chance, by public item, that one answer of the model is right."""
        return self._chances(model.ability, self.slopes, self.difficulties, model.latent, self.memorised)

    def fresh(self, model: _Model) -> Reals:
        """The same of fresh items."""
        if not self.benchmark.generated:
            return np.empty(0)
        return self._chances(model.ability, *self.fresh_items, model.latent_fresh, self.spilt)

    def placebo(self, served: Sequence[tuple[float, _Model]], random: Random) -> Reals:
        """The chance of public items under other prompts, where a share of the calls goes to each of these models."""
        world, samples = self.world.world, self.benchmark.samples
        effects = random.normal(0, world.header_effect, VARIANTS + 1)  # the last one is the published prompt
        effect = effects[random.integers(0, VARIANTS, samples)] - effects[-1]
        changed = ((part, model.varied(random, effect, world.correlation)) for part, model in served)
        chances = [part * self.public(model) for part, model in changed if part]
        return np.asarray(sum(chances))

    def _chances(
        self, ability: float | Reals, slopes: Reals, difficulties: Reals, latent: Reals, known: NDArray[np.bool_]
    ) -> Reals:
        from scipy.special import betaincinv, ndtr

        kind, chance = self.kind, self.benchmark.chance
        easier = kind.effect * known if kind.effect else 0.0
        p = chance + (1 - chance) / (1 + np.exp(-slopes * (ability + easier - difficulties)))
        if not kind.effect:
            p = np.where(known, kind.recall, p)
        if kind.decoding == "sampled":
            rates = betaincinv(p * self.entropy, (1 - p) * self.entropy, ndtr(latent))
        else:
            rates = (ndtr(latent) < p).astype(float)
        for flipped in (self.unsteady if kind.decoding == "greedy" else 0.0, kind.flaky):
            rates = rates * (1 - 2 * flipped) + flipped
        return np.asarray(rates)

    def measured(self, chances: Reals) -> float:
        """The vendor's number: the mean of its passes over what it scored."""
        if self.kind.scored and self.kind.scored < len(chances):
            chances = self.random.choice(chances, self.kind.scored, replace=False)
        return float(np.mean(self.random.random((self.passes, len(chances))) < chances))


def draw_vendor(world: Abilities, kind: Kind, random: Random, of_fresh: Random | None = None) -> Vendor:
    """One vendor of a kind. ``of_fresh`` draws its fresh items, where the same vendor is to meet new ones."""
    of = world.world
    family = int(random.choice(of.families, p=world.sizes))
    unsteady = float(random.choice(kind.unsteady or of.unsteady))
    entropy, passes = float(random.choice(kind.entropy)), int(random.choice(kind.passes))
    of_vendor = random.normal(0, of.vendor)
    rounds = random.random() < of.rounded
    others = [
        (family if kind.same_family else int(random.choice(of.families, p=world.sizes)), random.normal(0, of.vendor))
        for _ in range(kind.models - 1)
    ]
    rows = []
    for number in range(len(of.benchmarks)):
        draw = _Draw(world, kind, number, random, unsteady, entropy, passes, of_fresh or random)
        rows.append(_row(draw, draw.model(family, of_vendor), [draw.model(*other) for other in others], rounds))
    return Vendor(kind, tuple(rows))


def _row(draw: _Draw, model: _Model, others: list[_Model], rounds: bool) -> Row:
    kind, random = draw.kind, draw.random
    number, best = _printed_from(draw, model, others if kind.mixes else [])
    served = best if kind.formats > 1 or (kind.checkpoints > 1 and kind.winner) else model
    if (kind.ability or kind.correlation < 1) and not kind.gain:
        served = served.varied(random, kind.ability, kind.correlation)
    shares, elsewhere = _routes(kind, random, model, served)
    public = _mixed(shares, [draw.public(each) for _, each in shares])
    fresh = _mixed(shares, [draw.fresh(each) for _, each in shares])
    # Numbers of their own, so that what a vendor prints does not depend on them.
    placebo = draw.placebo(elsewhere, random.spawn(1)[0]) if draw.benchmark.generated else np.empty(0)
    rate = float(public.mean())
    if kind.boundary:
        number = math.floor(1000 * (rate + (TOLERANCE + 0.05) / 100) + 1e-9) / 1000
    number = min(1.0, number + kind.inflated / 100)
    tenths = math.floor(1000 * number + (0.5 if rounds and not kind.boundary else 0.0) + 1e-9)
    is_own = served is model and best is model and kind.runs == 1 and not kind.inflated
    is_own = is_own or (served is best and kind.runs == 1 and not kind.inflated and not kind.ability)
    is_own = is_own and not kind.gain
    return Row(
        benchmark=draw.benchmark,
        printed=f"{tenths / 10:.1f}",
        public=public,
        fresh=fresh,
        scored=kind.scored if kind.scored and kind.scored < draw.benchmark.samples else None,
        passes=draw.passes,
        is_true=is_own or rate >= (tenths / 10 - 0.05 - TOLERANCE) / 100,
        same=not kind.memorised or kind.memorised == kind.spill,
        placebo=placebo,
        unaware=not kind.gain,
        candidates=(public, *(draw.public(other) for other in others)) if others else (),
    )


_Routes = list[tuple[float, _Model]]


def _routes(kind: Kind, random: Random, model: _Model, served: _Model) -> tuple[_Routes, _Routes]:
    """Which share of the calls goes to which model: of those that show the benchmark's prompt, and of others."""
    if kind.gain:
        other = model.varied(random, -kind.gain, kind.correlation)
        known, taken = kind.recognised, kind.misrecognised
        return [(known, model), (1 - known, other)], [(taken, model), (1 - taken, other)]
    shares = [(kind.share, served), (1 - kind.share, model)] if kind.share < 1 else [(1.0, served)]
    return shares, shares


def _mixed(shares: _Routes, chances: Sequence[Reals]) -> Reals:
    return np.asarray(sum(part * each for (part, _), each in zip(shares, chances, strict=True)))


def _printed_from(draw: _Draw, model: _Model, others: list[_Model]) -> tuple[float, _Model]:
    """The number that the vendor found, and the model that gave it: the best of what it tried."""
    kind, world, random = draw.kind, draw.world.world, draw.random
    tried = [model, *others]
    for count, effect in (
        (max(kind.formats, kind.prompts), world.format_effect),
        (kind.checkpoints, world.checkpoint_effect),
    ):
        tried += [model.varied(random, random.normal(0, effect), world.correlation) for _ in range(count - 1)]
    tried += [model] * (kind.runs - 1)
    numbers = [draw.measured(draw.public(each)) for each in tried]
    at = int(np.argmax(numbers))
    return numbers[at], tried[at]
