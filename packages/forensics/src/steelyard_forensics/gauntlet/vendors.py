"""Draws vendors of a world: what each measured, what it prints, and with which chance the served model is right.

A model is a row of latent normal numbers z, one an item: greedily, an item is right where Φ(z) is below its p. Another
prompt format, checkpoint or precision of it has latent numbers that are correlated with these (a Gaussian copula).
Sampled, an item has a rate of its own, Beta(p·s, (1 − p)·s) at the quantile Φ(z); at Φ(−z) where its vendor is greedy,
and the other way round: what is right greedily has the higher rates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import cycle, product, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.planning.cues import VARIANTS
from steelyard_forensics.gauntlet.parameters import Benchmark, Kind, World

__all__ = ["Abilities", "Integers", "Reals", "Row", "Vendor", "bad_times", "draw_vendor", "luck"]

Random = np.random.Generator
Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

TOLERANCE = 2.0  # points, as the audit's


@dataclass(frozen=True)
class Row:
    """One row of a vendor's table. ``public`` and ``fresh``: by item, the chance that a served answer is right.

    ``is_true``: the row is what an honest pass of the served system gave, or the served model is not more than the
    tolerance below it. ``same``: public and fresh items are alike to the model. ``fresh`` is empty where no generator
    makes any, and so is ``placebo``: public items under other worked examples. ``unaware``: no router looks for the
    benchmark's prompt. ``candidates``: the same as ``public`` of each model that the vendor has, the served one first,
    where it has several. ``states``: what is served by decoding, and in good and bad times (None: on average).
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
    states: Mapping[tuple[str, bool | None], Row] = field(default_factory=dict)


@dataclass(frozen=True)
class Vendor:
    """One vendor: its kind, how it samples, and its table.

    ``orders``, where an item's place in the file matters, name committed orders of its own; else all audits have the
    same, in which items are shuffled.
    """

    kind: Kind
    rows: tuple[Row, ...]
    orders: str = ""


