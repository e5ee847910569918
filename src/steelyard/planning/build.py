"""Claim sheet or task → plan: which samples are asked, how many, in which order, and how they are tested.

The plan is sealed before the first call. It contains everything that could be changed afterwards to get a desired
result: the samples (as a Merkle root), their order, the tests with their integer stop tables, the shares of the budget.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from steelyard.errors import InputError
from steelyard.planning.difficulties import with_difficulties
from steelyard.planning.footnotes import with_footnotes
from steelyard.planning.options import Options, tolerance_of
from steelyard.planning.orders import Orders, RandomOrders, questions_of, with_orders
from steelyard.planning.own_names import check_not_built_in
from steelyard.planning.planner import TaskPlanner
from steelyard.planning.rules import former_sentence
from steelyard.planning.samples import Prepared
from steelyard.planning.sources import DataSource
from steelyard.planning.turns import with_turns
from steelyard.planning.weights import share_out
from steelyard.plugins import Detector, MeasurementRequest, distribution_of, find
from steelyard.records import (
    PLAN_FORMAT,
    SUBJECT,
    ClaimSheet,
    Measurement,
    Plan,
    PlanInput,
    PlannedModel,
    PlannedTest,
    RequestedTest,
    is_identity_check,
)
from steelyard.scorers import scorer_named
from steelyard.util.software import software

if TYPE_CHECKING:
    from steelyard.tasks.catalogue import Catalogue

__all__ = [
    "AUTO",
    "DETECTORS",
    "Planned",
    "RunRequest",
    "build_plan",
    "build_run",
    "build_tests",
    "measurement_request",
    "planned_by",
    "plugins_of",
    "probing_rules",
]

# What every audit plans, and what asks beside the claims unless a user says otherwise. Users add others by name; all
# are loaded as plugins.
DETECTORS = ("desk_screen", "claim_retest", "not_served")
AUTO = ("twin_gap",)


@dataclass(frozen=True)
class Planned:
    """A plan with its loaded samples, by measurement id."""

    plan: Plan
    prepared: Mapping[str, Prepared]


@dataclass(frozen=True)
class RunRequest:
    """A task to measure: its name, the role of the model that is asked, and what differs from the task's defaults.

    ``window``: the part of a benchmark that grows, or the subset, as a plan seals it.
    """

    task: str
    role: str = SUBJECT
    prompt: str = ""
    shots: int | None = None
    temperature: float | None = None
    window: str = ""


def measurement_request(wanted: RunRequest, repeats: int | None, name: str = "") -> MeasurementRequest:
    """A run's request to the planner, called like its task and its role unless it has a ``name``."""
    return MeasurementRequest(
        name=name or (wanted.task if wanted.role == SUBJECT else f"{wanted.task}/{wanted.role}"),
        task=wanted.task,
        role=wanted.role,
        prompt=wanted.prompt,
        shots=wanted.shots,
        temperature=wanted.temperature,
        repeats=repeats,
        window=wanted.window,
    )


def build_plan(
    sheet: ClaimSheet, models: Mapping[str, PlannedModel], options: Options, orders: Orders | None = None
) -> Planned:
    """Plan a test of every claim in the sheet, and what further detectors request.

    ``orders`` fixes the orders of samples with the auditor's key; without it they are drawn at random.
    Raises InputError for options that cannot be used, and for a file of ``--task`` that no claim names.
    """
    catalogue = _catalogue(options)
    sheet = with_footnotes(sheet)
    if not all(claim.place for claim in sheet.claims):  # no source was given, or none can be read here
        sheet = msgspec.structs.replace(sheet, source_files=(), typed=True)
    tolerance_of(options.tolerance)  # an invalid tolerance is refused before any task is opened
    planner = TaskPlanner(sheet, models, options, DataSource(catalogue, options.data))
    wanted = (*DETECTORS, *(AUTO if options.detect.auto else ()), *options.detect.named)
    detectors = {name: _detector(name) for name in dict.fromkeys(wanted)}
    tests = [test for detector in detectors.values() for test in planned_by(detector, planner)]
    if unused := catalogue.unused():
        named = ", ".join(repr(each) for each in list(dict.fromkeys(claim.task for claim in sheet.claims))[:5])
        raise InputError(
            f"no claim names the task {unused[0]!r} of --task; the sheet names {named}: write {unused[0]} as the task "
            "of a claim, without a file's ending"
        )
    by_rule = {f"{detector.name}@{detector.version}": detector for detector in detectors.values()}
    probing = probing_rules(by_rule)
    planned = _with_orders(planner, models, options, orders, tests, tuple(by_rule), probing)
    sealed = tuple(by_rule[test.rule].seal(test, planned.plan) for test in planned.plan.tests)
    return replace(planned, plan=msgspec.structs.replace(planned.plan, tests=sealed))


def planned_by(detector: Detector, planner: TaskPlanner) -> Sequence[PlannedTest]:
    """The tests of one detector; what it asks beside the claims is refused in its name."""
    planner.planning = detector.name if probes(detector) else ""
    return detector.plan(planner)


def probes(detector: Detector) -> bool:
    """Whether a detector asks beside the claims."""
    return bool(getattr(detector, "probes", False))


def probing_rules(by_rule: Mapping[str, Detector]) -> frozenset[str]:
    """The rules of those detectors that ask beside the claims."""
    return frozenset(rule for rule, detector in by_rule.items() if probes(detector))


