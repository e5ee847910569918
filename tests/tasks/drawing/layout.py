"""What stands on a canvas, caught while it is drawn: the boxes of its texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from steelyard.tasks.drawing.canvas import Canvas

SHIFT = {"start": 0.0, "middle": 0.5, "end": 1.0}


class Box(NamedTuple):
    """A text with the edges of its letters in pixels, about: capitals are .73 of the size high."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    is_turned: bool = False

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right - 0.5
            and other.left < self.right - 0.5
            and self.top < other.bottom - 0.5
            and other.top < self.bottom - 0.5
        )


@contextmanager
def caught() -> Iterator[list[tuple[Canvas, Box]]]:
    """The texts that are drawn meanwhile, each with its canvas."""
    found: list[tuple[Canvas, Box]] = []
    text_of = Canvas.text

    def text(self: Canvas, x: float, y: float, text: str, size: float, *more: Any, **named: Any) -> float:
        width = text_of(self, x, y, text, size, *more, **named)
        anchor = more[2] if len(more) > 2 else named.get("anchor", "start")
        turn = more[3] if len(more) > 3 else named.get("turn", 0)
        left = x - SHIFT[anchor] * width
        if turn:  # all of them end at their place and lean to the upper right
            lean = 0.75 * width
            box = Box(text, x - lean - size * 0.4, y - size, x + size * 0.5, y + 0.65 * width + size * 0.3, True)
        else:
            box = Box(text, left, y - 0.73 * size, left + width, y)
        found.append((self, box))
        return width

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Canvas, "text", text)
        yield found


def faults(found: list[tuple[Canvas, Box]]) -> list[str]:
    """Texts that are cut by the edge of their canvas, and pairs of level texts that overlap."""
    said = [
        f"{box.text} is cut"
        for canvas, box in found
        if not (box.left >= 0 and box.right <= canvas.width and box.top >= 0 and box.bottom <= canvas.height)
    ]
    level = [(canvas, box) for canvas, box in found if not box.is_turned]
    for place, (canvas, box) in enumerate(level):
        said += [f"{box.text} meets {other.text}" for on, other in level[:place] if on is canvas and box.meets(other)]
    return said
