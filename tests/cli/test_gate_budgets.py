"""Budgets of time and cost in a gate: by the real command and a real server; what verify says of a changed one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from testkit.resealing import reseal, with_new_reports


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def gate(server: SumsServer, file: Path, *more: str, out: str = "r") -> int:
    return execute(
        ["gate", str(file), "--model", f"openai:sums@{server.url}", "--at-least", "0.6", "--out", out, *more]
    )


def gates(out: str = "r") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Path(out, "report.json").read_text())["gates"]
    return found


def test_three_gates_on_the_same_answers(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--max-latency-p95", "30s", "--max-cost-per-answer", "0.01", "--price", "10,20"]
    assert gate(sums_server, sums_file[0], *more, "--junit", "j.xml", "--summary", "s.md") == 0
    said = capsys.readouterr().out
    assert "green: sums p95 ≤ 30 s: 0." in said
    assert "green: sums cost ≤ 0.01 an answer: 0.000" in said
    score, latency, cost = gates()
    assert "budget" not in score
    assert (latency["budget"]["kind"], latency["budget"]["limit"], cost["budget"]["kind"]) == ("latency", "30", "cost")
    assert latency["budget"]["band"][0] <= latency["budget"]["seen"]
    assert latency["asked"] == cost["asked"] == latency["of"]
    assert [each.get("name") for each in ET.parse("j.xml").iter("testcase")] == [
        "sums ≥ 60 %", "sums p95 ≤ 30 s", "sums cost ≤ 0.01 an answer"
    ]  # fmt: skip
    assert "p95 ≤ 30 s" in Path("s.md").read_text()
    assert execute(["verify", "r"]) == 0
    assert "verdict recomputed: 3 green" in capsys.readouterr().out
    assert execute(["report", "r"]) == 0
    assert "Green: all 3 gates are green." in " ".join(capsys.readouterr().out.split())
    for language in ("en", "de"):
        assert execute(["report", "r", "--summary", f"{language}.html", "--language", language]) == 0
    assert "Kosten ≤ 0,01 je Antwort" in Path("de.html").read_text()


def test_a_dear_model_is_red_whatever_it_scores(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "--max-cost-per-answer", "0.0001", "--price", "10,20") == 1
    said = capsys.readouterr().out
    assert "green: sums ≥ 60 %" in said
    assert "red: sums cost ≤ 0.0001 an answer: 0.000" in said
    assert execute(["verify", "r"]) == 0
    report = json.loads(Path("r/report.json").read_text())
    assert [each["check"] for each in report["findings"]] == ["too_dear"]


def test_a_slow_model_is_red_when_all_have_answered(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "--max-latency-p95", "0.000001") == 1
    assert "red: sums p95 ≤ 0.000001 s" in capsys.readouterr().out
    latency = gates()[1]
    assert latency["asked"] == latency["of"]
    assert latency["right"] == 0
    assert execute(["verify", "r"]) == 0


def test_a_dry_run_says_that_all_is_asked(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "--max-latency-p95", "30s", "--dry-run") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "the gates on time and cost ask all, whenever the score is decided" in said


def test_what_is_no_budget_is_one_line_before_anything_is_asked(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    for more, said in (
        (["--max-latency-p95", "fast"], "--max-latency-p95 takes a duration"),
        (["--max-cost-per-answer", "-1"], "an amount above 0, as 0.002"),
        (["--max-cost-per-answer", "0.01"], "--max-cost-per-answer needs prices"),
    ):
        assert gate(sums_server, sums_file[0], *more) == 2
        assert said in capsys.readouterr().err
    assert not any("+" in prompt for prompt in sums_server.asked)
    assert not Path("r").exists()


@pytest.mark.parametrize(
    "change", ["limit", *(pytest.param(each, marks=pytest.mark.slow) for each in ("weight", "left out"))]
)
def test_a_budget_that_was_changed_and_sealed_again_does_not_verify(
    sums_server: SumsServer, sums_file: tuple[Path, float], change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "--max-cost-per-answer", "0.0001", "--price", "10,20") == 1
    plan = without_defaults(RunFolder.open(Path("r")).plan)
    if change == "left out":
        del plan["tests"][1]
    elif change == "limit":
        plan["tests"][1]["sealed"]["cost"] = "9"
    else:
        plan["tests"][0]["weight"] = plan["tests"][1]["weight"] = 0.5
    try:
        reseal(Path("r"), plan=plan)
        with_new_reports(Path("r"))
    except InputError:
        pass
    capsys.readouterr()
    assert execute(["verify", "r"]) == 1


def test_a_time_that_was_changed_and_sealed_again_is_another_verdict(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    """The times are the signer's own word; the report must follow from them."""
    assert gate(sums_server, sums_file[0], "--max-latency-p95", "30s") == 0
    journal = Path("r/journal/main-0000.jsonl")
    records = [json.loads(line) for line in journal.read_bytes().splitlines()]
    for record in records:
        if record["type"] == "attempt":
            record["elapsed_us"] = 40_000_000
    reseal(Path("r"), records=records)
    capsys.readouterr()
    assert execute(["verify", "r"]) == 1
    assert "report.json" in capsys.readouterr().err


def test_calls_that_a_deadline_cut_off_are_no_proof_of_green(
    sums_server: SumsServer, sums_file: tuple[Path, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = sums_file[0].read_text().splitlines()
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(rows[:120]) + "\n")
    sums_server.seconds = lambda wrong: 600.0 if wrong else 0.0
    asked = ["--max-latency-p95", "500s", "--concurrency", "48", "--deadline", "3s"]
    assert gate(sums_server, few, *asked) == 4
    sums_server.seconds = lambda wrong: 0.0
    assert execute(["resume", "r"]) == 3
    assert gates()[1]["missing"] >= 12
    said = " ".join(capsys.readouterr().out.split())
    assert "the run was cut off or killed and resumed" in said
    assert "1 undecided, 1 green." in said
    assert execute(["verify", "r"]) == 0
