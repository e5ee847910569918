"""Endpoints that reason before they answer, by the real command: the budget leaves room, and nobody is accused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.models.reasoning_check import QUESTION
from steelyard.records import Attempt, Outcome
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SUM
from testkit.reasoning_server import COST, ReasoningServer

Sums = tuple[Path, float]


def audit(server: ReasoningServer, questions: Path, out: Path, *more: str) -> list[str]:
    path = out.parent / "sheet.yaml"
    path.write_text('model: adder\nvendor: tests\nclaims:\n  - {task: sums, value: "98"}\n')
    model = f"openai:sums@{server.url}"
    return ["audit", str(path), "--model", model, "--task", str(questions), "--out", str(out), *more]


def measure(server: ReasoningServer, questions: Path, out: Path, *more: str) -> list[str]:
    return ["run", str(questions), "--model", f"openai:sums@{server.url}", "--out", str(out), *more]


def reported(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return document


def attempts(run: Path) -> list[Attempt]:
    return [record for record, _ in read_lines(run) if isinstance(record, Attempt)]


# Where each dialect has its reasoning is tested in tests/models/; the fast run audits some.
DIALECTS = [
    "field",
    "unopened",
    *(pytest.param(each, marks=pytest.mark.slow) for each in ("hidden", "parts", "inline")),
]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_reasoning_endpoint_gets_room_and_is_consistent(dialect: str, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with ReasoningServer(dialect) as server:
        code = steelyard(audit(server, sums_file[0], run))
    plan = RunFolder.open(run).plan
    assert (plan.subject.capabilities.reasons, plan.measurements[0].output_budget) == (True, 16_384)
    assert server.bodies[-1]["max_tokens"] == 16_384
    document = reported(run)
    assert [claim["verdict"] for claim in document["claims"]] == ["consistent"]
    assert code == 0
    assert any("16,384 tokens" in text for text in document["claims"][0]["differences"])
    assert steelyard(["verify", str(run)]) == 0


def test_a_false_claim_about_an_endpoint_that_reasons_is_found(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with ReasoningServer("field", wrong=0.2) as server:
        assert steelyard(audit(server, sums_file[0], run)) == 1
    assert [claim["verdict"] for claim in reported(run)["claims"]] == ["inconsistent"]
    assert steelyard(["verify", str(run)]) == 0


def test_reasoning_tokens_are_in_the_journal_and_summed_in_the_report(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with ReasoningServer("hidden") as server:
        assert steelyard(measure(server, sums_file[0], run, "--limit", "5")) == 0
    assert [attempt.reasoning_tokens for attempt in attempts(run)] == [COST] * 5
    (measured,) = reported(run)["measurements"]
    assert (measured["reasoning_tokens"], measured["completion_tokens"]) == (5 * COST, 5 * (COST + 2))
    assert any("since the model reasons" in text for text in measured["differences"])
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("dialect", ["hidden", "field", "parts", "unopened"])
def test_a_budget_below_the_reasoning_leaves_no_answer_to_score(dialect: str, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with ReasoningServer(dialect) as server:
        steelyard(measure(server, sums_file[0], run, "--limit", "5", "--output-tokens", "100"))
        assert RunFolder.open(run).plan.output_tokens == 100
    for attempt in attempts(run):
        assert (attempt.outcome, attempt.finish_reason, attempt.answer) == (Outcome.TRUNCATED, "length", "")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_budget_below_the_reasoning_accuses_nobody(dialect: str, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with ReasoningServer(dialect) as server:
        code = steelyard(audit(server, sums_file[0], run, "--output-tokens", "100"))
    (claim,) = reported(run)["claims"]
    assert (code, claim["verdict"]) == (3, "insufficient_power")
    assert claim["open"] == claim["asked"]


@pytest.mark.parametrize(
    ("more", "budget", "code", "verdict"),
    [((), 100, 1, "inconsistent"), (("--output-tokens", "50"), 50, 3, "insufficient_power")],
)
def test_a_limit_that_the_claim_states_counts_what_it_cuts_off(
    more: tuple[str, ...], budget: int, code: int, verdict: str, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with ReasoningServer("inline") as server:
        command = audit(server, sums_file[0], run, *more)
        sheet = tmp_path / "sheet.yaml"
        sheet.write_text(sheet.read_text().replace('"98"', '"98", protocol: {max_tokens: 100}'))
        assert steelyard(command) == code
        assert server.bodies[-1]["max_tokens"] == budget
    (claim,) = reported(run)["claims"]
    assert (claim["verdict"], claim["open"] == 0) == (verdict, not more)
    assert steelyard(["verify", str(run)]) == 0


def test_an_endpoint_that_takes_no_temperature_is_audited_and_says_so(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with ReasoningServer("hidden", refuses=("temperature", "max_tokens")) as server:
        assert steelyard(audit(server, sums_file[0], run)) == 0
        assert {"temperature", "max_tokens"}.isdisjoint(server.bodies[-1])
    assert not RunFolder.open(run).plan.subject.capabilities.takes_temperature
    differences = reported(run)["claims"][0]["differences"]
    assert "The endpoint takes no temperature: it samples at its own." in differences


def test_a_resume_and_a_recording_take_what_was_sealed(sums_file: Sums, tmp_path: Path) -> None:
    run, again = tmp_path / "run", tmp_path / "again"
    with ReasoningServer("hidden", takes=5_000) as server:
        server.sums_left = 3
        assert (
            steelyard(measure(server, sums_file[0], run, "--limit", "9", "--concurrency", "1", "--patience", "0.2s"))
            == 4
        )
        asked = len(server.bodies)
        server.sums_left, server.dialect = None, "plain"  # a new handshake would find that it does not reason
        assert steelyard(["resume", str(run)]) == 0
        resumed = server.bodies[asked:]
    prompts = {body["messages"][0]["content"]: body["max_tokens"] for body in resumed}
    assert prompts.pop("Hello") == 1
    assert QUESTION not in prompts
    assert set(prompts.values()) == {4_096}
    assert steelyard(["verify", str(run)]) == 0
    command = ["run", str(sums_file[0]), "--model", f"recorded:{run}", "--limit", "1", "--out", str(again)]
    assert steelyard(command) in (0, 3, 4)  # another order: its first sample may not be in the recording
    plan = RunFolder.open(again).plan
    assert plan.subject.capabilities.output_tokens == plan.measurements[0].output_budget == 4_096


def test_an_effort_is_sealed_sent_and_reported(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with ReasoningServer("field") as server:
        command = measure(server, sums_file[0], run, "--limit", "3", "--reasoning-effort", "low")
        assert steelyard(command) == 0
        assert server.bodies[-1]["reasoning_effort"] == "low"
    plan = RunFolder.open(run).plan
    assert plan.reasoning_effort == plan.measurements[0].reasoning_effort == "low"
    assert "Asked with the reasoning effort low." in reported(run)["measurements"][0]["differences"]
    assert steelyard(["verify", str(run)]) == 0
    with ReasoningServer("plain", refuses=("reasoning_effort",)) as server:
        assert steelyard(measure(server, sums_file[0], tmp_path / "no", "--reasoning-effort", "low")) == 2
    assert "refuses --reasoning-effort low" in capsys.readouterr().err.splitlines()[-1]


def test_an_output_budget_above_what_the_endpoint_takes_is_refused(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ReasoningServer("field", takes=5_000) as server:
        assert steelyard(measure(server, sums_file[0], tmp_path / "run", "--output-tokens", "10000")) == 2
    assert "give --output-tokens 4096" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("switch", "more", "wrong", "verdict"),
    [
        ("off", (), 0.0, "consistent"),
        ("off", (), 0.2, "inconsistent"),
        ("on", ("--reasoning-effort", "none"), 0.0, "consistent"),
    ],
)
def test_a_claim_without_an_effort_may_mean_that_it_reasoned(
    switch: str, more: tuple[str, ...], wrong: float, verdict: str, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with ReasoningServer("field", wrong=wrong, switch=switch, unreasoned=0.3) as server:
        code = steelyard(audit(server, sums_file[0], run, *more))
        efforts = {body.get("reasoning_effort", "") for body in server.bodies if SUM.search(str(body))}
    (claim,) = reported(run)["claims"]
    assert (claim["verdict"], code) == (verdict, {"consistent": 0, "inconsistent": 1}[verdict])
    assert efforts == ({"", "high"} if switch == "off" else {"", "none"})
    assert any(f"effort {more[1] if more else 'high'}" in each for each in claim["formats"])
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "holds"), [((), True), (("--output-tokens", "160"), True), (("--output-tokens", "100"), False)]
)
@pytest.mark.parametrize("dialect", ["hidden", "field", "inline", "unopened"])
def test_two_hundred_audits_accuse_nobody(
    dialect: str, options: tuple[str, ...], holds: bool, sums_file: Sums, tmp_path: Path
) -> None:
    """17 audits for each of 4 dialects and 3 budgets: 204. Each has its own order of the samples."""
    with ReasoningServer(dialect, wrong=0.02) as server:
        sums = [SUM.search(json.loads(line)["question"]) for line in sums_file[0].read_text().splitlines()]
        right = sum(not server.errs(found[1], found[2]) for found in sums if found) / len(sums)
        words = []
        for number in range(17):
            command = audit(server, sums_file[0], tmp_path / f"run{number}", *options)
            sheet = tmp_path / "sheet.yaml"
            sheet.write_text(sheet.read_text().replace('"98"', f'"{100 * right:.1f}"'))
            steelyard(command)
            words += [claim["verdict"] for claim in reported(tmp_path / f"run{number}")["claims"]]
    assert words == ["consistent" if holds else "insufficient_power"] * 17
