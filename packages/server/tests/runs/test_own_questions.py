"""A run that holds a user's questions under a benchmark's name says so in its summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN
from steelyard.api.results import verified
from steelyard.cli import execute
from steelyard_server.runs.summary import summary_of
from testkit.fixtures import SumsServer


def test_a_run_with_such_questions_is_told_to_each_reader(
    tmp_path: Path, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.planning.build.check_not_built_in", lambda names: None)
    claims, questions, run = tmp_path / "claims.yaml", tmp_path / "gsm8k.jsonl", tmp_path / "run"
    claims.write_text("model: sums\nclaims:\n- task: gsm8k\n  value: 70\n")
    rows = ({"question": f"What is {n} + 1?", "answer": n + 1} for n in range(1319))
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ["audit", str(claims), "--task", str(questions), "--allow-part", "--limit", "40", "--out", str(run)]
    execute([*asked, "--model", f"openai:sums@{sums_server.url}"])
    found = summary_of(verified(run))
    assert found.own_questions == ("gsm8k",)
    assert found.headline.count("Asked were questions of the user's own, not the benchmark gsm8k.") == 1
    assert ("questions", "the user's own, not the benchmark gsm8k") in [(each.name, each.text) for each in found.said]


def test_an_ordinary_run_says_nothing() -> None:
    assert summary_of(verified(GOLDEN)).own_questions == ()
