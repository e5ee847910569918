"""The two charts of the report: claims against measured scores, and how each interval closed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from steelyard.records import ClaimVerdict, TracePoint, VerdictWord
from steelyard.reports import words
from steelyard.reports.vega import BAND, GRID, INK, PAPER, as_it_is, field, layer, room_beside, svg

__all__ = ["claims_chart", "closing_chart", "css_name", "drawable", "interval_bar"]

_SHAPES = {
    VerdictWord.INCONSISTENT: "M-.8,-1L0,-.2L.8,-1L1,-.8L.2,0L1,.8L.8,1L0,.2L-.8,1L-1,.8L-.2,0L-1,-.8Z",
    VerdictWord.CONSISTENT: "circle",
    VerdictWord.INSUFFICIENT_POWER: "diamond",
}
_POINTS = 160  # more looks than this are closer together than a pixel


def css_name(word: VerdictWord) -> str:
    """The CSS variable and class of a verdict: ``insufficient-power``, which *unverifiable* looks like."""
    shown = VerdictWord.INSUFFICIENT_POWER if word is VerdictWord.UNVERIFIABLE else word
    return shown.value.replace("_", "-")


def _colour(word: VerdictWord) -> str:
    return f"var(--{css_name(word)})"


def _fill(word: VerdictWord) -> str:
    return PAPER if word is VerdictWord.INSUFFICIENT_POWER else _colour(word)


def drawable(claims: Sequence[ClaimVerdict]) -> list[ClaimVerdict]:
    """The claims that can be drawn: measured, with an interval, and claimed as a proportion."""
    return [claim for claim in claims if claim.asked and claim.ci is not None and claim.claimed is not None]


# ── claims against measured scores ──────────────────────────────────────────────────────────────────────────────────


def claims_chart(claims: Sequence[ClaimVerdict], *, narrow: bool = False, name: str = "claims") -> str:
    """Draw each claim that was measured: claim tick, tolerance band, interval and measured point, in percent.

    ``narrow`` draws for a phone, with each task above its row. ``name`` makes the ids of title and description unique.
    """
    drawn = drawable(claims)
    rows = [_claim_values(index, claim) for index, claim in enumerate(drawn)]
    # Rows are placed by number, not by name: two rows may have the same name.
    scale = {"domain": [row["row"] for row in rows], "paddingInner": 0}
    labels = _label_above() if narrow else _labels_beside()
    layers = [*_claim_marks(rows, narrow), *labels]
    for each in layers:
        each["encoding"]["y"] = field("row", "ordinal", title=None, axis=None, scale=scale)
    drawing = {
        "data": {"values": rows},
        "layer": layers,
        "width": 320 if narrow else 560,
        "height": len(rows) * (62 if narrow else 46),
    }
    described = "; ".join(_described(claim) for claim in drawn)
    left = room_beside([] if narrow else [row["task"] for row in rows])
    return svg(drawing, name, "Claims against measured scores", described, left=left)


def _claim_marks(rows: list[dict[str, Any]], narrow: bool) -> list[dict[str, Any]]:
    axis = {"labelExpr": "datum.label + ' %'", "orient": "top", "tickCount": 5 if narrow else 8}
    x = field("low", title=None, scale={"domain": list(_domain(rows)), "nice": False, "zero": False}, axis=axis)
    colour = as_it_is("colour")
    down = 12 if narrow else 0  # space for the task's name above
    marks = [
        layer("rule", {"x": {"value": 0}, "x2": {"value": "width"}}, stroke=GRID, yOffset=down),
        layer("bar", {"x": field("floor", title=None), "x2": "claimed"}, fill=BAND, height=22, yOffset=down),
        layer("rule", {"x": x, "x2": "high", "color": colour}, strokeWidth=3, strokeCap="round", yOffset=down),
        layer("tick", {"x": field("claimed")}, thickness=3, size=26, fill=INK, stroke=None, opacity=1, yOffset=down),
        layer(
            "point",
            {"x": field("measured"), "shape": as_it_is("shape"), "stroke": colour, "fill": as_it_is("fill")},
            size=110, strokeWidth=2, opacity=1, yOffset=down,
        ),
    ]  # fmt: skip
    # Open and missing answers may leave a range in place of a point.
    if any(row["range_low"] is not None for row in rows):
        span = {"x": field("range_low"), "x2": "range_high", "color": colour}
        ranges = layer("rule", span, strokeWidth=9, yOffset=down)
        marks.insert(3, {"transform": [{"filter": "datum.range_low !== null"}], **ranges})
    return marks


def _label_above() -> list[dict[str, Any]]:
    text = {"x": {"value": 0}, "text": field("task", "nominal")}
    return [layer("text", text, align="left", dy=-13, fontSize=13, fill=INK, fontWeight=600, limit=290)]


def _labels_beside() -> list[dict[str, Any]]:
    named = {"x": {"value": 0}, "text": field("task", "nominal")}
    judged = {"x": {"value": "width"}, "text": field("word", "nominal"), "color": as_it_is("colour")}
    return [
        layer("text", named, align="right", dx=-14, fontSize=13, fill=INK, limit=170),
        layer("text", judged, align="left", dx=14, fontSize=13),
    ]


def _claim_values(index: int, claim: ClaimVerdict) -> dict[str, Any]:
    assert claim.ci is not None
    lowest = words.floor(claim)
    row = words.claim_words(claim)
    ends = claim.bounds if claim.measured is None and claim.bounds else (None, None)
    return {
        "row": index,
        "task": row.task,
        "word": row.verdict_words,
        "claimed": _percent(claim.claimed),
        "floor": _percent(lowest),
        "low": _percent(claim.ci[0]),
        "high": _percent(claim.ci[1]),
        "measured": _percent(claim.measured),
        "range_low": _percent(ends[0]),
        "range_high": _percent(ends[1]),
        "colour": _colour(claim.verdict),
        "fill": _fill(claim.verdict),
        "shape": _SHAPES.get(claim.verdict, "circle"),
    }


def _percent(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else 100 * min(1.0, max(0.0, value))


def _domain(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """The range of the axis: everything drawn, out to the next ten."""
    values = [row[key] for row in rows for key in ("low", "high", "claimed", "floor") if row[key] is not None]
    low, high = (min(values), max(values)) if values else (0.0, 100.0)
    low, high = 10 * math.floor(low / 10), 10 * math.ceil(high / 10)
    return (low, high) if high > low else (low, low + 10)


def _described(claim: ClaimVerdict) -> str:
    row = words.claim_words(claim)
    return f"{row.task}: claimed {row.claimed}, measured {row.measured}, interval {row.interval}, {row.full}"


# ── how an interval closed ──────────────────────────────────────────────────────────────────────────────────────────


def closing_chart(claim: ClaimVerdict, *, name: str = "closing") -> str:
    """Draw how the interval closed over the samples read: band, running share, claim, lowest score allowed, the end."""
    looks = _thinned([look for look in claim.trace if look.n > 0])
    window = _window(claim, looks)
    rows = [_look_values(look, window, has_share=claim.measured is not None) for look in looks]
    row = words.claim_words(claim)
    drawing = {"layer": _closing_marks(claim, rows, window), "width": 236, "height": 128}
    asked = row.asked if claim.repeats > 1 else f"{row.asked} samples"
    described = f"{row.full}; after {asked} the interval is {row.interval}, the claim {row.claimed}"
    return svg(drawing, name, f"How the interval closed on {row.task}", described)


def _look_values(look: TracePoint, window: tuple[float, float], *, has_share: bool) -> dict[str, Any]:
    share = 100 * look.right / look.n if has_share else -1.0
    return {
        "n": look.n,
        "low": _clamp(100 * look.low, window),
        "high": _clamp(100 * look.high, window),
        # The first points lie outside the window: the line is left out there, not drawn along its edge.
        "share": share if window[0] <= share <= window[1] else None,
    }


def _closing_marks(
    claim: ClaimVerdict, rows: list[dict[str, Any]], window: tuple[float, float]
) -> list[dict[str, Any]]:
    colour = _colour(claim.verdict)
    along = {"tickCount": 4, "format": ",d", "grid": False, "tickMinStep": 1}
    x = field("n", title=None, scale={"domain": [0, rows[-1]["n"]], "nice": False}, axis=along)
    up = {"tickCount": 4, "labelExpr": "datum.label + ' %'"}
    y = field("low", title=None, scale={"domain": list(window), "nice": False, "zero": False}, axis=up)
    share, level = field("share"), {"y": field("level")}
    claimed = [{"level": _percent(claim.claimed)}]
    lowest = [{"level": _clamp(100 * (words.floor(claim) or 0.0), window)}]
    smooth: dict[str, Any] = {"interpolate": "linear", "values": rows}
    return [
        layer("area", {"x": x, "y": y, "y2": "high"}, fill=colour, opacity=0.18, **smooth),
        layer("line", {"x": x, "y": share}, stroke=colour, strokeWidth=1.5, **smooth),
        layer("rule", level, values=lowest, stroke=INK, strokeDash=[2, 3]),
        layer("rule", level, values=claimed, stroke=INK, strokeWidth=2),
        layer(
            "point", {"x": field("n"), "y": share}, values=rows[-1:],
            shape=_SHAPES.get(claim.verdict, "circle"), size=90, strokeWidth=2, opacity=1,
            stroke=colour, fill=_fill(claim.verdict),
        ),
    ]  # fmt: skip


def _thinned(looks: list[TracePoint]) -> list[TracePoint]:
    """At most ``_POINTS`` of the looks, evenly, always with the last."""
    step = max(1, math.ceil(len(looks) / _POINTS))
    return looks[::-step][::-1]


def _window(claim: ClaimVerdict, looks: list[TracePoint]) -> tuple[float, float]:
    """The visible range in percent: what the second half of the looks shows, the claim and the lowest score allowed.

    The first intervals are so wide that showing them whole would hide the rest.
    """
    settled = looks[len(looks) // 2 :]
    values = [100 * bound for look in settled for bound in (look.low, look.high)]
    values += [100 * value for value in (claim.claimed, words.floor(claim)) if value is not None]
    low, high = min(values), max(values)
    margin = max(2.0, 0.12 * (high - low))
    return max(0.0, math.floor(low - margin)), min(100.0, math.ceil(high + margin))


def _clamp(value: float, window: tuple[float, float]) -> float:
    return min(window[1], max(window[0], value))


def interval_bar(
    measured: float | None,
    ci: tuple[float, float],
    bounds: tuple[float, float] | None = None,
    least: float | None = None,
) -> str:
    """A measured share, or its range, with its interval on a line from 0 to 100 %, as SVG that a table's cell holds.

    ``least``: the share that a gate asks for, as an upright line.
    """
    low, high, *place = [2 + 116 * min(1.0, max(0.0, value)) for value in (*ci, *(bounds or ci), measured or 0.0)]
    mark = f'<circle cx="{place[2]:.1f}" cy="6" r="4" fill="var(--ink)"/>'
    if measured is None:
        mark = f'<path d="M{place[0]:.1f},6H{place[1]:.1f}" stroke="var(--ink)" stroke-width="8"/>'
    bar = "" if least is None else f'<path d="M{2 + 116 * least:.1f},0V12" stroke="var(--ink)" stroke-width="1.5"/>'
    return (
        '<svg class="bar" viewBox="0 0 120 12" width="120" height="12" aria-hidden="true">'
        '<path d="M2,6H118" stroke="var(--line)" stroke-width="1"/>'
        f'<path d="M{low:.1f},6H{high:.1f}" stroke="var(--muted)" stroke-width="3" stroke-linecap="round"/>'
        f"{mark}{bar}</svg>"
    )
