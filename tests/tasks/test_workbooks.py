"""Sheets of workbooks: hidden sheets and rows, and files that are none. Commands with them: tests/cli."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from steelyard.errors import InputError
from steelyard.tasks.column_names import WantedColumns
from steelyard.tasks.loaders import read_rows


def test_a_hidden_sheet_is_taken_only_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    book = openpyxl.Workbook()
    old, new = book.active, book.create_sheet("new")
    assert old is not None
    old.title, old.sheet_state = "old", "hidden"
    for sheet in (old, new):
        sheet.append(("question", "answer"))
        sheet.append((sheet.title, "a"))
    book.save(path)
    assert [row["question"] for row in read_rows(path, wanted=WantedColumns())] == ["new"]
    assert [row["question"] for row in read_rows(path, sheet="OLD")] == ["old"]


def test_rows_that_a_filter_hid_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for number in range(15):
        sheet.append(("question", "answer") if number == 0 else (f"q{number}", "a"))
        sheet.row_dimensions[number + 1].hidden = number > 2
    sheet.auto_filter.ref = "A1:B15"
    book.save(path)
    rows = read_rows(path)
    assert [row["question"] for row in rows] == ["q1", "q2"]
    assert rows.number_of(1) == 3
    assert "Left out: 12 rows that are hidden" in getattr(rows, "assumed", "")


def test_a_sheet_of_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("question,answer\na,b\n")
    with pytest.raises(InputError, match=r"--sheet is for \.xlsx"):
        read_rows(path, sheet="x")
