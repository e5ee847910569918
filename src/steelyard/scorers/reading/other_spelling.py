"""Whether a short answer is the target in another spelling: *January 5* for *Jan 5*, *USA*, *Gray*, *0.57:1*, *4/7*.

None of these is right by ChartQA's rule, and none is another answer.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

__all__ = ["about_in_other_form", "spelled_otherwise"]

_MONTHS: Final = (
    "january", "february", "march", "april", "june", "july", "august", "september", "sept", "october", "november",
    "december",
)  # fmt: skip
_SAME: Final = {
    "usa": "united states",
    "us": "united states",
    "united states of america": "united states",
    "uk": "united kingdom",
    "great britain": "united kingdom",
    "gray": "grey",
    **{month: month[:3] for month in _MONTHS},
}
_WORD: Final = re.compile(r"[^\W_]+")
_BETWEEN: Final = re.compile(r"(?<=\d)\s*(?:to|[\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}-])\s*(?=\d)", re.IGNORECASE)
_POINTS: Final = re.compile(r"(?<=\b[A-Za-z])\.(?=[A-Za-z]\b)")
_PART: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:/\s*(\d+(?:\.\d+)?)|(?::|to)\s*(1|100))\W*")
_AND_MORE: Final = re.compile(
    r"\D{0,2}?(-?\d[\d,]*(?:\.\d+)?)%?\s*(?:,?\s*(?:with|at|having|reaching|out of)\b[^;]*|\([^()]*\)\W*)",
    re.IGNORECASE,
)
_LONGEST: Final = 100


def spelled_otherwise(line: str, target: str) -> bool:
    """Whether a line is the target's words by another spelling, name or number (plural), and nothing else."""
    return 0 < len(line) <= _LONGEST and _folded(line) == _folded(target) != ""


def about_in_other_form(line: str) -> tuple[Fraction, ...]:
    """The values that a line may mean by a ratio (*4/7*, *0.57:1*), or by a number with its reason behind it."""
    if len(line) > _LONGEST:
        return ()
    if (part := _PART.fullmatch(line)) and (below := Fraction(part[2] or part[3])):
        return (Fraction(part[1]) / below,)
    return (Fraction(found[1].replace(",", "")),) if (found := _AND_MORE.fullmatch(line)) else ()


def _folded(text: str) -> str:
    text = _POINTS.sub("", _BETWEEN.sub("-", text.casefold()))
    words = [_SAME.get(word, word) for word in _WORD.findall(text)]
    joined = " ".join(words[1:] if words[:1] == ["the"] else words)
    joined = _SAME.get(joined, joined)
    return " ".join(_american_singular(word) for word in joined.split())


def _american_singular(word: str) -> str:
    word = word.replace("our", "or") if len(word) > 5 else word  # favourable
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
