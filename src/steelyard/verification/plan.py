"""A sealed plan, derived again: no test got an easier threshold, another order, another scorer or another share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from steelyard.auditing.scoring import executes, scorers_of
from steelyard.claims.decoding import max_tokens_of
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard.planning.build import DETECTORS, planned_by, plugins_of, probing_rules
from steelyard.planning.decoding import output_budget_of
from steelyard.planning.sealed_planner import SealedPlanner
from steelyard.planning.sealed_source import wrong_plan
from steelyard.planning.weights import detect_weight_of, share_out
from steelyard.plugins import Detector, detector_of
from steelyard.records import SUBJECT, Measurement, Plan, PlannedTest
from steelyard.scorers.imported import Imported
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.answered_by import check_turns
from steelyard.verification.consistency import check_models, check_options
from steelyard.verification.derived import (
    absent_tasks,
    accusing_as_sealed,
    check_requests,
    measured_again,
    with_versions,
)
from steelyard.verification.difficulties import check_difficulties
from steelyard.verification.orders import check_orders

__all__ = ["NotMadeAgain", "check_plan", "check_scorers", "planned_again"]

DIGEST_LINE_BYTES = 65
MAX_REPEATS = 1000  # as many as can be asked for


class NotMadeAgain(NamedTuple):
    """What of a plan is as sealed: by task, the requests whose task is not here, and what drew images elsewhere.

    ``accusing``: measurements of those tasks whose claims state other shots than are shown, and may be accused.
    """

    tasks: Mapping[str, Sequence[str]] = MappingProxyType({})
    drawers: Mapping[str, str] = MappingProxyType({})
    accusing: Sequence[str] = ()


def check_plan(run: RunFolder, bundle: Bundle) -> NotMadeAgain:
    """Raise VerificationError where anything that is planned does not follow from claim, task and model.

    Each detector that is installed plans and seals its tests again, with the planner of an audit, which takes from the
    sealed plan what needs data. Tests whose detector is not installed are left to
    :attr:`steelyard.records.Verdict.not_recomputed`.

    Returns what could not be made again here, and is as sealed.
    """
    plan = run.plan
    for measurement in plan.measurements:
        _check_size(run, measurement)
        if measurement.role not in plan.models:
            raise wrong_plan(
                f"{measurement.id} asks a model in a role that the plan has not: {measurement.role[:80]!r}"
            )
    _check_output_budgets(plan)
    _check_served(plan)
    planner = planned_again(plan)
    check_orders(plan, bundle, is_signed=bool(run.signers))
    check_turns(plan, planner.drafts.values() if planner else ())
    if planner is None:
        return NotMadeAgain()
    return NotMadeAgain(absent_tasks(planner), planner.source.other_drawers, accusing_as_sealed(plan, planner))


def planned_again(plan: Plan) -> SealedPlanner | None:
    """What is asked and concluded, planned and compared; None for a log's plan, which rests on the log.

    Raises VerificationError naming the first field that does not follow.
    """
    check_models(plan)
    check_difficulties(plan)
    check_options(plan)
    if not plan.has_tests and plan.origin.kind != "asked":
        return None
    try:
        return _check_tests(plan) if plan.has_tests else measured_again(plan)
    except VerificationError as error:
        raise with_versions(plan, error) from None


def _check_size(run: RunFolder, measurement: Measurement) -> None:
    """Before anything is computed for each trial: a stranger's plan must not be larger than its samples."""
    if measurement.again:  # its samples are those of another, which has the same size
        return
    name = layout.samples_of(measurement.id)
    try:
        size = (run.path / name).stat().st_size
    except OSError:
        raise VerificationError(f"{name}: missing") from None
    if size != DIGEST_LINE_BYTES * measurement.population:
        raise VerificationError(
            f"{name}: not the samples that the plan sealed: {measurement.population} digests, a line each"
        )
    if not 1 <= measurement.repeats <= MAX_REPEATS:
        raise wrong_plan(f"{measurement.id}: {measurement.repeats} repeats are not from 1 to {MAX_REPEATS}")


