"""A result has a finding where there is one, and says in a note what was seen in any case."""

from __future__ import annotations

from steelyard.detectors.leak.result import result_of
from steelyard.records import PlannedTest, VerdictWord
from steelyard.stats.released import LeakTest

TEST = PlannedTest(id="leak-00-s", rule="leak@4", weight=1.0, null="n", sealed={"alpha": "0.001"})
FOUND = LeakTest(p=1 / 3 * 1e-4, difference=0.25, low=0.1, high=0.4, released=10, sealed=10)


def test_what_is_inconsistent_is_a_finding_with_its_null() -> None:
    result = result_of(TEST, "s", "variants", VerdictWord.INCONSISTENT, FOUND, "said")
    (finding,) = result.findings
    assert (finding.check, finding.null, finding.p, finding.ci) == ("variants", "n", 3.333333333e-05, (0.1, 0.4))
    assert finding.message == "the variants that the endpoint was asked are answered better than others of the same "\
        "items: said"  # fmt: skip
    assert result.reason == ""


def test_without_a_finding_the_reason_and_the_note_say_it() -> None:
    result = result_of(TEST, "s", "released", VerdictWord.CONSISTENT, FOUND, "said")
    assert (result.findings, result.reason, result.notes[0].message) == ((), "said", "said")
    assert result_of(TEST, "s", "released", VerdictWord.INSUFFICIENT_POWER, None, "said").p == 1.0
