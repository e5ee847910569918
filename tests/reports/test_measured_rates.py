"""What a report says of its detectors' measured rates."""

from __future__ import annotations

import msgspec

from steelyard.reports.measured_rates import measured_rates, sentence_on
from testkit.plans import claim_plan


def test_what_may_accuse_was_shown_to_accuse_at_most_six_in_a_hundred_at_five() -> None:
    """A detector of which that is not shown is a note: it changes no exit code."""
    found = measured_rates()
    rates = {**found.rules, **{rule: each.rate for rule, each in found.elsewhere.items()}, "report": found.report}
    assert {rule: rate.high for rule, rate in rates.items() if rate.high > 0.06} == {}


def test_a_plan_with_such_a_test_says_how_often_it_accuses_the_honest() -> None:
    plan = claim_plan()
    (test, *_) = plan.tests
    said = sentence_on(msgspec.structs.replace(plan, tests=(msgspec.structs.replace(test, rule="claim_retest@5"),)))
    assert "claim_retest@5" in said
    assert "twin_gap" not in said
    assert "whole reports" in said
    assert measured_rates().elsewhere["claim_retest@5"].date in said


def test_nothing_is_said_of_what_was_not_measured() -> None:
    plan = claim_plan()
    (test, *_) = plan.tests
    assert sentence_on(None) == ""
    assert sentence_on(msgspec.structs.replace(plan, tests=())) == ""
    assert sentence_on(msgspec.structs.replace(plan, tests=(msgspec.structs.replace(test, rule="gate@1"),))) == ""


def test_a_rule_that_was_measured_elsewhere_says_of_what() -> None:
    plan = claim_plan()
    (test, *_) = plan.tests
    said = sentence_on(msgspec.structs.replace(plan, tests=(msgspec.structs.replace(test, rule="identity@2"),)))
    assert said.startswith("identity@2 accused in ")
    assert "texts that the reference itself drew" in said
