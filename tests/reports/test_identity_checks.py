"""Identity checks in every report: what was shown and what was not, and never the words of a claim."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from steelyard.records import Verdict, VerdictWord
from steelyard.reports import headlines, html, identity_checks, limits, machine, markdown, terminal
from tests.reports import report_fixtures as make
from tests.reports.identity_fixtures import DIGEST, checked

INCONSISTENT, CONSISTENT, UNDECIDED = (
    VerdictWord.INCONSISTENT,
    VerdictWord.CONSISTENT,
    VerdictWord.INSUFFICIENT_POWER,
)
EVERY = [
    checked(INCONSISTENT, INCONSISTENT),
    checked(INCONSISTENT, CONSISTENT),
    checked(CONSISTENT, CONSISTENT),
    checked(CONSISTENT, UNDECIDED),
    checked(UNDECIDED),
    checked(CONSISTENT, verdict=VerdictWord.NOT_TESTABLE),
    checked(),
]


def printed(verdict: Verdict, width: int = 100) -> str:
    stream = io.StringIO()
    terminal.print_verdict(verdict, Console(file=stream, width=width, no_color=True))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("verdict", "said", "meaning"),
    [
        (EVERY[0], "Inconsistent: the texts that the endpoint drew are not the reference's; what", "not what the ref"),
        (EVERY[1], "Inconsistent: the texts that the endpoint drew are not the reference's.", "not what the reference"),
        (EVERY[2], "Consistent: what the endpoint gave does not differ from what", "to within what each test states"),
        (EVERY[3], "Insufficient power: what was read does not decide", "undecided, or not all could be held"),
        (EVERY[4], "Insufficient power: what was read does not decide", "undecided, or not all could be held"),
        (EVERY[5], "Not testable: not all that was to be held", "undecided, or not all could be held"),
        (EVERY[6], "Not testable: this endpoint cannot be held against the reference", "undecided, or not all could"),
    ],
)
def test_one_check_in_one_sentence(verdict: Verdict, said: str, meaning: str) -> None:
    assert headlines.headline(verdict).startswith(said)
    assert meaning in headlines.exit_meaning(verdict)
    assert not headlines.only_measures(verdict)
    assert "open" not in headlines.headline(verdict)  # no text is right or wrong


@pytest.mark.parametrize("verdict", EVERY)
def test_no_report_speaks_of_claims_and_each_names_the_reference(verdict: Verdict) -> None:
    pages = [printed(verdict), printed(verdict, 60), markdown.render(verdict), html.render(verdict)]
    for page in pages:
        text = " ".join(page.replace("\\", "").split())
        own = text.rpartition("</style>")[2].replace("Skip to the tests", "").replace('id="claims"', "")
        own = own.replace('href="#claims"', "").replace('aria-labelledby="h-claims"', "").replace('id="h-claims"', "")
        for word in ("claim", "vendor", "desk screen", "Measured scores", "Further tests", "cheat"):
            assert word not in own
        assert DIGEST[:16] in text
        assert "<b>small</b>" not in page or page in pages[:2]  # a terminal shows it as it is
    assert json.loads(json.dumps(machine.render(verdict)))["reference"].endswith(f"(SHA-256 {DIGEST})")
    assert "reference" not in machine.render(make.verdict())


def test_the_limits_that_matter_come_first() -> None:
    of_accusation = limits.limits(EVERY[0])
    assert "may serve the file to us and something else to others" in of_accusation[0]
    assert "says neither which model is served, nor why" in of_accusation[1]
    of_confirmation = limits.limits(EVERY[2])
    assert "Consistent does not mean the same weights" in of_confirmation[1]
    for sentences in (of_accusation, of_confirmation):
        assert any("is the word of whoever ran this" in each for each in sentences)
        assert any("at most 5 % (weighted Holm over both tests)" in each for each in sentences)
        assert any(each.startswith("identity@2 accused in") for each in sentences)
    assert not any("weighted Holm" in each for each in limits.limits(EVERY[4]))
    assert limits.limits(EVERY[6]) == ("A note proves nothing by itself and never changes the verdict.",)


def test_other_verdicts_are_no_checks() -> None:
    assert not identity_checks.is_identity_check(make.verdict())
    assert identity_checks.limits_of(make.verdict(), make.plan()) == []
