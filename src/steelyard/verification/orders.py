"""The orders of a sealed plan, derived again: they follow from the questions, the key and its ledger alone."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import Bundle
from steelyard.evidence.keys import SSlibKey
from steelyard.evidence.ledger import Begun, Counts, Tags, carried_plans, counts_of
from steelyard.evidence.ledger_place import Chain, check_ledger
from steelyard.evidence.order import order_output, tags_shown
from steelyard.evidence.timestamp_place import check_stamp
from steelyard.planning.difficulties import fingerprint
from steelyard.planning.orders import questions_of, seed_of, subjects_together
from steelyard.planning.sealed_source import wrong_plan
from steelyard.planning.weights import shares_of_time
from steelyard.records import Plan, Question

__all__ = ["check_orders"]


def check_orders(plan: Plan, bundle: Bundle, *, is_signed: bool) -> None:
    """Raise VerificationError where a question, its count, its order or a share of time does not follow.

    ``is_signed``: a key signed the plan. Then its orders follow from that key, and cannot be random.
    """
    for measurement, share in zip(
        plan.measurements, shares_of_time(plan.measurements, plan.detect_weight), strict=True
    ):
        if measurement.share != share:
            raise wrong_plan(f"{measurement.id}: share does not follow from the number of measurements")
        if plan.readers_of(measurement.id) and measurement.order_by != "trial":
            raise wrong_plan(f"{measurement.id}: a test reads it, and its order is not one of trials")
    if plan.origin.kind != "asked":
        _check_asks_nothing(plan)
        check_stamp(bundle, None)
        return
    _check_questions(plan)
    chain = check_ledger(bundle)
    check_stamp(bundle, chain)
    if not plan.is_order_proved and (plan.measurements or chain is None):  # one that asks nothing has no order
        if is_signed and plan.measurements:
            raise wrong_plan("a key signed it, and its order of samples does not follow from that key")
        _check_random(plan, chain)
        return
    if bundle.signer is None:
        raise wrong_plan("its order of samples was fixed with a key, and no key signed it")
    _check_proved(plan, bundle.signer, chain)


def _check_asks_nothing(plan: Plan) -> None:
    if plan.questions or plan.ledger or any(each.question for each in plan.measurements):
        raise wrong_plan("it asks nothing itself, and has questions of its own")


def _check_questions(plan: Plan) -> None:
    """The questions are those that the measurements ask, and each measurement names its own."""
    expected, names = questions_of(plan.measurements, plan.models, plan.tests)
    for measurement, name in zip(plan.measurements, names, strict=True):
        if measurement.question != name:
            raise wrong_plan(f"{measurement.id}: question does not follow from its benchmark and its model")
    if list(plan.questions) != list(expected):
        raise wrong_plan("its questions are not those that its measurements ask")
    for name, question in plan.questions.items():
        if (question.benchmark, question.subject) != (expected[name].benchmark, expected[name].subject):
            raise wrong_plan(f"the question {name[:16]} is not about that benchmark and that model")


def _check_random(plan: Plan, chain: Chain | None) -> None:
    if chain is not None:
        raise wrong_plan("it began in a ledger, and its order of samples does not follow from the key")
    for question in plan.questions.values():
        if _without_proofs(question) != Question(benchmark=question.benchmark, subject=question.subject):
            raise wrong_plan("no key fixed its order, and it counts how often a question was asked")
        if question.tag_proofs:
            raise wrong_plan("no key fixed its order, and it shows tags of a ledger")


def _check_proved(plan: Plan, signer: SSlibKey, chain: Chain | None) -> None:
    kind: Begun = plan.kind
    found: list[Tags] = []
    outputs: dict[str, str] = {}
    together = subjects_together(plan.questions)
    for name, question in plan.questions.items():
        apart = "" if chain else together[question.benchmark]
        number = question.order_number
        output = order_output(signer, question.benchmark, kind, number, question.order_proof, apart)
        if output is None:
            raise wrong_plan("the order of the samples was not fixed by the key that signed the plan")
        outputs[name] = output
        tags = tags_shown(signer, question.benchmark, question.subject, question.tag_proofs)
        if tags is None:
            raise wrong_plan(f"the question {name[:16]} has tags that the key which signed the plan does not give it")
        found.append(tags)
        counts = counts_of(chain.before, kind, tags) if chain else Counts()
        _check_counts(question, counts)
    if chain is not None:
        _check_line(plan, chain, kind, found)
    _check_seeds(plan, outputs)


def _check_counts(question: Question, counts: Counts) -> None:
    for name in ("number", "order_number", "of_subject", "of_benchmark", "never_ended"):
        sealed, follows = getattr(question, name), getattr(counts, name)
        if sealed != follows:
            raise wrong_plan(f"{name} of a question is {sealed}, and {follows} by the key's ledger")


def _check_line(plan: Plan, chain: Chain, kind: str, tags: list[Tags]) -> None:
    line = chain.lines[chain.place]
    where = f"{layout.LEDGER} line {chain.place + 1}"
    if line.word != kind or list(line.tags) != tags:
        raise VerificationError(f"{where}: does not name the questions of this plan")
    assert plan.ledger is not None, "a chain is of a plan with a place in it"
    if plan.ledger.opened_later != (chain.lines[0].word == "later"):
        raise wrong_plan("what it says of the ledger's beginning is not what the ledger's first line says")
    if plan.ledger.carried != (carried := carried_plans(chain.before)):
        raise wrong_plan(
            f"by its word the ledger counts on {plan.ledger.carried} plans of earlier keys, and its lines {carried}"
        )


def _check_seeds(plan: Plan, outputs: Mapping[str, str]) -> None:
    for measurement in plan.measurements:
        known = fingerprint(measurement.difficulties)
        if measurement.order_seed != seed_of(outputs[measurement.question], measurement.arm, known):
            raise wrong_plan(f"{measurement.id}: order_seed does not follow from the order's proof")


def _without_proofs(question: Question) -> Question:
    bare: Question = msgspec.structs.replace(question, order_proof="", tag_proofs=())
    return bare