def build_run(
    wanted: Sequence[RunRequest],
    models: Mapping[str, PlannedModel],
    options: Options,
    orders: Orders | None = None,
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
    return _with_orders(planner, models, options, orders, ())


def build_tests(
    requested: Sequence[RequestedTest],
    models: Mapping[str, PlannedModel],
    options: Options,
    orders: Orders | None = None,
    inputs: Mapping[str, PlanInput] | None = None,
) -> Planned:
    """Plan tests that a user asked for without a claim: a gate, a choice, an identity check.

    ``inputs`` are digests of what else a verifier needs. Raises InputError for a test that cannot be planned; where the
    model gives no access that an identity check needs, the plan says so.
    """
    planner = TaskPlanner(None, models, options, DataSource(_catalogue(options), options.data), requested)
    detectors = [_detector(name) for name in dict.fromkeys(each.detector for each in requested)]
    tests = [test for detector in detectors for test in planned_by(detector, planner)]
    if planner.not_planned and not is_identity_check(requested):
        refused = planner.not_planned[0]
        raise InputError(f"{refused.task}: {refused.reason}")
    by_rule = {f"{detector.name}@{detector.version}": detector for detector in detectors}
    planned = _with_orders(planner, models, options, orders, tests, tuple(by_rule))
    plan = msgspec.structs.replace(planned.plan, inputs=dict(inputs or {}))
    sealed = tuple(by_rule[test.rule].seal(test, plan) for test in plan.tests)
    return replace(planned, plan=msgspec.structs.replace(plan, tests=sealed))


def _catalogue(options: Options) -> Catalogue:
    from steelyard.tasks.catalogue import Catalogue

    if options.data is not None and not options.data.is_dir():
        raise InputError("there is no such folder: give --data a mirror of the data sets", where=options.data)
    catalogue = Catalogue(options.task_files, options.own_files)
    check_not_built_in(catalogue.unused())
    return catalogue


def _detector(name: str) -> Detector:
    detector: Detector = find("detector", name)()
    return detector


def _with_orders(
    planner: TaskPlanner,
    models: Mapping[str, PlannedModel],
    options: Options,
    orders: Orders | None,
    tests: Sequence[PlannedTest],
    rules: tuple[str, ...] = (),
    probing: frozenset[str] = frozenset(),
) -> Planned:
    sheet = planner.sheet
    weight = options.detect.weight if any(test.rule in probing for test in tests) else ""
    plain = [draft.measurement for draft in planner.drafts.values()]
    drafts, known = with_difficulties(plain, tests, options.difficulties)
    questions, names = questions_of(drafts, models, tests)
    is_audit = bool(tests) and (is_identity_check(planner.requested) or not planner.requested)
    placed = (orders or RandomOrders()).place(questions, "audit" if is_audit else "run")
    ordered = {each.id: each for each in with_orders(drafts, names, placed.outputs, weight)}
    planner.draw({name: each.order_seed for name, each in ordered.items()})
    measurements = tuple(
        with_turns(_with_samples(ordered[name], draft.measurement), draft.samples, models[draft.measurement.role])
        for name, draft in planner.drafts.items()
    )
    prepared = {each.id: replace(planner.drafts[each.id], measurement=each) for each in measurements}
    published = options.published or any(draft.withheld for draft in prepared.values())
    plan = Plan(
        format=PLAN_FORMAT,
        software=software(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sheet=sheet,
        requested=tuple(planner.requested),
        models=dict(models),
        measurements=measurements,
        detectors=rules,
        detect=options.detect.named if sheet else (),
        detect_weight=weight,
        tests=share_out(tests, probing, weight),
        served=tuple(planner.served) if sheet or planner.requested else (),
        not_planned=tuple(planner.not_planned),
        inputs={**options.inputs, **known},
        alpha=options.alpha,
        tolerance=options.tolerance if sheet else "",
        questions=dict(placed.questions),
        ledger=placed.ledger,
        tasks=dict(sorted(planner.tasks.items())),
        limit=options.limit,
        scorer=scorer_named(options.scorer).identifier if options.scorer else "",
        output_tokens=options.output_tokens,
        reasoning_effort=options.reasoning_effort,
        budget_us=None if options.budget_seconds is None else int(options.budget_seconds * 1e6),
        accept_model=bool(sheet) and options.accept_model,
        allow_part=bool(sheet) and options.allow_part,
        loops="open",
        texts="withheld" if published and not options.with_texts else "sealed",
        plugins=plugins_of(measurements, rules),
    )
    if said := former_sentence(plan):
        raise InputError(f"{said} Name it without a version: former rules are for bundles that were sealed before")
    return Planned(plan, prepared)


def _with_samples(ordered: Measurement, drawn: Measurement) -> Measurement:
    """A measurement with its order, and the samples that were drawn from it."""
    return msgspec.structs.replace(
        ordered,
        seed=drawn.seed,
        items=drawn.items,
        samples_root=drawn.samples_root,
        population=drawn.population,
        left_out=drawn.left_out,
    )


def plugins_of(measurements: Sequence[Measurement], rules: Sequence[str]) -> dict[str, str]:
    """The distribution and version of every scorer and detector that the plan uses."""
    names = {("scorer", scorer) for measurement in measurements for scorer in measurement.scorers}
    names |= {("detector", rule) for rule in rules}
    plain = {(kind, re.split(r"[@\[]", name)[0]) for kind, name in names}
    return {f"{kind}.{name}": distribution_of(kind, name) for kind, name in sorted(plain)}
