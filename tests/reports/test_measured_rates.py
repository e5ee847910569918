"""What a report says of its detectors' measured rates."""

from __future__ import annotations

import msgspec

from steelyard.comparison.assemble_pages import RULE as SINGLE_MODEL_RULE
from steelyard.comparison.published_pages import RULE as PUBLISHED_RULE
from steelyard.comparison.published_texts_pages import RULE as PUBLISHED_TEXTS_RULE
from steelyard.comparison.text_identity_pages import RULE as TEXT_RULE
from steelyard.panels.twin_gap import RULE
from steelyard.records import RequestedTest
from steelyard.reports.measured_rates import measured_rates, sentence_on
from tests.plans import claim_plan


def test_what_ships_covers_the_rules_of_this_version() -> None:
    from steelyard.plugins import find

    rules = {f"{name}@{find('detector', name)().version}" for name in ("claim_retest", "twin_gap", "cue_gap")}
    assert rules <= {*measured_rates().rules, *measured_rates().elsewhere}
    elsewhere = {
        f"{name}@{find('detector', name)().version}" for name in ("identity", "next_token", "not_served", "order")
    }
    offline = {RULE, TEXT_RULE, SINGLE_MODEL_RULE, PUBLISHED_RULE, PUBLISHED_TEXTS_RULE}
    assert set(measured_rates().elsewhere) - rules == {*elsewhere, *offline}
    assert measured_rates().vendors >= 10_000


def test_what_may_accuse_was_shown_to_accuse_at_most_six_in_a_hundred_at_five() -> None:
    """A detector of which that is not shown is a note: it changes no exit code."""
    found = measured_rates()
    rates = {**found.rules, **{rule: each.rate for rule, each in found.elsewhere.items()}, "report": found.report}
    assert {rule: rate.high for rule, rate in rates.items() if rate.high > 0.06} == {}


def test_a_plan_with_such_a_test_says_how_often_it_accuses_the_honest() -> None:
    said = sentence_on(claim_plan())
    assert "claim_retest@4 accused in" in said
    assert "twin_gap" not in said
    assert measured_rates().date in said


def test_nothing_is_said_of_what_was_not_measured() -> None:
    plan = claim_plan()
    assert sentence_on(None) == ""
    assert sentence_on(msgspec.structs.replace(plan, tests=())) == ""
    gated = msgspec.structs.replace(plan, requested=(RequestedTest(detector="gate", task="t"),))
    assert sentence_on(gated) == ""


def test_a_rule_that_was_measured_elsewhere_says_of_what() -> None:
    plan = claim_plan()
    (test, *_) = plan.tests
    said = sentence_on(msgspec.structs.replace(plan, tests=(msgspec.structs.replace(test, rule="identity@2"),)))
    assert said.startswith("identity@2 accused in ")
    assert "texts that the reference itself drew" in said
