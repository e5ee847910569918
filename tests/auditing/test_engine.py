"""The engine as a user meets it: limits, budgets, outages, deadlines and full disks, by the command line."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.records import Attempt
from steelyard.storage.journal.lines import Stop
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder

Sums = tuple[Path, float]


def measure(server: Any, questions: Path, out: Path, *more: str) -> list[str]:
    return ["run", str(questions), "--model", f"openai:sums@{server.url}", "--out", str(out), *more]


def attempts(run: Path) -> list[Attempt]:
    return [record for record, _ in read_lines(run) if isinstance(record, Attempt)]


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.splitlines()[-1]


def test_an_outage_pauses_the_run_with_a_clear_line_and_ends_by_itself(
    sums_server: Any, sums_file: Sums, tmp_path: Path, quick_retries: None, capsys: pytest.CaptureFixture[str]
) -> None:
    refused: list[float] = []

    def status(prompt: str, times: int) -> int:
        """An outage that begins with the 100th sum, however long that took, and lasts for four attempts or more."""
        if len(sums_server.asked) <= 100 or (refused and time.monotonic() - refused[0] >= 0.2 and len(refused) >= 4):
            return 200
        refused.append(time.monotonic())
        return 502

    sums_server.seconds = lambda wrong: 0.002
    sums_server.status = status
    assert steelyard(measure(sums_server, sums_file[0], tmp_path / "run", "--concurrency", "2")) == 0
    told = capsys.readouterr().err
    assert told.count("the endpoint is down (HTTP 502: as the test wants): paused, retrying until ") == 1
    assert told.count("the endpoint is up again: resuming") == 1
    assert {attempt.outcome.value for attempt in attempts(tmp_path / "run") if attempt.final} == {"ok"}


def test_a_deadline_ends_a_run_that_hangs_and_a_resume_finishes_it(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 60.0 if wrong else 0.0
    # Until the plan is made nothing hangs: the handshake asks no sums.
    assert steelyard(measure(sums_server, sums_file[0], run, "--deadline", "3s", "--concurrency", "8")) == 4
    said = last_line(capsys)
    assert "the deadline came after" in said
    assert f"steelyard resume {run}" in said
    assert {a.detail for a in attempts(run) if not a.final} == {"cut off at the run's deadline"}
    assert [record.reason for record, _ in read_lines(run) if isinstance(record, Stop)] == ["deadline"]
    sums_server.seconds = lambda wrong: 0.0
    asked = Counter(attempt.sample for attempt in attempts(run) if attempt.final)
    assert steelyard(["resume", str(run)]) == 0
    finals = Counter((a.sample, a.repeat) for a in attempts(run) if a.final)
    assert set(finals.values()) == {1}
    assert asked.keys() <= {sample for sample, _ in finals}
    assert steelyard(["verify", str(run)]) == 0


def test_a_budget_of_tokens_is_not_exceeded(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert steelyard(measure(sums_server, sums_file[0], run, "--max-tokens", "2000")) == 3
    used = sum(attempt.prompt_tokens + attempt.completion_tokens for attempt in attempts(run))
    assert 1500 < used <= 2000
    assert steelyard(["verify", str(run)]) == 0


def test_a_budget_of_money_is_not_exceeded(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    prices = tmp_path / "prices.yaml"
    prices.write_text("other: {prompt: 1, completion: 1}\nsums: {prompt: 100, completion: 500}\n")
    more = ("--max-cost", "0.5", "--prices", str(prices))
    assert steelyard(measure(sums_server, sums_file[0], run, *more)) == 3
    cost = sum(attempt.prompt_tokens * 100 + attempt.completion_tokens * 500 for attempt in attempts(run)) / 1e6
    assert 0.3 < cost <= 0.5
    limits = RunFolder.open(run).plan.subject.limits
    assert (limits.cost, limits.price_prompt, limits.price_completion) == (0.5, 100.0, 500.0)


def test_requests_a_minute_pace_the_run(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert steelyard(measure(sums_server, sums_file[0], run, "--rpm", "1200", "--deadline", "4s")) == 4
    assert 0 < len(attempts(run)) <= 90  # how many fewer depends on how long this machine took to begin


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sums: [1, 2]\n", "prices.yaml:1: the prices of 'sums'"),
        ("sums:\n  prompt: cheap\n  completion: 1\n", "prices.yaml:2: prompt is not a price"),
        ("sums: {prompt: -1, completion: 1}\n", "prompt is not a price"),
        ("sums: {prompt: 1}\n", "the prices of 'sums'"),
        ("gpt: {prompt: 1, completion: 1}\n", "has no prices of 'sums'"),
        ("- 1\n", "has no prices of 'sums'"),
        ("sums: &a {prompt: 1, completion: 1}\n", "anchors"),
        ("\x00", "U+0000"),
    ],
)
def test_a_price_table_that_is_none_is_refused(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(text)
    command = measure(sums_server, sums_file[0], tmp_path / "run", "--max-cost", "1", "--prices", str(prices))
    assert steelyard(command) == 2
    assert said in last_line(capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--max-cost", "1"], "a maximum cost needs your prices"),
        (["--price", "1"], "--price takes two numbers"),
        (["--price", "1,nan"], "--price takes two numbers"),
        (["--price", "1,2", "--prices", "x.yaml"], "give one of them"),
        (["--prices", "nowhere.yaml"], "nowhere.yaml"),
        (["--deadline", "soon"], "--deadline takes a duration"),
        (["--patience", "0"], "--patience takes a duration"),
        (["--repeats", "3"], "give a temperature"),
    ],
)
def test_bad_limits_are_refused_before_anything_is_sent(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert steelyard(measure(sums_server, sums_file[0], tmp_path / "run", *more)) == 2
    assert said in last_line(capsys)
    assert not sums_server.asked


def test_a_full_disk_stops_the_run_and_a_resume_finishes_it(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    stopped = subprocess.run(
        [sys.executable, "-m", "steelyard", *measure(sums_server, sums_file[0], run)],
        preexec_fn=little_room, capture_output=True, text=True,
    )  # fmt: skip
    assert stopped.returncode == 4
    assert "cannot be written (File too large); nothing finished is lost" in stopped.stderr.splitlines()[-1]
    assert "Traceback" not in stopped.stderr
    assert (run / "journal" / "main-0000.jsonl").read_bytes().endswith(b"\n")
    before = {attempt.sample: attempt.answer for attempt in attempts(run) if attempt.final}
    assert before
    assert steelyard(["resume", str(run)]) == 0
    finals = Counter((attempt.sample, attempt.repeat) for attempt in attempts(run) if attempt.final)
    assert set(finals.values()) == {1}
    assert steelyard(["verify", str(run)]) == 0


def test_pass_at_k_of_several_answers(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--repeats", "5", "--temperature", "0.8", "--limit", "20")
    assert steelyard(measure(sums_server, sums_file[0], tmp_path / "run", *more)) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told[1:3]] == ["pass@2", "pass@5"]
    assert len(attempts(tmp_path / "run")) == 100


def test_what_an_interruption_left_can_be_finalized(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    sums_server.interrupts_at = 100
    assert steelyard(measure(sums_server, sums_file[0], run, "--concurrency", "8")) == 130
    asked = sums_server.asked.total()
    assert steelyard(["resume", str(run), "--finalize"]) == 3
    assert sums_server.asked.total() == asked
    told = capsys.readouterr().out
    assert "it was stopped before all was asked" in " ".join(told.split())
    assert "Exit 3: the run ended before every sample was asked" in told
    assert "Not tested, and why" not in told
    assert steelyard(["verify", str(run)]) == 0
    assert steelyard(["resume", str(run), "--finalize"]) == 3  # it is sealed: shown, nothing else


def test_a_row_that_always_fails_keeps_no_audit_from_its_end(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("model: adder\nclaims:\n  - {task: sums, value: 97}\n  - {task: bad, value: 50}\n")
    bad = tmp_path / "bad.jsonl"
    bad.write_text("".join(f'{{"question": "BAD {n}", "answer": "{n}"}}\n' for n in range(300)))
    sums_server.status = lambda prompt, times: 500 if "BAD" in prompt else 200
    model = f"openai:sums@{sums_server.url}"
    more = ["--task", str(sums_file[0]), "--task", str(bad), "--out", str(run), "--concurrency", "4"]
    assert steelyard(["audit", str(sheet), "--model", model, *more]) == 4
    assert steelyard(["resume", str(run), "--finalize"]) in (1, 4)  # 4 where a call of the bad row had all its attempts
    words = [claim["verdict"] for claim in json.loads((run / "report.json").read_bytes())["claims"]]
    assert words == ["inconsistent", "insufficient_power"]
    assert steelyard(["verify", str(run)]) == 0


def test_shots_that_a_task_has_not_are_refused(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert steelyard(measure(sums_server, sums_file[0], tmp_path / "run", "--shots", "5")) == 2
    assert "shows 0 worked examples" in last_line(capsys)
    assert not (tmp_path / "run").exists()
