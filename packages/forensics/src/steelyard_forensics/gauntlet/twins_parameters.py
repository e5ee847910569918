"""The numbers of authored twins and of a panel: all in one YAML file, beside those of the simulated world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from steelyard.records.record import Record
from steelyard_forensics.gauntlet.parameters import Dosed, read_parameters

__all__ = ["TwinsKind", "TwinsWorld", "load_twins"]

_FORMAT: Final = "steelyard-gauntlet-twins/1"
_OWN: Final = "twins.yaml"
_SHARES: Final = ("memorised", "recall", "spill", "flaky", "missing", "missing_wrong")
_LOGITS: Final = ("harder", "brittle", "skill", "effect")
_VARYING: Final = (*_SHARES, *_LOGITS, "variants")
_LARGEST: Final = 100.0
_MOST_MODELS: Final = 2_000


class TwinsKind(Dosed, frozen=True, kw_only=True):
    """One kind of vendor, by what distinguishes it from a plain honest one. Shares are proportions, abilities logits.

    Twins are ``harder`` for everybody, and beyond that ``brittle`` for this vendor alone. ``skill`` is added on both
    sides. ``memorised`` public items are right with ``recall``, or easier by ``effect`` where that is not 0, and so is
    ``spill`` of the twins. ``flaky`` of its scores are wrong; ``missing`` of its calls fail, and ``missing_wrong`` of
    the wrong ones. ``variants``: the best of so many formats or checkpoints by public score, which it serves.
    ``no_cheat``: it is among the cheats, since it is beyond what the test assumes, and does nothing wrong.
    """

    no_cheat: bool = False
    harder: float = 0.0
    brittle: float = 0.0
    skill: float = 0.0
    memorised: float = 0.0
    recall: float = 0.98
    effect: float = 0.0
    spill: float = 0.0
    flaky: float = 0.0
    missing: float = 0.0
    missing_wrong: float = 0.0
    variants: int = 1


class TwinsWorld(Record, frozen=True, kw_only=True):
    """A panel of so many ``models``, and kinds of vendors that are held against it.

    Standard deviations, in logits: ``shift`` of how much harder a benchmark's twins are, ``scatter`` of how much harder
    they are to each model, ``item`` of a twin against its own item. ConStat has so many ``reference_models``, each of a
    family of its own, and the first ``constat_vendors`` of each kind are held against it: it is slow.
    """

    format: str
    name: str
    seed: int
    models: int
    shift: float
    scatter: float
    item: float
    reference_models: int
    constat_vendors: int
    honest: tuple[TwinsKind, ...]
    cheats: tuple[TwinsKind, ...]
    digest: str = ""


def load_twins(path: Path | None = None) -> TwinsWorld:
    """The parameters that come with Steelyard, or a file's; raises InputError for anything else in it."""
    return read_parameters(TwinsWorld, _OWN, path, _faults_of_world)


def _faults_of_world(world: TwinsWorld) -> Iterator[str]:
    if world.format != _FORMAT:
        yield f"format: {world.format[:40]!r} is not {_FORMAT}"
    if not (2 <= world.models <= _MOST_MODELS and 0 <= world.seed < 2**63):
        yield f"there are 2 to {_MOST_MODELS:,} models, and a seed from 0"
    if not all(0 <= each <= _LARGEST for each in (world.shift, world.scatter, world.item)):
        yield f"shift, scatter and item are between 0 and {_LARGEST:g}"
    if not (5 <= world.reference_models <= _MOST_MODELS and world.constat_vendors >= 0):
        yield f"ConStat has 5 to {_MOST_MODELS:,} reference_models, and constat_vendors from 0"
    kinds = (*world.honest, *world.cheats)
    if not kinds or len({kind.name for kind in kinds}) != len(kinds):
        yield "kinds of vendors are needed, each with a name of its own"
    for kind in kinds:
        yield from _faults(kind)


def _faults(kind: TwinsKind) -> Iterator[str]:
    name = f"{kind.name[:40]!r}"
    if kind.varies not in ("", *_VARYING):
        yield f"{name} varies {kind.varies[:40]!r}, not one of {', '.join(_VARYING)}"
        return
    if bool(kind.varies) != bool(kind.doses):
        yield f"{name}: 'varies' and 'doses' go together"
    try:
        each_dose = [kind, *kind.each()]
    except (ValueError, OverflowError):  # a count that is no number
        yield f"{name}: a dose is no number"
        return
    for each in each_dose:
        if not all(0 <= getattr(each, share) <= 1 for share in _SHARES):
            yield f"{name}: {', '.join(_SHARES)} are between 0 and 1"
        if not all(abs(getattr(each, logit)) <= _LARGEST for logit in _LOGITS):
            yield f"{name}: {', '.join(_LOGITS)} are at most {_LARGEST:g}"
        if not 1 <= each.variants <= 1_000:
            yield f"{name}: variants are between 1 and 1,000"
