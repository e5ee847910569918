"""Whether a page that came with somebody's bundle can do nothing but be read.

A browser repairs broken markup in ways that no other parser copies, so nothing is parsed here that needs repair: a page
is taken only where it is made of plain text and of whole tags in the one form that our templates write, each of them
from a list of harmless ones. It must begin with the policy (CSP) that forbids scripts and requests, byte for byte, so
that no byte order mark, charset, comment or element comes before it.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

__all__ = ["BEGINNING", "check_passive", "split_charts"]

BEGINNING: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
img-src data:; base-uri 'none'; form-action 'none'">
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHAPES: Final = _words("svg g defs path line rect circle ellipse polyline polygon text tspan title desc clipPath")
_TAGS: Final = _SHAPES | _words(
    "html head body meta title style header main footer section figure figcaption div span p a br wbr hr h1 h2 h3 h4 "
    "strong em b i small sub sup code pre table caption thead tbody tfoot tr th td ul ol li dl dt dd details summary "
    "use"
)
_ATTRIBUTES: Final = _words(
    "class id lang role scope colspan rowspan style href rel name content open d x y x1 y1 x2 y2 cx cy r rx ry width "
    "height viewBox points transform fill stroke opacity display font-size font-weight font-style text-anchor "
    "pointer-events clip-path clip-rule fill-rule fill-opacity stroke-opacity stroke-width stroke-linecap "
    "stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset"
)
_NAMED: Final = re.compile(r"(?:aria|data)-[a-z]+")
_META: Final = ("viewport", "color-scheme", "referrer")
_TOKEN: Final = re.compile(
    r"(?P<text>[^<]+)"
    r"|<style>(?P<style>[^<]*)</style>"
    r'|<(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9]*)(?P<attributes>(?:\s+[A-Za-z0-9-]+(?:="[^"<]*")?)*)\s*/?>'
)
_ATTRIBUTE: Final = re.compile(r'\s+([A-Za-z0-9-]+)(?:="([^"<]*)")?')
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_STYLE: Final = re.compile(r"max-width:\d{1,6}px|position:absolute")
_LOADS: Final = re.compile(r"url\s*\(|@import|expression|\\", re.IGNORECASE)
_CHART: Final = re.compile(r'<svg class="chart".*?</svg>', re.DOTALL)


def check_passive(page: str) -> None:
    """Raise ValueError, with the first thing that a report of ours does not hold.

    No tag of a passive page runs, loads, sends or moves anything: no script, event, frame, form, image, embedded
    document, animation or refresh; links lead to the page itself, and, from an ``a``, to a web address.
    """
    if not page.startswith(BEGINNING):
        raise ValueError("does not begin with the policy that forbids scripts and requests")
    if found := _CONTROL.search(page):
        raise ValueError(f"holds the control character {found.group()!r}")
    place = len(BEGINNING)
    while place < len(page):
        token = _TOKEN.match(page, place)
        if token is None:
            raise ValueError(f"holds {page[place : place + 30]!r}, which is neither text nor a tag of a report")
        place = token.end()
        if token["style"] is not None:
            _check_style(token["style"])
        elif token["tag"] is not None:
            _check_tag(token["tag"], token["attributes"], is_end=bool(token["end"]))
    for chart in split_charts(page)[1]:
        _check_chart(chart)


def split_charts(page: str) -> tuple[list[str], list[str]]:
    """A page as the parts around its charts, and the charts: what Vega drew, which other versions draw otherwise."""
    return _CHART.split(page), _CHART.findall(page)


def _check_style(style: str) -> None:
    if found := _LOADS.search(style):
        raise ValueError(f"has a style that could load something: {found.group()!r}")


def _check_tag(tag: str, attributes: str, *, is_end: bool) -> None:
    if tag not in _TAGS or tag == "style":  # a whole style is a token of its own
        raise ValueError(f"holds the element <{tag[:30]}>, which no report has")
    names = []
    for name, value in _ATTRIBUTE.findall(attributes):
        names.append(name)
        _check_attribute(tag, name, unescape(value))
    if is_end and names:
        raise ValueError(f"has attributes at the end of <{tag}>")
    if len(set(names)) < len(names):
        raise ValueError(f"has an attribute of <{tag}> twice")


def _check_attribute(tag: str, name: str, value: str) -> None:
    known = name in _ATTRIBUTES or _NAMED.fullmatch(name) is not None
    if name == "href":
        to_itself = re.fullmatch(r"#[A-Za-z0-9_-]+", value) is not None
        known = (tag in ("a", "use") and to_itself) or (tag == "a" and re.match(r"https?://", value) is not None)
    elif name in ("name", "content"):
        known = tag == "meta" and (name == "content" or value in _META)
    elif name == "style":
        known = _STYLE.fullmatch(value) is not None
    if not known or (tag not in ("a", "meta") and not name.startswith(("aria-", "data-")) and _LOADS.search(value)):
        raise ValueError(f"has <{tag} {name}={value[:60]!r}>, which no report has")


def _check_chart(chart: str) -> None:
    for tag in re.findall(r"</?([A-Za-z][A-Za-z0-9]*)", chart):
        if tag not in _SHAPES:
            raise ValueError(f"has the element <{tag[:30]}> in a chart, where shapes and text belong")
