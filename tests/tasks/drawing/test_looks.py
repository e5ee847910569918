"""Looks: letters can be read on every paper, and colours told apart."""

from __future__ import annotations

from itertools import combinations

import pytest

from steelyard.tasks.drawing.faces import FACES
from steelyard.tasks.drawing.looks import FACE_NAMES, PALETTES, PAPERS
from steelyard.tasks.generators.diagram_counting import COLOURS


def rgb(code: str) -> tuple[int, int, int]:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def luminance(code: str) -> float:
    parts = [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in rgb(code)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paper", PAPERS)
def test_letters_can_be_read(paper: tuple[str, str, str]) -> None:
    assert contrast(paper[0], paper[1]) >= 11
    assert contrast(paper[0], paper[2]) >= 1.4  # grid lines: faint, and to be seen


@pytest.mark.parametrize("colours", [*PALETTES, tuple(COLOURS.values())])
def test_colours_are_told_apart(colours: tuple[str, ...]) -> None:
    assert len(colours) >= 5
    for one, other in combinations(colours, 2):
        assert sum((a - b) ** 2 for a, b in zip(rgb(one), rgb(other), strict=True)) ** 0.5 > 50, (one, other)


def test_faces_are_those_that_are_shipped() -> None:
    assert {name for names in FACE_NAMES for name in names} == set(FACES)
