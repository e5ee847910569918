"""A canvas on which generators draw: it gives the text of an SVG, in which letters are outlines.

Places and sizes are pixels, x to the right and y downwards; numbers are rounded to hundredths, so that the last digits
of a sine do not change a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from steelyard.tasks.drawing.faces import Face, face

__all__ = ["Anchor", "Canvas", "Point"]

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

_SHIFT = {"start": 0.0, "middle": 0.5, "end": 1.0}


class Canvas:
    """A drawing of ``width`` × ``height`` pixels on a plain ``background``; what is drawn later lies above."""

    def __init__(self, width: int, height: int, background: str) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []
        self._letters: dict[str, str] = {}  # by id the outline
        self.rect(0, 0, width, height, background)

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, stroke: str = "", thick: float = 1
    ) -> None:
        """A rectangle; ``fill`` may be ``none``."""
        box = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        self._parts.append(f'<rect {box} fill="{fill}"{_stroke(stroke, thick)}/>')

    def circle(self, x: float, y: float, radius: float, fill: str, stroke: str = "", thick: float = 1) -> None:
        """A circle around a point."""
        self._parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"{_stroke(stroke, thick)}/>'
        )

    def polygon(self, points: Sequence[Point], fill: str, stroke: str = "", thick: float = 1) -> None:
        """A closed shape."""
        self._parts.append(f'<polygon points="{_points(points)}" fill="{fill}"{_stroke(stroke, thick)}/>')

    def lines(self, points: Sequence[Point], colour: str, thick: float = 1, dashes: str = "") -> None:
        """A line through points; ``dashes`` as SVG has them, such as ``4 3``."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(f'<polyline points="{_points(points)}" fill="none"{_stroke(colour, thick)}{dashed}/>')

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        face_name: str = "sans",
        anchor: Anchor = "start",
        turn: float = 0,
    ) -> float:
        """One line of text on the base line ``y``, turned by ``turn`` degrees about its place; returns its width."""
        used = face(face_name)
        width = used.width(text, size)
        scale = size / used.units
        turned = f" rotate({_n(turn)})" if turn else ""
        begun = -_SHIFT[anchor] * width / scale
        self._parts.append(
            f'<g transform="translate({_n(x)} {_n(y)}){turned} scale({scale:.6f} {-scale:.6f})" fill="{colour}">'
            f"{self._line(used, text, begun)}</g>"
        )
        return width

    def _line(self, used: Face, text: str, at: float) -> str:
        shown = []
        for letter in text:
            advance, outline = used.letters[letter]
            if outline:
                name = f"{used.name}-{ord(letter)}"
                self._letters[name] = outline
                shown.append(f'<use href="#{name}" x="{at:.0f}"/>')
            at += advance
        return "".join(shown)

    def svg(self) -> str:
        """The text of the whole drawing."""
        letters = "".join(f'<path id="{name}" d="{outline}"/>' for name, outline in sorted(self._letters.items()))
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><defs>{letters}</defs>{"".join(self._parts)}</svg>'


def _n(number: float) -> str:
    """A number with at most two decimals, never ``-0``."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _stroke(colour: str, thick: float) -> str:
    return f' stroke="{colour}" stroke-width="{_n(thick)}"' if colour else ""
