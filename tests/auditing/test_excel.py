"""A company's spreadsheet, from the file that Excel wrote to a verdict, by the real command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from steelyard.cli import execute
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer

QUESTIONS = [(f"What is {number} + {number * 7 % 91}?", str(number + number * 7 % 91)) for number in range(80)]
RIGHT = sum(not SumsServer.is_wrong(str(number), str(number * 7 % 91)) for number in range(80))


def as_csv(path: Path, header: str, delimiter: str, encoding: str) -> None:
    lines = [header, *(delimiter.join(pair) for pair in QUESTIONS)]
    path.write_bytes("\r\n".join(lines).encode(encoding))


def as_workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [("Frage", "Erwartete Antwort"), *((question, int(answer)) for question, answer in QUESTIONS)]:
        book.active.append(row)
    book.save(path)


def audit(server: Any, questions: Path, out: Path, *more: str) -> int:
    sheet = out.parent / "sheet.yaml"
    sheet.write_text(f"model: Adder\nclaims:\n  - {{task: tickets, value: {100 * RIGHT / 80:.1f}, shots: 0}}\n")
    model = f"openai:sums@{server.url}"
    return execute(["audit", str(sheet), "--model", model, "--task", str(questions), "--out", str(out), *more])


@pytest.mark.parametrize(
    ("name", "header", "delimiter", "encoding"),
    [
        ("tickets.csv", "Frage;Antwort", ";", "cp1252"),
        ("tickets.csv", "Frage;Antwort", ";", "utf-8-sig"),
        ("tickets.csv", "question,answer", ",", "utf-8"),
        ("tickets.csv", "Prompt\tExpected Output", "\t", "utf-16"),
        ("tickets.tsv", "Frage\tLösung", "\t", "utf-8"),
        ("tickets.txt", "Frage\tAntwort", "\t", "utf-16"),
        ("tickets.csv", "sep=;\r\nFrage;Antwort", ";", "cp1252"),
        ("tickets.xlsx", "", "", ""),
    ],
)
def test_one_verdict_from_every_shape(
    name: str, header: str, delimiter: str, encoding: str, sums_server: Any, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if name.endswith("xlsx"):
        as_workbook(tmp_path / name)
    else:
        as_csv(tmp_path / name, header, delimiter, encoding)
    out = tmp_path / "run"
    assert audit(sums_server, tmp_path / name, out, "--tolerance", "5") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert ("The question is in the column" in said) is (header != "question,answer")
    (claim,) = json.loads((out / "report.json").read_bytes())["claims"]
    assert (claim["verdict"], claim["asked"]) == ("consistent", 80)
    assert execute(["verify", str(out)]) == 0


def test_columns_that_are_named_are_kept_for_a_resume(
    sums_server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_csv(tmp_path / "tickets.csv", "Text;Kategorie", ";", "cp1252")
    out = tmp_path / "run"
    assert audit(sums_server, tmp_path / "tickets.csv", out) == 2
    assert "needs a column question, prompt, input or Frage, or --question COLUMN" in capsys.readouterr().err
    sums_server.status = lambda prompt, times: 503 if sum(sums_server.asked.values()) > 60 else 200
    named = ("--question", "Text", "--answer", "Kategorie")
    assert audit(sums_server, tmp_path / "tickets.csv", out, *named, "--patience", "0.1s", "--tolerance", "5") == 4
    noted = RunFolder.open(out).local_settings()
    assert noted is not None
    assert noted.own_files.question == "Text"
    sums_server.status = lambda prompt, times: 200
    assert execute(["resume", str(out)]) == 0