def _check_output_budgets(plan: Plan) -> None:
    """How long an answer may be, and the reasoning effort, follow from the claim, the model and the user's options."""
    claims = plan.sheet.claims if plan.sheet else ()
    stated: dict[str, set[int | None]] = {}
    for served in plan.served:
        number = served.claim_number
        claim = claims[number] if number is not None and number < len(claims) else None
        stated.setdefault(served.reads.measurement, set()).add(max_tokens_of(claim))
    for each in plan.measurements:
        capabilities = plan.models[each.role].capabilities
        if each.kind == "generate" and each.reasoning_effort in capabilities.efforts:
            capabilities = capabilities.under(each.reasoning_effort)
        elif each.reasoning_effort != (plan.reasoning_effort if each.kind == "generate" else ""):
            raise wrong_plan(f"{each.id}: reasoning_effort is not the plan's")
        for tokens in stated.get(each.id, {None}):
            budget = output_budget_of(each.kind, each.chat, capabilities, plan.output_tokens, tokens)
            if each.output_budget != budget:
                raise wrong_plan(f"{each.id}: output_budget does not follow from its claim and what its model takes")
            if each.budget_stated != (budget is not None and budget == tokens):
                raise wrong_plan(f"{each.id}: budget_stated does not follow from its claim")


def _check_served(plan: Plan) -> None:
    """Every claim is served once or refused with a reason, by a measurement of its own task."""
    from steelyard.tasks import resolve

    measurements = plan.by_id
    requests = [served.request for served in plan.served] + [refused.request for refused in plan.not_planned]
    if len(set(requests)) < len(requests):
        raise wrong_plan("one request is answered twice")
    for served in plan.served:
        measurement = measurements.get(served.reads.measurement)
        if measurement is None or served.reads.scorer not in measurement.scorers:
            raise wrong_plan(f"{served.request} is served by scores that no measurement gives")
        number = served.claim_number
        if number is None or plan.sheet is None or number >= len(plan.sheet.claims):
            continue
        task = plan.sheet.claims[number].task
        if measurement.task != task and measurement.task != resolve(task):
            raise wrong_plan(f"the claim on {task[:80]!r} is measured on another task, {measurement.task[:80]!r}")
        if measurement.role != SUBJECT:
            raise wrong_plan(f"the claim on {task[:80]!r} is measured on another model than the subject")


def _check_tests(plan: Plan) -> SealedPlanner:
    """Plan and seal the tests again; their weights together, since each follows from all."""
    _check_detectors(plan)
    planner = SealedPlanner(plan)
    again: dict[str, PlannedTest] = {}
    detectors: dict[str, Detector] = {}
    for rule in plan.detectors:
        detector = detector_of(rule)
        if detector is None:
            continue
        detectors[rule] = detector
        again |= {test.id: test for test in _planned(detector, planner, rule)}
    absent = len(detectors) < len(plan.detectors)
    planner.draw({each.id: each.order_seed for each in plan.measurements})
    check_requests(plan, planner, complete=not absent)
    unshared = [again.get(test.id, test) for test in plan.tests]
    # With a test whose planning cannot be repeated here, relative weights are not known: then the shares must sum up.
    probing = probing_rules(detectors) if plan.sheet is not None else frozenset()
    try:
        _ = plan.detect_weight and detect_weight_of(plan.detect_weight)
    except InputError:
        raise wrong_plan("detect_weight is no number between 0 and 1") from None
    if not absent and bool(plan.detect_weight) != any(test.rule in probing for test in unshared):
        raise wrong_plan("detect_weight is for what detectors ask beside the claims, and it does not go with its tests")
    shared = {
        test.id: test for test in ((*plan.tests,) if absent else share_out(unshared, probing, plan.detect_weight))
    }
    missing = [name for name in again if name not in shared]
    if missing:
        raise wrong_plan(f"the test {missing[0]} is not planned, and no reason is given")
    _check_weights(plan)
    for test in plan.tests:
        if test.id in again and test.rule != again[test.id].rule:
            raise wrong_plan(
                f"the test {test.id} is sealed as one by {test.rule[:80]}, and {again[test.id].rule} plans it"
            )
        if test.rule in detectors:
            _check_test(plan, test, again, shared[test.id], detectors[test.rule])
    return planner


