"""Claim sheet or task → plan: which samples are asked, how many, in which order, and how they are tested.

The plan is sealed before the first call. It contains everything that could be changed afterwards to get a desired
result: the samples (as a Merkle root), their order, the tests with their integer stop tables, the shares of the budget.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import sha256_hex
from steelyard.planning.options import Options, tolerance_of
from steelyard.planning.planner import TaskPlanner
from steelyard.planning.samples import Prepared
from steelyard.planning.sources import DataSource
from steelyard.planning.weights import share_out
from steelyard.plugins import Detector, MeasurementRequest, distribution_of, find
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    ClaimSheet,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
)
from steelyard.scorers import scorer_named
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.tasks.catalogue import Catalogue

__all__ = [
    "DETECTORS",
    "Planned",
    "RunRequest",
    "build_plan",
    "build_run",
    "measurement_request",
    "order_material",
    "plugins_of",
    "with_orders",
]

ProveOrder = Callable[[dict[str, Any]], str]

# What every audit plans. Users add others by name; all are loaded as plugins.
DETECTORS = ("desk_screen", "claim_retest")


@dataclass(frozen=True)
class Planned:
    """A plan with its loaded samples, by measurement id."""

    plan: Plan
    prepared: Mapping[str, Prepared]


@dataclass(frozen=True)
class RunRequest:
    """A task to measure: its name, and what differs from the task's defaults."""

    task: str
    prompt: str = ""
    shots: int | None = None
    temperature: float | None = None


def measurement_request(wanted: RunRequest, repeats: int | None, name: str = "") -> MeasurementRequest:
    """A run's request to the planner, called like its task unless it has a ``name``."""
    return MeasurementRequest(
        name=name or wanted.task,
        task=wanted.task,
        prompt=wanted.prompt,
        shots=wanted.shots,
        temperature=wanted.temperature,
        repeats=repeats,
    )


def build_plan(
    sheet: ClaimSheet, models: Mapping[str, PlannedModel], options: Options, prove_order: ProveOrder | None = None
) -> Planned:
    """Plan a test of every claim in the sheet, and what further detectors request.

    ``prove_order`` signs the order's material with the auditor's key; without it the order is drawn at random.
    Raises InputError for options that cannot be used, and for a file of ``--task`` that no claim names.
    """
    catalogue = _catalogue(options)
    tolerance_of(options.tolerance)  # an invalid tolerance is refused before any task is opened
    planner = TaskPlanner(sheet, models, options, DataSource(catalogue, options.data))
    detectors = {name: _detector(name) for name in dict.fromkeys((*DETECTORS, *options.detectors))}
    tests = [test for detector in detectors.values() for test in detector.plan(planner)]
    if unused := catalogue.unused():
        raise InputError(f"no claim names the task {unused[0]!r} of --task: write its name as the task of a claim")
    by_rule = {f"{detector.name}@{detector.version}": detector for detector in detectors.values()}
    planned = _with_order(planner, sheet, models, options, prove_order, tests, tuple(by_rule))
    sealed = tuple(by_rule[test.rule].seal(test, planned.plan) for test in planned.plan.tests)
    return replace(planned, plan=msgspec.structs.replace(planned.plan, tests=sealed))


def build_run(
    wanted: Sequence[RunRequest],
    models: Mapping[str, PlannedModel],
    options: Options,
    prove_order: ProveOrder | None = None,
) -> Planned:
    """Plan measurements without tests: ``steelyard run``. Raises InputError for a task that cannot be measured."""
    planner = TaskPlanner(None, models, options, DataSource(_catalogue(options), options.data))
    for request in wanted:
        served = planner.measure(measurement_request(request, options.repeats))
        if served is None:
            refused = planner.not_planned[-1]
            raise InputError(f"{refused.task}: {refused.reason}")
        measurement = planner.measurement(served)
        if request.shots is not None and request.shots != measurement.shots:
            shown = f"the prompt format {measurement.prompt} shows {measurement.shots} worked examples"
            raise InputError(f"{measurement.task}: {shown}: leave --shots out, or name another --prompt")
    return _with_order(planner, None, models, options, prove_order, ())


