"""Whether a claim says that a sample's score comes from more than one answer: a vote, the best of several, pass@10."""

from __future__ import annotations

import re
from collections.abc import Iterable

from steelyard.tasks.stated_shots import without_denied

__all__ = ["SEVERAL_IN_WORDS", "several_answers"]

# pass@10, pass_at_5, maj@8, em_maj1@5, cons@64, CoT@32, pass^8, best of 4, maj@k; not pass@1, maj1@1 and avg@64.
_SEVERAL_ANSWERS = re.compile(
    r"(?:pass|maj\d*|majority|cons|consensus|vote|voting|cot|sc|rm|prm|orm|best|bo)\s?[@^]\s?(?!1\b)\w{1,20}|"
    r"(?:pass|maj\d*|cons)[ _-]at[ _-](?!1(?!\d))\w{1,20}",
    re.IGNORECASE,
)
SEVERAL_IN_WORDS = re.compile(
    r"best[- ]of[- ](?:\d+|n)\b|majority[- ]vot\w+|self[- ]?consistency|self[- ]?consistent|multiple attempts",
    re.IGNORECASE,
)


def several_answers(texts: Iterable[str]) -> str:
    """The words that say that a sample's score comes from more than one answer; empty where there are none."""
    for text in texts:
        if found := _SEVERAL_ANSWERS.search(text) or SEVERAL_IN_WORDS.search(without_denied(text)):
            return found[0].strip()
    return ""
