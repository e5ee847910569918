"""Claim sheet → plan: what will be asked, how much of it, in which order, and what will count as what.

The plan is sealed before the first call. Everything that could be bent afterwards to reach a wished result stands in
it: the samples (as a Merkle root), their order, the tests with their integer stop tables, the shares of the budget.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.detectors.claim_retest_plan import seal_row
from steelyard.errors import InputError
from steelyard.planning.decoding import asks_chat, decoding_of, probe_of, repeats_of
from steelyard.planning.samples import Prepared, as_asked, digests_of, load_samples
from steelyard.planning.testable import Skip, check_testable, incomplete, kind_of, other_average, task_of
from steelyard.plugins import ExecutingScorer
from steelyard.records import (
    Capabilities,
    Claim,
    ClaimSheet,
    Limits,
    ModelIdentity,
    Plan,
    PlanRow,
    RepeatCheck,
    SkippedClaim,
)
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.tasks import ChosenProtocol, Task
    from steelyard.tasks.catalogue import Catalogue

__all__ = ["Options", "build_plan", "order_material"]


@dataclass(frozen=True)
class Options:
    """What the user may choose; everything else is the plan's to decide."""

    alpha: float = 0.05
    tolerance: str = "2"
    limit: int | None = None
    budget_seconds: float | None = None
    concurrency: int | None = None
    data: Path | None = None
    task_files: tuple[Path, ...] = ()
    with_texts: bool = False
    limits: Limits = field(default_factory=Limits)
    attempt_timeout: float = 120.0
    max_attempts: int = 5
    repeats: int | None = None  # answers to each sample, where the run measures and tests no claim


def build_plan(
    sheet: ClaimSheet,
    identity: ModelIdentity,
    capabilities: Capabilities,
    options: Options,
    prove_order: Callable[[dict[str, Any]], str] | None = None,
    estimate: bool = False,
) -> tuple[Plan, dict[str, Prepared]]:
    """Plan every claim of the sheet against one model; ``estimate``: measure the tasks that it names, test nothing.

    ``prove_order`` signs the order's material (the auditor's key); without it the order is drawn at random.
    Raises InputError for options that cannot be used.
    """
    from steelyard.tasks.catalogue import Catalogue

    catalogue = Catalogue(options.task_files)
    candidates: list[tuple[Claim, PlanRow, Prepared]] = []
    skipped: list[SkippedClaim] = []
    if options.data is not None and not options.data.is_dir():
        raise InputError("there is no such folder: --data names a mirror of the data sets", where=options.data)
    _tolerance(options.tolerance)  # refused before any claim is looked at
    for number, claim in enumerate(sheet.claims):
        try:
            candidates.append(_plan_claim(number, claim, catalogue, capabilities, options, estimate))
        except Skip as skip:
            skipped.append(SkippedClaim(claim=number, task=claim.task, verdict=skip.verdict, reason=skip.reason))
    if unused := catalogue.unused():
        raise InputError(f"no claim names the task {unused[0]!r} that --task gives: write its name as a claim's task")
    roots = {row.id: row.samples_root for _, row, _ in candidates}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    proof = prove_order(order_material(sheet, identity, roots, created)) if prove_order else ""
    secret = proof or secrets.token_hex(32)
    prepared = {}
    for claim, row, samples in candidates:
        sealed = seal_row(row, claim, options.alpha, len(candidates), secret)
        prepared[row.id] = replace(samples, row=sealed)
    plan = Plan(
        software=software(),
        created=created,
        sheet=sheet,
        model=identity,
        alpha=options.alpha,
        tolerance=options.tolerance,
        rows=tuple(samples.row for samples in prepared.values()),
        skipped=tuple(skipped),
        order_proof=proof,
        budget_us=None if options.budget_seconds is None else int(options.budget_seconds * 1e6),
        max_attempts=options.max_attempts,
        attempt_timeout_us=int(options.attempt_timeout * 1e6),
        limits=options.limits,
        concurrency=min(options.concurrency or capabilities.concurrency, capabilities.concurrency),
        adaptive=options.concurrency is None and capabilities.concurrency > 1,
        texts="sealed"
        if options.with_texts or not any(samples.withheld for samples in prepared.values())
        else "withheld",
        plugins={row.scorer: version("steelyard") for _, row, _ in candidates},
    )
    return plan, prepared


