"""Charts: every claim that was asked about is drawn, in the page's own colours, and text stays text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import altair
import msgspec
import pytest
import vl_convert

from steelyard.records import ClaimVerdict, TracePoint
from steelyard.reports import vega
from steelyard.reports.charts import claims_chart, closing_chart, drawable, interval_bar
from tests.reports import report_fixtures as make

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script> \"'> {{7*7}} ${datum.row} &amp; ]]> \x1b[2J"


def parsed(drawing: str) -> ElementTree.Element:
    """The drawing as XML: raises where it is not well formed, as a page would be."""
    return ElementTree.fromstring(drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("narrow", [False, True])
def test_each_claim_that_was_asked_about_has_its_line(narrow: bool) -> None:
    root = parsed(claims_chart(make.verdict().claims, narrow=narrow, name="x"))
    drawn = texts(root)
    assert [task for task in ("HellaSwag", "GSM8K", "MMLU (cloze)", "BBH") if task in drawn] == [
        "HellaSwag",
        "GSM8K",
        "MMLU (cloze)",
    ]
    assert ("inconsistent" in drawn) is not narrow
    assert root.get("aria-labelledby") == "x-title x-text"
    description = root.find(f"{SVG}desc")
    assert description is not None
    assert "GSM8K: claimed 57.0 %" in str(description.text)


def test_two_claims_may_have_one_name() -> None:
    claim = make.verdict().claims[0]
    assert texts(parsed(claims_chart([claim, claim]))).count("HellaSwag") == 2


def test_colours_are_the_pages_own() -> None:
    drawing = claims_chart(make.verdict().claims) + closing_chart(make.verdict().claims[1])
    colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', drawing))
    assert colours <= {
        "none",
        *(f"var(--{name})" for name in ("ink", "muted", "grid", "band", "paper")),
        *(f"var(--{name})" for name in ("consistent", "inconsistent", "insufficient-power")),
    }
    assert "font-family" not in drawing
    assert "http" not in drawing


def test_hostile_names_stay_text() -> None:
    claim = msgspec.structs.replace(make.verdict().claims[1], task=HOSTILE, claimed_text="5</desc>7")
    for drawing in (claims_chart([claim]), claims_chart([claim], narrow=True), closing_chart(claim)):
        assert "<script" not in drawing
        assert not list(parsed(drawing).iter(f"{SVG}script"))
    assert texts(parsed(claims_chart([claim], narrow=True)))[-1].startswith("</text><script>alert(1)</script>")


@pytest.mark.parametrize(
    "claim",
    [
        msgspec.structs.replace(make.verdict().claims[0], claimed=0.0, claimed_text="0", measured=0.0, ci=(0.0, 0.0)),
        msgspec.structs.replace(make.verdict().claims[0], claimed=1.0, claimed_text="100", measured=1.0, ci=(1.0, 1.0)),
        msgspec.structs.replace(make.verdict().claims[0], unit="fraction", claimed=0.4, claimed_text="0.4"),
        msgspec.structs.replace(make.verdict().claims[0], claimed_text="x" * 3),
    ],
)
def test_edges_of_the_range(claim: ClaimVerdict) -> None:
    parsed(claims_chart([claim]))
    parsed(closing_chart(claim))


def test_a_long_trace_is_thinned_and_keeps_its_end() -> None:
    looks = tuple(TracePoint(n=n, right=n // 2, low=0.4, high=0.6) for n in range(14_043))
    claim = msgspec.structs.replace(make.verdict().claims[0], trace=looks)
    drawing = closing_chart(claim)
    assert len(drawing) < 40_000
    assert "14,000" in texts(parsed(drawing)) or "10,000" in texts(parsed(drawing))


def test_a_claim_that_was_not_asked_about_is_not_drawn() -> None:
    claim = msgspec.structs.replace(make.verdict().claims[0], asked=0, ci=(0.0, 1.0))
    assert drawable([claim, *make.verdict().claims]) == list(make.verdict().claims[:3])


def test_every_chart_is_valid_vega_lite(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = vl_convert.vegalite_to_svg

    checked_charts: list[Any] = []

    def checked(drawing: str, **more: Any) -> Any:
        checked_charts.append(altair.LayerChart.from_json(drawing, validate=True))
        return draw(drawing, **more)

    vega._drawn.cache_clear()
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", checked)
    claims_chart(make.verdict().claims)
    claims_chart(make.verdict().claims, narrow=True)
    closing_chart(make.verdict().claims[0])
    assert len(checked_charts) == 3


def test_the_bar_of_an_interval_stays_on_its_line() -> None:
    assert 'd="M25.2,6H71.6"' in interval_bar(0.4, (0.2, 0.6))
    assert 'd="M2.0,6H118.0"' in interval_bar(0.5, (-1.0, 2.0))


def test_the_bar_of_a_range_has_no_point() -> None:
    bar = interval_bar(None, (0.0, 0.9), (0.1, 0.75))
    assert "circle" not in bar
    assert 'd="M13.6,6H89.0"' in bar


def test_a_claim_without_a_point_is_drawn_as_its_range() -> None:
    whole = make.verdict().claims[0]
    ranged = msgspec.structs.replace(whole, measured=None, bounds=(0.3, 0.5), open=90)
    for narrow in (False, True):
        with_point, without = (claims_chart([claim], narrow=narrow, name="x") for claim in (whole, ranged))
        assert without.count('stroke-width="9"') == 1
        assert 'stroke-width="9"' not in with_point
        assert len(list(parsed(without).iter(f"{SVG}path"))) == len(list(parsed(with_point).iter(f"{SVG}path"))) - 1
    closing, before = closing_chart(ranged), closing_chart(whole)
    assert 'stroke-width="1.5"' in before
    assert len(list(parsed(closing).iter(f"{SVG}path"))) < len(list(parsed(before).iter(f"{SVG}path")))
