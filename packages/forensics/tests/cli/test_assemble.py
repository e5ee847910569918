"""``steelyard assemble`` on real audits of two servers, each good at what the other is bad at."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from steelyard import assemble
from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard_forensics.assemble.pages import machine
from testkit.reversing_server import ReversingServer

SHEET = """model: flagship
claims:
  - {task: word_sequence_reversal, value: 96, unit: percent, protocol: {prompt: chat}}
  - {task: chain_sum, value: 96, unit: percent, protocol: {prompt: chat}}
"""


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One is right on .97 of the reversals and half of the sums, one the other way round, and one on both."""
    folder, made = tmp_path_factory.mktemp("audits"), {}
    (folder / "claims.yaml").write_text(SHEET)
    for name, skill, adds in (("words", 0.98, 0.5), ("sums", 0.5, 0.98), ("both", 0.98, 0.98)):
        with ReversingServer(skill) as server:
            server.name, server.adds = name, adds
            model = f"openai:{name}@{server.url}"
            made[name] = folder / name
            asked = ["--accept-model", "--detect", "none", "--out", str(made[name])]
            steelyard(["audit", str(folder / "claims.yaml"), "--model", model, *asked])
    return made


def test_a_table_that_takes_each_row_from_another_model(
    audits: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert steelyard(["assemble", str(audits["words"]), str(audits["sums"])]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "none of these 2 models gave the whole table" in said
    assert "taking each row from another of them" in said
    assert "words reaches word_sequence_reversal, fails chain_sum" in said


def test_a_table_that_one_model_gave(audits: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["assemble", *(str(audits[name]) for name in ("words", "sums", "both")), "--json"]) in (0, 3)
    document = json.loads(capsys.readouterr().out)
    assert document["assembled"] is False
    assert [each["model"] for each in document["candidates"]] == ["words", "sums", "both"]
    assert document["candidates"][2]["p"] > 0.05


def test_pages_are_written_where_no_run_is(
    audits: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [str(audits["words"]), str(audits["sums"])]
    page, text = tmp_path / "table.html", tmp_path / "table.md"
    assert steelyard(["assemble", *runs, "--html", str(page), "--markdown", str(text), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["differences"] == []  # both were asked alike
    assert "none of these 2 models gave the whole table" in page.read_text()
    assert text.read_text().startswith("# One table, several models")
    assert steelyard(["assemble", *runs, "--html", str(audits["words"] / "x.html")]) == 2
    assert "is inside a run's folder" in capsys.readouterr().err
    assert document["sentences"] == json.loads(json.dumps(machine(assemble(*runs))))["sentences"]


def test_a_run_that_was_changed_is_no_evidence(
    audits: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = Path(shutil.copytree(audits["words"], tmp_path / "run"))
    journal = changed / "journal" / "main-0000.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"completion_tokens":4', b'"completion_tokens":5', 1))
    assert steelyard(["assemble", str(changed), str(audits["sums"])]) == VerificationError.exit_code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("runs", [["words"], ["words", "words"], ["words", "nowhere"]])
def test_what_cannot_be_held_together_is_one_line(
    audits: dict[str, Path], capsys: pytest.CaptureFixture[str], runs: list[str]
) -> None:
    assert steelyard(["assemble", *(str(audits.get(run, run)) for run in runs)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
