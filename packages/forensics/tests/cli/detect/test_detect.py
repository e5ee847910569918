"""``steelyard detect``: the table of what can be run, and bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard_forensics.cli.detect import COMMANDS, command


def test_every_name_in_the_table_is_a_command() -> None:
    assert [command.get_command(None, name).name for name in COMMANDS] == [*COMMANDS]  # type: ignore[arg-type, union-attr]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["detect", "none", "run"], "No such command"),
        (["detect", "twin_gap", "run"], "--panel"),
        (["detect", "twin_gap", "run", "--panel", "p"], "is no panel"),
        (["detect", "twin_gap", "run", "--panel", "p", "--alpha", "0.5"], "--alpha"),
    ],
)
def test_bad_input_is_named(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert execute(arguments) == 2
    assert said in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []
