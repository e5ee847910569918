"""``steelyard detect published_outputs``: what it refuses before it reads a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "--model"),
        (["run", "--model", "reference=gguf:none.gguf", "--limit", "0"], "--limit"),
        (["run", "--model", "reference=gguf:none.gguf", "--out", "."], "not an empty folder"),
    ],
)
def test_bad_input_is_named(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert execute(["detect", "published_outputs", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
