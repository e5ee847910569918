"""Untrusted text on one line: nothing invisible, bounded length."""

from __future__ import annotations

import pytest

from steelyard.util.text import one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  a\n\tb\u00a0c  ", "a b c"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("left\u202eright\u200b", "left\ufffdright\ufffd"),
        ("lone \udfff", "lone \ufffd"),
        ("café 😀", "café 😀"),
    ],
)
def test_text_is_made_printable(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert one_line(text).isprintable()


def test_long_text_is_cut() -> None:
    assert one_line("word " * 999, 12) == "word word w…"
    assert len(one_line("x" * 9999, 300)) == 300


def test_several_lines_stay_and_the_rest_is_visible() -> None:
    assert printable("one\r\n\ttwo\x1b[31m\u202e") == "one\n    two�[31m�"
    assert printable("é" * 5, 3) == "ééé … (2 more characters)"
    assert printable("", 3) == ""
