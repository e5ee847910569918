"""Who is held against a reference, and what a sealed test of it must be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from steelyard.models.text_likelihood import ALTERNATIVES
from steelyard.planning.build import build_plan
from steelyard.planning.drawn import drawn_seed
from steelyard.planning.options import Detect, Options
from steelyard.records import Capabilities, Claim, ClaimSheet, ModelIdentity, Plan, PlannedModel
from steelyard_forensics.identity.detector import Identity

ENDPOINT = ModelIdentity(uri="openai:m@http://h/v1", name="m")
WEIGHTS = PlannedModel(
    identity=ModelIdentity(uri="gguf:m.gguf", sha256="a" * 64),
    capabilities=Capabilities(loglikelihood=True, deterministic=True, likelihood_of=ALTERNATIVES),
)
OTHER_WEIGHTS = replace(WEIGHTS, identity=ModelIdentity(uri="gguf:n.gguf", sha256="b" * 64))
PLAIN = Capabilities()
NAMED = Detect(auto=False, named=("identity",))


def planned(
    capabilities: Capabilities = PLAIN,
    *,
    detect: Detect = NAMED,
    identity: ModelIdentity = ENDPOINT,
    reference: PlannedModel | None = WEIGHTS,
    further: Mapping[str, PlannedModel] = MappingProxyType({}),
    limit: int | None = None,
) -> Plan:
    models = {"subject": PlannedModel(identity=identity, capabilities=capabilities)}
    models |= {} if reference is None else {"reference": reference, **further}
    sheet = ClaimSheet(model="m", claims=(Claim(task="word_sequence_reversal", value="60", line=2),))
    return build_plan(sheet, models, Options(detect=detect, limit=limit)).plan


def test_one_test_reads_two_scores_of_each_alternative_from_one_measurement() -> None:
    plan = planned()
    (test,) = [each for each in plan.tests if each.rule == "identity@2"]
    (asked,) = [each for each in plan.measurements if each.drawn]
    assert {reads.measurement for reads in test.reads} == {asked.id}
    assert asked.scorers == tuple(reads.scorer for reads in test.reads)
    assert len(asked.scorers) == 2 * len(ALTERNATIVES) + 2
    assert asked.scorers[-2:] == ("surprise[surplus]@1", "surprise[z]@1")
    assert (asked.task, asked.drawn, asked.beside, asked.temperature) == ("neutral_prompts", "prompts", "", 1.0)
    assert (asked.planned, asked.chat, asked.decoding) == (200, False, "sampled")
    assert test.sealed == {"reference": "a" * 64, "within": "0.3"}
    assert test.weight == pytest.approx(0.2)
    assert not any(served.differences for served in plan.served if served.request.startswith("identity/"))


def test_any_of_several_files_may_be_served_and_each_is_sealed() -> None:
    plan = planned(further={"reference-2": OTHER_WEIGHTS})
    (test,) = [each for each in plan.tests if each.rule == "identity@2"]
    (asked,) = [each for each in plan.measurements if each.drawn]
    assert asked.scorers == tuple(reads.scorer for reads in test.reads)
    assert len(asked.scorers) == 2 * (2 * len(ALTERNATIVES) + 2)
    assert test.sealed == {"reference": "a" * 64, "or": ["b" * 64], "within": "0.3"}
    assert "one of the files, whichever" in test.null
    assert Identity().open(test, plan).bets.n == 0
    with pytest.raises(ValueError, match="likelihoods"):
        Identity().open(replace(test, sealed=test.sealed | {"or": ["c" * 64]}), plan)
    with pytest.raises(ValueError, match="likelihoods"):
        Identity().open(replace(test, reads=test.reads[: 2 * len(ALTERNATIVES) + 2]), plan)


def test_an_alternative_that_is_one_of_the_files_is_no_other_model() -> None:
    made = replace(WEIGHTS, identity=replace(WEIGHTS.identity, details={"Q2_K": "b" * 64, "Q3_K_M": "c" * 64}))
    for further, expected in (({}, 5), ({"reference-2": OTHER_WEIGHTS}, 9)):
        plan = planned(reference=made, further=further)
        (test,) = [each for each in plan.tests if each.rule == "identity@2"]
        assert sum(map(len, Identity().open(test, plan).bets._less)) == expected


def test_files_that_are_no_weights_or_not_numbered_are_refused() -> None:
    endpoint = PlannedModel(identity=ENDPOINT, capabilities=Capabilities())
    assert "the reference-2 gives no likelihoods" in refused(planned(further={"reference-2": endpoint}))
    assert "give them as reference, reference-2" in refused(planned(further={"reference-3": OTHER_WEIGHTS}))


def test_the_prompts_are_a_question_of_their_own_and_follow_from_its_order() -> None:
    plan = planned()
    claimed, asked = plan.measurements[0], plan.measurements[-1]
    assert plan.questions[asked.question].benchmark == "task:neutral_prompts"
    assert asked.question != claimed.question
    assert asked.seed == drawn_seed("prompts", asked.order_seed)


def test_a_limit_holds_for_texts_too() -> None:
    assert planned(limit=25).measurements[-1].planned == 25


def test_it_is_asked_by_name_alone() -> None:
    plan = planned(detect=Detect())
    assert not any(test.rule == "identity@2" for test in plan.tests)
    assert not [each for each in plan.not_planned if each.detector == "identity"]


def refused(plan: Plan) -> str:
    assert not any(test.rule == "identity@2" for test in plan.tests)
    (found,) = [each for each in plan.not_planned if each.detector == "identity"]
    return found.reason


def test_who_asks_for_it_is_told_what_it_needs() -> None:
    assert "--model reference=gguf:PATH" in refused(planned(reference=None))


@pytest.mark.parametrize(
    ("capabilities", "said"),
    [
        (Capabilities(completions=False, chat=True), "no plain completions"),
        (Capabilities(takes_temperature=False), "takes no temperature"),
        (Capabilities(repeats_identical=(0.7,)), "the same text more than once"),
        (Capabilities(offers=("world two-room",)), "world model"),
    ],
)
def test_an_endpoint_whose_texts_are_no_draws_is_not_testable(capabilities: Capabilities, said: str) -> None:
    assert said in refused(planned(capabilities))


def test_a_recording_and_a_function_are_not_testable() -> None:
    for uri in ("recorded:run", "python:module:function"):
        assert "neither a recording nor a function" in refused(planned(identity=ModelIdentity(uri=uri)))


def test_an_endpoint_as_reference_gives_no_likelihoods() -> None:
    endpoint = PlannedModel(identity=ENDPOINT, capabilities=Capabilities())
    assert "gives no likelihoods" in refused(planned(reference=endpoint))


@pytest.mark.parametrize("change", ["reference", "within", "reads", "one", "order", "temperature", "drawn", "none"])
def test_a_sealed_test_of_another_kind_is_refused(change: str) -> None:
    plan = planned()
    (test,) = [each for each in plan.tests if each.rule == "identity@2"]
    if change in ("reference", "within"):
        test = replace(test, sealed=test.sealed | {change: "0.9"})
    elif change == "reads":
        test = replace(test, reads=test.reads[:-1])
    elif change == "one":
        test = replace(test, reads=(*test.reads, replace(test.reads[0], measurement=plan.measurements[0].id)))
    elif change == "order":
        test = replace(test, reads=test.reads[::-1])
    elif change == "none":
        test = replace(test, reads=())
    else:
        other = replace(plan.measurements[-1], **{change: 0.7 if change == "temperature" else "twins"})
        plan = replace(plan, measurements=(*plan.measurements[:-1], other))
    with pytest.raises(ValueError, match="likelihoods"):
        Identity().open(test, plan)


def test_a_forecast_is_all_texts() -> None:
    plan = planned()
    (test,) = [each for each in plan.tests if each.rule == "identity@2"]
    assert Identity().forecast(test, plan, 0.05) == 200
