"""Tables: no cell is cut or lies over another."""

from __future__ import annotations

import re
from typing import Any

import pytest

from steelyard.tasks.generators import table_reading
from tests.tasks.drawing.layout import caught, faults

LARGEST = {"min_rows": 13, "max_rows": 13, "min_columns": 6, "max_columns": 6, "sizes": (14,)}


@pytest.mark.parametrize("options", [{}, LARGEST])
def test_no_cell_is_cut_or_lies_over_another(options: dict[str, Any]) -> None:
    with caught() as found:
        rows = table_reading.generate("layout", 100, **options)
    assert len(found) > 1500
    assert faults(found) == []
    for row in rows:
        width, height = map(int, re.findall(r'(?:width|height)="(\d+)"', row["image"].svg)[:2])
        assert (width <= 640, height <= 480) == (True, True)
