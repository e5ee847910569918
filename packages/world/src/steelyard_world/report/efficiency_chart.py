"""Sample efficiency: score against data or compute, one curve with its interval for each method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from steelyard.reports.vega import INK, MUTED, field, layer, svg
from steelyard.util.text import one_line
from steelyard_world.evaluation.efficiency import Curve

__all__ = ["CurvePoint", "EfficiencyCurves", "efficiency_chart", "points_of", "style"]

# Distinguished by dash and mark as well as by colour.
_STYLES = (
    ("var(--consistent)", [1, 0], "circle"),
    ("var(--inconsistent)", [6, 3], "square"),
    ("var(--insufficient-power)", [2, 2], "triangle-up"),
    ("var(--fourth)", [8, 2, 2, 2], "diamond"),
    ("var(--muted)", [1, 3], "cross"),
)


class CurvePoint(NamedTuple):
    """One method after one amount of training: score with interval."""

    method: str
    amount: float
    score: float
    low: float
    high: float


class EfficiencyCurves(NamedTuple):
    """Curves of one test in one world; ``amount_name`` names the horizontal axis: frames, or CPU-seconds."""

    title: str
    amount_name: str
    score_name: str
    points: tuple[CurvePoint, ...]
    floor: float | None = None
    ceiling: float | None = None
    conclusion: str = ""


def points_of(curves: Sequence[Curve]) -> tuple[CurvePoint, ...]:
    """Give measured curves as the points that a chart draws."""
    return tuple(
        CurvePoint(curve.method, size, score.estimate, score.low, score.high)
        for curve in curves
        for size, score in zip(curve.sizes, curve.scores, strict=True)
    )


def style(number: int) -> tuple[str, list[int], str]:
    """Colour, dash and mark of the method with this number."""
    return _STYLES[number % len(_STYLES)]


def efficiency_chart(curves: EfficiencyCurves, methods: Sequence[str], *, name: str) -> str:
    """Draw the curves on a logarithmic axis; ``methods`` fixes their looks, so that charts beside each other agree."""
    amounts = sorted({point.amount for point in curves.points})
    x = field(
        "amount",
        title=None,
        scale={"type": "log", "domain": [amounts[0] / 1.15, amounts[-1] * 1.15], "nice": False},
        axis={"values": amounts, "format": "~s", "grid": False, "labelOverlap": True},
    )
    layers = [
        _level(level, stroke) for level, stroke in ((curves.floor, MUTED), (curves.ceiling, INK)) if level is not None
    ]
    for number, method in enumerate(methods):
        points = [point for point in curves.points if point.method == method]
        layers += _curve(points, style(number), x)
    drawing = {"layer": layers, "width": 330, "height": 190}
    title = f"{one_line(curves.title, 120)}, by {curves.amount_name}"
    return svg(drawing, name, title, "; ".join(map(_described, sorted(curves.points))))


def _curve(points: Sequence[CurvePoint], look: tuple[str, list[int], str], x: dict[str, Any]) -> list[dict[str, Any]]:
    colour, dash, mark = look
    rows = [point._asdict() | {"method": ""} for point in sorted(points, key=lambda point: point.amount)]
    if not rows:
        return []
    axis: dict[str, Any] = {
        "title": None,
        "scale": {"zero": False, "nice": True},
        "axis": {"tickCount": 5, "format": "~g"},
    }
    score = {"x": x, "y": field("score", **axis)}
    smooth: dict[str, Any] = {"interpolate": "linear", "values": rows}
    return [
        layer("area", {"x": x, "y": field("low", **axis), "y2": "high"}, fill=colour, opacity=0.13, **smooth),
        layer("line", score, stroke=colour, strokeWidth=2, strokeDash=dash, **smooth),
        layer("point", score, values=rows, shape=mark, size=46, stroke=colour, fill=colour, opacity=1),
    ]


def _level(level: float, stroke: str) -> dict[str, Any]:
    return layer("rule", {"y": field("score")}, values=[{"score": level}], stroke=stroke, strokeDash=[2, 3])


def _described(point: CurvePoint) -> str:
    return f"{one_line(point.method, 40)} at {point.amount:g}: {point.score:.3g} ({point.low:.3g} to {point.high:.3g})"
