"""What a session found out and a user chose, as far as it can be checked: no model and no option that could not be.

What a model can do was measured where the plan was made. A verifier cannot measure it again, so it checks only that the
facts go together.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from steelyard.errors import InputError
from steelyard.models.address import PROVIDERS
from steelyard.models.reasoning_check import BUDGETS, EFFORTS
from steelyard.models.text_likelihood import ALTERNATIVES
from steelyard.planning.decoding import may_have_efforts, temperatures_checked, temperatures_of_texts
from steelyard.planning.identity_checks import ENOUGH_NEXT_TOKENS
from steelyard.planning.options import Options, tolerance_of
from steelyard.planning.rules import asks_next_tokens, former_sentence
from steelyard.planning.sealed_source import wrong_plan
from steelyard.planning.turns import digest_of_checkpoints
from steelyard.records import (
    AGAINST_REFERENCE,
    JUDGE,
    JUDGED_INPUTS,
    SUBJECT,
    Capabilities,
    Measurement,
    ModelIdentity,
    Origin,
    Plan,
    PlannedModel,
    is_reference,
    references_of,
)
from steelyard.records.watching import WATCH_INPUT
from steelyard.tasks.definition_file import MOST_NEXT_TOKENS
from steelyard.util.text import one_line
from steelyard.verification.batches import why_not_batched

__all__ = ["check_created", "check_models", "check_options"]

_GATEWAY = ", through steelyard gateway"  # what a recorded harness asked
# The software that had the former rules: 0.2.0 replaced all that still open.
_BEFORE = ("steelyard 0.0.", "steelyard 0.1.")
_OF_A_LOG = ("role", "output_budget", "budget_stated", "reasoning_effort", "repeat_check", "limit", "chance", "part")
_OF_A_DETECTOR = ("arm", "seed", "beside", "left_out")


# ── models ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_models(plan: Plan) -> None:
    """Raise VerificationError for capabilities that no model of this kind has."""
    for role, planned in plan.models.items():
        if reason := _why_not_this_kind(role, planned) or _why_not_together(planned) or why_not_batched(role, planned):
            raise wrong_plan(f"the model {role[:40]}: {reason}")
        reason = _why_not_repeated(plan, role, planned) or _why_no_efforts(plan, role, planned)
        if reason := reason or _why_no_next_tokens(plan, role, planned):
            raise wrong_plan(f"the model {role[:40]}: {reason}")


def _why_not_this_kind(role: str, planned: PlannedModel) -> str:
    """Why a kind of model that is built in does not have these capabilities; plugins' kinds are not known here."""
    scheme = planned.identity.uri.partition(":")[0]
    check = {
        **dict.fromkeys(PROVIDERS, _why_no_endpoint),
        "gguf": _why_no_file,
        "hf": _why_no_weights,
        "embedded": _why_no_file,
        "python": _why_no_function,
        "world": _why_no_world,
    }
    capabilities = planned.capabilities
    if is_reference(role) and scheme in ("gguf", "embedded") and capabilities.likelihood_of == ALTERNATIVES:
        capabilities = msgspec.structs.replace(capabilities, likelihood_of=())
    return check[scheme](planned.identity, capabilities) if scheme in check else ""


def _why_no_endpoint(identity: ModelIdentity, capabilities: Capabilities) -> str:
    if capabilities.deterministic:
        return "deterministic is true, and an endpoint's answers may vary"
    if identity.sha256:
        return "sha256 is set, and an endpoint does not show its weights"
    kind = identity.uri.partition(":")[0]
    backend = identity.backend.removesuffix(_GATEWAY) if kind == "openai" else identity.backend
    if backend != PROVIDERS[kind].backend or not set(identity.details) <= {"listed", "answers_as"}:
        return "backend and details are not an endpoint's"
    if capabilities.offers != ("language",) or not capabilities.generate:
        return "offers and generate are not an endpoint's"
    if PROVIDERS[kind].chats_only and (why := _why_no_chat_alone(capabilities)):
        return why
    if capabilities.output_tokens not in (0, *BUDGETS):
        return "output_tokens is none of the budgets that an endpoint is asked about"
    return ""


def _why_no_chat_alone(capabilities: Capabilities) -> str:
    if not capabilities.chat:
        return "chat is false, and this API has nothing else"
    if capabilities.completions or capabilities.loglikelihood or capabilities.next_tokens:
        return "completions, loglikelihood or next_tokens are set, and this API has none"
    return ""


