"""The look of an image, drawn at random; its colours come in random order."""

from __future__ import annotations

from random import Random

from steelyard.tasks.drawing.looks import FACE_NAMES, PALETTES, PAPERS, Look
from steelyard.tasks.generators.seeds import one_of, some_of

__all__ = ["draw_look"]


def draw_look(random: Random) -> Look:
    """Paper, palette and faces, each independent of the others."""
    colours = one_of(random, PALETTES)
    face, bold = one_of(random, FACE_NAMES)
    return Look(one_of(random, PAPERS), some_of(random, colours, len(colours)), face, bold)
