"""``steelyard watch``: the group of its commands."""

from __future__ import annotations

import pytest

from steelyard.cli import execute


def test_the_group_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["watch", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in ("begin", "look", "show"))
