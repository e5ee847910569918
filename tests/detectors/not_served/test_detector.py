"""Which claims are watched: those that an endpoint answers, each of their measurements once."""

from __future__ import annotations

import msgspec

from steelyard.planning.build import build_plan
from steelyard.planning.options import Options
from steelyard.records import SUBJECT, Capabilities, Claim, ClaimSheet, ModelIdentity, Plan, PlannedModel, Protocol

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
    (test,) = (each for each in plan.tests if each.rule == "not_served@2")
    assert [each.arm for each in plan.measurements] == ["", "again"]
    assert [each.measurement for each in test.reads] == [each.id for each in plan.measurements]
    assert test.weight == 0.03 / 2.03
    assert plan.detectors == ("desk_screen@3", "claim_retest@4", "not_served@2", "twin_gap@2")
    assert [each.request for each in plan.served] == ["claim/0", "claim/1", "claim/0/again"]


def test_sampling_checks_are_not_watched_and_formats_share_one_test() -> None:
    plan = planned(Claim(task="chain_sum", value="57"))
    tests = [each for each in plan.tests if each.rule == "not_served@2"]
    assert len(tests) == 1
    watched = {plan.by_id[reads.measurement].arm for reads in tests[0].reads}
    assert watched == {"", "again"}
    assert any(each.arm == "sampled" for each in plan.measurements)


def test_a_model_in_this_process_is_not_watched() -> None:
    plan = planned(Claim(task="chain_sum", value="57", protocol=GREEDY), model=FILE)
    assert [each.rule for each in plan.tests] == ["desk_screen@3", "claim_retest@4"]
    assert "not_served@2" in plan.detectors
