from __future__ import annotations

from pathlib import Path

from packages.server.tests.chosen_scores import with_chosen_scores
from steelyard.api.results import verified
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard_server.runs.summary import summary_of
from testkit.repository import ROOT
from testkit.resealing import reseal, with_new_reports

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


def test_pages_that_nobody_compared_are_not_called_compared(unsigned: Path) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan) | {"software": "steelyard 0.0.1"}
    with_new_reports(reseal(unsigned, plan=plan))
    found = summary_of(verified(unsigned))
    assert (found.pages_compared, found.verified_exit, found.verdict) == (False, 3, "inconsistent")


def test_scores_that_were_not_computed_here_are_counted(tmp_path: Path) -> None:
    """Whoever seals a run whose texts are withheld chooses its scores: it verifies, and says how many they are."""
    run = with_chosen_scores(tmp_path / "run")
    scores = (run / "scores.jsonl").read_bytes().splitlines()
    found = summary_of(verified(run))
    assert (found.verdict, found.scores_taken) == ("consistent", len(scores))
    assert summary_of(verified(GOLDEN)).scores_taken == 0
