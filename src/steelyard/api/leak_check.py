"""A leak check of a sealed suite: what is asked next of a recipient, and what such a check can see.

Two tests can be in a check: of released items against kept ones, and where the suite has variants, of those that an
endpoint was asked against others of the same items. Each asks what the model's endpoint has not seen yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.models import recipient_of
from steelyard.errors import InputError
from steelyard.reports.words import counted
from steelyard.util.addresses import normal_endpoint
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.api.conduct import Job
    from steelyard.planning.options import Options
    from steelyard.plugins import Model
    from steelyard.suites.exposures import Exposure
    from steelyard.tasks.suite_seal import Parts
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["CanaryHit", "Halves", "NextCheck", "Pairs", "canaries_in", "check_job", "next_check"]


@dataclass(frozen=True, kw_only=True)
class Halves:
    """Released items against kept ones: the number of the check, its sizes, and how many are left after it.

    ``gap`` is the least difference, a proportion, that is seen with probability .9; None where none is.
    """

    number: int
    released: int
    kept: int
    left: int
    gap: float | None


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Variants that ``address`` was asked against others of the same items; ``number`` says which others.

    ``sent`` of the ``items`` are on record as sent to the address, which is one of so many sealed ``addresses``;
    ``left`` and ``gap`` as in :class:`Halves`.
    """

    address: str
    number: int
    items: int
    sent: int
    addresses: int
    left: int
    gap: float | None


@dataclass(frozen=True, kw_only=True)
class NextCheck:
    """The check that is next for a recipient; ``draw`` names the variants in which items are asked, if there are any.

    One of ``halves`` and ``pairs`` at least is there, and with both each has half of the level; of its share ``pairs``
    has one part for each sealed address. ``remarks`` say why one is not.
    """

    folder: Path
    suite: str
    draw: str
    halves: Halves | None
    pairs: Pairs | None
    remarks: tuple[str, ...] = ()


def next_check(folder: Path, model: str | Model, alpha: float, released_to: str = "") -> NextCheck:
    """The first check whose items the model's endpoint has not seen; a model on this machine sees every one as new.

    ``released_to`` is the address whose variants are looked for, by default the model's own.

    Raises InputError for a suite that is not sealed, for ``released_to`` that is no address of its seal, and where no
    check is left.
    """
    from steelyard.suites.exposures import read_exposures
    from steelyard.tasks.suite_file import check_endpoint, suite_folder
    from steelyard.tasks.suite_seal import parts_of
    from steelyard.tasks.suite_task import task_from_suite
    from steelyard.tasks.suite_variants import draw_of

    folder = suite_folder(folder)
    suite = task_from_suite(folder.with_name(f"{folder.name}#all"))
    if suite.seal is None:
        raise InputError(
            f"version {suite.file.version} is not sealed, so nothing is kept back: steelyard suite seal", where=folder
        )
    if released_to and not suite.variants.lines:
        raise InputError("has no variants that an address could have been asked: steelyard suite vary", where=folder)
    if released_to:
        check_endpoint(released_to, "--released-to")
    asked = normal_endpoint(recipient_of(model))
    address = normal_endpoint(released_to) if released_to else asked
    has_draw = address in suite.seal.addresses
    if released_to and not has_draw:
        raise InputError(_not_sealed(suite, address), where=folder)
    draw = draw_of(suite.seal, address) if has_draw else ""
    parts, exposures = parts_of(suite.seal, suite.rows.ids), read_exposures(folder)
    halves, no_halves = _halves(suite, parts, exposures, asked)
    no_pairs = _not_sealed(suite, address) if address and suite.variants.lines else ""
    pairs, no_pairs = _pairs(suite, parts, exposures, asked, address, draw) if draw else (None, no_pairs)
    if halves is None and pairs is None:
        raise InputError("; ".join(filter(None, (no_halves, no_pairs))), where=folder)
    level = alpha / 2 if halves and pairs else alpha
    return NextCheck(
        folder=folder,
        suite=suite.file.suite,
        draw=draw,
        halves=halves and _with_gap_of_halves(halves, level),
        pairs=pairs and _with_gap_of_pairs(pairs, level / pairs.addresses),
        remarks=tuple(filter(None, (no_halves, no_pairs))),
    )


def _halves(suite: SuiteTask, parts: Parts, exposures: list[Exposure], asked: str) -> tuple[Halves | None, str]:
    """The next check with kept items; else why there is none."""
    from steelyard.suites.exposures import exposed_items

    seen = suite.variants.originals(exposed_items(exposures).get(asked, {})) if asked else set()
    fresh = [number for number, items in enumerate(parts.checks, 1) if not items & seen]
    if not fresh:
        return None, (
            f"no check is left for {asked}: it has seen kept items of {_every(len(parts.checks))} (steelyard suite "
            "refresh, then seal another version)"
        )
    there = set(suite.items)
    released, kept = len(parts.released & there), len(parts.checks[fresh[0] - 1] & there)
    return Halves(number=fresh[0], released=released, kept=kept, left=len(fresh) - 1, gap=None), ""


