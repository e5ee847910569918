"""The page of a comparison: passive, and hostile text stays text."""

from __future__ import annotations

from pathlib import Path

from steelyard.comparison import html
from steelyard.comparison.record import Comparison
from steelyard.reports.passive import check_passive


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
    assert {each.name for each in folder.iterdir()} == {
        "assemble.html.j2", "compare.css", "compare.html.j2", "detected.html.j2", "portfolio.html.j2"
    }  # fmt: skip
