"""What a report says of its detectors' measured rates."""

from __future__ import annotations

import msgspec

from steelyard.comparison.assemble_pages import RULE as SINGLE_MODEL_RULE
from steelyard.comparison.published_pages import RULE as PUBLISHED_RULE
from steelyard.comparison.published_texts_pages import RULE as PUBLISHED_TEXTS_RULE
from steelyard.comparison.text_identity_pages import RULE as TEXT_RULE
from steelyard.panels.twin_gap import RULE as PANEL_RULE
from steelyard.plugins import find, names
from steelyard.reports.judging import RULE as JUDGE_RULE
from steelyard.reports.measured_rates import measured_rates, sentence_on
from tests.plans import claim_plan

# Why a detector needs no measured rate. Whoever adds a detector measures how often it accuses the honest, or says why
# it accuses nobody.
ACCUSES_NOBODY = {
    "format_spread": "a display: its result is never inconsistent",
    "desk_screen": "arithmetic and names of the sheet itself, without a level: every number of right answers is tried "
    "in tests/detectors/screen",
    "budget": "what was paid or how long it took, against a limit of the user's own",
    "gate": "the user's own bar for a model of his own choice: its rates stand in docs/results/inhouse.md",
    "choose": "the user's own choice among models: its rates stand in docs/results/inhouse.md",
}
# Rules that are no plug-ins: what `steelyard detect`, `assemble` and `judge` conclude from finished runs.
OFFLINE = {PANEL_RULE, TEXT_RULE, SINGLE_MODEL_RULE, PUBLISHED_RULE, PUBLISHED_TEXTS_RULE, JUDGE_RULE}


def test_every_detector_that_accuses_has_a_measured_rate_of_its_version() -> None:
    assert set(names("detector")) >= ACCUSES_NOBODY.keys()
    accusing = {
        f"{name}@{find('detector', name)().version}" for name in names("detector") if name not in ACCUSES_NOBODY
    }
    assert accusing | OFFLINE == {*measured_rates().rules, *measured_rates().elsewhere}
    assert measured_rates().vendors >= 10_000


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
