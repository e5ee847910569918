"""``steelyard compare`` on real runs: exit codes, files, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from testkit.comparison_runs import sums_file, two_runs
from testkit.fixtures import SumsServer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_runs(tmp_path_factory.mktemp("runs"))


def test_two_runs_are_compared(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    assert execute(["compare", "small", "large", "--html", "c.html", "--markdown", "c.md"]) == 0
    out = capsys.readouterr().out
    assert "large is better by " in out
    assert max(map(len, out.splitlines())) <= 100
    assert "What is" in (folder / "c.html").read_text()
    assert "large is better by " in (folder / "c.md").read_text()
    assert execute(["compare", "small", "large", "--json", "--no-texts"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["pairs"][0]["contrasts"][0]["word"] == "better"
    assert document["pairs"][0]["differing_samples"][0]["question"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "small"], "needs two runs"),
        (["compare", "small", "small"], "is the same run as"),
        (["compare", "small", "nowhere"], "not the folder of a run"),
        (["compare", "small", "large", "--html", "small/x.html"], "inside a run's folder"),
        (["compare", "small", "large", "--html", "none/x.html"], "existing folder"),
        (["compare", "small", "large", "--see", "0"], "--see"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(folder)
    assert execute(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_two_instructions_to_one_endpoint_are_named(
    tmp_path: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sums_file(tmp_path, 12)
    for name, instruction in (("i1", "Add up."), ("i2", "Only the number."), ("i3", "")):
        given = ["--instruction", instruction] if instruction else []
        model = f"openai:sums@{sums_server.url}"
        assert execute(["run", "sums.jsonl", *given, "--model", model, "--out", name]) == 0
    capsys.readouterr()
    execute(["compare", "i1", "i2"])
    told = " ".join(capsys.readouterr().out.split())
    assert "before each question: 'Add up.' and 'Only the number.'" in told
    assert "a difference is that of what they were asked with, or one of time" in told
    assert "any difference is one of time" not in told
    execute(["compare", "i1", "i3"])
    assert "before each question: 'Add up.' and nothing" in " ".join(capsys.readouterr().out.split())


def test_the_same_file_with_and_without_choices_is_paired(
    tmp_path: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"question": f"What is {n} + 1?", "answer": "ab"[n % 2]}) for n in range(12)]
    Path("q.jsonl").write_text("\n".join(lines))
    for name, given in (("with", ["--choices", "a,b"]), ("plain", [])):
        model = f"openai:sums@{sums_server.url}"
        assert execute(["run", "q.jsonl", *given, "--model", model, "--out", name]) in (0, 3, 4)
    capsys.readouterr()
    execute(["compare", "with", "plain"])
    told = " ".join(capsys.readouterr().out.split())
    assert "choices: 'a, b' and nothing" in told
    assert "other questions" not in told
