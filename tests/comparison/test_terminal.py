"""A comparison in the terminal: its width, and no control characters."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from steelyard.comparison import terminal
from steelyard.comparison.compare import compare_runs
from steelyard.comparison.record import Comparison, DifferingSample
from tests.comparison_runs import scored_run

HOSTILE = "<script>alert(1)</script> \x1b[31m | [x](javascript:alert(1)) \u202e"


@pytest.fixture
def comparison() -> Comparison:
    groups = {f"s{each}": f"<b>{each % 6}" for each in range(240)}
    one = {HOSTILE: {f"s{each}": float(each % 3 > 0) for each in range(240)}}
    other = {HOSTILE: {f"s{each}": None if each == 5 else float(each % 7 > 0) for each in range(230)}}
    found = compare_runs([scored_run(HOSTILE, one, groups=groups), scored_run("b", other, groups=groups)])
    sample = DifferingSample(
        task=HOSTILE, sample=HOSTILE, first=0, second=1, question=HOSTILE, first_answer="</details>"
    )
    pair = replace(found.pairs[0], differing_samples=(sample, *found.pairs[0].differing_samples))
    return replace(found, pairs=(pair,))


def test_the_terminal_is_narrow_and_has_no_controls(comparison: Comparison) -> None:
    console = Console(width=100, record=True, file=io.StringIO(), markup=False, highlight=False)
    terminal.print_comparison(comparison, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "\u202e" not in text
