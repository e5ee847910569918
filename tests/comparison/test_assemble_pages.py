"""The table in a terminal: within 100 columns, hostile names on one line, a sign for each cell."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from steelyard.comparison.assemble import assemble
from steelyard.comparison.assemble_pages import machine, print_assembly
from steelyard.records import VerdictWord
from tests.comparison.test_assemble import FAILED, OPEN, REACHED, audited


@pytest.mark.parametrize("name", ["model-a", "x" * 300, "[red]a\x1b[31m\nb"])
@pytest.mark.parametrize("width", [60, 100])
def test_it_fits_and_is_inert(name: str, width: int) -> None:
    one = audited(name, [0.001, 1.0, None], [FAILED, REACHED, VerdictWord.NOT_TESTED])
    found = assemble([one, audited("b", [1.0, 0.001, 0.5], [REACHED, FAILED, OPEN])])
    out = io.StringIO()
    print_assembly(found, Console(file=out, width=width, highlight=False))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "✗" in text
    assert "✓" in text
    assert machine(found)["exit"] == 1
