"""The page of a comparison: passive, and hostile text stays text."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from steelyard.comparison import html
from steelyard.comparison.compare import compare_runs
from steelyard.comparison.record import Comparison, DifferingSample
from steelyard.reports.passive import check_passive
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


def test_the_page_is_passive_and_escapes(comparison: Comparison) -> None:
    page = html.render(comparison)
    check_passive(page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;/details&gt;" in page
    assert html.WITHHELD in page
    assert "They differ on" in page


def test_a_span_ends_at_the_edge() -> None:
    assert html.span((-0.5, 0.02), 0.0, 0.05) == {"low": "4.0", "high": "138.4", "point": "100.0"}


def test_the_templates_are_packaged() -> None:
    folder = Path(html.__file__).parent / "templates"
    assert {each.name for each in folder.iterdir()} == {"compare.css", "compare.html.j2", "portfolio.html.j2"}
