"""A comparison as a JSON document: the records as they are, with the sentence of each pair and the exit code."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.comparison import words
from steelyard.comparison.record import Comparison

__all__ = ["render"]


def render(comparison: Comparison) -> dict[str, Any]:
    """The document that ``steelyard compare --json`` prints; docs/how-to/compare.md lists its keys.

    Differences and scores are shares; ``sentence`` is for people, and its words may change.
    """
    document: dict[str, Any] = msgspec.to_builtins(comparison)
    for pair, found in zip(comparison.pairs, document["pairs"], strict=True):
        for contrast, each in zip(pair.contrasts, found["contrasts"], strict=True):
            each["sentence"] = words.sentence(comparison, pair, contrast)
    return {"exit": comparison.exit, "headline": words.headline(comparison), **document}
