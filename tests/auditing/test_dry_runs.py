"""What is said before anything is asked, and what a resume says where the questions are not the same any more."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard

Sums = tuple[Path, float]


def test_a_dry_run_of_a_measurement_sends_no_question(
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    questions, _ = sums_file
    command = ["run", str(questions), "--model", f"openai:sums@{sums_server.url}", "--price", "1,2", "--dry-run"]
    assert steelyard([*command, "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out
    assert "Dry run: no sample was sent" in told
    assert "no cost without" not in told
    assert " 900 " in told
    assert not any(" + " in prompt for prompt in sums_server.asked)
    assert not (tmp_path / "run").exists()


def test_a_dry_run_where_nothing_can_be_asked_is_no_success(
    sums_server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = tmp_path / "sheet.yaml"
    claims.write_text("model: adder\nclaims:\n  - {task: tickets, value: 90}\n  - {task: triviaqa, value: 40}\n")
    assert steelyard(["audit", str(claims), "--model", f"openai:sums@{sums_server.url}", "--dry-run"]) == 3
    told = " ".join(capsys.readouterr().out.split())
    assert "Dry run: nothing can be asked." in told
    assert "no cost without --price IN,OUT or --prices FILE" in told
    assert "tickets: not tested: no task has this name: steelyard tasks lists those that there are" in told
    assert "triviaqa: not tested: TriviaQA is known, but has no task here" in told


def test_a_resume_after_the_questions_changed_names_the_option(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 0.05
    command = ["run", str(questions), "--model", f"openai:sums@{sums_server.url}", "--out", str(run)]
    process = subprocess.Popen([sys.executable, "-m", "steelyard", *command], stderr=subprocess.DEVNULL)
    journal = run / "journal" / "main-0000.jsonl"
    for _ in range(6000):
        if journal.is_file() and journal.read_bytes().count(b"\n") > 5:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=300) == 130
    page = tmp_path / "page.html"
    assert steelyard(["report", str(run), "--html", str(page), "--summary", str(tmp_path / "summary.html")]) == 3
    told = " ".join(capsys.readouterr().out.split())
    assert "finalized" not in told
    assert "it was stopped before all was asked" in told
    assert f"is not sealed. It goes on with: steelyard resume {run}" in told
    assert f"page {page} summary {tmp_path / 'summary.html'}" in told
    before = questions.read_text()
    questions.write_text(before.replace("What is 0 + 0?", "What is 1 + 0?", 1))
    assert steelyard(["resume", str(run)]) == 2
    assert "are not those that the plan sealed: give the file as it was, with --task FILE" in capsys.readouterr().err
    (tmp_path / "kept").mkdir()
    kept = tmp_path / "kept" / "sums.jsonl"
    kept.write_text(before)
    sums_server.seconds = lambda wrong: 0.0
    assert steelyard(["resume", str(run), "--task", str(kept)]) == 0


def test_a_task_file_that_no_claim_names_and_a_name_that_lacks_a_letter(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = tmp_path / "sheet.yaml"
    questions, model = str(sums_file[0]), f"openai:sums@{sums_server.url}"
    claims.write_text("model: adder\nclaims:\n  - {task: sums.jsonl, value: 90}\n  - {task: SUM, value: 40}\n")
    assert steelyard(["audit", str(claims), "--model", model, "--task", questions, "--dry-run"]) == 2
    assert "the sheet names 'sums.jsonl', 'SUM': write sums as the task of a claim" in capsys.readouterr().err
    claims.write_text("model: adder\nclaims:\n  - {task: gsm8, value: 90}\n  - {task: aime-202, value: 40}\n")
    assert steelyard(["audit", str(claims), "--model", model, "--dry-run"]) == 3
    told = " ".join(capsys.readouterr().out.split())
    assert "gsm8: not tested: no task has this name: steelyard tasks lists those" in told
    assert "aime-202: not tested: no task has this name: steelyard tasks lists" in told


@pytest.mark.parametrize("price", ["0,15", "0,15,0,60"])
def test_a_price_with_a_decimal_comma_is_no_price_of_nothing(
    sums_server: Any, sums_file: Sums, price: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--dry-run"]
    assert steelyard([*command, "--price", price]) == 2
    assert "looks like decimal commas: write points, as in 0.15,0.60" in capsys.readouterr().err
    assert steelyard([*command, "--price", "0.0,15"]) == 0
    capsys.readouterr()
    assert steelyard([*command, "--max-cost", "5"]) == 2
    assert "give --price IN,OUT per million tokens, or a table with --prices FILE" in capsys.readouterr().err
