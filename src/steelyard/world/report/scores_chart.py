"""Scores with their intervals, each between its floor and its ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.reports.vega import BAND, GRID, INK, MUTED, PAPER, chart, room_beside, svg
from steelyard.util.text import one_line
from steelyard.world.evaluation.result import ScoreSummary, standing
from steelyard.world.report.words import STANDINGS, interval_text, name_of, value

__all__ = ["by_measure", "scores_chart"]

_SHAPES = {
    "above": "circle",
    "unclear": "diamond",
    "below": "M-.8,-1L0,-.2L.8,-1L1,-.8L.2,0L1,.8L.8,1L0,.2L-.8,1L-1,.8L-.2,0L-1,-.8Z",
    "no floor": "circle",
}


def by_measure(summaries: Sequence[ScoreSummary]) -> list[tuple[str, list[ScoreSummary]]]:
    """Group summaries that share an axis: shares from 0 to 1 together, every other measure by itself."""
    groups: dict[str, list[ScoreSummary]] = {}
    for summary in summaries:
        numbers = (summary.low, summary.high, summary.floor, summary.ceiling)
        share = summary.better == "higher" and all(number is None or 0 <= number <= 1 for number in numbers)
        less = ", less is better" if summary.better == "lower" else ""
        groups.setdefault("" if share else f"{summary.measure}{less}", []).append(summary)
    return list(groups.items())


def scores_chart(summaries: Sequence[ScoreSummary], *, name: str, narrow: bool = False) -> str:
    """Draw each summary as a row: band from floor to ceiling, interval and score. ``narrow`` is for a phone."""
    import altair as alt

    rows = [_values(number, summary) for number, summary in enumerate(summaries)]
    y = alt.Y("row:O", title=None, axis=None, scale=alt.Scale(domain=[row["row"] for row in rows], paddingInner=0))
    base = chart(rows).encode(y=y)
    drawing = alt.layer(*_marks(base, _domain(summaries), narrow), *_labels(base, narrow)).properties(
        width=320 if narrow else 540, height=len(rows) * (62 if narrow else 46)
    )
    described = "; ".join(map(_described, summaries))
    left = room_beside([] if narrow else [row[label] for row in rows for label in ("test", "world")])
    return svg(drawing, name, "Scores between floor and ceiling", described, left=left)


def _marks(base: Any, domain: tuple[float, float], narrow: bool) -> list[Any]:
    import altair as alt

    x = alt.X(
        "low:Q",
        title=None,
        scale=alt.Scale(domain=list(domain), nice=False, zero=False),
        axis=alt.Axis(format="~g", orient="top", tickCount=5 if narrow else 8),
    )
    colour = alt.Color("colour:N", scale=None, legend=None)
    down = 12 if narrow else 0  # room for the name above
    tick = {"thickness": 2, "size": 24, "stroke": None, "opacity": 1, "yOffset": down}
    return [
        base.mark_rule(stroke=GRID, yOffset=down).encode(x=alt.value(0), x2=alt.value("width")),
        base.mark_bar(fill=BAND, height=22, yOffset=down).encode(x=alt.X("floor:Q", title=None), x2="ceiling:Q"),
        base.mark_tick(fill=MUTED, **tick).encode(x="floor:Q"),
        base.mark_tick(fill=INK, **tick).encode(x="ceiling:Q"),
        base.mark_rule(strokeWidth=3, strokeCap="round", yOffset=down).encode(x=x, x2="high:Q", color=colour),
        base.mark_point(size=110, strokeWidth=2, opacity=1, yOffset=down).encode(
            x="score:Q",
            shape=alt.Shape("shape:N", scale=None, legend=None),
            stroke=alt.Stroke("colour:N", scale=None, legend=None),
            fill=alt.Fill("fill:N", scale=None, legend=None),
        ),
    ]


def _labels(base: Any, narrow: bool) -> list[Any]:
    import altair as alt

    if narrow:
        named = base.mark_text(align="left", dy=-13, fontSize=13, fill=INK, fontWeight=600, limit=310)
        return [named.encode(x=alt.value(0), text="both:N")]
    named = base.mark_text(align="right", dx=-14, dy=-7, fontSize=12, fill=INK, limit=190)
    world = base.mark_text(align="right", dx=-14, dy=9, fontSize=11, fill=MUTED, limit=190)
    text = base.mark_text(align="left", dx=14, fontSize=13)
    return [
        named.encode(x=alt.value(0), text="test:N"),
        world.encode(x=alt.value(0), text="world:N"),
        text.encode(x=alt.value("width"), text="word:N", color=alt.Color("colour:N", scale=None, legend=None)),
    ]


def _values(number: int, summary: ScoreSummary) -> dict[str, Any]:
    result = standing(summary)
    css, word = STANDINGS[result]
    return {
        "row": number,
        "test": name_of(summary),
        "world": one_line(summary.world, 60),
        "both": f"{name_of(summary)} · {one_line(summary.world, 60)}",
        "word": word,
        "score": summary.score,
        "low": summary.low,
        "high": summary.high,
        "floor": summary.floor,
        "ceiling": summary.ceiling,
        "colour": f"var(--{css})",
        "fill": PAPER if result == "unclear" else f"var(--{css})",
        "shape": _SHAPES[result],
    }


def _domain(summaries: Sequence[ScoreSummary]) -> tuple[float, float]:
    """Shares lie on the whole of 0 to 1; others on what is drawn, from 0, and a little room."""
    numbers = [
        number
        for summary in summaries
        for number in (summary.low, summary.high, summary.floor, summary.ceiling)
        if number is not None
    ]
    low, high = min(0.0, *numbers), max(numbers)
    if low >= 0.0 and high <= 1.0 and summaries[0].better == "higher":
        return 0.0, 1.0
    return low, max(high * 1.05, low + 1e-6)


def _described(summary: ScoreSummary) -> str:
    between = interval_text(summary.low, summary.high)
    return (
        f"{name_of(summary)} in {one_line(summary.world, 60)}: {value(summary.score)}, interval {between}, "
        f"floor {value(summary.floor)}, ceiling {value(summary.ceiling)}, {STANDINGS[standing(summary)][1]}"
    )
