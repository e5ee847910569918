"""Charts of bars, lines and slices, with all labels inside the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from steelyard.tasks.drawing.canvas import Canvas, Point
from steelyard.tasks.drawing.faces import face
from steelyard.tasks.drawing.looks import Look

__all__ = ["Axis", "Chart", "Series", "draw_chart"]

_TITLE, _LABEL, _PRINTED = 16, 12, 12  # sizes of letters in pixels
_EDGE: Final = 14
_SLANT: Final = 40  # degrees


class Axis(NamedTuple):
    """An axis from 0 to ``ticks`` × ``major``, with ``steps`` grid lines to each labelled one."""

    major: int
    ticks: int
    steps: int

    @property
    def top(self) -> int:
        """The highest value that it shows."""
        return self.major * self.ticks


class Series(NamedTuple):
    """Values under one name, one for each label of the chart."""

    name: str
    values: tuple[int, ...]


class Chart(NamedTuple):
    """What a chart shows: a name under each place, and one or two series; the slices of a pie are percentages."""

    kind: Literal["bar", "line", "pie"]
    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    axis: Axis
    prints_values: bool


class _Plot(NamedTuple):
    """Where the values stand, in pixels."""

    left: float
    top: float
    width: float
    height: float

    def x(self, place: int, places: int) -> float:
        """The middle of one of the places."""
        return self.left + (place + 0.5) * self.width / places

    def y(self, value: float, axis: Axis) -> float:
        """The height of a value."""
        return self.top + self.height * (1 - value / axis.top)


def draw_chart(chart: Chart, look: Look, width: int, height: int) -> str:
    """The SVG of a chart of ``width`` × ``height`` pixels, at least 440 × 340."""
    canvas = Canvas(width, height, look.paper.paper)
    canvas.text(width / 2, _EDGE + _TITLE, chart.title, _TITLE, look.paper.ink, look.bold, "middle")
    if chart.kind == "pie":
        _slices(canvas, chart, look)
        return canvas.svg()
    below = _EDGE + _TITLE + 14
    if len(chart.series) > 1:
        _names_of_series(canvas, chart, look, below + _LABEL)
        below += _LABEL + 14
    plot = _plot(canvas, chart, look, below + 8)
    _grid(canvas, chart, look, plot)
    (_bars if chart.kind == "bar" else _curves)(canvas, chart, look, plot)
    return canvas.svg()


def _plot(canvas: Canvas, chart: Chart, look: Look, top: float) -> _Plot:
    """The place that is left by the labels, which are slanted where they would not stand side by side."""
    letters = face(look.face)
    left = _EDGE + letters.width(str(chart.axis.top), _LABEL) + 10
    widest = max(letters.width(label, _LABEL) for label in chart.labels)
    width = canvas.width - left - _EDGE
    below = _LABEL + 10.0
    if _is_slanted(chart, look, width):
        below += math.sin(math.radians(_SLANT)) * widest
        # The first label leans out to the left of its place.
        lean = math.cos(math.radians(_SLANT)) * widest - width / len(chart.labels) / 2
        left += max(0, lean + _EDGE - left)
        width = canvas.width - left - _EDGE
    return _Plot(left, top, width, canvas.height - top - below - _EDGE)


def _is_slanted(chart: Chart, look: Look, width: float) -> bool:
    widest = max(face(look.face).width(label, _LABEL) for label in chart.labels)
    return widest > width / len(chart.labels) - 6


def _grid(canvas: Canvas, chart: Chart, look: Look, plot: _Plot) -> None:
    ink, faint = look.paper.ink, look.paper.faint
    right = plot.left + plot.width
    for line in range(1, chart.axis.ticks * chart.axis.steps + 1):
        y = plot.y(line * chart.axis.major / chart.axis.steps, chart.axis)
        is_labelled = line % chart.axis.steps == 0
        canvas.lines([(plot.left, y), (right, y)], faint, 1.4 if is_labelled else 0.8, "" if is_labelled else "3 3")
    for tick in range(chart.axis.ticks + 1):
        y = plot.y(tick * chart.axis.major, chart.axis)
        canvas.lines([(plot.left - 4, y), (plot.left, y)], ink)
        label = str(tick * chart.axis.major)
        canvas.text(plot.left - 7, y + _LABEL * 0.36, label, _LABEL, ink, look.face, "end")
    bottom = plot.top + plot.height
    canvas.lines([(plot.left, plot.top), (plot.left, bottom), (right, bottom)], ink, 1.2)
    is_slanted = _is_slanted(chart, look, plot.width)
    for place, label in enumerate(chart.labels):
        x = plot.x(place, len(chart.labels))
        canvas.lines([(x, bottom), (x, bottom + 4)], ink)
        if is_slanted:
            canvas.text(x + 4, bottom + 14, label, _LABEL, ink, look.face, "end", -_SLANT)
        else:
            canvas.text(x, bottom + 8 + _LABEL, label, _LABEL, ink, look.face, "middle")


def _bars(canvas: Canvas, chart: Chart, look: Look, plot: _Plot) -> None:
    slot = plot.width / len(chart.labels)
    thick = slot * 0.7 / len(chart.series)
    bottom = plot.top + plot.height
    for number, series in enumerate(chart.series):
        for place, value in enumerate(series.values):
            x = plot.x(place, len(chart.labels)) + (number - len(chart.series) / 2) * thick
            y = plot.y(value, chart.axis)
            canvas.rect(x, y, thick, bottom - y, look.colours[number], look.paper.ink, 0.8)
            if chart.prints_values:
                _printed(canvas, look, x + thick / 2, y - 4, str(value))


def _curves(canvas: Canvas, chart: Chart, look: Look, plot: _Plot) -> None:
    places = [
        [(plot.x(place, len(chart.labels)), plot.y(value, chart.axis)) for place, value in enumerate(series.values)]
        for series in chart.series
    ]
    for number, points in enumerate(places):
        canvas.lines(points, look.colours[number], 2.2)
    for number, points in enumerate(places):
        for point in points:
            _marker(canvas, number, point, look)
    if chart.prints_values:
        for (x, y), value in zip(places[0], chart.series[0].values, strict=True):
            _printed(canvas, look, x, y - 9, str(value))


def _marker(canvas: Canvas, number: int, at: Point, look: Look) -> None:
    """A disc for the first series, a square for the second."""
    x, y = at
    if number == 0:
        canvas.circle(x, y, 4.5, look.colours[0], look.paper.ink, 0.8)
    else:
        canvas.rect(x - 4, y - 4, 8, 8, look.colours[number], look.paper.ink, 0.8)


def _printed(canvas: Canvas, look: Look, x: float, y: float, text: str) -> None:
    """A value on the paper, so that no line runs through it."""
    width = face(look.face).width(text, _PRINTED)
    canvas.rect(x - width / 2 - 1.5, y - _PRINTED * 0.78, width + 3, _PRINTED * 0.86, look.paper.paper)
    canvas.text(x, y, text, _PRINTED, look.paper.ink, look.face, "middle")


def _names_of_series(canvas: Canvas, chart: Chart, look: Look, y: float) -> None:
    widths = [face(look.face).width(series.name, _LABEL) + 40 for series in chart.series]
    x = (canvas.width - sum(widths)) / 2
    for number, (series, width) in enumerate(zip(chart.series, widths, strict=True)):
        if chart.kind == "line":
            canvas.lines([(x, y - 4), (x + 18, y - 4)], look.colours[number], 2.2)
            _marker(canvas, number, (x + 9, y - 4), look)
        else:
            canvas.rect(x + 3, y - 10, 12, 12, look.colours[number], look.paper.ink, 0.8)
        canvas.text(x + 23, y, series.name, _LABEL, look.paper.ink, look.face)
        x += width


def _slices(canvas: Canvas, chart: Chart, look: Look) -> None:
    """Slices from the top on, clockwise, each with its percentage outside, and their names at the right."""
    letters, ink = face(look.face), look.paper.ink
    named = max(letters.width(label, _LABEL) for label in chart.labels) + 24
    top = _EDGE + _TITLE + 14
    radius = min(canvas.width - named - 3 * _EDGE, canvas.height - top - _EDGE) / 2 - 25
    x, y = (canvas.width - named - _EDGE) / 2, top + (canvas.height - top - _EDGE) / 2
    begun = 0
    for number, share in enumerate(chart.series[0].values):
        canvas.polygon(_slice(x, y, radius, begun, share), look.colours[number], look.paper.paper, 1.5)
        middle = _on_circle(x, y, radius + 19, begun + share / 2)
        canvas.text(middle[0], middle[1] + _PRINTED * 0.36, f"{share}%", _PRINTED, ink, look.face, "middle")
        begun += share
    line = _LABEL + 10
    row = y - line * len(chart.labels) / 2 + line / 2
    for number, label in enumerate(chart.labels):
        canvas.rect(canvas.width - named - _EDGE, row - 7, 14, 14, look.colours[number])
        canvas.text(canvas.width - named - _EDGE + 20, row + _LABEL * 0.36, label, _LABEL, ink, look.face)
        row += line


def _slice(x: float, y: float, radius: float, begun: float, share: float) -> Sequence[Point]:
    corners = max(2, math.ceil(share)) * 2
    return [(x, y), *(_on_circle(x, y, radius, begun + share * each / corners) for each in range(corners + 1))]


def _on_circle(x: float, y: float, radius: float, percent: float) -> Point:
    angle = percent / 100 * 2 * math.pi
    return x + radius * math.sin(angle), y - radius * math.cos(angle)
