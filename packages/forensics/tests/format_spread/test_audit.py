"""A benchmark's other prompt formats beside a claim, by the real command against a real server."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode, VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import reseal
from testkit.reversing_server import ReversingServer


@pytest.fixture
def run(tmp_path: Path) -> Path:
    claims = tmp_path / "claims.yaml"
    claims.write_text(
        "model: reverser\nclaims:\n"
        "  - {task: word_sequence_reversal, value: 60, unit: percent, protocol: {prompt: chat}}\n"
    )
    folder = tmp_path / "run"
    with ReversingServer(0.77) as server:
        model = f"openai:reverser@{server.url}"
        asked = ["audit", str(claims), "--model", model, "--out", str(folder), "--detect", "format_spread"]
        assert steelyard(asked) == ExitCode.CONSISTENT
    return folder


def test_the_report_shows_the_other_format_and_the_verdict_is_the_claim_s(run: Path) -> None:
    verdict = recompute(run).verdict
    (note,) = [each for each in verdict.notes if each.detector == "format_spread"]
    assert "completion: " in note.message
    assert "of 60 right" in note.message
    assert not verdict.findings
    page = (run / "report.md").read_text().replace("\\", "")
    assert "in its other prompt formats" in page
    assert steelyard(["verify", str(run)]) == 0


def test_a_display_that_is_left_out_is_missed(run: Path) -> None:
    plan = RunFolder.open(run).plan
    tests = tuple(each for each in plan.tests if each.rule != "format_spread@1")
    reseal(run, plan=without_defaults(msgspec.structs.replace(plan, tests=tests)))
    with pytest.raises(VerificationError):
        recompute(run)