def _why_no_file(identity: ModelIdentity, capabilities: Capabilities) -> str:
    if not identity.sha256:
        return "sha256 is missing, and a file has one"
    fixed = Capabilities(
        chat=capabilities.chat,
        loglikelihood=True,
        deterministic=True,
        concurrency=capabilities.concurrency,  # one for each worker
        reasons=capabilities.reasons,
        output_tokens=capabilities.output_tokens,
        repeats_identical=capabilities.repeats_identical,
        next_tokens=capabilities.next_tokens,
        next_tokens_reason=capabilities.next_tokens_reason,
        images_reason=capabilities.images_reason,
    )
    if name := _first_difference(capabilities, fixed):
        return f"{name} is {getattr(capabilities, name)!r}, and it is {getattr(fixed, name)!r} for every file"
    if capabilities.reasons and str(capabilities.output_tokens) != identity.details.get("context_tokens"):
        return "output_tokens is not the file's context"
    return ""


def _why_no_weights(identity: ModelIdentity, capabilities: Capabilities) -> str:
    """As of a file; on a GPU answers may vary, and some see images."""
    if not capabilities.deterministic and capabilities.repeats_identical:
        return "repeats_identical is set, and weights in this process keep no answers"
    alike = msgspec.structs.replace(
        capabilities, deterministic=True, images=False, images_reason="" if capabilities.images else "none"
    )
    return _why_no_file(identity, alike)


def _why_no_function(identity: ModelIdentity, capabilities: Capabilities) -> str:
    if not identity.sha256:
        return "sha256 is missing, and the source of a function has one"
    fixed = Capabilities(
        chat=True,
        completions=False,
        concurrency=capabilities.concurrency,
        repeats_identical=capabilities.repeats_identical,
        next_tokens_reason=capabilities.next_tokens_reason,
        images=capabilities.images,
        images_reason=capabilities.images_reason,
    )
    if name := _first_difference(capabilities, fixed):
        return f"{name} is {getattr(capabilities, name)!r}, and it is {getattr(fixed, name)!r} for every function"
    return ""


def _why_no_world(identity: ModelIdentity, capabilities: Capabilities) -> str:
    fixed = Capabilities(
        offers=capabilities.offers,
        deterministic=True,
        concurrency=capabilities.concurrency,
        loglikelihood_reason=capabilities.loglikelihood_reason,
        checkpoints=capabilities.checkpoints,
        next_tokens_reason=capabilities.next_tokens_reason,
        images_reason=capabilities.images_reason,
    )
    if name := _first_difference(capabilities, fixed):
        return f"{name} is {getattr(capabilities, name)!r}, and it is {getattr(fixed, name)!r} for every world model"
    if "language" in (capabilities.offers or ()):
        return "offers language, which a world model does not"
    if set(capabilities.checkpoints) != set(capabilities.offers or ()):
        return "checkpoints are not named for each of its offers, and for these alone"
    if identity.sha256 != digest_of_checkpoints(capabilities.checkpoints):
        return "sha256 is not that of its checkpoints"
    return ""


def _first_difference(one: Capabilities, other: Capabilities) -> str:
    return next((name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)), "")


def _why_not_together(planned: PlannedModel) -> str:
    """Why capabilities and limits contradict each other, whatever the kind of model."""
    capabilities = planned.capabilities
    for several in capabilities.checkpoints.values():
        weights = [each.sha256 for each in several]
        if not weights or weights != sorted(set(weights)):
            return "checkpoints are not in the order of their weights' SHA-256, each once"
    reasons = capabilities.reasons or capabilities.efforts
    if capabilities.output_tokens < 0 or (capabilities.output_tokens and not reasons):
        return "output_tokens is set, and the model does not reason"
    if capabilities.loglikelihood and capabilities.loglikelihood_reason:
        return "loglikelihood is true, and loglikelihood_reason says why it is not"
    if not 0 <= capabilities.next_tokens <= MOST_NEXT_TOKENS:
        return f"next_tokens is {capabilities.next_tokens}, and no more than {MOST_NEXT_TOKENS} are asked for"
    if capabilities.next_tokens and capabilities.next_tokens_reason:
        return "next_tokens is set, and next_tokens_reason says why it is not"
    if capabilities.images and capabilities.images_reason:
        return "images is true, and images_reason says why it is not"
    if not 1 <= planned.concurrency <= capabilities.concurrency:
        return "concurrency is not within what the model takes"
    if planned.adaptive and planned.concurrency != capabilities.concurrency:
        return "adaptive is true, and concurrency is the user's"
    if planned.max_attempts < 1 or planned.attempt_timeout_us < 1:
        return "max_attempts and attempt_timeout_us leave no call"
    return ""


