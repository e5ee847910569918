"""Invoices and letters: no line is cut or lies over another; paragraphs are broken between words."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.tasks.drawing.documents import wrapped
from steelyard.tasks.drawing.faces import face
from steelyard.tasks.generators import document_reading
from tests.tasks.drawing.layout import caught, faults


@pytest.mark.parametrize("options", [{}, {"min_lines": 6, "max_lines": 6, "sizes": (13,)}])
def test_no_line_is_cut_or_lies_over_another(options: dict[str, Any]) -> None:
    with caught() as found:
        rows = document_reading.generate("layout", 100, **options)
    assert len(found) > 1500
    assert faults(found) == []
    for row in rows:
        width, height = map(int, re.findall(r'(?:width|height)="(\d+)"', row["image"].svg)[:2])
        assert (width <= 640, height <= 480) == (True, True)


@given(st.lists(st.text("abcdefgh.,", min_size=1, max_size=12), max_size=30), st.integers(40, 400))
def test_a_paragraph_is_broken_between_words(words: list[str], width: int) -> None:
    lines = list(wrapped(" ".join(words), "sans", 12, width))
    assert " ".join(lines).split() == words
    for line in lines:
        assert " " not in line or face("sans").width(line, 12) <= width
    for line, after in pairwise(lines):
        assert face("sans").width(f"{line} {after.split()[0]}", 12) > width
