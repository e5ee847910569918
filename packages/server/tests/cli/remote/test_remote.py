from __future__ import annotations

import pytest

from steelyard.cli import execute


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["remote", "--help"]) == 0
    assert "push" in capsys.readouterr().out