def _why_not_repeated(plan: Plan, role: str, planned: PlannedModel) -> str:
    """Repeated answers are looked for at the temperatures that are to be asked; a recording keeps its run's."""
    found = planned.capabilities.repeats_identical
    looked: tuple[float, ...] | None = None
    if role == SUBJECT and plan.sheet is not None:
        looked = temperatures_checked(plan.sheet.claims, planned.capabilities)
    elif role == SUBJECT and plan.is_identity_check:
        looked = temperatures_of_texts(plan.named, planned.capabilities) or ()
    else:
        is_recorded = planned.identity.uri.startswith("recorded:")
        return "repeats_identical is set, and nothing was looked for" if found and not is_recorded else ""
    if looked is None or (set(found) <= set(looked) and sorted(set(found)) == list(found)):
        return ""
    return "repeats_identical names temperatures that nothing asks for"


def _why_no_efforts(plan: Plan, role: str, planned: PlannedModel) -> str:
    """Other reasoning efforts are looked for before an audit of an endpoint; a recording keeps its run's."""
    efforts, own = planned.capabilities.efforts, plan.reasoning_effort
    if not efforts or planned.identity.backend == "recording":
        return ""
    if role != SUBJECT or plan.sheet is None or not may_have_efforts(planned):
        return "efforts are set, and nothing was looked for"
    may_be = ("",) * bool(own) + tuple(each for each in EFFORTS if each != own)
    in_order = [each for each in may_be if each in efforts] == list(efforts)
    is_whole = ("" in efforts) == bool(own) and ("none" not in efforts or planned.capabilities.reasons)
    return "" if in_order and is_whole else "efforts are not those that are looked for"


def _why_no_next_tokens(plan: Plan, role: str, planned: PlannedModel) -> str:
    """They are looked for where a detector that needs them was named; a recording keeps its run's."""
    found = bool(planned.capabilities.next_tokens or planned.capabilities.next_tokens_reason)
    asked = role == SUBJECT and asks_next_tokens(plan.named)
    if found == asked or planned.identity.uri.startswith("recorded:"):
        return ""
    may_be = role == SUBJECT and plan.is_identity_check and found
    if may_be and planned.capabilities.next_tokens < ENOUGH_NEXT_TOKENS:
        return ""  # looked for, and too few to be compared unless the user says so
    return "next_tokens is set, and nothing was looked for" if found else "next_tokens were to be looked for"


# ── when, and by which options ────────────────────────────────────────────────────────────────────────────────────────


def check_created(plan: Plan) -> None:
    """Raise VerificationError where a plan states no full time of the calendar, or a former rule and newer software."""
    # Whoever could choose the version of a rule could choose the verdict by it.
    if (said := former_sentence(plan)) and not plan.software.startswith(_BEFORE):
        raise wrong_plan(f"{said.rstrip('.')}, by which alone {one_line(plan.software, 40)!r} decides")
    try:
        made = datetime.fromisoformat(plan.created)
    except ValueError:
        made = None
    if made is None or made.tzinfo is None or made.isoformat(timespec="seconds") != plan.created:
        raise wrong_plan(f"created is {one_line(plan.created, 60)!r}, and no time such as 2026-11-28T00:55:41+00:00")


def check_options(plan: Plan) -> None:
    """Raise VerificationError for options that no command seals, and for what goes with a kind of run alone."""
    if plan.is_identity_check and not 0 < plan.alpha <= Options.alpha:
        raise wrong_plan(f"alpha is {plan.alpha}, and identity is checked at {Options.alpha} at most")
    if plan.alpha != Options.alpha and not plan.is_identity_check:  # no other command sets another
        raise wrong_plan(f"alpha is {plan.alpha}, not {Options.alpha}")
    if plan.limit is not None and plan.limit < 1:
        raise wrong_plan(f"limit is {plan.limit}, and it is at least 1")
    if plan.output_tokens is not None and plan.output_tokens < 1:
        raise wrong_plan(f"output_tokens is {plan.output_tokens}, and it is at least 1")
    if plan.budget_us is not None and plan.budget_us < 1:
        raise wrong_plan(f"budget_us is {plan.budget_us}, and it is at least 1")
    if _inputs_of_tests(plan) != {name for test in plan.tests for name in test.inputs}:
        raise wrong_plan("inputs are not those that its tests name, or those of a judge or of a watch")
    if plan.origin.kind != "imported" and plan.origin != Origin(kind=plan.origin.kind):
        raise wrong_plan("origin names a log, and no log was imported")
    if plan.sheet is not None:
        _check_of_a_sheet(plan)
    elif plan.requested:
        _check_of_requests(plan)
    else:
        _check_only_measured(plan)
    if plan.origin.kind == "imported":
        for each in plan.measurements:
            _check_of_a_log(plan, each)


