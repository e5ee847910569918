"""The page in a real browser: it fits a phone and a desk, loads nothing, and follows the colour scheme."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.reports import html
from testkit.browser import measured
from tests.reports import report_fixtures as make


def long_page() -> str:
    """A page whose names and digests cannot be broken at spaces."""
    verdict = make.verdict()
    claims = tuple(msgspec.structs.replace(claim, task="word_sequence_reversal" * 3) for claim in verdict.claims)
    return html.render(msgspec.structs.replace(verdict, claims=claims, model="M" * 90, served="s" * 150), make.plan())


def measured_page() -> str:
    """A page that shows a measurement which nothing tests, beside the claims."""
    verdict = make.verdict()
    long = msgspec.structs.replace(make.only_measured(), task="word_sequence_reversal" * 3, prompt="p" * 60)
    measurements = (*verdict.measurements, make.only_measured(), long)
    return html.render(msgspec.structs.replace(verdict, measurements=measurements), make.plan())


@pytest.fixture(scope="module")
def pages() -> list[str]:
    return [html.render(make.verdict(), make.plan()), long_page(), measured_page()]


@pytest.mark.parametrize(
    "width", [360, 760, *(pytest.param(each, marks=pytest.mark.slow) for each in (390, 736, 1280))]
)
def test_the_page_never_scrolls_sideways(width: int, devtools: str, pages: list[str], tmp_path: Path) -> None:
    for page in pages:
        result = measured(devtools, page, width, tmp_path)
        assert result["scroll"] <= result["client"] <= width
        assert result["charts"] == 4  # one of claims (wide or narrow) and three of closing intervals
        assert result["loaded"] == 0


@pytest.mark.parametrize("task", ["word_sequence_reversal_x", "word_sequence_reversal" * 3, "MMLU"])
def test_no_label_stands_over_the_edge_of_its_chart_where_a_printer_cuts_it(
    task: str, devtools: str, tmp_path: Path
) -> None:
    verdict = make.verdict()
    claims = tuple(msgspec.structs.replace(claim, task=task) for claim in verdict.claims)
    page = html.render(msgspec.structs.replace(verdict, claims=claims), make.plan())
    for width in (390, 1280):
        assert measured(devtools, page, width, tmp_path)["cut"] == []


def test_it_follows_the_colour_scheme(devtools: str, tmp_path: Path) -> None:
    page = html.render(make.verdict(), make.plan())
    grounds = [measured(devtools, page, 800, tmp_path, dark=dark)["background"] for dark in (False, True)]
    assert grounds == ["rgb(251, 250, 246)", "rgb(22, 22, 21)"]
