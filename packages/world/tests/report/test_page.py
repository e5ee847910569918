"""The page of world-model tests: offline, escaped, no wider than a phone, in both colour schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from packages.world.tests.report import world_fixtures as make
from steelyard_world.report.page import Page, render_page
from testkit.browser import measured


def test_it_shows_records_and_nothing_else() -> None:
    page = render_page(make.page())
    for said in ("0.72–0.89", "0.66–0.91", "3 × 100", "straight line", "horizon 12", "−0.20 to 0.18", "CPU-seconds"):
        assert said in page
    assert "4 of 6 scores better than their floor, 1 not distinguished from it, 1 worse than it" in page


def test_an_empty_page_is_a_page() -> None:
    page = render_page(Page(title="nothing"))
    assert "<h1>nothing</h1>" in page
    assert "<table" not in page


def test_nothing_is_loaded_or_run_whatever_the_names() -> None:
    page = render_page(make.page(hostile=True))
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "\x1b" not in page
    assert not re.search(r'(?:src|href)="(?!data:image/png;base64,|#)', page)
    assert "49" not in re.sub(r"<svg.*?</svg>|base64,[^\"]*", "", page, flags=re.DOTALL).partition("</style>")[2]


@pytest.mark.parametrize(("width", "hostile"), [(360, True), (360, False), (1280, False)])
def test_it_never_scrolls_sideways(width: int, hostile: bool, devtools: str, tmp_path: Path) -> None:
    result = measured(devtools, render_page(make.page(hostile)), width, tmp_path)
    assert result["scroll"] <= result["client"] <= width
    assert result["loaded"] == 0


def test_it_follows_the_colour_scheme(devtools: str, tmp_path: Path) -> None:
    result = measured(devtools, render_page(make.page()), 800, tmp_path, dark=True)
    assert result["background"] == "rgb(22, 22, 21)"
