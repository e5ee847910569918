"""Audits of sums by the real command, and what they leave."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from steelyard.records import Attempt, Plan, PlannedTest
from steelyard.storage.journal.reader import read_lines

Sums = tuple[Path, float]


def sheet(folder: Path, *values: float | str) -> Path:
    path = folder / "sheet.yaml"
    rows = "".join(f'  - {{task: sums, value: "{value}"}}\n' for value in values)
    path.write_text(f"model: adder\nvendor: tests\nclaims:\n{rows}")
    return path


def audit(claims: Path, server: Any, questions: Path, out: Path, *more: str) -> list[str]:
    model = f"openai:sums@{server.url}"
    return ["audit", str(claims), "--model", model, "--task", str(questions), "--out", str(out), *more]


def reported(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return document


def words(run: Path) -> list[str]:
    return [claim["verdict"] for claim in reported(run)["claims"]]


def claim_tests(plan: Plan) -> list[PlannedTest]:
    return [test for test in plan.tests if test.rule.startswith("claim_retest")]


def lines_of(run: Path) -> int:
    return sum(1 for _ in read_lines(run)) if (run / "journal" / "main-0000.jsonl").is_file() else 0


def finished(run: Path) -> set[tuple[str, str, int]]:
    records = [record for record, _ in read_lines(run)]
    return {(r.measurement, r.sample, r.repeat) for r in records if isinstance(r, Attempt) and r.final}


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("this did not happen within five minutes")


def sheet_of(folder: Path, task: str, value: float) -> Path:
    path = folder / f"{task}.yaml"
    path.write_text(f"model: m\nclaims:\n  - {{task: {task}, value: {value}}}\n")
    return path
