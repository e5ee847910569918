"""``steelyard compare`` on real runs: exit codes, files, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from tests.comparison_runs import two_runs


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
    assert "B is better by " in out
    assert max(map(len, out.splitlines())) <= 100
    assert "What is" in (folder / "c.html").read_text()
    assert "B is better by " in (folder / "c.md").read_text()
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