def order_material(sheet: ClaimSheet, identity: ModelIdentity, roots: dict[str, str], created: str) -> dict[str, Any]:
    """What the order's proof signs: one order a day for the same claims about the same model.

    Remarks and layout of the sheet are left out, since they could be varied to grind for a pleasant order; the day is
    in, so that an order which was published with a bundle does not tell a vendor the next audit's.
    """
    claims = [[claim.task, claim.value, claim.unit] for claim in sheet.claims]
    return {"claims": claims, "model": [identity.uri, identity.sha256], "samples": roots, "day": created[:10]}


def _plan_claim(
    number: int,
    claim: Claim,
    catalogue: Catalogue,
    capabilities: Capabilities,
    options: Options,
    estimate: bool,
) -> tuple[Claim, PlanRow, Prepared]:
    task = task_of(claim, catalogue)
    protocol = task.protocol_for(claim)
    kind = kind_of(task, protocol, capabilities, estimate)
    if not estimate:
        if protocol.refused:
            raise Skip("not_testable", protocol.refused)
        check_testable(claim, task.chance, _tolerance(options.tolerance))
    decoding, temperature, told = decoding_of(claim, kind)
    chat, as_told = asks_chat(task.cell(protocol.cell), capabilities)
    told = (*told, *as_told, *other_average(claim))
    samples = as_asked(load_samples(task, protocol, options.data), temperature, chat)
    if not samples:
        raise Skip("not_tested", "the task has no samples")
    digests, samples_root = digests_of(samples)
    population = len(samples)
    told = (*told, *incomplete(task, population))
    limit = None if options.limit is None else min(options.limit, population)
    row = PlanRow(
        id=f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', task.id)[:100]}",
        claim=number,
        task=task.id,
        cell=protocol.cell,
        shots=protocol.shots,
        chat=chat,
        differences=(*protocol.differences, *told),
        scorer=_scorer(task, protocol),
        kind=kind,
        decoding=decoding,
        temperature=temperature,
        population=population,
        repeats=(options.repeats or 1) if estimate else repeats_of(decoding, population),
        limit=limit,
        samples_root=samples_root,
        order_seed="",
        chance=task.chance,
        tolerance=options.tolerance,
        threshold=0,
        alpha_inconsistent=options.alpha,
        alpha_consistent=options.alpha,
        stop_inconsistent=(),
        stop_consistent=(),
        weight=1.0,
        share=1.0,
        # Where nothing is tested nothing rests on a probe, and its calls would come out of the user's limits.
        probe=RepeatCheck() if estimate else probe_of(decoding, capabilities, limit or population),
        claimed_repeats=claim.repeats if isinstance(claim.repeats, int) else 1,
        claimed_samples=claim.samples if claim.samples is not None and claim.samples < population else None,
        public=task.public,
        estimate=estimate,
    )
    withheld = task.public and task.definition.generator is None
    return claim, row, Prepared(row=row, samples=samples, digests=digests, withheld=withheld)


def _scorer(task: Task, protocol: ChosenProtocol) -> str:
    """The identifier of the scorer, where its marks can be made here."""
    from steelyard.scorers import open_scorer

    scorer = open_scorer(task.scorer_for(protocol.cell))
    if isinstance(scorer, ExecutingScorer) and (unavailable_reason := scorer.unavailable_reason()):
        raise Skip("not_testable", unavailable_reason)
    return scorer.identifier


def _tolerance(text: str) -> Fraction:
    try:
        tolerance = Fraction(text) / 100
    except (ValueError, ZeroDivisionError):
        raise InputError(f"--tolerance takes percentage points, such as 2 or 0.7, not {text!r}") from None
    if not 0 < tolerance < 1:
        raise InputError(f"--tolerance must lie between 0 and 100 percentage points, not {text}")
    return tolerance