def order_material(
    sheet: ClaimSheet | None, identity: ModelIdentity, roots: dict[str, str], created: str
) -> dict[str, Any]:
    """What the order's proof signs: one order a day for the same claims about the same model.

    The sheet's notes and layout are left out: an auditor could vary them until the order suits. The day is included:
    otherwise a vendor could learn the next audit's order from a published bundle.
    """
    claims = [[claim.task, claim.value, claim.unit] for claim in sheet.claims] if sheet else []
    return {"claims": claims, "model": [identity.uri, identity.sha256], "samples": roots, "day": created[:10]}


def with_orders(measurements: Sequence[Measurement], secret: str) -> tuple[Measurement, ...]:
    """The measurements with order seeds derived from a secret, and equal shares of the time budget."""
    return tuple(
        msgspec.structs.replace(
            each, order_seed=sha256_hex(f"{secret}:{each.id}".encode()), share=1.0 / len(measurements)
        )
        for each in measurements
    )


def _catalogue(options: Options) -> Catalogue:
    from steelyard.tasks.catalogue import Catalogue

    if options.data is not None and not options.data.is_dir():
        raise InputError("there is no such folder: give --data a mirror of the data sets", where=options.data)
    return Catalogue(options.task_files, options.question, options.answer)


def _detector(name: str) -> Detector:
    detector: Detector = find("detector", name)()
    return detector


def _with_order(
    planner: TaskPlanner,
    sheet: ClaimSheet | None,
    models: Mapping[str, PlannedModel],
    options: Options,
    prove_order: ProveOrder | None,
    tests: Sequence[PlannedTest],
    rules: tuple[str, ...] = (),
) -> Planned:
    drafts = [draft.measurement for draft in planner.drafts.values()]
    created = datetime.now(UTC).isoformat(timespec="seconds")
    roots = {draft.id: draft.samples_root for draft in drafts}
    material = order_material(sheet, models[SUBJECT].identity, roots, created)
    proof = prove_order(material) if prove_order else ""
    measurements = with_orders(drafts, proof or secrets.token_hex(32))
    prepared = {each.id: replace(planner.drafts[each.id], measurement=each) for each in measurements}
    withheld = any(draft.withheld for draft in prepared.values()) and not options.with_texts
    plan = Plan(
        format=PLAN_FORMAT,
        software=software(),
        created=created,
        sheet=sheet,
        models=dict(models),
        measurements=measurements,
        detectors=rules,
        tests=share_out(tests),
        served=tuple(planner.served) if sheet else (),
        not_planned=tuple(planner.not_planned),
        alpha=options.alpha,
        tolerance=options.tolerance if sheet else "",
        order_proof=proof,
        tasks=dict(sorted(planner.tasks.items())),
        limit=options.limit,
        scorer=scorer_named(options.scorer).identifier if options.scorer else "",
        output_tokens=options.output_tokens,
        reasoning_effort=options.reasoning_effort,
        budget_us=None if options.budget_seconds is None else int(options.budget_seconds * 1e6),
        accept_model=bool(sheet) and options.accept_model,
        allow_part=bool(sheet) and options.allow_part,
        texts="withheld" if withheld else "sealed",
        plugins=plugins_of(measurements, rules),
    )
    return Planned(plan, prepared)


def plugins_of(measurements: Sequence[Measurement], rules: Sequence[str]) -> dict[str, str]:
    """The distribution and version of every scorer and detector that the plan uses."""
    names = {("scorer", scorer) for measurement in measurements for scorer in measurement.scorers}
    names |= {("detector", rule) for rule in rules}
    plain = {(kind, re.split(r"[@\[]", name)[0]) for kind, name in names}
    return {f"{kind}.{name}": distribution_of(kind, name) for kind, name in sorted(plain)}