class Abilities:
    """What a world fixes for all of its vendors: families, their abilities by benchmark, and the items."""

    def __init__(self, world: World) -> None:
        random = np.random.default_rng([world.seed, 0])
        sizes = np.arange(1, world.families + 1, dtype=float) ** -world.zipf
        self.world, self.sizes = world, sizes / sizes.sum()
        self.families = random.normal(0, world.family, world.families)
        self.by_benchmark = random.normal(0, world.family_benchmark, (world.families, len(world.benchmarks)))
        self.means = random.uniform(*world.items.mean, len(world.benchmarks))
        for number, benchmark in enumerate(world.benchmarks):
            if benchmark.items:
                self.means[number] = random.uniform(*benchmark.items.mean)
        drawn = [self._drawn(random, number, benchmark.samples) for number, benchmark in enumerate(world.benchmarks)]
        self.items = [self.in_file_order(random, number, items) for number, items in enumerate(drawn)]

    def _drawn(self, random: Random, number: int, count: int) -> tuple[Reals, Reals]:
        items = self.world.benchmarks[number].items or self.world.items
        return np.exp(random.normal(0, items.slope, count)), random.normal(self.means[number], items.spread, count)

    def in_file_order(self, random: Random, number: int, items: tuple[Reals, Reals]) -> tuple[Reals, Reals]:
        """The items of a benchmark as they stand in its file."""
        benchmark, spread = self.world.benchmarks[number], float(np.std(items[1])) or 1.0
        if not (drift := benchmark.drift):
            return items
        harder = drift * (items[1] - np.mean(items[1])) / spread
        order = np.argsort(harder + math.sqrt(1 - drift**2) * random.normal(size=len(harder)))
        parts = np.array_split(order, benchmark.subjects)
        order = np.concatenate([parts[part] for part in random.permutation(len(parts))])
        return items[0][order], items[1][order]

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
        self.slopes, self.difficulties = (
            self.world.in_file_order(self.random, self.number, items) if is_drawn else items
        )

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

    def under_others(self, routes: _Routes, random: Random) -> _Routes:
        """The models that get these shares of the calls, under other prompts."""
        world, samples = self.world.world, self.benchmark.samples
        effects = random.normal(0, world.header_effect, VARIANTS + 1)  # the last one is the published prompt
        effect = effects[random.integers(0, VARIANTS, samples)] - effects[-1]
        return [(part, model.varied(random, effect, world.correlation)) for part, model in routes]

    def chances(self, model: _Model, arm: str = "public", decoding: str = "") -> Reals:
        """The chance, by item of an arm (see :class:`Row`), that one answer of the model is right."""
        from scipy.special import betaincinv, ndtr

        if arm != "public" and not self.benchmark.generated:
            return np.empty(0)
        is_fresh, kind, chance = arm == "fresh", self.kind, self.benchmark.chance
        slopes, difficulties = self.fresh_items if is_fresh else (self.slopes, self.difficulties)
        latent, known = (model.latent_fresh, self.spilt) if is_fresh else (model.latent, self.memorised)
        easier = kind.effect * known if kind.effect else 0.0
        p = chance + (1 - chance) / (1 + np.exp(-slopes * (model.ability + easier - difficulties)))
        if not kind.effect:
            p = np.where(known, kind.recall, p)
        is_greedy, lower = (decoding or kind.decoding) == "greedy", kind.greedy_lower
        level = ndtr(latent if lower is not None or is_greedy is (kind.decoding == "greedy") else -latent)
        if is_greedy and lower is None:
            rates = (level < p).astype(float)
        else:
            rates = betaincinv(p * self.entropy, (1 - p) * self.entropy, level)
        if is_greedy and lower is not None:
            rates = _settled(rates, latent, lower / 100)
        elif decoding == "clamped":
            rates = kind.clamped * _settled(rates, latent) + (1 - kind.clamped) * rates
        for flipped in (self.unsteady if is_greedy else 0.0, kind.flaky):
            rates = rates * (1 - 2 * flipped) + flipped
        return np.asarray(rates * (1 - kind.lowers))

    def measured(self, chances: Reals) -> float:
        """The vendor's number: the mean of its passes over what it scored."""
        kind, items, passes = self.kind, np.arange(len(chances)), np.arange(self.passes)[:, None]
        if kind.scored and kind.scored < len(items):
            items = items[: kind.scored] if kind.first else self.random.choice(items, kind.scored, replace=False)
        if kind.bursts:
            return float(chances[items].mean()) * kind.bursts.kept(float(chances.mean()))
        return float(np.mean(luck(kind, items, len(chances), passes, self.random) < chances[items]))


def _settled(rates: Reals, latent: Reals, lower: float = 0.0) -> Reals:
    """Answers that never vary, with the same mean or so much less: those of the highest rates are right."""
    right = round(len(rates) * max(0.0, float(rates.mean()) - lower))
    found = np.zeros(len(rates))
    found[np.lexsort((latent, rates))[len(rates) - right :]] = 1.0
    return found


