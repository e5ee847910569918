"""A comparison in the terminal: its width, and no control characters."""

from __future__ import annotations

import io

from rich.console import Console

from steelyard.comparison import terminal
from steelyard.comparison.record import Comparison


def test_the_terminal_is_narrow_and_has_no_controls(comparison: Comparison) -> None:
    console = Console(width=100, record=True, file=io.StringIO(), markup=False, highlight=False)
    terminal.print_comparison(comparison, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "\u202e" not in text
