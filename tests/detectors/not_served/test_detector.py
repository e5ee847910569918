"""Which claims are watched: those that an endpoint answers, each of their measurements once."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.errors import VerificationError
from steelyard.planning.build import build_plan
from steelyard.planning.options import Options, planned_model
from steelyard.plugins import detector_of
from steelyard.records import SUBJECT, Capabilities, Claim, ClaimSheet, ModelIdentity, Plan, PlannedModel, Protocol
from steelyard.verification.plan import planned_again

ENDPOINT = PlannedModel(
    identity=ModelIdentity(uri="openai:m@http://127.0.0.1/v1", name="m"), capabilities=Capabilities(chat=True)
)
FILE = msgspec.structs.replace(ENDPOINT, identity=ModelIdentity(uri="gguf:m", name="m", sha256="0" * 64))
GREEDY = Protocol(prompt="completion", decoding="greedy")


def planned(*claims: Claim, model: PlannedModel = ENDPOINT) -> Plan:
    sheet = ClaimSheet(model="m", claims=claims, digest="0" * 64)
    return build_plan(sheet, {SUBJECT: model}, Options()).plan


def test_each_measurement_of_an_endpoint_is_watched_once() -> None:
    claim = Claim(task="chain_sum", value="57", protocol=GREEDY)
    plan = planned(claim, claim)
    (test,) = (each for each in plan.tests if each.rule == "not_served@3")
    assert [each.arm for each in plan.measurements] == ["", "second", "again"]
    assert [each.measurement for each in test.reads] == [plan.measurements[0].id, plan.measurements[-1].id]
    assert test.weight == 0.03 / 2.03
    assert plan.detectors == ("desk_screen@3", "claim_retest@5", "not_served@3", "twin_gap@2")
    assert [each.request for each in plan.served] == [
        "claim/0",
        "claim/0/second",
        "claim/1",
        "claim/1/second",
        "claim/0/again",
    ]


def test_sampling_checks_are_not_watched_and_formats_share_one_test() -> None:
    plan = planned(Claim(task="chain_sum", value="57"))
    tests = [each for each in plan.tests if each.rule == "not_served@3"]
    assert len(tests) == 1
    watched = {plan.by_id[reads.measurement].arm for reads in tests[0].reads}
    assert watched == {"", "again"}
    assert {each.arm for each in plan.measurements} == {"", "second", "again"}


def test_greedy_questions_are_asked_again_at_a_temperature_where_the_endpoint_takes_one() -> None:
    fixed = msgspec.structs.replace(ENDPOINT.capabilities, takes_temperature=False)
    without = msgspec.structs.replace(ENDPOINT, capabilities=fixed)
    for model, expected in ((ENDPOINT, 0.7), (without, 0.0)):
        plan = planned(Claim(task="chain_sum", value="57", protocol=GREEDY), model=model)
        assert {each.temperature for each in plan.measurements if each.arm == "again"} == {expected}


def test_a_plan_of_the_version_before_is_planned_again_by_it() -> None:
    former = detector_of("not_served@2")
    assert former is not None
    assert (former.name, former.version) == ("not_served", 2)
    assert detector_of("not_served@1") is None
    completions = planned_model(
        ModelIdentity(uri="openai:m@http://127.0.0.1/v1", name="m", backend="OpenAI-compatible HTTP"),
        Capabilities(chat=True, loglikelihood_reason="this endpoint cannot give log-likelihoods: x"),
        Options(),
    )
    new = planned(Claim(task="chain_sum", value="57", protocol=GREEDY), model=completions)
    (again,) = [each for each in new.measurements if each.arm == "again"]
    old = msgspec.structs.replace(
        new,
        measurements=tuple(
            msgspec.structs.replace(each, decoding="greedy", temperature=0.0) if each is again else each
            for each in new.measurements
        ),
        detectors=tuple(rule.replace("not_served@3", "not_served@2") for rule in new.detectors),
        tests=tuple(
            msgspec.structs.replace(test, rule=test.rule.replace("not_served@3", "not_served@2")) for test in new.tests
        ),
    )
    assert planned_again(old) is not None
    mixed = msgspec.structs.replace(old, measurements=new.measurements)
    with pytest.raises(VerificationError, match="decoding is"):
        planned_again(mixed)


def test_a_model_in_this_process_is_not_watched() -> None:
    plan = planned(Claim(task="chain_sum", value="57", protocol=GREEDY), model=FILE)
    assert [each.rule for each in plan.tests] == ["desk_screen@3", "claim_retest@5"]
    assert "not_served@3" in plan.detectors
