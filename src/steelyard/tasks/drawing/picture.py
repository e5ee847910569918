"""A picture as a generator gives it: the text of an SVG, drawn as a PNG when somebody is to see it.

What is drawn is known by the SVG, which is the same everywhere; the bytes of the PNG are the same where the same
version draws on the same kind of processor. So a plan seals which drawer it had (:func:`drawer`), and a verifier draws
again where it has the same one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version
from typing import Final

from steelyard.errors import InputError
from steelyard.tasks.drawing.canvas import Canvas
from steelyard.tasks.drawing.faces import FACES

__all__ = ["Picture", "drawer"]

_DRAWER: Final = re.compile(r"vl-convert-python [0-9A-Za-z.+!-]{1,40}, test picture [0-9a-f]{16}")
_MOST_KEPT: Final = 1024  # drawn pictures, of about 30 KB each: public and fresh samples of one benchmark


class Picture:
    """A picture of an SVG that names no file and no font; equal where its text is."""

    __slots__ = ("sha256", "svg")

    def __init__(self, svg: str) -> None:
        self.svg = svg
        self.sha256: Final = sha256(svg.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"Picture({self.sha256[:12]})"

    def __str__(self) -> str:
        raise InputError("an image is no text: name its column in fields.images of the task's file")

    def png(self) -> bytes:
        """The bytes of the PNG, in the SVG's own size; the last thousand or so are kept."""
        return _drawn(self)


@lru_cache(maxsize=_MOST_KEPT)
def _drawn(picture: Picture) -> bytes:
    import vl_convert

    drawn: bytes = vl_convert.svg_to_png(picture.svg, scale=1)
    return drawn


@cache
def drawer() -> str:
    """What draws here: the library with its version, and the beginning of a test picture's digest.

    The test picture shows all faces and shapes, so that a processor on which they come out otherwise is another drawer.
    """
    canvas = Canvas(320, 240, "#fbf8f1")
    for row, name in enumerate(FACES):
        canvas.text(160, 40 + 36 * row, "Steelyard 0123456789", 13 + 3 * row, "#1f3b57", name, "middle")
    canvas.circle(60, 200, 22.5, "#c44e52")
    canvas.polygon([(120, 222.5), (150.3, 180.1), (180, 222.5)], "#55a868", "#222222", 1.5)
    canvas.lines([(200, 180), (230.7, 221.4), (260, 190.2), (300, 230)], "#4c72b0", 2.5, "6 3")
    canvas.rect(96, 178, 14, 44, "#8172b2", "#000000", 0.75)
    digest = sha256(Picture(canvas.svg()).png()).hexdigest()
    return f"vl-convert-python {version('vl-convert-python')}, test picture {digest[:16]}"


def is_drawer(text: str) -> bool:
    """Whether a text could be one of :func:`drawer`, here or elsewhere."""
    return _DRAWER.fullmatch(text) is not None
