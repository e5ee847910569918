"""The numbers of a world, all in one YAML file: who its vendors are, honest ones and cheaters, and its benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.records.record import Record
from steelyard.util.yaml_tree import Branch, Items, Node, read_tree

__all__ = [
    "WORLDS", "Benchmark", "Bursts", "Clusters", "Dosed", "ItemCurves", "Kind", "World", "faults_of", "load_world",
    "read_parameters",
]  # fmt: skip

_FORMAT: Final = "steelyard-gauntlet/1"
_MOST_BYTES: Final = 1_000_000

W = TypeVar("W", bound=Record)
WORLDS: Final = {"simulated": "simulated.yaml"}


class ItemCurves(Record, frozen=True, kw_only=True):
    """Items on the logit scale: p = c + (1 − c)·σ(a·(ability − b)), with b ~ N(m, spread), m uniform, log a normal."""

    mean: tuple[float, float]
    spread: float
    slope: float


class Benchmark(Record, frozen=True, kw_only=True):
    """A benchmark: how many samples it has, what guessing reaches, and whether a generator makes more of them.

    ``items`` take the place of the world's. ``drift``: the correlation of an item's place in the file and its
    difficulty (0: a shuffled file); so many ``subjects``, equal parts of that order, follow one another at random.
    """

    name: str
    samples: int
    chance: float = 0.0
    generated: bool = False
    items: ItemCurves | None = None
    drift: float = 0.0
    subjects: int = 1


class Clusters(Record, frozen=True, kw_only=True):
    """Documents of ``size`` items, neighbours in the file unless ``scattered``, that have noise in common.

    ``share``: the correlation of the normal numbers that decide two of its answers in one pass.
    """

    size: int
    share: float = 1.0
    scattered: bool = False


class Bursts(Record, frozen=True, kw_only=True):
    """``drop`` points worse for a ``share`` of the time, in stretches: one of ``calls`` is drawn, their mean length."""

    share: float
    drop: float
    calls: tuple[int, ...] = (50, 200)

    def kept(self, rate: float, *, bad: bool | None = None) -> float:
        """The share of a model's right answers that stays right: on average, or in good or ``bad`` times."""
        return 1 - min(1.0, self.drop / 100 / max(rate, 1e-9)) * (self.share if bad is None else bad)


class Dosed(Record, frozen=True, kw_only=True):
    """A kind of vendor; ``says`` describes it. ``varies`` names the field that takes each of the ``doses`` in turn."""

    name: str
    says: str = ""
    varies: str = ""
    doses: tuple[float, ...] = ()

    @property
    def dose(self) -> float | None:
        """The value of what varies; None where nothing does."""
        return float(getattr(self, self.varies)) if self.varies else None

    def each(self) -> Iterator[Self]:
        """This kind with each of its doses; itself where it has none."""
        if not self.varies:
            yield self
        for dose in self.doses:
            value = int(dose) if isinstance(getattr(self, self.varies), int) else dose
            yield msgspec.structs.replace(self, **{self.varies: value}, doses=())


class Kind(Dosed, frozen=True, kw_only=True):
    """One kind of vendor, by what distinguishes it from a plain honest one. Shares are proportions, abilities logits.

    How it measured and what it prints: ``decoding`` (``greedy`` or ``sampled``); ``passes``, of which one number is
    drawn; ``entropy``, of which one s is drawn: the rate of an item is Beta(p·s, (1 − p)·s); ``scored`` items alone,
    and says so; ``formats``: the best of so many, which it declares; ``prompts``: the best of so many, undeclared;
    ``checkpoints``: the best of so many in each row, the ``winner`` of which is served or another one; ``runs``: the
    best of so many; ``models``: each row from the best of so many, of one family where ``same_family``, or all from the
    served one where it does not ``mixes``; ``inflated`` points are added; ``boundary``: the largest number that its
    model still agrees with.

    What it serves: ``unsteady``, of which one share of flipped answers is drawn, for both sides; ``ability`` is added,
    and answers agree with those of the measured model by ``correlation``; ``share`` of calls get that, the others the
    measured model. ``skill`` is added on both sides. ``memorised`` items are right with ``recall``, or easier by
    ``effect`` where that is not 0, and so is ``spill`` of the fresh ones. ``flaky`` of the scores are wrong, on both
    sides. ``missing`` of the calls fail, and ``missing_wrong`` of the wrong ones. ``slow``: wrong answers take so many
    times as long, over 64 connections. A router: the model is better by ``gain`` where it recognises a prompt, which it
    does of ``recognised`` of the calls that show the benchmark's, and of ``misrecognised`` of the others.
    ``same_items``: the public items of a generated benchmark are one draw for all vendors of the kind, as they are for
    all who audit with one benchmark, and not a draw for each. ``day``: the ``share`` is the last part of each day of so
    many calls; 0: of the first pass over a benchmark, and all that follows.

    What the sheet says: ``stated`` is ``greedy``, ``sampled`` or ``nothing``, where that is not how it measured
    (``greedy``: the auditor's word, which is not on the vendor's page);
    ``first``: the ``scored`` items are the file's first, which it does not say. Answers on both sides:
    ``greedy_lower``: greedy ones are so many points worse than sampled ones (else right as a draw by each item's p);
    of right ones a share ``lowers`` turns wrong; ``clusters``; ``bursts``, whose long-run mean it prints. ``clamped``:
    what is served is so far on the way to sampled answers that never vary, at the same score.
    """

    decoding: str = "greedy"
    passes: tuple[int, ...] = (1,)
    entropy: tuple[float, ...] = (0.5, 2.0)
    scored: int = 0
    formats: int = 1
    prompts: int = 1
    checkpoints: int = 1
    winner: bool = True
    runs: int = 1
    models: int = 1
    same_family: bool = False
    mixes: bool = True
    inflated: float = 0.0
    boundary: bool = False
    unsteady: tuple[float, ...] | None = None
    ability: float = 0.0
    correlation: float = 1.0
    share: float = 1.0
    skill: float = 0.0
    memorised: float = 0.0
    recall: float = 0.98
    effect: float = 0.0
    spill: float = 0.0
    flaky: float = 0.0
    missing: float = 0.0
    missing_wrong: float = 0.0
    slow: float = 1.0
    gain: float = 0.0
    recognised: float = 1.0
    misrecognised: float = 0.0
    same_items: bool = False
    day: int | None = None
    stated: str = ""
    first: bool = False
    greedy_lower: float | None = None
    lowers: float = 0.0
    clamped: float = 0.0
    clusters: Clusters | None = None
    bursts: Bursts | None = None


