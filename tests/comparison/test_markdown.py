"""A comparison as Markdown: hostile text stays text."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from steelyard.comparison import markdown
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


def test_markdown_escapes(comparison: Comparison) -> None:
    text = markdown.render(comparison)
    assert "<script" not in text
    assert "\x1b" not in text
    assert all(
        line.count("|") - line.count("\\|") in (0, 9)
        for line in text.splitlines()
        if line.startswith("| ") and "better" in line
    )
