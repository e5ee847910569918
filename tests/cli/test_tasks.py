"""``steelyard tasks`` as a user calls it."""

from __future__ import annotations

import json

import pytest

from steelyard.cli import execute as steelyard
from steelyard.tasks import task_ids


def test_all_tasks_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for width in ("100", "60"):
        monkeypatch.setenv("COLUMNS", width)
        assert steelyard(["tasks"]) == 0
        told = capsys.readouterr().out
        assert all(name in told for name in task_ids())
        assert "Known, but no task here: " in told
        assert max(map(len, told.splitlines())) <= int(width)
        assert "log-likelihoods" in told.replace("\n", "") or width == "60"


def test_one_task_one_known_benchmark_and_an_unknown_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["tasks", "gsm-8k", "swe-bench-verified"]) == 0
    told = capsys.readouterr().out
    assert (
        "gsm8k: GSM8K\n  samples       1,319\n"
        "  formats       cot, cot_chat, cot_strict, cot_strict_chat, chat (the first is the default)" in told
    )
    assert "swe-bench-verified: SWE-bench Verified: known, but no task here; 500 samples" in told
    assert steelyard(["tasks", "nonsense"]) == 2
    assert "'nonsense' is unknown here" in capsys.readouterr().err


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["tasks", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [task["id"] for task in found["tasks"]] == task_ids()
    assert {"id", "title", "why_not"} <= found["known_without_task"][0].keys()
