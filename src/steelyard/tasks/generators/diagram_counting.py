"""Shapes of several colours, or points that are joined by lines, and a question of how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin
from random import Random
from typing import Any, Final, Literal

from steelyard.errors import InputError
from steelyard.tasks.drawing.diagrams import SHAPES, Shape, draw_network, draw_shapes
from steelyard.tasks.drawing.looks import PAPERS, Look
from steelyard.tasks.drawing.picture import Picture
from steelyard.tasks.generators.looks import draw_look
from steelyard.tasks.generators.seeds import distinct_items, one_of, some_of

__all__ = ["COLOURS", "KINDS", "generate"]

KINDS: Final = ("shapes", "network")
# Named, and told apart on light and on dark paper.
COLOURS: Final = {"red": "#e0342b", "blue": "#2f6fde", "green": "#2e9e4f", "yellow": "#f2c81e", "purple": "#9a4fd0"}
_CELL: Final = 60  # pixels of a square in which one shape stands
_MOST_POINTS: Final = 10  # with more, a line between two runs through the one between them
_NAMES: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"  # no letter that is taken for another or for a digit


def generate(
    seed: str,
    count: int,
    kinds: Sequence[Literal["shapes", "network"]] = KINDS,
    min_things: int = 8,
    max_things: int = 24,
    colours: int = 3,
) -> Sequence[dict[str, Any]]:
    """Rows with ``image``, ``question`` and ``answer``; ``kind`` says which diagram it is.

    There are ``min_things`` to ``max_things`` shapes of at most so many ``colours``, or a third as many points (4 to
    10). Raises InputError for options outside their range.
    """
    if not kinds or not all(kind in KINDS for kind in kinds):
        raise InputError(f"diagram_counting: kinds must be some of {', '.join(KINDS)}")
    if not (4 <= min_things <= max_things <= 48 and 1 <= colours <= len(COLOURS)):
        raise InputError(
            f"diagram_counting: needs 4 ≤ min_things ≤ max_things ≤ 48 and colours from 1 to {len(COLOURS)}"
        )

    def make(random: Random) -> tuple[str, str, str, Picture]:
        kind = one_of(random, kinds)
        things = random.randrange(min_things, max_things + 1)
        drawn = (
            _shapes(random, things, colours)
            if kind == "shapes"
            else _network(random, min(_MOST_POINTS, max(4, things // 3)))
        )
        return (*drawn[:2], kind, Picture(drawn[2]))

    return [
        {"question": question, "answer": answer, "kind": kind, "image": image}
        for question, answer, kind, image in distinct_items("diagram_counting", seed, count, make)
    ]


def _shapes(random: Random, count: int, colours: int) -> tuple[str, str, str]:
    across, down = random.randrange(8, 11), random.randrange(6, 9)
    used, cells = some_of(random, tuple(COLOURS), colours), [(x, y) for x in range(across) for y in range(down)]
    shapes, shown = [], []
    for x, y in some_of(random, cells, count):
        radius = random.randrange(14, 23)
        room = _CELL // 2 - radius - 3
        at = (_place(random, x, room), _place(random, y, room))
        name, colour = one_of(random, SHAPES), one_of(random, used)
        shapes.append(Shape(name, COLOURS[colour], at, radius, _turn(random, name)))
        shown.append((name, colour))
    look = Look(one_of(random, PAPERS), (), "sans", "sans")
    name, colour = one_of(random, SHAPES), one_of(random, used)
    asked, counted = one_of(
        random,
        (
            (f"{colour} {name}s", shown.count((name, colour))),
            (f"{name}s of any colour", sum(each[0] == name for each in shown)),
            (f"{colour} shapes", sum(each[1] == colour for each in shown)),
            (f"shapes that are not {colour}", sum(each[1] != colour for each in shown)),
        ),
    )
    return f"How many {asked} are there?", str(counted), draw_shapes(shapes, look, across * _CELL, down * _CELL)


def _turn(random: Random, name: str) -> float:
    """Degrees; a square that stands on a corner would be called by another name."""
    return random.randrange(-20, 21, 5) if name == "square" else random.randrange(0, 360, 5)


def _place(random: Random, cell: int, room: int) -> float:
    return cell * _CELL + _CELL / 2 + random.randrange(-room, room + 1)


def _network(random: Random, count: int) -> tuple[str, str, str]:
    """Points around an ellipse, so that no line runs through a third one."""
    width, height = random.randrange(480, 641, 20), random.randrange(360, 481, 20)
    places = _around(random, count, width, height)
    names = some_of(random, _NAMES, count)
    pairs = [(one, other) for one in range(count) for other in range(one)]
    joined = some_of(random, pairs, random.randrange(count - 1, min(len(pairs), 2 * count) + 1))
    number = random.randrange(count)
    asked, counted = one_of(
        random,
        (
            (f"lines end at {names[number]}", sum(number in pair for pair in joined)),
            ("lines are there", len(joined)),
            (f"other points are not joined to {names[number]}", count - 1 - sum(number in pair for pair in joined)),
        ),
    )
    return f"How many {asked}?", str(counted), draw_network(places, names, joined, draw_look(random), width, height)


def _around(random: Random, count: int, width: int, height: int) -> list[tuple[float, float]]:
    begun = random.randrange(360)
    angles = [
        2 * pi * (place / count + begun / 360) + random.randrange(-20, 21) / 100 / count for place in range(count)
    ]
    return [
        (width / 2 + (width / 2 - 34) * cos(angle), height / 2 + (height / 2 - 34) * sin(angle)) for angle in angles
    ]
