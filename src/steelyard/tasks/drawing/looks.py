"""How a drawn image looks: paper, ink, colours that can be told apart, and the face of its letters."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["FACE_NAMES", "PALETTES", "PAPERS", "Look", "Paper"]


class Paper(NamedTuple):
    """The background, the colour of letters on it (contrast at least 11 : 1), and that of faint lines."""

    paper: str
    ink: str
    faint: str


class Look(NamedTuple):
    """Paper, at least eight colours for what is shown, the face of the letters and that of titles."""

    paper: Paper
    colours: tuple[str, ...]
    face: str
    bold: str


PAPERS: Final = (
    Paper("#ffffff", "#222222", "#cfcfcf"),
    Paper("#fbf7ee", "#2b2620", "#d9cfbb"),
    Paper("#eef1f5", "#1c2733", "#c0cad6"),
    Paper("#1e2430", "#eceff4", "#4a5468"),
)
# Eight each, of which no two look alike, on light and on dark paper.
PALETTES: Final = (
    ("#4e79a7", "#f28e2b", "#e15759", "#59a14f", "#b07aa1", "#3fb8e0", "#76b7b2", "#9c755f"),
    ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8a8a8a", "#8f6bd1"),
    ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3", "#937860", "#da8bc3", "#64b5cd"),
)
FACE_NAMES: Final = (("sans", "sans-bold"), ("serif", "serif"), ("sans", "serif"), ("mono", "mono"))
