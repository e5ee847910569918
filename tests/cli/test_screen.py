"""``steelyard screen``, as a user meets it: exit codes, what is printed, and that hostile text stays text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MAVERICK = str(EXAMPLES / "llama-4-maverick.yaml")


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def write(tmp_path: Path, content: str) -> str:
    path = tmp_path / "sheet.yaml"
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_maverick_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["screen", MAVERICK]) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert max(map(len, printed.out.splitlines())) <= 100
    assert printed.out.count("Finding (") == 1
    assert "Finding (variant) lmarena: measured on Llama-4-Maverick-03-26-Experimental" in printed.out
    assert "1417 Elo" in printed.out
    words = " ".join(printed.out.split())
    assert "not one full pass over 198" in words
    assert "we average over multiple generations" in words
    assert printed.out.splitlines()[-1] == "Inconsistent: 1 finding without any honest explanation; 3 notes."


@pytest.mark.parametrize("name", ["llama-4-scout", "smollm2-135m-instruct"])
def test_honest_sheets_exit_0(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["screen", str(EXAMPLES / f"{name}.yaml")]) == 0
    assert "Nothing on the sheet is impossible; " in capsys.readouterr().out


def test_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert execute(["screen", MAVERICK]) == 1
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["screen", MAVERICK, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "steelyard-report/2"
    assert list(document)[:6] == ["format", "verdict", "exit", "findings", "notes", "claims"]
    assert (document["verdict"], document["exit"]) == ("inconsistent", 1)
    assert document["findings"][0]["check"] == "variant"
    assert {note["check"] for note in document["notes"]} == {"granularity", "unit", "protocol"}
    first = document["claims"][0]
    assert (first["task"], first["claimed"], first["tolerance"]) == ("mmmu", 73.4, None)
    assert (first["verdict"], first["measured"], first["asked"]) == ("not_tested", None, 0)
    assert document["claims"][-1]["claimed"] == 1417


def test_json_without_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["screen", "--json", str(EXAMPLES / "llama-4-scout.yaml")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"], document["exit"], document["findings"]) == ("not_tested", 0, [])


@pytest.mark.parametrize("content", ["", "model: m\nmodle: n", "a: &a [x]\nb: *a", "[" * 5000, "model: \x00"])
def test_bad_sheets_are_one_line_and_exit_2(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["screen", write(tmp_path, content)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "sheet.yaml" in printed.err


def test_hostile_text_stays_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = '"[bold red]x[/] \\e[2J \\u202e :smile: \\x9b31m"'
    row = f"{{task: {evil}, value: 130, variant: {evil}, metric: acc, note: {evil}}}"
    sheet = f"model: {evil}\nvendor: {evil}\nclaims: [{row}]"
    assert execute(["screen", write(tmp_path, sheet)]) == 1
    printed = capsys.readouterr().out
    assert "[bold red]x[/]" in printed
    assert ":smile:" in printed
    assert execute(["screen", "--json", write(tmp_path, sheet)]) == 1
    printed += capsys.readouterr().out
    assert not {"\x1b", "\u202e", "\x9b"} & set(printed)


def test_many_rows_are_cut_on_the_screen_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"- {{task: t{number}, value: 150}}\n" for number in range(10_000))
    path = write(tmp_path, "model: m\nclaims:\n" + rows)
    assert execute(["screen", path]) == 1
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) < 120
    assert "… and 9,960 more rows" in printed
    assert "… and 9,980 more; --json prints all" in printed
    assert execute(["screen", path, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 10_000


def test_stated_samples_and_sheets_without_a_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "model: m\nclaims: [{task: mine, value: 50, samples: 1234, repeats: 2}]")
    assert execute(["screen", path]) == 0
    assert "1,234" in capsys.readouterr().out
