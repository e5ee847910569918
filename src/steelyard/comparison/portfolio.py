"""Scored runs → concentration risk: shares, failures on the same samples, quality beside cost; a pure function."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean
from string import ascii_uppercase
from typing import Final

from msgspec.structs import replace

from steelyard.comparison.compare import spent_by
from steelyard.comparison.concentration import EQUAL_SHARES, concentrations, parts_of_one
from steelyard.comparison.contrast import LEAST_CLUSTERS
from steelyard.comparison.pairing import PairedTask, paired_tasks
from steelyard.comparison.portfolio_record import Flattening, Holding, Overlap, Portfolio
from steelyard.comparison.scored_run import ScoredRun
from steelyard.comparison.vendors import UNKNOWN, vendor_and_family
from steelyard.errors import InputError
from steelyard.stats.agreement import error_overlap
from steelyard.stats.clustered import clustered_interval
from steelyard.stats.intervals import wilson
from steelyard.stats.saturation import LEAST_POINTS, saturation
from steelyard.stats.sign_flip import cluster_sums, sign_flip_p

__all__ = ["Errors", "Facts", "common_errors", "overlaps", "portfolio_of"]

ALPHA: Final = 0.05
MOST_RUNS: Final = len(ascii_uppercase)


@dataclass(frozen=True)
class Facts:
    """What a user gives of runs, each by the run as it was named on the command line."""

    share: Mapping[str, float] = field(default_factory=dict)
    vendor: Mapping[str, str] = field(default_factory=dict)
    family: Mapping[str, str] = field(default_factory=dict)
    architecture: Mapping[str, str] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Errors:
    """Errors in [0, 1] of each model (a row) on the samples that all of them answered, and the cluster of each."""

    rows: tuple[tuple[float, ...], ...]
    clusters: tuple[Hashable, ...]
    left_out: int = 0
    tasks: tuple[str, ...] = ()


def portfolio_of(runs: Sequence[tuple[str, ScoredRun]], facts: Facts) -> Portfolio:
    """Measure the concentration of a portfolio of runs, each with the name that it was given.

    Raises InputError for fewer than two runs, the same one twice, shares that do not fit, and runs without common
    samples.
    """
    _check(runs)
    errors = common_errors([run for _, run in runs])
    shares = _shares(runs, facts.share)
    holdings = [
        _holding(number, *named, share, errors, facts)
        for number, (named, share) in enumerate(zip(runs, shares, strict=True))
    ]
    holdings = _with_frontier(holdings)
    flattening, why_not = _flattening(holdings)
    found = overlaps(errors)
    return Portfolio(
        alpha=ALPHA,
        n=len(errors.clusters),
        clusters=len(set(errors.clusters)),
        left_out=errors.left_out,
        tasks=errors.tasks,
        holdings=tuple(holdings),
        concentrations=tuple(concentrations(holdings)),
        overlaps=tuple(found),
        all_fail=fmean([math.prod(column) for column in zip(*errors.rows, strict=True)]),
        all_fail_expected=math.prod(fmean(row) for row in errors.rows),
        flattening=flattening,
        no_frontier=why_not,
        notes=tuple(_notes(holdings, errors, facts)),
    )


def _check(runs: Sequence[tuple[str, ScoredRun]]) -> None:
    if not 2 <= len(runs) <= MOST_RUNS:
        raise InputError(f"a portfolio is of 2 to {MOST_RUNS} runs, not of {len(runs)}")
    seen: set[tuple[str, str]] = set()
    for _, run in runs:
        if (run.plan_sha256, run.role) in seen:
            raise InputError("is given twice (or a copy of it): give each run once", where=run.path)
        seen.add((run.plan_sha256, run.role))


# ── errors on common samples ────────────────────────────────────────────────────────────────────────────────────────


def common_errors(runs: Sequence[ScoredRun]) -> Errors:
    """The errors (1 − score) of all runs on the samples that all were asked, without those that anyone left open.

    Raises InputError where there are fewer than two.
    """
    first, others = runs[0], runs[1:]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    groups: dict[tuple[str, str], str] = {}
    for number, other in enumerate(others, 1):
        seen: set[str] = set()
        for task in paired_tasks(first, other):
            if not isinstance(task, PairedTask) or task.task in seen:
                continue
            seen.add(task.task)
            for (name, _), (one, two) in zip(task.pairs, task.answers(), strict=True):
                key = task.task, name
                groups[key] = one.group
                row = found.setdefault(key, [(one.low, one.high)])
                if len(row) == number:
                    row.append((two.low, two.high))
    whole = {key: row for key, row in found.items() if len(row) == len(runs)}
    closed = {key: row for key, row in whole.items() if all(low == high for low, high in row)}
    if len(closed) < 2:
        raise InputError(
            f"these runs have {len(closed)} samples that all of them answered: run them on the same questions, to "
            "the end (a test of scores that stops a run early leaves none)"
        )
    by_task = {task: {groups[key] for key in closed if key[0] == task} for task, _ in closed}
    clusters = [
        (task, groups[task, name]) if len(by_task[task]) >= LEAST_CLUSTERS else (task, "", name)
        for task, name in closed
    ]
    rows = tuple(tuple(1 - row[place][0] for row in closed.values()) for place in range(len(runs)))
    return Errors(rows, tuple(clusters), len(whole) - len(closed), tuple(by_task))


def overlaps(errors: Errors) -> list[Overlap]:
    """Each pair's overlap of failures, the pair that fails least together first.

    Every other pair is tested against that one: the common failures of both, paired by sample, by sign flips (of whole
    clusters). The least pair was chosen by the same data, so p is multiplied by the number of pairs of pairs.
    """
    found, together = [], []
    for one, other in combinations(range(len(errors.rows)), 2):
        first, second = errors.rows[one], errors.rows[other]
        overlap = error_overlap(first, second, errors.clusters)
        found.append(Overlap(first=ascii_uppercase[one], second=ascii_uppercase[other], **overlap._asdict()))
        together.append([a * b for a, b in zip(first, second, strict=True)])
    order = sorted(range(len(found)), key=lambda place: found[place].both)
    least, times = order[0], math.comb(len(found), 2)
    marked = [found[least]]
    for place in order[1:]:
        apart = [a - b for a, b in zip(together[place], together[least], strict=True)]
        p = times * sign_flip_p(cluster_sums(apart, errors.clusters))
        marked.append(replace(found[place], not_told_apart=p > ALPHA))
    return marked


# ── holdings ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shares(runs: Sequence[tuple[str, ScoredRun]], given: Mapping[str, float]) -> list[float]:
    """The shares as given, made to sum to 1; equal ones where none is."""
    if not given:
        return [1 / len(runs)] * len(runs)
    if absent := [name for name, _ in runs if name not in given]:
        raise InputError(f"--share: {absent[0]} has none; give one for each run, or none at all")
    return parts_of_one([given[name] for name, _ in runs])


def _holding(number: int, name: str, run: ScoredRun, share: float, errors: Errors, facts: Facts) -> Holding:
    row = errors.rows[number]
    vendor, family = vendor_and_family(run.model_name)
    kinds = sorted({each.kind for several in run.model.capabilities.checkpoints.values() for each in several})
    known = {
        "vendor": (facts.vendor.get(name), vendor),
        "family": (facts.family.get(name), family),
        "architecture": (facts.architecture.get(name), " + ".join(kinds) or UNKNOWN),
    }
    low, high = _interval([1 - each for each in row], errors.clusters)
    return Holding(
        letter=ascii_uppercase[number],
        name=run.name,
        model=run.model_name,
        share=share,
        vendor=known["vendor"][0] or known["vendor"][1],
        family=known["family"][0] or known["family"][1],
        architecture=known["architecture"][0] or known["architecture"][1],
        guessed=tuple(what for what, (given, guess) in known.items() if not given and guess != UNKNOWN and not kinds),
        quality=1 - fmean(row),
        quality_low=low,
        quality_high=high,
        cost=facts.cost.get(name, spent_by(run).cost_per_call),
        on_frontier=False,
    )


def _interval(scores: list[float], clusters: tuple[Hashable, ...]) -> tuple[float, float]:
    if len(set(clusters)) < len(clusters):
        return clustered_interval(scores, clusters, len(scores))
    return wilson(round(math.fsum(scores)), len(scores))


def _with_frontier(holdings: list[Holding]) -> list[Holding]:
    """Mark those than which no other is at least as good for less, or better for the same."""
    marked = []
    for each in holdings:
        beaten = each.cost is None or any(
            other.cost is not None
            and (other.cost, -other.quality) != (each.cost, -each.quality)
            and other.cost <= each.cost
            and other.quality >= each.quality
            for other in holdings
        )
        marked.append(replace(each, on_frontier=not beaten))
    return marked


def _flattening(holdings: Sequence[Holding]) -> tuple[Flattening | None, str]:
    """Whether quality flattens with cost, or why that cannot be told."""
    if without := [each.letter for each in holdings if not each.cost]:
        return None, f"{', '.join(without)} has no cost of a call: give it by --cost RUN=AMOUNT, or prices to the run"
    costs = [each.cost for each in holdings if each.cost]
    found = saturation(costs, [each.quality for each in holdings])
    if found is None:
        return None, f"a curve needs {LEAST_POINTS} models of different cost and quality; there are {len(set(costs))}"
    ends = [each if math.isfinite(each) else None for each in (found.ceiling, found.ceiling_low, found.ceiling_high)]
    return (
        Flattening(
            points=len(costs),
            slope=found.slope,
            slope_low=found.slope_low,
            slope_high=found.slope_high,
            p=found.p,
            ceiling=ends[0],
            ceiling_low=ends[1],
            ceiling_high=ends[2],
        ),
        "",
    )


def _notes(holdings: Sequence[Holding], errors: Errors, facts: Facts) -> list[str]:
    found = []
    if guessed := [each.letter for each in holdings if each.guessed]:
        found.append(
            f"vendor and family of {', '.join(guessed)} are guessed from names: --vendor and --family give them"
        )
    for what in ("vendor", "family"):
        if unknown := [each.letter for each in holdings if getattr(each, what) == UNKNOWN]:
            found.append(f"the {what} of {', '.join(unknown)} is unknown, and counts as one of its own")
    if not facts.share:
        found.append(EQUAL_SHARES)
    if errors.left_out:
        found.append(f"{errors.left_out:,} samples are left out: an answer to them is open or missing")
    return found
