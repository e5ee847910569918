"""The price both ways: the calls one after another are those that a run call by call makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.auditing.finalize import results_of
from steelyard.auditing.half_price import calls_one_by_one
from steelyard.cli import execute as steelyard
from steelyard.records import SampleScore
from steelyard.runner import batch_waiting
from steelyard.storage.run_folder import RunFolder
from testkit.batch_server import serving
from tests.auditing.test_batches import QUICK, attempts, audited

Sums = tuple[Path, float]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setattr(batch_waiting, name, value)


def test_as_many_calls_as_a_run_call_by_call_makes(sums_file: Sums, tmp_path: Path) -> None:
    """By batches, and call by call with one in flight: the same calls in the same order, so the same number."""
    questions, _ = sums_file
    batched, alone = tmp_path / "batched", tmp_path / "alone"
    with serving("openai") as server:
        assert audited("openai", server, questions, batched, 92.0, "--detect", "none") == 1
        sheet = str(tmp_path / "sheet.yaml")
        command = ["audit", sheet, "--model", f"openai:sums@{server.url}", "--task", str(questions)]
        assert steelyard([*command, "--out", str(alone), "--concurrency", "1", "--detect", "none"]) == 1
    scores: list[SampleScore] = []
    found = results_of(RunFolder.open(batched), scores.append)
    counted = calls_one_by_one(found.plan, scores)
    made = sum(each.measurement == "00-sums" and each.final for each in attempts(alone))
    assert counted["00-sums"] == made < sum(each.measurement == "00-sums" for each in attempts(batched))
    message = next(note.message for note in found.verdict.notes if note.check == "batches")
    assert message.startswith("asked by the provider's batches, ")
    assert "would have come to the same verdict: this was 0." in message


def test_a_run_call_by_call_says_nothing_of_it(sums_file: Sums, tmp_path: Path) -> None:
    with serving("openai") as server:
        command = ["run", str(sums_file[0]), "--model", f"openai:sums@{server.url}", "--limit", "5"]
        assert steelyard([*command, "--out", str(tmp_path / "run")]) == 0
    assert b"batches" not in (tmp_path / "run" / "report.json").read_bytes()
