"""Rows of a table that state several numbers at once."""

from __future__ import annotations

import pytest

from steelyard.adapters.benchmark_names import task_in_name
from steelyard.adapters.card_tables import tables_in
from steelyard.adapters.parallel_rows import with_a_row_a_number


def rows(name: str, *cells: str) -> list[tuple[str, ...]]:
    (table,) = tables_in(
        f"| Benchmark | {' | '.join('ABC'[: len(cells)])} |\n|-|-|\n| {name} | {' | '.join(cells)} |\n"
    )
    found = with_a_row_a_number(table, 3, lambda text: task_in_name(text) is not None)
    return [tuple(cell.text for cell in row) for row in found.rows]


def test_each_number_is_of_its_name() -> None:
    assert rows("MTOB (half book) eng->kgv/kgv->eng", "54.0/46.4", "", "chrF") == [
        ("MTOB (half book) eng->kgv", "54.0", "", "chrF"),
        ("MTOB (half book) kgv->eng", "46.4", "", "chrF"),
    ]
    assert rows("AIME 2024/2025", "50.0 / 40", "31/30.5") == [("AIME 2024", "50.0", "31"), ("AIME 2025", "40", "30.5")]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("AIME 2024", ("50.0/40.0",)),
        ("AIME 2024/2025", ("12/30",)),  # twelve of thirty
        ("AIME 2024/2025", ("50.0/40.0/30.0",)),
        ("AIME 2024/2025", ("50.0/40.0", "50.0/40.0/30.0")),
        ("AIME 2024/2024", ("50.0/40.0",)),
        ("IFEval strict/loose", ("80.1/85.2",)),  # no benchmark is called so
        ("MMLU (0/5-shot)", ("80.1/85.2",)),
        ("AIME 2024/2025", ("50.0",)),
    ],
)
def test_what_is_not_certain_stays_as_it_is(name: str, cells: tuple[str, ...]) -> None:
    assert rows(name, *cells) == [(name, *cells)]
