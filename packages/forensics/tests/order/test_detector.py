"""Which files are asked in their order, and what a sealed test of one must be."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from packages.forensics.tests.order.test_monitor import plan as sealed_plan
from steelyard.planning import file_order
from steelyard.planning.build import build_plan
from steelyard.planning.options import Detect, Options
from steelyard.records import (
    Capabilities,
    Claim,
    ClaimSheet,
    Measurement,
    ModelIdentity,
    Plan,
    PlannedModel,
    PlannedTest,
)
from steelyard_forensics.order.detector import Order

NAMED = Detect(auto=False, named=("order",))
GIVES = Capabilities(loglikelihood=True)


def planned(
    *tasks: str,
    detect: Detect = NAMED,
    uri: str = "openai:m@http://h/v1",
    can: Capabilities = GIVES,
    limit: int | None = None,
) -> Plan:
    claims = tuple(Claim(task=task, value="60", line=line) for line, task in enumerate(tasks, 2))
    model = PlannedModel(identity=ModelIdentity(uri=uri, name="m"), capabilities=can)
    return build_plan(
        ClaimSheet(model="m", claims=claims), {"subject": model}, Options(detect=detect, limit=limit)
    ).plan


def ordered(plan: Plan) -> list[str]:
    return [test.id for test in plan.tests if test.rule == "order@1"]


def test_a_task_that_says_why_its_order_is_random_is_asked_and_another_is_refused_in_words() -> None:
    plan = planned("word_sequence_reversal", "chain_sum")
    assert ordered(plan) == ["order-00-word_sequence_reversal"]
    (refused,) = [each for each in plan.not_planned if each.detector]
    assert (refused.task, refused.detector, refused.verdict) == ("chain_sum", "order", "not_testable")
    assert refused.reason == "the order of this file is not known to be random"


def test_two_claims_about_one_measurement_have_one_test() -> None:
    assert len(ordered(planned("word_sequence_reversal", "word_sequence_reversal"))) == 1


@pytest.mark.parametrize(("detect", "expected"), [(Detect(auto=False), 0), (Detect(), 0), (NAMED, 1)])
def test_it_is_asked_by_name_alone(detect: Detect, expected: int) -> None:
    assert len(ordered(planned("word_sequence_reversal", detect=detect))) == expected


def test_an_endpoint_without_log_likelihoods_is_told_so() -> None:
    plan = planned("word_sequence_reversal", can=Capabilities(loglikelihood_reason="it ignores echo"))
    (refused,) = [each for each in plan.not_planned if each.detector]
    assert refused.reason == "how likely the file's order is cannot be asked: it ignores echo"


def test_a_limit_holds_and_the_forecast_is_all_of_it() -> None:
    plan = planned("word_sequence_reversal", limit=25)
    (asked,) = [each for each in plan.measurements if each.drawn]
    assert (asked.population, asked.planned) == (50, 25)
    assert Order().forecast(plan.tests[-1], plan, 0.1) == 25


def test_a_recording_is_asked_nothing_new() -> None:
    assert not ordered(planned("word_sequence_reversal", uri="recorded:answers.jsonl"))


def test_the_number_of_orders_that_is_sealed_is_that_which_is_asked() -> None:
    assert planned("word_sequence_reversal").tests[-1].sealed == {"orders": file_order.SHUFFLES, "margin": "0.7"}


def test_a_sealed_test_of_another_kind_is_refused() -> None:
    plan = sealed_plan()
    (test,), (asked,) = plan.tests, plan.measurements
    assert Order().open(test, plan).of == 50

    def refused(other: PlannedTest, measurement: Measurement = asked) -> None:
        with pytest.raises(ValueError, match="ranks of a file's order"):
            Order().open(other, replace(plan, measurements=(measurement,)))

    refused(replace(test, sealed={"orders": 20, "margin": "0.9"}))
    refused(replace(test, sealed={"orders": 1, "margin": "0.7"}))
    refused(replace(test, reads=()))
    refused(replace(test, reads=test.reads * 2))
    refused(replace(test, reads=(replace(test.reads[0], scorer="exact@5"),)))
    for changed in (
        replace(asked, drawn="twins"), replace(asked, arm=""), replace(asked, kind="generate"),
        replace(asked, repeats=2),
    ):  # fmt: skip
        refused(test, changed)
