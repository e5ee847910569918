"""Which ways of an identity check are asked, and a plan without a claim that says so."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.errors import InputError
from steelyard.models.text_likelihood import ALTERNATIVES
from steelyard.planning.build import build_tests
from steelyard.planning.identity_checks import (
    ENOUGH_NEXT_TOKENS,
    check_references,
    looks_for_next_tokens,
    requested_by,
    why_no_next_tokens,
)
from steelyard.planning.options import Detect, Options
from steelyard.records import Capabilities, ModelIdentity, Plan, PlannedModel

WEIGHTS = PlannedModel(
    identity=ModelIdentity(uri="gguf:m.gguf", sha256="a" * 64),
    capabilities=Capabilities(loglikelihood=True, deterministic=True, likelihood_of=ALTERNATIVES),
)


def planned(by: str = "auto", *, texts: int | None = None, **capabilities: object) -> Plan:
    found = Capabilities(**capabilities)  # type: ignore[arg-type]
    models = {
        "subject": PlannedModel(identity=ModelIdentity(uri="openai:m@http://h/v1", name="m"), capabilities=found),
        "reference": WEIGHTS,
    }
    requested = requested_by(by, texts, None, found.next_tokens)
    named = tuple(each.detector for each in requested)
    return build_tests(requested, models, Options(detect=Detect(auto=False, named=named))).plan


@pytest.mark.parametrize(
    ("by", "given", "asked"),
    [
        ("auto", ENOUGH_NEXT_TOKENS, ["identity", "next_token"]),
        ("auto", ENOUGH_NEXT_TOKENS - 1, ["identity"]),
        ("auto", 0, ["identity"]),
        ("texts", ENOUGH_NEXT_TOKENS, ["identity"]),
        ("next_token", 5, ["next_token"]),
        ("next_token", 0, ["next_token"]),
    ],
)
def test_texts_always_and_next_tokens_where_they_can_confirm(by: str, given: int, asked: list[str]) -> None:
    assert [each.detector for each in requested_by(by, None, None, given)] == asked
    assert looks_for_next_tokens(by) == (by != "texts")


def test_one_file_is_no_two_references_whatever_it_is_called() -> None:
    copy = replace(WEIGHTS, identity=replace(WEIGHTS.identity, uri="gguf:copy.gguf"))
    other = replace(WEIGHTS, identity=replace(WEIGHTS.identity, sha256="b" * 64))
    unknown = replace(WEIGHTS, identity=replace(WEIGHTS.identity, sha256=""))
    check_references({"subject": WEIGHTS, "reference": copy, "reference-2": other})  # the subject may be the file
    check_references({"reference": unknown, "reference-2": unknown})
    with pytest.raises(
        InputError, match=r"--model reference-2=…: the same file as --model reference=… \(SHA-256 a{16}"
    ):
        check_references({"reference-2": copy, "subject": WEIGHTS, "reference": WEIGHTS})


def test_the_users_numbers_are_options_of_each() -> None:
    texts, tokens = requested_by("auto", 30, 12, 20)
    assert (texts.options, tokens.options) == ({"limit": 30}, {"limit": 12})
    assert [each.planned for each in planned(texts=30).measurements] == [30]


def test_the_whole_level_is_theirs_and_it_counts_as_an_audit() -> None:
    plan = planned(next_tokens=20)
    assert [test.weight for test in plan.tests] == [0.5, 0.5]
    assert (plan.detect, plan.detect_weight, plan.sheet, plan.kind) == ((), "", None, "audit")
    assert [each.share for each in plan.measurements] == [0.5, 0.5]
    assert {each.benchmark for each in plan.questions.values()} == {"task:neutral_prompts"}
    assert planned("texts").tests[0].weight == 1.0


def test_what_cannot_be_asked_is_in_the_plan_with_the_reason() -> None:
    plan = planned(completions=False, chat=True, next_tokens_reason="none are sent")
    assert (plan.tests, plan.measurements, plan.kind) == ((), (), "run")
    (refused,) = plan.not_planned
    assert (refused.detector, refused.verdict) == ("identity", "not_testable")
    assert why_no_next_tokens(plan) == "next tokens were not compared: none are sent"
    (refused,) = planned("next_token", next_tokens_reason="none are sent").not_planned
    assert (refused.detector, refused.reason) == ("next_token", "none are sent")


def test_too_few_next_tokens_are_told() -> None:
    assert "sends 5 of the likeliest" in why_no_next_tokens(planned(next_tokens=5))
    assert why_no_next_tokens(planned(next_tokens=20)) == ""
    assert why_no_next_tokens(planned("texts")) == ""


def test_another_task_or_option_is_refused() -> None:
    (texts,) = requested_by("texts", None, None, 0)
    models = {"subject": WEIGHTS, "reference": WEIGHTS}
    for other in (replace(texts, task="gsm8k"), replace(texts, options={"limit": 201}), replace(texts, shots=1)):
        with pytest.raises(InputError, match="identity has one option, limit: from 1 to 200 prompts"):
            build_tests([other], models, Options())
