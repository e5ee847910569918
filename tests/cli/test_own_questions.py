"""Files of one's own questions by the real command: how they are read, what is said of it, and what the model is asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute
from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_german import GERMAN
from tests.conftest import SumsServer

READ = "Read as semicolons between columns. The question is in the column 'Frage', the answer is in the column 'Antwort'."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sums(count: int) -> list[tuple[str, str]]:
    return [(f"What is {number} + 5?", str(number + 5)) for number in range(count)]


def csv_of(path: Path, count: int = 12) -> None:
    path.write_text("Frage;Antwort\n" + "".join(f"{asked};{answer}\n" for asked, answer in sums(count)))


def run(server: SumsServer, *arguments: str, code: int = 0) -> None:
    assert execute(["run", *arguments, "--model", f"openai:sums@{server.url}"]) == code


def audit(server: SumsServer, task: str, *arguments: str) -> None:
    Path("claims.yaml").write_text(f"model: sums\nclaims:\n  - {{task: {Path(task).stem}, value: 80, protocol: {{decoding: greedy}}}}\n")
    asked = ["audit", "claims.yaml", "--task", task, "--model", f"openai:sums@{server.url}", "--out", "r", *arguments]
    assert execute(asked) in (0, 3)


def report(name: str = "r/report.json") -> Any:
    return json.loads(Path(name).read_text())


def said(capsys: pytest.CaptureFixture[str]) -> str:
    told = capsys.readouterr()
    return " ".join((told.out + told.err).split())


def test_how_a_file_was_read_is_no_difference_from_the_vendor(
    folder: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    csv_of(folder / "fa.csv")
    audit(sums_server, "fa.csv")
    assert READ in said(capsys)
    (claim,), (measured,) = report()["claims"], report()["measurements"]
    assert not any("semicolons" in each for each in claim["differences"])
    assert measured["how_read"] == READ
    markdown, page = Path("r/report.md").read_text(), Path("r/report.html").read_text()
    assert re.search(r"How the file was read: Read as semicolons between columns\.", markdown)
    assert ".." not in markdown.partition("How the file was read")[2].splitlines()[0]
    assert "Differs from the vendor: Read" not in markdown
    assert re.search(r"<dt>How the file was read</dt><dd>Read as semicolons", page)
    for language, words in (("en", ENGLISH), ("de", GERMAN)):
        execute(["report", "r", "--summary", "s.html", "--language", language])
        text = Path("s.html").read_text()
        assert words.sureness.how_read in text
        assert (words.sureness.differences in text) is bool(claim["differences"])
    assert execute(["verify", "r"]) == 0


def test_a_run_says_too_how_its_file_was_read(folder: Path, sums_server: SumsServer) -> None:
    csv_of(folder / "fa.csv")
    run(sums_server, "fa.csv", "--out", "r")
    assert report()["measurements"][0]["how_read"] == READ
