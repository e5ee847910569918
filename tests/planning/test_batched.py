"""What batches take: chats of one endpoint, and nothing that they have not."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.planning.batched import NO_LIKELIHOODS, batched, check_batched
from steelyard.planning.options import Options, planned_model
from steelyard.planning.samples import Prepared
from steelyard.records import (
    SUBJECT,
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    PlannedTest,
    Sample,
)
from testkit.plans import measurement
from testkit.plans import plan as plan_with

IDENTITY = ModelIdentity(uri="openai:m@http://h.example/v1", name="m")
CHAT = Capabilities(chat=True, loglikelihood=True, concurrency=128)


def test_of_a_model_chats_are_left_and_one_batch_at_a_time() -> None:
    planned = planned_model(IDENTITY, CHAT, Options(batch_growth="1.5"))
    found = planned.capabilities
    assert (planned.batch_growth, planned.concurrency, planned.adaptive) == ("1.5", 1, False)
    assert (found.chat, found.completions, found.loglikelihood) == (True, False, False)
    assert found.loglikelihood_reason == NO_LIKELIHOODS
    assert planned_model(IDENTITY, CHAT, Options()).batch_growth == ""
    assert planned_model(IDENTITY, CHAT, Options(batch_growth="2"), "reference").batch_growth == ""


def test_an_endpoint_without_chats_is_refused() -> None:
    with pytest.raises(InputError, match="--batch asks for chats"):
        batched(Capabilities())


def _checked(request: GenerateRequest | LoglikelihoodRequest, role: str = SUBJECT, rule: str = "") -> None:
    model = planned_model(IDENTITY, CHAT, Options(batch_growth="2"))
    one = measurement(id="m", role=role)
    tests = (PlannedTest(id="t", rule=rule),) if rule else ()
    plan = plan_with(one, models={SUBJECT: model, role: model}, tests=tests)
    sample = Sample(id="s", request=request, target="1")
    check_batched(plan, {"m": Prepared(one, [sample], ["d"])})


def test_what_batches_have_not_is_refused_in_one_line() -> None:
    _checked(GenerateRequest(prompt="?", chat=True))
    with pytest.raises(InputError, match="--batch asks for chats, and m is none"):
        _checked(GenerateRequest(prompt="?"))
    with pytest.raises(InputError, match="--batch asks for chats, and m is none"):
        _checked(LoglikelihoodRequest(context="?", continuations=("a",)))
    with pytest.raises(InputError, match="--batch asks one endpoint, and candidate-2 is asked too"):
        _checked(GenerateRequest(prompt="?", chat=True), role="candidate-2")
    with pytest.raises(InputError, match="a gate on time or cost"):
        _checked(GenerateRequest(prompt="?", chat=True), rule="budget@1")
