"""Diagrams: shapes stand apart and inside the sheet, and no line runs through a point that it does not join."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from steelyard.tasks.drawing import diagrams
from steelyard.tasks.drawing.diagrams import Shape
from steelyard.tasks.drawing.looks import PAPERS, Look
from steelyard.tasks.generators import diagram_counting

MOST = {"min_things": 48, "max_things": 48, "colours": 5}


def drawn(monkeypatch: pytest.MonkeyPatch, name: str, **options: Any) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    draw = getattr(diagrams, name)

    def caught(*given: Any) -> Any:
        calls.append(given)
        return draw(*given)

    monkeypatch.setattr(diagram_counting, name, caught)
    diagram_counting.generate("layout", 120, **options)
    return calls


@pytest.mark.parametrize("options", [{}, MOST])
def test_shapes_stand_apart_and_inside(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    for shapes, _, width, height in drawn(monkeypatch, "draw_shapes", kinds=("shapes",), **options):
        assert (width <= 640, height <= 480) == (True, True)
        for place, one in enumerate(shapes):
            assert one.radius < one.at[0] < width - one.radius
            assert one.radius < one.at[1] < height - one.radius
            for other in shapes[:place]:
                assert math.dist(one.at, other.at) > max(one.radius, other.radius)
                assert not _meet(one, other)


def _meet(one: Shape, other: Shape) -> bool:
    """Whether the squares around two shapes meet."""
    reach = one.radius + other.radius
    return abs(one.at[0] - other.at[0]) < reach and abs(one.at[1] - other.at[1]) < reach


@pytest.mark.parametrize("options", [{}, MOST])
def test_no_line_runs_through_another_point(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    for places, names, joined, _, width, height in drawn(monkeypatch, "draw_network", kinds=("network",), **options):
        assert len(set(names)) == len(places)
        assert len({frozenset(pair) for pair in joined}) == len(joined)
        assert all(18.5 < x < width - 18.5 and 18.5 < y < height - 18.5 for x, y in places)
        for one, other in joined:
            for place, point in enumerate(places):
                assert place in (one, other) or _distance(point, places[one], places[other]) > 20


def _distance(point: tuple[float, float], one: tuple[float, float], other: tuple[float, float]) -> float:
    """From a point to the line through two others."""
    (x, y), (x1, y1), (x2, y2) = point, one, other
    return abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / math.dist(one, other)


def test_every_shape_has_its_own_form() -> None:
    look = Look(PAPERS[0], (), "sans", "sans")
    shapes = [Shape(name, "#e0342b", (30, 30), 20, 0) for name in diagrams.SHAPES]
    texts = [diagrams.draw_shapes([shape], look, 60, 60) for shape in shapes]
    corners = [len(re.findall(r"[\d.]+,[\d.]+", text)) for text in texts]
    assert dict(zip(diagrams.SHAPES, corners, strict=True)) == {"circle": 0, "square": 4, "triangle": 3, "star": 10}
