"""The numbers of a world, all in one YAML file: who its vendors are, honest ones and cheaters, and its benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from steelyard.errors import InputError
from steelyard.records.record import Record
from steelyard.util.yaml_tree import Branch, Items, Node, read_tree

__all__ = ["WORLDS", "Benchmark", "ItemCurves", "Kind", "World", "load_world"]

_FORMAT: Final = "steelyard-gauntlet/1"
_MOST_BYTES: Final = 1_000_000
WORLDS: Final = {"simulated": "simulated.yaml"}


class Benchmark(Record, frozen=True, kw_only=True):
    """A benchmark: how many samples it has, what guessing reaches, and whether a generator makes more of them."""

    name: str
    samples: int
    chance: float = 0.0
    generated: bool = False


class ItemCurves(Record, frozen=True, kw_only=True):
    """Items on the logit scale: p = c + (1 − c)·σ(a·(ability − b)), with b ~ N(m, spread), m uniform, log a normal."""

    mean: tuple[float, float]
    spread: float
    slope: float


class Kind(Record, frozen=True, kw_only=True):
    """One kind of vendor, by what distinguishes it from a plain honest one. Shares are proportions, abilities logits.

    ``says`` describes it to a reader. ``varies`` names the field that takes each of the ``doses`` in turn.

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
    times as long, over 64 connections. ``same_items``: the public items of a generated benchmark are one draw for all
    vendors of the kind, as they are for all who audit with one benchmark, and not a draw for each.
    """

    name: str
    says: str = ""
    varies: str = ""
    doses: tuple[float, ...] = ()
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
    same_items: bool = False

    @property
    def dose(self) -> float | None:
        """The value of what varies; None where nothing does."""
        return float(getattr(self, self.varies)) if self.varies else None

    def each(self) -> Iterator[Kind]:
        """This kind with each of its doses; itself where it has none."""
        if not self.varies:
            yield self
        for dose in self.doses:
            value = int(dose) if isinstance(getattr(self, self.varies), int) else dose
            yield msgspec.structs.replace(self, **{self.varies: value}, doses=())


class World(Record, frozen=True, kw_only=True):
    """A simulated world: families of models, benchmarks, and kinds of vendors.

    ``zipf``: the exponent of the families' sizes. Standard deviations, in logits: of the ability of ``family``, of
    ``vendor`` in it, of each vendor in a ``benchmark``, of each family there, of a ``format``, of a ``checkpoint``.
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
    digest: str = ""


def load_world(name: str, path: Path | None = None) -> World:
    """The parameters of a world: those that come with Steelyard, or a file's.

    Raises InputError for a file that cannot be read, and for anything in it that is not a parameter of a world.
    """
    where = str(path) if path else WORLDS[name]
    try:
        data = path.read_bytes() if path else files("steelyard.gauntlet.worlds").joinpath(WORLDS[name]).read_bytes()
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: {error}") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"{where}: larger than a megabyte")
    tree = read_tree(text, where)
    try:
        world = msgspec.convert(_plain(tree) if tree else None, World, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {error}") from None
    _check(world, where)
    return msgspec.structs.replace(world, digest=sha256(data).hexdigest())


def _plain(node: Node) -> Any:
    if isinstance(node, Branch):
        return {key: _plain(value) for key, value in node.entries.items()}
    if isinstance(node, Items):
        return [_plain(each) for each in node.items]
    return None if node.is_null else node.text


def _check(world: World, where: str) -> None:
    def fail(what: str) -> InputError:
        return InputError(f"{where}: {what}")

    if world.format != _FORMAT:
        raise fail(f"format: {world.format[:40]!r} is not {_FORMAT}")
    for benchmark in world.benchmarks:
        if not (20 <= benchmark.samples <= 20_000 and 0 <= benchmark.chance < 1):
            raise fail(f"benchmarks: {benchmark.name[:40]!r} has 20 to 20,000 samples, and a chance below 1")
    kinds = (*world.honest, *world.cheats)
    if not world.benchmarks or not kinds or len({kind.name for kind in kinds}) < len(kinds):
        raise fail("benchmarks and kinds of vendors are needed, each kind with a name of its own")
    for kind in kinds:
        if kind.varies not in ("", *_VARYING):
            raise fail(f"{kind.name[:40]!r} varies {kind.varies[:40]!r}, not one of {', '.join(_VARYING)}")
        if bool(kind.varies) != bool(kind.doses):
            raise fail(f"{kind.name[:40]!r}: 'varies' and 'doses' go together")
        if kind.decoding not in ("greedy", "sampled"):
            raise fail(f"{kind.name[:40]!r}: decoding is greedy or sampled")
        for each in kind.each():
            if not all(0 <= getattr(each, name) <= 1 for name in _SHARES):
                raise fail(f"{kind.name[:40]!r}: {', '.join(_SHARES)} are between 0 and 1")
            if not all(1 <= getattr(each, name) <= 1_000 for name in _COUNTS):
                raise fail(f"{kind.name[:40]!r}: {', '.join(_COUNTS)} are between 1 and 1,000")


_SHARES: Final = ("correlation", "share", "memorised", "recall", "spill", "flaky", "missing", "missing_wrong")
_COUNTS: Final = ("formats", "prompts", "checkpoints", "runs", "models")
_VARYING: Final = (*_SHARES, *_COUNTS, "inflated", "ability", "skill", "effect")