def _inputs_of_tests(plan: Plan) -> set[str]:
    """The names of the inputs that are neither a judge's runs and rubric, nor the log of a watch.

    A plan of the former has a judge to ask; that of a watch's pass only measures.
    """
    is_judging = JUDGE in plan.models and plan.sheet is None
    is_pass = not plan.has_tests
    return {
        name
        for name, each in plan.inputs.items()
        if not (is_judging and each.kind in JUDGED_INPUTS) and not (is_pass and name == each.kind == WATCH_INPUT)
    }


def _check_of_a_sheet(plan: Plan) -> None:
    if plan.origin.kind != "asked":
        raise wrong_plan(f"claims are tested by answers that were asked, not by {plan.origin.kind} ones")
    if plan.requested:
        raise wrong_plan("requested is set, and a claim sheet says what is tested")
    try:
        tolerance_of(plan.tolerance)
    except InputError as error:
        raise wrong_plan(f"tolerance: {error}") from None
    sheet, is_before = plan.sheet, plan.software.startswith(_BEFORE)
    if sheet and sheet.typed == bool(sheet.source_files) and (sheet.typed or not is_before):
        raise wrong_plan("typed says otherwise than source_files whether its claims were typed by hand")


def _check_of_requests(plan: Plan) -> None:
    """Tests that a user asked for are planned or the run is not made; nothing of a claim is in it."""
    if plan.origin.kind != "asked":
        raise wrong_plan(f"tests are of answers that were asked, not of {plan.origin.kind} ones")
    if plan.is_identity_check:
        _check_of_identity(plan)
    empty = Plan(format=plan.format, software="", created="", models={}, alpha=plan.alpha)
    for name in ("not_planned", "tolerance", "accept_model", "allow_part", "detect", "detect_weight"):
        if name == "not_planned" and plan.is_identity_check:
            continue  # what access the model gives shows when it is planned
        if getattr(plan, name) != getattr(empty, name):
            raise wrong_plan(f"{name} is set, and no claim is tested")


def _check_of_identity(plan: Plan) -> None:
    """Each way is requested once, in one order, and nothing beside it: what else is tested has other levels."""
    names = [each.detector for each in plan.requested]
    if names != [name for name in AGAINST_REFERENCE if name in names]:
        raise wrong_plan("requested has other tests beside identity, or one of its ways twice")
    references = references_of(plan.models)
    if not references or set(plan.models) != {SUBJECT, *references}:
        raise wrong_plan("identity is about one model and its reference, and the plan has others")


def _check_only_measured(plan: Plan) -> None:
    """A plan without a sheet concludes nothing, so it holds nothing to conclude from."""
    empty = Plan(format=plan.format, software="", created="", models={}, alpha=plan.alpha)
    for name in ("detectors", "tests", "served", "not_planned", "tolerance", "accept_model", "allow_part"):
        if getattr(plan, name) != getattr(empty, name):
            raise wrong_plan(f"{name} is set, and without a claim sheet nothing is tested")


def _check_of_a_log(plan: Plan, measurement: Measurement) -> None:
    """What only a planner sets is not set for a log, and greedy means at temperature 0."""
    bare = Measurement(
        id="", task="", prompt="", kind=measurement.kind, scorers=(), population=1, samples_root="", order_seed=""
    )
    for name in (*_OF_A_LOG, *_OF_A_DETECTOR):
        if getattr(measurement, name) != getattr(bare, name):
            raise wrong_plan(f"{measurement.id}: {name} is set, which a log does not say")
    if (measurement.decoding == "sampled") != bool(measurement.temperature):
        raise wrong_plan(f"{measurement.id}: decoding does not go with its temperature")
    for name in ("limit", "scorer", "tasks", "output_tokens", "reasoning_effort", "budget_us"):
        if getattr(plan, name):
            raise wrong_plan(f"{name} is set, and a log was imported")
