"""A page that could do more than be read is refused, whatever browsers would make of it."""

from __future__ import annotations

import pytest

from steelyard.reports.passive import BEGINNING, check_passive, split_charts
from tests.assets.make_golden import GOLDEN

PAGE = (GOLDEN / "report.html").read_text()
CHART = '<svg class="chart" role="img" viewBox="0 0 9 9" style="max-width:9px"><title>t</title>{}</svg>'

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    '<script src="https://evil.example/x.js"></script>',
    '<p onclick="alert(1)">x</p>',
    '<p class="a"onclick="alert(1)">x</p>',
    "<p class=a onclick=alert(1)>x</p>",
    "<p/onclick=alert(1)>x</p>",
    '<img src="x" onerror="alert(1)">',
    '<img src="data:image/svg+xml;base64,AAAA">',
    '<iframe srcdoc="&lt;script&gt;"></iframe>',
    '<object data="x"></object>',
    '<embed src="x">',
    '<link rel="dns-prefetch" href="//evil.example">',
    '<base href="//evil.example/">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<meta http-equiv="Content-Security-Policy" content="default-src *">',
    '<meta charset="utf-7">',
    '<meta name="robots" content="x">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt&colon;alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    '<a href="other.html">x</a>',
    '<a href="//evil.example">x</a>',
    '<a class="a" href="#claims" href="https://evil.example">x</a>',
    '<p class="a" class="b">x</p>',
    '<form action="https://evil.example"><input></form>',
    "<button>x</button>",
    "<textarea>",
    "<template><p>x</p></template>",
    "<noscript><p>x</p></noscript>",
    "<math><mtext>x</mtext></math>",
    "<plaintext>",
    "<xmp>",
    "<!-- <p> --><p>x</p>",
    "<!--",
    "<![CDATA[x]]>",
    "<?xml version='1.0'?>",
    "<!doctype html>",
    "<p",
    "<",
    "< p>",
    "</>",
    '</p class="x">',
    '<p title="<script>">x</p>',
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style>p { background: url(https://evil.example/x) }</style>",
    "<style>p { background: U\\52L(https://evil.example/x) }</style>",
    "<style>p { color: red }<script></style>",
    "<style>",
    '<style media="print">p { color: red }</style>',
    '<p style="position:fixed;inset:0">x</p>',
    '<p style="background:url(https://evil.example)">x</p>',
    "\x1b[2J",
    "\x0c",
]
IN_A_CHART = [
    "<script>alert(1)</script>",
    '<script href="https://evil.example/x.js"/>',
    "<foreignObject><p>x</p></foreignObject>",
    '<g onload="alert(1)"></g>',
    '<animate attributeName="href" to="javascript:alert(1)"/>',
    '<set attributeName="onmouseover" to="alert(1)"/>',
    '<a href="https://evil.example"><text>x</text></a>',
    '<a xlink:href="javascript:alert(1)"><text>x</text></a>',
    '<use href="#sign-consistent"/>',
    '<use href="https://evil.example/x.svg#a"/>',
    '<use xlink:href="data:image/svg+xml,x#a"/>',
    '<image href="https://evil.example/x.png"/>',
    '<rect fill="url(https://evil.example/x.svg#a)"/>',
    '<rect fill="U&#82;L(https://evil.example/x.svg#a)"/>',
    '<rect fill="\\75rl(https://evil.example)"/>',
    '<rect style="fill:url(https://evil.example)"/>',
    '<rect style="position:fixed"/>',
    "<style>text { display: none }</style>",
    "<feImage/>",
    '<filter id="f"></filter>',
    '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "<p>outside of the drawing</p>",
    "<h1>consistent</h1>",
    "<desc><table></table></desc>",
    "<!ENTITY x 'y'>",
    "<![CDATA[<script>]]>",
]
BEFORE = [
    "",
    "\ufeff",
    " ",
    "\n",
    "<!-- x -->",
    "<script>alert(1)</script>",
    '<meta http-equiv="Content-Security-Policy" content="default-src *">',
    "+/v8-",
]


def test_our_own_page_is_passive() -> None:
    check_passive(PAGE)
    assert len(split_charts(PAGE)[1]) == 4


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("place", ["<body>", "</main>", "</head>"])
def test_whatever_could_act_is_refused(hostile: str, place: str) -> None:
    with pytest.raises(ValueError, match=r"has |holds "):
        check_passive(PAGE.replace(place, place + hostile, 1))


@pytest.mark.parametrize("hostile", IN_A_CHART)
def test_a_chart_is_shapes_and_text(hostile: str) -> None:
    harmless = PAGE.replace("<main>", "<main>" + CHART.format('<g><text x="1">a</text></g>'), 1)
    check_passive(harmless)
    with pytest.raises(ValueError, match=r"has |holds "):
        check_passive(PAGE.replace("<main>", "<main>" + CHART.format(hostile), 1))


@pytest.mark.parametrize("before", BEFORE[1:])
def test_nothing_stands_before_the_policy(before: str) -> None:
    for page in (
        before + PAGE,
        PAGE.replace("<head>", "<head>" + before, 1),
        PAGE.replace("<html", before + "<html", 1),
    ):
        with pytest.raises(ValueError, match="does not begin with the policy"):
            check_passive(page)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("default-src 'none'", "default-src *"),
        ("style-src 'unsafe-inline'", "style-src 'unsafe-inline'; script-src 'unsafe-inline'"),
        ("base-uri 'none'; ", ""),
        ('charset="utf-8"', 'charset="utf-7"'),
        ("Content-Security-Policy", "Content-Security-Policy-Report-Only"),
        ("<!doctype html>", "<!DOCTYPE html>"),
        (BEGINNING, "<!doctype html>\n<html>\n<head>\n"),
    ],
)
def test_the_policy_is_ours_to_the_byte(old: str, new: str) -> None:
    with pytest.raises(ValueError, match="does not begin with the policy"):
        check_passive(PAGE.replace(old, new, 1))


def test_links_to_the_claim_sheets_source_stay() -> None:
    check_passive(PAGE.replace("<main>", '<main><a href="https://a.example/x?y=1&amp;z" rel="noopener">x</a>', 1))
