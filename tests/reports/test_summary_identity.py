"""The one-page summary of an identity check, in both languages."""

from __future__ import annotations

import re

import pytest

from steelyard.records import Verdict, VerdictWord
from tests.reports import summary_fixtures as of
from tests.reports.identity_fixtures import checked, checked_plan
from tests.reports.test_summary import english_left, shown

INCONSISTENT, CONSISTENT, UNDECIDED = (
    VerdictWord.INCONSISTENT,
    VerdictWord.CONSISTENT,
    VerdictWord.INSUFFICIENT_POWER,
)


@pytest.mark.parametrize(
    ("verdict", "english", "german"),
    [
        (
            checked(INCONSISTENT, INCONSISTENT),
            "Inconsistent: what the endpoint gave is not what the reference’s weights give: 2 findings.",
            "Nicht vereinbar mit der Referenz:",
        ),
        (checked(CONSISTENT, CONSISTENT), "Consistent: what the endpoint gave", "Vereinbar mit der Referenz:"),
        (checked(UNDECIDED), "does not decide whether", "entscheidet nicht, ob der Endpunkt"),
        (checked(), "not all could be held against", "Nicht alles war mit der Referenz vergleichbar"),
    ],
)
def test_it_speaks_of_the_reference_and_of_no_claim(verdict: Verdict, english: str, german: str) -> None:
    page = of.page(verdict, "en", checked_plan())
    text = shown(page)
    assert "Summary of an identity check" in text
    assert english in text
    assert not re.search(r"\bclaims?\b|vendor", text)
    assert "<b>small" not in page
    found = of.page(verdict, "de", checked_plan())
    assert german in shown(found)
    assert "Angabe:" not in shown(found)
    assert english_left(found) == []


def test_how_sure_it_is_and_what_to_do() -> None:
    text = shown(of.page(checked(INCONSISTENT, CONSISTENT), "en", checked_plan()))
    assert "would be called inconsistent by chance in at most 5 of 100 such checks" in text
    assert "says neither which model is served, nor why" in text
    assert "something else to others" in text
    assert "Ask whoever serves it for the exact file" in text
    assert "next_token: consistent" in text
    assert "identity: inconsistent" not in text  # its finding says it
    assert "Check again, with all texts and prompts" in shown(of.page(checked(UNDECIDED), "en", checked_plan()))