class World(Record, frozen=True, kw_only=True):
    """A simulated world: families of models, benchmarks, and kinds of vendors.

    ``zipf``: the exponent of the families' sizes. Standard deviations, in logits: of the ability of ``family``, of
    ``vendor`` in it, of each vendor in a ``benchmark``, of each family there, of a ``format``, of a ``checkpoint``,
    of a ``header``: a first line with its worked examples, the published ones among them.
    ``correlation`` is that of two formats, checkpoints or precisions of a model in a Gaussian copula. ``unsteady`` are
    the shares of greedy answers that a server flips, ``rounded`` the share of vendors that round (the others truncate).
    """

    format: str
    name: str
    seed: int
    families: int
    zipf: float
    family: float
    vendor: float
    benchmark: float
    family_benchmark: float
    format_effect: float
    checkpoint_effect: float
    correlation: float
    unsteady: tuple[float, ...]
    rounded: float
    items: ItemCurves
    benchmarks: tuple[Benchmark, ...]
    honest: tuple[Kind, ...]
    cheats: tuple[Kind, ...]
    header_effect: float = 0.0
    digest: str = ""


def load_world(name: str, path: Path | None = None) -> World:
    """The parameters of a world: those that come with Steelyard, or a file's.

    Raises InputError for a file that cannot be read, and for anything in it that is not a parameter of a world.
    """
    return read_parameters(World, WORLDS[name], path, _faults_of_world)


