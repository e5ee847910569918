"""What a text sets apart: the one thing in bold, or in code, that is its answer."""

from __future__ import annotations

import re

from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.parts import RETRACTED
from steelyard.scorers.reading.phrases import hedges

__all__ = ["BOLD", "CODE", "stands_out"]

BOLD = re.compile(r"\*\*([^*\n]{1,60})\*\*")
CODE = re.compile(r"(?<!`)`([^`\n]{1,60})`(?!`)")
_DOUBTED = re.compile(r"\b(?:second|guess|idea|people|some|many|rule|eliminate|exclude|thought)\b|\?", re.IGNORECASE)
_NAMES_ANOTHER = re.compile(r"\b(?:is|are|was|ist|est|es)\s(?:the\s)?[^\W\da-zà-ÿ_]")


def stands_out(text: str, wanted: str) -> bool:
    """Whether the one thing in bold, or in code, of a text is the target, and nothing there takes it back."""
    for pattern in (BOLD, CODE):
        spans = pattern.findall(text)
        if len(spans) == 1 and comparable(spans[0]) == wanted:
            rest = text.replace(spans[0], " ")
            return not (hedges(rest) or RETRACTED.search(rest) or _DOUBTED.search(rest) or _NAMES_ANOTHER.search(rest))
    return False
