"""The faces in which drawn images are written: widths and outlines of the printable letters of ASCII."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

__all__ = ["FACES", "Face", "face"]

FACES: Final = ("sans", "sans-bold", "serif", "mono")


class Face(NamedTuple):
    """A face: by letter its advance and its outline (path data of SVG, y upwards), both in ``units`` per em."""

    name: str
    units: int
    letters: Mapping[str, tuple[int, str]]

    def width(self, text: str, size: float) -> float:
        """The width of a text in pixels, without kerning; raises KeyError for a letter that the face has not."""
        return sum(self.letters[letter][0] for letter in text) * size / self.units


@cache
def face(name: str) -> Face:
    """One of :data:`FACES`, as it is shipped (``python -m tools.outlines`` wrote it)."""
    text = files("steelyard.tasks.drawing").joinpath("outlines", f"{name}.json").read_text("ascii")
    read = json.loads(text)
    return Face(name, read["units"], {letter: (width, path) for letter, (width, path) in read["letters"].items()})
