"""What ``steelyard verify`` prints of a bundle, from what was verified."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from steelyard.api.results import verified
from steelyard.cli.verify_lines import print_verified, verified_facts
from steelyard.verification.ledgers import Shown

GOLDEN = Path(__file__).parents[1] / "assets" / "golden"


def test_what_lessens_a_verification_comes_before_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    result = verified(GOLDEN)
    found = replace(result.recomputed, not_compared="drawn by another version")
    print_verified(replace(result, recomputed=found), Shown("a stamp", "a ledger"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("report.md and report.html were NOT compared")
    assert lines.index("a stamp") < next(at for at, line in enumerate(lines) if line.startswith("holds: "))
    assert lines[-3] == "verdict recomputed: inconsistent; report pages NOT compared"
    assert lines[-2].startswith("Error rates: over the whole report")
    assert lines[-2].endswith("or if the endpoint was worse for a whole pass or most of the audit.")
    assert lines[-1].startswith("as sealed: 00-sums: a task file that is not here")


def test_the_facts_are_json_and_count_what_was_recomputed() -> None:
    result = verified(GOLDEN)
    facts = json.loads(json.dumps(verified_facts(result)))
    scores = (GOLDEN / "scores.jsonl").read_text().splitlines()
    assert (facts["holds"], facts["verdict"], facts["scores_recomputed"]) == (True, "inconsistent", len(scores))
    assert facts["not_recomputed"] == []
