"""The page's tables of rates: every count with its interval, and what is printed."""

from __future__ import annotations

from scandal.rates_page import as_markdown
from scandal.table import ROWS, read_tables
from testkit.repository import ROOT


def test_every_row_has_its_counts_and_both_printed_numbers() -> None:
    tables = read_tables()
    text = as_markdown(tables)
    for row in ROWS:
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {row} |"))
        count = tables.rates[row]["A"]
        assert f"{count.right} of {count.asked} [" in line
    assert tables.best_wording in text


def test_the_page_shows_the_tables_that_ship() -> None:
    assert as_markdown(read_tables()).strip() in (ROOT / "docs" / "scandal.md").read_text()
