"""``steelyard portfolio`` on real runs: files, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from testkit.comparison_runs import two_runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_runs(tmp_path_factory.mktemp("runs"))


def test_a_portfolio_of_two_runs(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert execute(["portfolio", "small", "large", "--vendor", "small=X", "--html", "p.html"]) == 0
    said = capsys.readouterr().out
    assert "both fail on" in said
    assert "least" not in said
    assert "both fail on" in (folder / "p.html").read_text()
    assert execute(["portfolio", "small", "large", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vendor", "other=X"], "no such run is given"),
        (["--cost", "small=much"], "is not a number"),
        (["--share", "small"], "give RUN="),
    ],
)
def test_bad_input_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(folder)
    assert execute(["portfolio", "small", "large", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
