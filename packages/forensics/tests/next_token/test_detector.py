"""Whose next tokens are held against a reference, and what a sealed test of it must be."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.models.text_likelihood import ALTERNATIVES
from steelyard.planning.build import build_plan
from steelyard.planning.drawn import drawn_seed
from steelyard.planning.options import Detect, Options
from steelyard.records import (
    Capabilities,
    Claim,
    ClaimSheet,
    ModelIdentity,
    Plan,
    PlannedModel,
    SampleScore,
    VerdictWord,
)
from steelyard_forensics.next_token.detector import SCORERS, NextToken

ENDPOINT = ModelIdentity(uri="openai:m@http://h/v1", name="m")
WEIGHTS = PlannedModel(
    identity=ModelIdentity(uri="gguf:m.gguf", sha256="a" * 64),
    capabilities=Capabilities(loglikelihood=True, deterministic=True, likelihood_of=ALTERNATIVES),
)
GIVING = Capabilities(next_tokens=20)
NAMED = Detect(auto=False, named=("next_token",))


def planned(
    capabilities: Capabilities = GIVING,
    *,
    detect: Detect = NAMED,
    identity: ModelIdentity = ENDPOINT,
    reference: PlannedModel | None = WEIGHTS,
    limit: int | None = None,
) -> Plan:
    models = {"subject": PlannedModel(identity=identity, capabilities=capabilities)}
    models |= {} if reference is None else {"reference": reference}
    sheet = ClaimSheet(model="m", claims=(Claim(task="word_sequence_reversal", value="60", line=2),))
    return build_plan(sheet, models, Options(detect=detect, limit=limit)).plan


def test_one_test_reads_both_bounds_of_one_measurement() -> None:
    plan = planned()
    (test,) = [each for each in plan.tests if each.rule == "next_token@1"]
    (asked,) = [each for each in plan.measurements if each.drawn]
    assert {reads.measurement for reads in test.reads} == {asked.id}
    assert asked.scorers == tuple(reads.scorer for reads in test.reads) == SCORERS
    assert (asked.task, asked.drawn, asked.beside, asked.kind) == ("neutral_prompts", "prompts", "", "next_token")
    assert (asked.planned, asked.chat, asked.decoding, asked.temperature) == (100, False, "greedy", 0.0)
    assert test.sealed == {"reference": "a" * 64, "far": "0.25", "tolerance": "0.05", "within": "0.2"}
    assert test.weight == pytest.approx(0.2)
    assert NextToken().forecast(test, plan, 0.05) == 100


def test_several_files_are_read_each_by_its_own_distances() -> None:
    other = replace(WEIGHTS, identity=replace(WEIGHTS.identity, sha256="b" * 64))
    models = {
        "subject": PlannedModel(identity=ENDPOINT, capabilities=GIVING),
        "reference": WEIGHTS,
        "reference-2": other,
    }
    sheet = ClaimSheet(model="m", claims=(Claim(task="word_sequence_reversal", value="60", line=2),))
    plan = build_plan(sheet, models, Options(detect=NAMED)).plan
    (test,) = [each for each in plan.tests if each.rule == "next_token@1"]
    assert [reads.scorer for reads in test.reads] == [
        *SCORERS,
        "next_token_distance[reference-2,least]@1",
        "next_token_distance[reference-2,most]@1",
    ]
    assert test.sealed["or"] == ["b" * 64]
    for distances, word in (((0.5, 0.01), VerdictWord.CONSISTENT), ((0.5, 0.4), VerdictWord.INCONSISTENT)):
        found = NextToken().open(test, plan)
        for position in range(40):
            for number, reads in enumerate(test.reads):
                found.observe(
                    SampleScore(
                        measurement=reads.measurement,
                        position=position,
                        sample=str(position),
                        repeat=0,
                        status="scored",
                        value=distances[number // 2],
                        scorer=reads.scorer,
                        seq=position,
                    )
                )
        result = found.find({})
        assert result.word is word
        assert "the nearest file" in result.reason or "any of the 2 files" in result.findings[0].message


def test_its_prompts_are_not_those_of_the_texts() -> None:
    plan = planned(detect=Detect(auto=False, named=("identity", "next_token")))
    texts, tokens = (each for each in plan.measurements if each.drawn)
    assert (texts.kind, tokens.kind) == ("generate", "next_token")
    assert texts.question == tokens.question
    assert plan.questions[tokens.question].benchmark == "task:neutral_prompts"
    assert tokens.seed == drawn_seed("prompts", tokens.order_seed) != texts.seed
    assert texts.items != tokens.items


def test_a_limit_holds_for_prompts_too() -> None:
    assert planned(limit=25).measurements[-1].planned == 25


def test_it_is_asked_by_name_alone() -> None:
    plan = planned(detect=Detect())
    assert not any(test.rule == "next_token@1" for test in plan.tests)
    assert not [each for each in plan.not_planned if each.detector == "next_token"]


def refused(plan: Plan) -> str:
    assert not any(test.rule == "next_token@1" for test in plan.tests)
    (found,) = [each for each in plan.not_planned if each.detector == "next_token"]
    return found.reason


@pytest.mark.parametrize(
    ("capabilities", "said"),
    [
        (Capabilities(completions=False, chat=True, next_tokens=20), "no plain completions"),
        (Capabilities(takes_temperature=False, next_tokens=20), "takes no temperature"),
        (Capabilities(offers=("world two-room",)), "world model"),
        (Capabilities(next_tokens_reason="it gives 2 of them"), "it gives 2 of them"),
        (Capabilities(), "not asked for next tokens"),
    ],
)
def test_an_endpoint_without_them_is_not_testable(capabilities: Capabilities, said: str) -> None:
    assert said in refused(planned(capabilities))


def test_an_endpoint_that_draws_all_by_one_seed_is_testable_all_the_same() -> None:
    assert any(test.rule == "next_token@1" for test in planned(replace(GIVING, repeats_identical=(0.7,))).tests)


def test_without_weights_here_it_says_what_it_needs() -> None:
    assert "--model reference=gguf:PATH" in refused(planned(reference=None))
    endpoint = PlannedModel(identity=ENDPOINT, capabilities=Capabilities())
    assert "gives no likelihoods" in refused(planned(reference=endpoint))
    assert "neither a recording" in refused(planned(identity=ModelIdentity(uri="recorded:run")))


@pytest.mark.parametrize(
    "change", ["reference", "far", "tolerance", "within", "reads", "one", "order", "kind", "drawn"]
)
def test_a_sealed_test_of_another_kind_is_refused(change: str) -> None:
    plan = planned()
    (test,) = [each for each in plan.tests if each.rule == "next_token@1"]
    if change in ("reference", "far", "tolerance", "within"):
        test = replace(test, sealed=test.sealed | {change: "0.9"})
    elif change == "reads":
        test = replace(test, reads=test.reads[:-1])
    elif change == "one":
        test = replace(test, reads=(test.reads[0], replace(test.reads[1], measurement=plan.measurements[0].id)))
    elif change == "order":
        test = replace(test, reads=test.reads[::-1])
    else:
        other = replace(plan.measurements[-1], **{change: "generate" if change == "kind" else "twins"})
        plan = replace(plan, measurements=(*plan.measurements[:-1], other))
    with pytest.raises(ValueError, match="distances"):
        NextToken().open(test, plan)