def read_parameters(kind: type[W], name: str, path: Path | None, faults: Callable[[W], Iterator[str]]) -> W:
    """A world of some kind, one that comes with Steelyard under a name or a file's, with its SHA-256 as ``digest``.

    Raises InputError for a file that cannot be read, and for anything in it that is not such a parameter.
    """
    where = str(path) if path else name
    try:
        data = path.read_bytes() if path else files("steelyard_forensics.gauntlet.worlds").joinpath(name).read_bytes()
        text = data.decode()
    except FileNotFoundError:
        raise InputError(f"{where}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: it cannot be read: {error}") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"{where}: larger than a megabyte")
    tree = read_tree(text, where)
    if not isinstance(tree, Branch):
        raise InputError(f"{where}: it holds no parameters; begin with 'format: …', as {name} does")
    try:
        world = msgspec.convert(_plain(tree), kind, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {error}") from None
    for what in faults(world):
        raise InputError(f"{where}: {what}")
    return msgspec.structs.replace(world, digest=sha256(data).hexdigest())


def _plain(node: Node) -> Any:
    if isinstance(node, Branch):
        return {key: _plain(value) for key, value in node.entries.items()}
    if isinstance(node, Items):
        return [_plain(each) for each in node.items]
    return None if node.is_null else node.text


_SHARES: Final = (
    "correlation", "share", "memorised", "recall", "spill", "flaky", "missing", "missing_wrong", "lowers", "clamped",
    "recognised", "misrecognised",
)  # fmt: skip
_COUNTS: Final = ("formats", "prompts", "checkpoints", "runs", "models")
_VARYING: Final = (*_SHARES, *_COUNTS, "inflated", "ability", "skill", "effect", "gain", "greedy_lower")
_SPREADS: Final = (
    "zipf", "family", "vendor", "benchmark", "family_benchmark", "format_effect", "checkpoint_effect", "header_effect",
)  # fmt: skip
_LARGEST: Final = 100.0  # of what has no other limit: logits, points
_MOST_CALLS: Final = 1_000_000


def _faults_of_world(world: World) -> Iterator[str]:
    if world.format != _FORMAT:
        yield f"format: {world.format[:40]!r} is not {_FORMAT}"
    if not (1 <= world.families <= 100_000 and 0 <= world.seed < 2**63):
        yield "there are 1 to 100,000 families, and a seed from 0"
    if not all(0 <= getattr(world, name) <= _LARGEST for name in _SPREADS):
        yield f"{', '.join(_SPREADS)} are between 0 and {_LARGEST:g}"
    if not (_are_shares(world.correlation, world.rounded, *world.unsteady) and world.unsteady):
        yield "correlation, rounded and each of unsteady are between 0 and 1"
    for items in (world.items, *(each.items for each in world.benchmarks if each.items)):
        if not (abs(items.mean[0]) <= _LARGEST and 0 <= items.mean[1] - items.mean[0] <= _LARGEST):
            yield "items: mean is the lowest and the highest one"
        if not (0 <= items.spread <= _LARGEST and 0 <= items.slope <= 10):
            yield "items: spread is from 0 on, slope between 0 and 10"
    for benchmark in world.benchmarks:
        if not (20 <= benchmark.samples <= 20_000 and 0 <= benchmark.chance < 1):
            yield f"benchmarks: {benchmark.name[:40]!r} has 20 to 20,000 samples, and a chance below 1"
        if not (-1 <= benchmark.drift <= 1 and 1 <= benchmark.subjects <= benchmark.samples):
            yield f"benchmarks: {benchmark.name[:40]!r} has a drift between -1 and 1, and at least one subject"
    kinds = (*world.honest, *world.cheats)
    names = [each.name for each in world.benchmarks], [kind.name for kind in kinds]
    if not all(several and len(set(several)) == len(several) for several in names):
        yield "benchmarks and kinds of vendors are needed, each with a name of its own"
    for kind in kinds:
        yield from faults_of(kind)


def faults_of(kind: Kind) -> Iterator[str]:
    """What is wrong with a kind, each in a line; nothing where it is one."""
    name = f"{kind.name[:40]!r}"
    if kind.varies not in ("", *_VARYING):
        yield f"{name} varies {kind.varies[:40]!r}, not one of {', '.join(_VARYING)}"
    elif bool(kind.varies) != bool(kind.doses):
        yield f"{name}: 'varies' and 'doses' go together"
    if kind.decoding not in ("greedy", "sampled"):
        yield f"{name}: decoding is greedy or sampled"
    if not (kind.entropy and all(0 < each <= 1_000 for each in kind.entropy)):
        yield f"{name}: each of entropy is above 0"
    if not (kind.passes and all(1 <= each <= 1_000 for each in kind.passes) and 0 <= kind.scored <= 20_000):
        yield f"{name}: each of passes is from 1 to 1,000, and scored from 0 on"
    if kind.unsteady is not None and not (kind.unsteady and _are_shares(*kind.unsteady)):
        yield f"{name}: each of unsteady is between 0 and 1"
    if not 1 <= kind.slow <= 1_000:
        yield f"{name}: slow is from 1 to 1,000"
    if kind.stated not in ("", "nothing", "greedy", "sampled"):
        yield f"{name}: stated is nothing, greedy or sampled"
    if (common := kind.clusters) and not (2 <= common.size <= 20_000 and _are_shares(common.share)):
        yield f"{name}: clusters have a size from 2 to 20,000, and a share"
    calls = kind.bursts.calls if kind.bursts else (1,)
    if (bursts := kind.bursts) and not (0 < bursts.share < 1 and 0 <= bursts.drop <= 100 and calls):
        yield f"{name}: bursts have a share, a drop of at most 100 points, and lengths in calls"
    if not all(0 <= each <= _MOST_CALLS for each in (kind.day or 0, *(each - 1 for each in calls))):
        yield f"{name}: day and the lengths of bursts are at most {_MOST_CALLS:,} calls"
    if kind.day is not None and (bursts or kind.gain):
        yield f"{name}: day does not go together with bursts or with a router"
    try:
        each_dose = list(kind.each()) if kind.varies in _VARYING else [kind]
    except (ValueError, OverflowError):  # a count that is no number
        yield f"{name}: a dose is no number"
        return
    for each in each_dose:
        if not _are_shares(*(getattr(each, share) for share in _SHARES)):
            yield f"{name}: {', '.join(_SHARES)} are between 0 and 1"
        if not all(1 <= getattr(each, count) <= 1_000 for count in _COUNTS):
            yield f"{name}: {', '.join(_COUNTS)} are between 1 and 1,000"
        if not all(abs(getattr(each, logit)) <= _LARGEST for logit in ("ability", "skill", "effect", "inflated")):
            yield f"{name}: ability, skill, effect and inflated are at most {_LARGEST:g}"
        if not all(0 <= value <= _LARGEST for value in (each.gain, each.greedy_lower or 0)):
            yield f"{name}: gain is between 0 and {_LARGEST:g}, and so is greedy_lower"


def _are_shares(*values: float) -> bool:
    return all(0 <= value <= 1 for value in values)
