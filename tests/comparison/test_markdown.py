"""A comparison as Markdown: hostile text stays text."""

from __future__ import annotations

from steelyard.comparison import markdown
from steelyard.comparison.record import Comparison


def test_markdown_escapes(comparison: Comparison) -> None:
    text = markdown.render(comparison)
    assert "<script" not in text
    assert "\x1b" not in text
    assert all(
        line.count("|") - line.count("\\|") in (0, 9)
        for line in text.splitlines()
        if line.startswith("| ") and "better" in line
    )