def luck(kind: Kind, items: Integers, of: int, passes: Integers, random: Random) -> Reals:
    """A uniform number for each answer, by its item's place in a file of so many and by its pass: right below it."""
    own, common = random.random(np.broadcast_shapes(items.shape, passes.shape)), kind.clusters
    if common is None:
        return own
    from scipy.special import ndtr, ndtri

    documents = -(-of // common.size)
    shared = random.normal(size=(int(passes.max()) + 1, documents))
    in_common = shared[passes, items % documents if common.scattered else items // common.size]
    return np.asarray(ndtr(math.sqrt(common.share) * in_common + math.sqrt(1 - common.share) * ndtri(own)))


def bad_times(kind: Kind, samples: int, random: Random) -> Iterator[bool | None]:
    """By call of a row of so many samples: whether the endpoint is at its other state; None where it has but one."""
    if kind.bursts is None and kind.day is None:
        yield from repeat(None)
    random = random.spawn(1)[0]
    if bursts := kind.bursts:
        length, bad = int(random.choice(bursts.calls)), bool(random.random() < bursts.share)
        while True:
            mean = length if bad else length * (1 - bursts.share) / bursts.share
            yield from repeat(bad, int(random.geometric(min(1.0, 1 / mean))))
            bad = not bad
    if day := kind.day:
        evening = np.arange(day) >= (1 - kind.share) * day
        yield from cycle(np.roll(evening, random.integers(day)).tolist())
    yield from repeat(False, round((1 - kind.share) * samples))
    yield from repeat(True)


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
    has_places = kind.clusters or any(benchmark.drift for benchmark in of.benchmarks)
    return Vendor(kind, tuple(rows), " own" if has_places else "")


def _row(draw: _Draw, model: _Model, others: list[_Model], rounds: bool) -> Row:
    kind, random = draw.kind, draw.random
    number, best = _printed_from(draw, model, others if kind.mixes else [])
    served = best if kind.formats > 1 or (kind.checkpoints > 1 and kind.winner) else model
    if (kind.ability or kind.correlation < 1) and not kind.gain:
        served = served.varied(random, kind.ability, kind.correlation)
    shares, elsewhere = _routes(kind, random, model, served)
    # Numbers of their own, so that what a vendor prints does not depend on them.
    elsewhere = draw.under_others(elsewhere, random.spawn(1)[0]) if draw.benchmark.generated else elsewhere
    arms = partial(_arms, draw, {"public": shares, "fresh": shares, "placebo": elsewhere})
    own = arms(kind.decoding)
    rate = float(own["public"].mean())
    if kind.boundary:
        number = math.floor(1000 * (rate + (TOLERANCE + 0.05) / 100) + 1e-9) / 1000
    number = min(1.0, number + kind.inflated / 100)
    tenths = math.floor(1000 * number + (0.5 if rounds and not kind.boundary else 0.0) + 1e-9)
    is_own = served is model and best is model and kind.runs == 1 and not kind.inflated
    is_own = is_own or (served is best and kind.runs == 1 and not kind.inflated and not kind.ability)
    is_own = is_own and not kind.gain
    row = Row(
        **own,
        benchmark=draw.benchmark,
        printed=f"{tenths / 10:.1f}",
        scored=kind.scored if kind.scored and kind.scored < draw.benchmark.samples else None,
        passes=draw.passes,
        is_true=is_own or rate >= (tenths / 10 - 0.05 - TOLERANCE) / 100,
        same=not kind.memorised or kind.memorised == kind.spill,
        unaware=not kind.gain,
        candidates=(own["public"], *map(draw.chances, others)) if others else (),
    )
    times = (None, False, True) if kind.bursts or kind.day is not None else (None,)
    keys = product(("greedy", "sampled") if kind.stated else (kind.decoding,), times)
    return replace(row, states={key: replace(row, **arms(*key)) for key in keys if key != (kind.decoding, None)})


def _arms(draw: _Draw, routes: Mapping[str, _Routes], decoding: str, bad: bool | None = None) -> dict[str, Any]:
    """By arm, what is served under a decoding: on average, or in good or ``bad`` times."""
    kind, found = draw.kind, {}
    if decoding == "sampled" and kind.clamped:
        decoding = "clamped"
    for arm, models in routes.items():
        now = models if bad is None or kind.bursts else models[:1] if bad else models[-1:]
        whole = sum(part for part, _ in now)
        found[arm] = np.asarray(sum(part / whole * draw.chances(each, arm, decoding) for part, each in now if part))
        if kind.bursts and found[arm].size:
            found[arm] = found[arm] * kind.bursts.kept(float(found[arm].mean()), bad=bad)
    return found


_Routes = list[tuple[float, _Model]]


def _routes(kind: Kind, random: Random, model: _Model, served: _Model) -> tuple[_Routes, _Routes]:
    """Which share of the calls goes to which model: of those that show the benchmark's prompt, and of others."""
    if kind.gain:
        other = model.varied(random, -kind.gain, kind.correlation)
        known, taken = kind.recognised, kind.misrecognised
        return [(known, model), (1 - known, other)], [(taken, model), (1 - taken, other)]
    shares = [(kind.share, served), (1 - kind.share, model)] if kind.share < 1 else [(1.0, served)]
    return shares, shares


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
    numbers = [draw.measured(draw.chances(each)) for each in tried]
    at = int(np.argmax(numbers))
    return numbers[at], tried[at]
