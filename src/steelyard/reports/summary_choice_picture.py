"""The picture of a choice: what a call of each candidate costs, against its share of right answers with the interval.

Written by hand, since Vega knows no language for numbers; colours are those of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any, Final

from steelyard.records import VerdictWord
from steelyard.reports.charts import css_name
from steelyard.reports.jinja import markup
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_rows import DOT, MARKS, domain_of

__all__ = ["Dot", "picture_of", "ticks_of"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 480, 200, 52, 452, 26, 158
_SPREAD: Final = 5.0  # where costs differ by more than this factor, the scale is logarithmic
_NEAR: Final = 14.0  # numbers beside dots that are nearer than this stand on either side


@dataclass(frozen=True)
class Dot:
    """One candidate: its number on the page, cost (above 0), share right and interval; ``text`` says it in words."""

    number: int
    cost: float
    share: float
    ci: tuple[float, float]
    word: VerdictWord
    text: str


def picture_of(
    dots: Sequence[Dot], target: float, *, x_title: str, y_title: str, target_text: str, numbers: Numbers
) -> Any:
    """Draw two dots or more, with the target as a dashed line."""
    shares = domain_of([target, *(bound for each in dots for bound in each.ci)])
    ticks, low, high, is_log = ticks_of([each.cost for each in dots])

    def across(cost: float) -> float:
        near, far, value = (math.log(each) for each in (low, high, cost)) if is_log else (low, high, cost)
        return round(_LEFT + (_RIGHT - _LEFT) * (value - near) / (far - near), 1)

    def up(share: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * (share - shares[0]) / (shares[1] - shares[0]), 1)

    parts = [f'<text x="0" y="12">{escape(y_title)}</text>']
    for percent in _percents(shares):
        line = f'<path d="M{_LEFT},{up(percent / 100)}H{_RIGHT}" stroke="var(--grid)" stroke-width="1"/>'
        said = numbers.local(f"{percent} %")
        parts.append(f'{line}<text x="{_LEFT - 6}" y="{up(percent / 100) + 4}" text-anchor="end">{said}</text>')
    for tick in ticks:
        said = numbers.local(f"{tick:,.6g}" if tick < 1000 else f"{tick:,.0f}")
        line = f'<path d="M{across(tick)},{_BOTTOM}v4" stroke="var(--muted)" stroke-width="1"/>'
        parts.append(f'{line}<text x="{across(tick)}" y="{_BOTTOM + 17}" text-anchor="middle">{said}</text>')
    parts.append(f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_title)}</text>')
    parts.append(f'<path d="M{_LEFT},{up(target)}H{_RIGHT}" stroke="var(--ink)" stroke-dasharray="5 3"/>')
    parts.append(f'<text x="{_RIGHT}" y="12" text-anchor="end">- - {escape(target_text)}</text>')
    lefts = _on_the_left([across(each.cost) for each in dots])
    parts += [_drawn(each, across(each.cost), up, is_left=left) for each, left in zip(dots, lefts, strict=True)]
    label = escape("; ".join(each.text for each in dots))
    return markup(
        f'<svg class="picture" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-label="{label}">{"".join(parts)}</svg>'
    )


def _drawn(each: Dot, x: float, up: Callable[[float], float], *, is_left: bool) -> str:
    """The interval as an upright line, the share as a mark, the number beside it."""
    y = up(each.share)
    mark = MARKS.get(each.word, DOT).format(x=x)
    side = f'x="{x - 9}" text-anchor="end"' if is_left else f'x="{x + 9}"'
    return (
        f'<g class="{css_name(each.word)}"><path d="M{x},{up(each.ci[0])}V{up(each.ci[1])}" stroke="currentColor" '
        f'stroke-width="2.4" stroke-linecap="round"/><g transform="translate(0 {round(y - 9, 1)})">{mark}</g>'
        f'<text class="dot" {side} y="{y + 4}">{each.number}</text></g>'
    )


def _on_the_left(places: Sequence[float]) -> list[bool]:
    """Whether a dot's number stands left of it: that of the first of two that are near each other."""
    order = sorted(range(len(places)), key=lambda at: places[at])
    near = {at for at, following in pairwise(order) if places[following] - places[at] < _NEAR}
    return [at in near for at in range(len(places))]


def _percents(shares: tuple[float, float]) -> list[int]:
    """The labelled shares: every 10 %, or 20 % where that is too many."""
    low, high = (round(100 * end) for end in shares)
    step = 10 if high - low <= 50 else 20
    return list(range(low, high + 1, step))


def ticks_of(costs: Sequence[float]) -> tuple[list[float], float, float, bool]:
    """The ticks of the scale, its two ends, and whether it is logarithmic; ``costs`` are above 0."""
    least, most = min(costs), max(costs)
    if most <= _SPREAD * least:
        step = 10 ** math.floor(math.log10(most / 3))
        step *= next(factor for factor in (1, 2, 5, 10) if most / (factor * step) <= 5)
        end = step * math.ceil(most / step - 1e-9)
        return [step * number for number in range(round(end / step) + 1)], 0.0, end, False
    low, high = least / 1.4, most * 1.4
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1,)):
        found = [factor * 10.0**power for power in decades for factor in factors]
        if len(found := [each for each in found if low <= each <= high]) <= 6:
            break
    return found, low, high, True