def _check_detectors(plan: Plan) -> None:
    """Every audit plans the built-in detectors, and no test is by a rule that did not plan."""
    names = [rule.partition("@")[0] for rule in plan.detectors]
    if len(set(names)) < len(names):
        raise wrong_plan("one detector planned twice")
    if plan.sheet is not None and (left_out := [name for name in DETECTORS if name not in names]):
        raise wrong_plan(f"the detector {left_out[0]} did not plan, which every audit has it do")
    if plan.sheet is None and names != list(dict.fromkeys(each.detector for each in plan.requested)):
        raise wrong_plan("the detectors that planned are not those of the tests that were asked for")
    if plan.detect and (absent := [name for name in plan.detect if name not in names]):
        raise wrong_plan(f"the detector {absent[0][:80]} was named, and it did not plan")
    if unknown := [test.rule for test in plan.tests if test.rule not in plan.detectors]:
        raise wrong_plan(f"a test by {unknown[0][:80]}, which is none of the detectors that planned")


def _check_weights(plan: Plan) -> None:
    if len({test.id for test in plan.tests}) < len(plan.tests):
        raise wrong_plan("two tests have one id")
    weights = math.fsum(test.weight for test in plan.tests)
    if any(test.weight < 0 for test in plan.tests) or (weights and not math.isclose(weights, 1.0)):
        raise wrong_plan(f"the weights of the tests sum to {weights:g}, not 1")


def _planned(detector: Detector, planner: SealedPlanner, rule: str) -> list[PlannedTest]:
    try:
        return list(planned_by(detector, planner))
    except InputError as error:
        raise wrong_plan(f"the tests by {rule} cannot be planned again: {error}") from None


def _check_test(
    plan: Plan, test: PlannedTest, again: dict[str, PlannedTest], shared: PlannedTest, detector: Detector
) -> None:
    if test.id not in again:
        raise wrong_plan(f"the test {test.id} is none that {test.rule} plans for this sheet")
    draft = msgspec.structs.replace(again[test.id], weight=shared.weight)
    try:
        expected = detector.seal(draft, plan)
    except ValueError as error:
        raise wrong_plan(f"the test {test.id} cannot be sealed again: {error}") from None
    for name in test.__struct_fields__:
        if getattr(test, name) != getattr(expected, name):
            raise wrong_plan(f"test {test.id}: {_what_differs(test, expected, name)} does not follow from the claim")


def _what_differs(test: PlannedTest, expected: PlannedTest, name: str) -> str:
    if name != "sealed":
        return name
    keys = [*expected.sealed, *test.sealed]
    return next((key for key in keys if test.sealed.get(key) != expected.sealed.get(key)), name)


def check_scorers(plan: Plan) -> None:
    """Scores that another harness made come with its log alone: whoever asked the model itself makes its own.

    The plan names the plugins of its scorers and detectors, and no others.
    """
    for measurement, scorers in scorers_of(plan).items():
        for scorer in scorers:
            if executes(scorer) and isinstance(scorer, Imported) != (plan.origin.kind == "imported"):
                raise wrong_plan(
                    f"{measurement}: scores by {scorer.identifier} do not go with an origin of the answers that "
                    f"says {plan.origin.kind}"
                )
    if plan.plugins.keys() != plugins_of(plan.measurements, plan.detectors).keys():
        raise wrong_plan("plugins are not those of its scorers and detectors")
