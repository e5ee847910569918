"""No text is a formula as a cell, and every text is read back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.util.table_cell import cell_text, text_cell

STARTS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize("start", STARTS)
def test_what_a_spreadsheet_evaluates_begins_with_an_apostrophe(start: str) -> None:
    assert text_cell(f"{start}1+1") == f"'{start}1+1"


def test_what_is_harmless_stays_as_it_is() -> None:
    for text in ("", "a = 1", "'tis", "'", "-5", "+1.50", " =1"):
        assert text_cell(text) == cell_text(text) == text


@given(st.text(alphabet=st.one_of(st.sampled_from(STARTS + "'15."), st.characters(exclude_categories=["Cs"]))))
def test_every_text_is_read_back(text: str) -> None:
    cell = text_cell(text)
    assert cell_text(cell) == text
    assert cell[:1] not in STARTS or cell[:1] == "" or cell == text == cell.strip()
    assert text_cell(cell_text(cell)) == cell
