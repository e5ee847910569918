"""A canvas writes SVG that names no font and no file."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from bench.drawn_images import pixels_of
from steelyard.tasks.drawing.canvas import Canvas
from steelyard.tasks.drawing.faces import face
from steelyard.tasks.drawing.picture import Picture


def test_letters_are_outlines_and_nothing_is_looked_for() -> None:
    canvas = Canvas(200, 50, "#ffffff")
    width = canvas.text(100, 30, "Ada & <Ben>", 14, "#000000", "serif", "middle", -40)
    assert width == pytest.approx(face("serif").width("Ada & <Ben>", 14))
    root = ElementTree.fromstring(canvas.svg())
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "defs", "path", "rect", "g", "use"}
    used = [element.get("href", "") for element in root.iter() if element.tag.endswith("use")]
    assert {name[1:] for name in used} == {each.get("id") for each in root.iter() if each.tag.endswith("path")}
    assert len(used) == len("Ada&<Ben>")


def test_shapes_stand_where_they_are_put() -> None:
    canvas = Canvas(60, 40, "#ffffff")
    canvas.rect(10, 10, 5, 5, "#ff0000")
    canvas.circle(30, 20, 4, "#00ff00")
    canvas.polygon([(40, 10), (50, 10), (50, 20)], "#0000ff", "#000000", 1)
    canvas.lines([(0, 35), (60, 35)], "#123456", 2, "4 3")
    canvas.text(2, 30, "I", 10, "#ff00ff")
    pixels = pixels_of(Picture(canvas.svg()).png())
    assert pixels.shape == (40, 60, 3)
    places = {(12, 12): (255, 0, 0), (30, 20): (0, 255, 0), (48, 12): (0, 0, 255), (58, 2): (255, 255, 255)}
    assert {place: tuple(map(int, pixels[place[1], place[0]])) for place in places} == places
    assert (pixels[22:31, 2:8] != 255).any()


def test_numbers_are_short() -> None:
    canvas = Canvas(10, 10, "#ffffff")
    canvas.rect(-0.001, 1 / 3, 2, 2.50, "none", "#000000", 0.5)
    assert (
        '<rect x="0" y="0.33" width="2" height="2.5" fill="none" stroke="#000000" stroke-width="0.5"/>' in canvas.svg()
    )
