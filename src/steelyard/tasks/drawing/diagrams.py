"""Shapes on a sheet, and boxes that are joined by lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from steelyard.tasks.drawing.canvas import Canvas, Point
from steelyard.tasks.drawing.looks import Look

__all__ = ["SHAPES", "Shape", "ShapeName", "draw_network", "draw_shapes"]

ShapeName = Literal["circle", "square", "triangle", "star"]
SHAPES: Final[tuple[ShapeName, ...]] = ("circle", "square", "triangle", "star")


class Shape(NamedTuple):
    """A shape around a point, within ``radius`` pixels of it, turned by ``turn`` degrees."""

    name: ShapeName
    colour: str
    at: Point
    radius: float
    turn: float


def draw_shapes(shapes: Sequence[Shape], look: Look, width: int, height: int) -> str:
    """The SVG of shapes."""
    canvas = Canvas(width, height, look.paper.paper)
    for shape in shapes:
        if shape.name == "circle":
            canvas.circle(*shape.at, shape.radius * 0.9, shape.colour, look.paper.ink, 1.2)
        else:
            canvas.polygon(_corners(shape), shape.colour, look.paper.ink, 1.2)
    return canvas.svg()


def _corners(shape: Shape) -> list[Point]:
    if shape.name == "star":
        reach = [shape.radius if corner % 2 == 0 else shape.radius * 0.42 for corner in range(10)]
    else:
        reach = [shape.radius] * (4 if shape.name == "square" else 3)
    begun = shape.turn + (45 if shape.name == "square" else 0)
    angles = [math.radians(begun + 360 * corner / len(reach)) for corner in range(len(reach))]
    x, y = shape.at
    return [(x + far * math.sin(angle), y - far * math.cos(angle)) for far, angle in zip(reach, angles, strict=True)]


def draw_network(
    places: Sequence[Point],
    names: Sequence[str],
    joined: Sequence[tuple[int, int]],
    look: Look,
    width: int,
    height: int,
) -> str:
    """The SVG of boxes around ``places`` with a name each, and of lines that join pairs of them."""
    canvas = Canvas(width, height, look.paper.paper)
    for one, other in joined:
        canvas.lines([places[one], places[other]], look.paper.ink, 1.8)
    for number, ((x, y), name) in enumerate(zip(places, names, strict=True)):
        canvas.circle(x, y, 17, look.paper.paper, look.colours[number % len(look.colours)], 3)
        canvas.text(x, y + 6, name, 17, look.paper.ink, look.bold, "middle")
    return canvas.svg()
