"""``steelyard panel``: its commands, and their bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["panel", "add", "nowhere"], "--family"),
        (["panel", "add", "nowhere", "--family", "f"], "no run is here"),
        (["panel", "list", "--dir", "nowhere"], "is no panel"),
        (["panel", "drop"], "No such command"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert execute(arguments) == 2
    error = capsys.readouterr().err.splitlines()
    assert said in error[-1]
    assert not (tmp_path / "panel").exists()
