"""Reads a run's folder with code of its own, so that the benchmark does not rely on our reader."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Call", "answers_of", "asked_calls", "finished_calls", "outcomes", "records", "scores", "sum_number"]

# One call that a plan makes: measurement, place in the committed order (−1: a repeat check's), sample, repeat.
Call = tuple[str, int, str, int]

# The fields of an answer without time, place or number of attempts, with its digest instead of its text. A record
# leaves out a field that equals its default.
OF_AN_ANSWER = ("item", "request", "outcome", "answer", "logprobs", "finish_reason")


def records(run: Path) -> Iterator[dict[str, Any]]:
    """Every whole line of every segment; a torn last line, which a SIGKILL may leave, was never finished."""
    for segment in sorted((run / "journal").glob("*.jsonl")):
        for line in segment.read_bytes().split(b"\n")[:-1]:
            yield json.loads(line)


def finished_calls(run: Path) -> dict[Call, dict[str, Any]]:
    """The final record of each call that is finished."""
    return {_call(record): record for record in records(run) if record.get("type") == "attempt" and record["final"]}


def asked_calls(run: Path) -> Counter[Call]:
    """How many attempts are on record for each call."""
    return Counter(_call(record) for record in records(run) if record.get("type") == "attempt")


def answers_of(run: Path) -> list[tuple[Any, ...]]:
    """The final records in the order of the plan, so that two runs with the same answers give equal lists."""
    found = finished_calls(run)
    return [(*call, *(found[call].get(name) for name in OF_AN_ANSWER)) for call in sorted(found)]


def outcomes(run: Path) -> Counter[str]:
    """How the calls of the committed order ended, a repeat check's apart."""
    return Counter(record["outcome"] for call, record in finished_calls(run).items() if call[1] >= 0)


def scores(run: Path) -> list[dict[str, Any]]:
    """The sealed scores of the committed order; empty where the run was not finalized."""
    path = run / "scores.jsonl"
    found = map(json.loads, path.read_text().splitlines()) if path.is_file() else ()
    return [score for score in found if score["position"] >= 0]


def sum_number(call: Call) -> int:
    """The number of a call's question, from 0: the samples of a file are named by their line, from 1."""
    return int(call[2].rpartition("/")[2]) - 1


def _call(record: dict[str, Any]) -> Call:
    return record["measurement"], record["position"], record["sample"], record["repeat"]
