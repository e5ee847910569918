"""A look is drawn part by part."""

from __future__ import annotations

from steelyard.tasks.drawing.looks import PALETTES, PAPERS
from steelyard.tasks.generators.looks import draw_look
from steelyard.tasks.generators.seeds import random_for


def test_all_papers_and_faces_come_and_a_palette_keeps_its_colours() -> None:
    looks = [draw_look(random_for("looks", "seed", number)) for number in range(120)]
    assert {look.paper for look in looks} == set(PAPERS)
    assert {frozenset(look.colours) for look in looks} == set(map(frozenset, PALETTES))
    assert {(look.face, look.bold) for look in looks} >= {("sans", "sans-bold"), ("serif", "serif"), ("mono", "mono")}
    assert draw_look(random_for("looks", "seed", 3)) == looks[3]