def _pairs(
    suite: SuiteTask, parts: Parts, exposures: list[Exposure], asked: str, address: str, draw: str
) -> tuple[Pairs | None, str]:
    """The next check with other variants; else why there is none."""
    from steelyard.suites.exposures import exposed_items

    ordered = [
        [each.id for each in suite.variants.ordered(item, draw)]
        for item in suite.rows.items()
        if item.id in parts.released and item.id in suite.variants.by_item
    ]
    got = exposed_items(exposures).get(address, {}).keys()
    sent = sum(names[0] in got for names in ordered)
    if not sent:
        return None, f"{address} was not asked a variant of this version yet, so none can have leaked from there"
    runs = [set(each.items) for each in exposures if each.recipient == asked]
    fresh = [number for number in range(1, max(map(len, ordered))) if not _was_asked(number, ordered, runs)]
    if not fresh:
        return None, f"{asked} was asked all other variants of what {address} got (steelyard suite refresh)"
    number = fresh[0]
    items = [names for names in ordered if len(names) > number]
    sent = sum(names[0] in got for names in items)
    assert suite.seal is not None, "checked"
    sealed = len(suite.seal.addresses)
    found = Pairs(
        address=address, number=number, items=len(items), sent=sent, addresses=sealed, left=len(fresh) - 1, gap=None
    )
    return found, ""


def _not_sealed(suite: SuiteTask, address: str) -> str:
    assert suite.seal is not None, "checked"
    sealed = counted(len(suite.seal.addresses), "address", "addresses")
    named = one_line(address, 120)
    return (
        f"{named} is not sealed with the variants of version {suite.seal.version} ({sealed}): none were "
        "drawn for it, and there is no check by variants (name it under 'endpoints' and seal another version)"
    )


def _was_asked(number: int, ordered: list[list[str]], runs: list[set[str]]) -> bool:
    """Whether one run asked an item in both variants of this check: nothing but a check does so."""
    return any(len(names) > number and {names[0], names[number]} <= run for names in ordered for run in runs)


def _with_gap_of_halves(halves: Halves, level: float) -> Halves:
    from steelyard.stats.released import detectable_gap

    return replace(halves, gap=detectable_gap(halves.released, halves.kept, level))


def _with_gap_of_pairs(pairs: Pairs, level: float) -> Pairs:
    from steelyard.stats.variants import detectable_pair_gap

    return replace(pairs, gap=detectable_pair_gap(pairs.items, level))


def _every(checks: int) -> str:
    return "the only check" if checks == 1 else f"all {checks} checks"


def check_job(check: NextCheck, options: Options, alpha: float) -> Job:
    """The job that asks what the check needs and tests it at level ``alpha``, at most .05, in all.

    A check by variants of each sealed address, one after another, is at that level together.
    """
    from steelyard.api.conduct import requested_job
    from steelyard.records import RequestedTest

    parts = {"": ""}  # what is asked, by the option that names it
    if check.halves:
        parts["kept"] = f"check-{check.halves.number}"
    if check.pairs:
        parts["others"] = f"variant-{check.pairs.number}"
    drawn = f"for-{check.draw}" if check.draw else ""
    paths = [_part(check.folder, "-".join(filter(None, (part, drawn)))) for part in parts.values()]
    requested = RequestedTest(
        detector="leak",
        task=check.suite,
        options={
            **{option: f"{check.suite}-{part}" for option, part in parts.items() if option},
            "alpha": f"{alpha:.12f}".rstrip("0"),
            **({"addresses": check.pairs.addresses} if check.pairs else {}),
        },
    )
    return requested_job([requested], replace(options, task_files=tuple(paths)))


def _part(folder: Path, part: str) -> Path:
    return folder.with_name(f"{folder.name}#{part}") if part else folder


@dataclass(frozen=True)
class CanaryHit:
    """An answer that holds the suite's canary: the model has read the suite's files."""

    measurement: str
    sample: str


def canaries_in(run: Path, canary: str) -> list[CanaryHit]:
    """The answers of a run that hold the canary; none where the suite has no canary."""
    from steelyard.auditing.answers import answers_of
    from steelyard.storage.run_folder import RunFolder

    if not canary:
        return []
    return [
        CanaryHit(each.measurement, each.sample)
        for each in answers_of(RunFolder.open(run), lambda score: True)
        if canary in (each.answer or "") or canary in (each.reasoning or "")
    ]
