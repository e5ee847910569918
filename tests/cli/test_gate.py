"""``steelyard gate``: green, red and undecided by the real command, and what verify says of a changed one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from tests.conftest import SumsServer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def gate(server: SumsServer, file: Path, bar: str, *more: str) -> int:
    return execute(["gate", str(file), "--model", f"openai:sums@{server.url}", "--at-least", bar, "--out", "r", *more])


@pytest.mark.parametrize(
    ("bar", "code", "word"),
    [("0.65", 0, "green: sums ≥ 65 %"), ("92%", 1, "red: sums ≥ 92 %"), ("1", 1, "red: sums ≥ 100 %")],
)
def test_a_gate_is_green_or_red_and_asks_no_more_than_it_needs(
    sums_server: SumsServer, sums_file: tuple[Path, float], key: Path, bar: str, code: int, word: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert gate(sums_server, sums_file[0], bar) == code
    said = capsys.readouterr().out
    assert said.startswith(word)
    asked = sum(count for prompt, count in sums_server.asked.items() if "+" in prompt)
    assert asked < 700
    assert execute(["verify", "r"]) == 0
    report = json.loads(Path("r/report.json").read_text())
    assert report["exit"] == code
    capsys.readouterr()
    assert execute(["report", "r"]) == code
    shown = " ".join(capsys.readouterr().out.split())
    assert word in shown
    assert "claim" not in shown
    assert execute(["verify", "r"]) == 0
    assert f"verdict recomputed: 1 {word.partition(':')[0]};" in capsys.readouterr().out


def test_a_gate_that_a_limit_ends_is_undecided(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "0.8", "--limit", "20") == 3
    assert capsys.readouterr().out.startswith("undecided: sums ≥ 80 %")
    assert execute(["verify", "r"]) == 0


@pytest.mark.parametrize("bar", ["0", "1.2", "x", "120%", "-0.5", "1e-3", "0.12345678", "nan%"])
def test_a_bar_that_is_none_is_one_line(
    sums_server: SumsServer, sums_file: tuple[Path, float], bar: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], bar) == 2
    assert "it is above 0 and at most 1, as 0.85 or 85%" in capsys.readouterr().err
    assert not Path("r").exists()


def test_a_dry_run_says_what_a_gate_needs(
    sums_server: SumsServer, sums_file: tuple[Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(sums_server, sums_file[0], "0.6", "--dry-run", "--json") == 0
    row: dict[str, Any] = json.loads(capsys.readouterr().out)["rows"][0]
    assert (row["task"], row["claimed"], row["sign"], row["shortfalls"]) == ("sums", "60", "≥", [-0.05, 0.05])
    assert 0 < row["if_true"] < 900
    assert 0 < row["if_false"] < 900
    assert gate(sums_server, sums_file[0], "0.6", "--dry-run") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "if 5 above if 5 below" in said
    assert "≥ 60 %" in said
    assert "claim" not in said
