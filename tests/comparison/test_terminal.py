"""A comparison in the terminal: its width, and no control characters."""

from __future__ import annotations

import io

from msgspec.structs import replace
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


def test_two_models_of_one_run_are_told_apart_by_their_roles(comparison: Comparison) -> None:
    roles = ("subject", "candidate-2")
    runs = tuple(
        replace(run, name=f"r#{role}", folder="runs/r", role=role)
        for run, role in zip(comparison.runs, roles, strict=False)
    )
    console = Console(width=100, record=True, file=io.StringIO(), markup=False, highlight=False)
    terminal.print_comparison(replace(comparison, runs=runs), console)
    text = console.export_text()
    assert all(f"(runs/r#{role}, asked " in text for role in roles)
