"""What the commands of a watch print beside their result."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli.watch.output import notify, print_places


def test_commands_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    print_places(Path("my watch"))
    assert "steelyard watch look 'my watch'" in capsys.readouterr().out


def test_a_remark_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    notify("a\x1b[31m\nb")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "\x1b" not in said.err
