"""Measurements that are skipped, and whether the run comes to its end without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.records import ModelOutput, Outcome
from tests.runner.test_runner import ScriptedModel, carry_out, good

LIMIT = "HTTP 400: Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"


@pytest.mark.parametrize(
    ("detail", "may_end", "end"),
    [(LIMIT, True, "complete"), (LIMIT, False, "endpoint_down"), ("HTTP 400: no", True, "endpoint_down")],
)
def test_a_refused_limit_alone_leaves_nothing_to_a_resume(tmp_path: Path, detail: str, may_end: bool, end: str) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        if prompt.startswith("bad"):
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=detail)
        return good(prompt, times)

    printed: list[str] = []
    asked: list[frozenset[str]] = []

    def may_end_without(given_up: frozenset[str]) -> bool:
        asked.append(given_up)
        return may_end

    found, attempts, _ = carry_out(
        tmp_path,
        ScriptedModel(script),
        100,
        measurements=("bad", "good"),
        concurrency=4,
        notify=printed.append,
        may_end_without=may_end_without,
    )
    assert found == end
    assert sum(attempt.measurement == "good" for attempt in attempts) == 100
    assert asked == ([frozenset({"bad"})] if detail == LIMIT else [])
    (line,) = printed
    assert line.startswith(f"25 different samples of bad failed in turn ({detail}): skipped")
    assert line.endswith("start again with --output-tokens 8192") is (detail == LIMIT)


def test_what_fails_for_two_reasons_leaves_something_undone(tmp_path: Path) -> None:
    def script(prompt: str, times: int) -> ModelOutput:
        if prompt.startswith("good"):
            return good(prompt, times)
        detail = LIMIT if prompt.startswith("long") else "HTTP 400: no"
        return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=detail)

    end, _, _ = carry_out(
        tmp_path,
        ScriptedModel(script),
        60,
        measurements=("long", "bad", "good"),
        concurrency=2,
        may_end_without=lambda given_up: True,
    )
    assert end == "endpoint_down"
