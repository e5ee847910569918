"""Files that stay as they were are named in one line, whatever they are called."""

from __future__ import annotations

import pytest

from steelyard.cli.suite.plain_files import echo_plain_files


def test_names_are_bounded_and_safe_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    echo_plain_files([], "not encrypted")
    assert capsys.readouterr().out == ""
    echo_plain_files(["a\x1b[31m\nb", *map(str, range(30))], "not encrypted")
    said = capsys.readouterr().out
    assert said.startswith("not encrypted, so look whether texts of items are in there: a\ufffd[31m b, 0, 1, ")
    assert said.endswith(", 18 and 11 more\n")
