from __future__ import annotations

from steelyard.api.results import verified
from steelyard.server.push.summary import summary_of
from tests.docs.pages import ROOT

GOLDEN = ROOT / "tests" / "assets" / "golden"


def test_a_summary_says_what_was_computed_again() -> None:
    found = summary_of(verified(GOLDEN))
    assert (found.kind, found.verdict, found.exit, found.verified_exit) == ("audit", "inconsistent", 1, 0)
    assert found.headline.startswith("Inconsistent: the served model does not reach the claim on sums (99 %)")
    assert [(row.claimed, row.word) for row in found.rows] == [
        ("75 %", "consistent"),
        ("99 %", "inconsistent"),
        ("", ""),
    ]
    assert found.names.startswith("claimed: adder")
    assert found.pages_compared
    assert len(found.seal) == len(found.root) == len(found.plan) == 64
    assert {each.name: each.size for each in found.files}["plan.dsse.json"] == (
        GOLDEN / "plan.dsse.json"
    ).stat().st_size
    assert not any("--require-key" in each.text for each in found.said), "that is a word for whoever verifies by hand"
