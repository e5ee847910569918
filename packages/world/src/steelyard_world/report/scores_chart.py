"""Scores with their intervals, each between its floor and its ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.reports.vega import BAND, GRID, INK, MUTED, PAPER, as_it_is, field, layer, room_beside, svg
from steelyard.util.text import one_line
from steelyard_world.evaluation.result import ScoreSummary, standing
from steelyard_world.report.words import STANDINGS, interval_text, name_of, value

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
    rows = [_values(number, summary) for number, summary in enumerate(summaries)]
    scale = {"domain": [row["row"] for row in rows], "paddingInner": 0}
    layers = [*_marks(_domain(summaries), narrow), *_labels(narrow)]
    for each in layers:
        each["encoding"]["y"] = field("row", "ordinal", title=None, axis=None, scale=scale)
    drawing = {
        "data": {"values": rows},
        "layer": layers,
        "width": 320 if narrow else 540,
        "height": len(rows) * (62 if narrow else 46),
    }
    described = "; ".join(map(_described, summaries))
    left = room_beside([] if narrow else [row[label] for row in rows for label in ("test", "world")])
    return svg(drawing, name, "Scores between floor and ceiling", described, left=left)


def _marks(domain: tuple[float, float], narrow: bool) -> list[dict[str, Any]]:
    axis = {"format": "~g", "orient": "top", "tickCount": 5 if narrow else 8}
    x = field("low", title=None, scale={"domain": list(domain), "nice": False, "zero": False}, axis=axis)
    colour = as_it_is("colour")
    down = 12 if narrow else 0  # room for the name above
    tick: dict[str, Any] = {"thickness": 2, "size": 24, "stroke": None, "opacity": 1, "yOffset": down}
    return [
        layer("rule", {"x": {"value": 0}, "x2": {"value": "width"}}, stroke=GRID, yOffset=down),
        layer("bar", {"x": field("floor", title=None), "x2": "ceiling"}, fill=BAND, height=22, yOffset=down),
        layer("tick", {"x": field("floor")}, fill=MUTED, **tick),
        layer("tick", {"x": field("ceiling")}, fill=INK, **tick),
        layer("rule", {"x": x, "x2": "high", "color": colour}, strokeWidth=3, strokeCap="round", yOffset=down),
        layer(
            "point",
            {"x": field("score"), "shape": as_it_is("shape"), "stroke": colour, "fill": as_it_is("fill")},
            size=110, strokeWidth=2, opacity=1, yOffset=down,
        ),
    ]  # fmt: skip


def _labels(narrow: bool) -> list[dict[str, Any]]:
    def text(name: str, place: float | str = 0, **more: Any) -> dict[str, Any]:
        return {"x": {"value": place}, "text": field(name, "nominal"), **more}

    if narrow:
        return [layer("text", text("both"), align="left", dy=-13, fontSize=13, fill=INK, fontWeight=600, limit=310)]
    judged = text("word", "width", color=as_it_is("colour"))
    return [
        layer("text", text("test"), align="right", dx=-14, dy=-7, fontSize=12, fill=INK, limit=190),
        layer("text", text("world"), align="right", dx=-14, dy=9, fontSize=11, fill=MUTED, limit=190),
        layer("text", judged, align="left", dx=14, fontSize=13),
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
