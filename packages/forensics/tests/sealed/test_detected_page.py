"""The page of a test over finished runs: no script, nothing loaded, and foreign text is escaped."""

from __future__ import annotations

import re

import pytest

from steelyard.errors import ExitCode
from steelyard.records import VerdictWord
from steelyard_forensics.sealed.page import page

HOSTILE = "b\x1b[31m<script>alert(1)</script>\n\u202e"


@pytest.mark.parametrize("code", [ExitCode.CONSISTENT, ExitCode.INCONSISTENT, ExitCode.UNDECIDED])
def test_it_is_one_file_and_escapes_what_others_wrote(code: ExitCode) -> None:
    text = page(
        command="published_outputs",
        title="Published outputs",
        headline=HOSTILE,
        exit_code=code,
        sentences=[HOSTILE],
        headings=("benchmark", "p", "verdict"),
        rows=[(VerdictWord.INCONSISTENT, (HOSTILE, "0.1", "✗ inconsistent"))],
    )
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert text.count('<tr role="row">') == 2
    assert f"Exit code {int(code)}:" in text


def test_without_rows_there_is_no_table() -> None:
    text = page(
        command="text_identity",
        title="t",
        headline="h",
        exit_code=ExitCode.UNDECIDED,
        word=VerdictWord.NOT_TESTABLE,
        sentences=["a"],
    )
    assert "<table" not in text
    assert 'class="not-testable mark"' in text
