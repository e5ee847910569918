"""Tables in narrow terminals: a list takes the place of what would be cut."""

from __future__ import annotations

import io

import pytest
from rich import box
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from steelyard.util.console import fitting

CELLS = ("a_very_long_name_of_a_task", "1,234,567", "12.3–45.6 → 98.7")


def table() -> Table:
    made = Table(box=box.SIMPLE_HEAD, title="Of what follows", caption="and by which rule")
    for heading in ("task", "", "asked", "interval", "more"):
        made.add_column(heading, no_wrap=heading != "task", overflow="fold")
    made.add_row(Text(CELLS[0]), ProgressBar(width=16), CELLS[1], CELLS[2], "", style="dim")
    made.add_row(Text("[red]short"), ProgressBar(width=16), "1", "–", "more of it")
    return made


def shown(width: int) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, markup=False, highlight=False)
    console.print(fitting(console, table()))
    return file.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60, 70, 99, 100, 200])
def test_nothing_is_lost_at_any_width(width: int) -> None:
    text = shown(width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    whole = "".join(text.split())
    for cell in (*CELLS, "[red]short", "more of it", "Of what follows", "and by which rule", "interval", "asked"):
        assert "".join(cell.split()) in whole


def test_a_list_has_the_headings_of_what_has_text() -> None:
    lines = [line.rstrip() for line in shown(60).splitlines()]
    assert lines[:3] == ["Of what follows", CELLS[0], "  asked 1,234,567; interval 12.3–45.6 → 98.7"]
    assert lines[3:] == ["[red]short", "  asked 1; interval –; more more of it", "and by which rule"]


def test_a_table_stays_one_where_it_fits() -> None:
    assert "─" in shown(120)
    assert "─" not in shown(60)
