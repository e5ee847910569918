"""Tables: each answer is what the cells say, by another reading of the question."""

from __future__ import annotations

import re
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.tasks.drawing.tables import Table, draw_table
from steelyard.tasks.generators import table_reading


def answer_of(table: Table, question: str) -> str:
    column = re.search(r'[uU]nder "(\w+)"', question)
    assert column is not None, question
    place = table.heads.index(column[1])
    cells = {row[0]: int(row[place]) for row in table.rows}
    if two := re.search(r"number of (\w+) than that of (\w+)\?", question):
        return str(cells[two[1]] - cells[two[2]])
    if one := re.search(r"larger number than (\w+)\?", question):
        return str(len([cell for cell in cells.values() if cell > cells[one[1]]]))
    if "sum of all" in question:
        return str(sum(cells.values()))
    if end := re.search(r"has the (largest|smallest)", question):
        wanted = (max if end[1] == "largest" else min)(cells.values())
        (name,) = [name for name, cell in cells.items() if cell == wanted]
        return name
    one = re.search(r"of (\w+)\?", question)
    assert one is not None, question
    return str(cells[one[1]])


def test_answers_are_what_the_cells_say(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: list[Table] = []

    def caught(table: Table, *more: Any) -> str:
        tables.append(table)
        return draw_table(table, *more)

    monkeypatch.setattr(table_reading, "draw_table", caught)
    rows = table_reading.generate("answers", 400)
    answers = [answer_of(table, row["question"]) for table, row in zip(tables, rows, strict=True)]
    assert answers == [row["answer"] for row in rows]
    assert all(len({row[0] for row in table.rows}) == len(table.rows) for table in tables)
    assert {len(table.rows) for table in tables} == set(range(4, 10))
    assert {len(table.heads) - 1 for table in tables} == set(range(3, 6))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_rows": 2}, "3 ≤ min_rows"),
        ({"max_rows": 14}, "≤ 13"),
        ({"max_columns": 7}, "≤ 6"),
        ({"sizes": ()}, "sizes must be"),
        ({"sizes": (30,)}, "from 9 to 14"),
    ],
)
def test_other_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        table_reading.generate("s", 1, **options)
