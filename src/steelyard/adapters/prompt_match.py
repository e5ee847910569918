"""Matching prompts to samples: by exact text or by a whole question within it, never by similarity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

__all__ = ["AMBIGUOUS", "UNMATCHED", "PromptIndex", "normalised"]

UNMATCHED: Final = -1
AMBIGUOUS: Final = -2
# A key is looked for within a prompt by its first characters: as many as the shortest key has, but no more than this.
_MAX_ANCHOR = 64
# A text so short occurs in anything: it can only be a whole prompt.
_SHORTEST_WITHIN = 8


def normalised(text: str) -> str:
    """The text with every run of white space as one space, and none at its ends."""
    return " ".join(text.split())


class PromptIndex:
    """Finds the sample of a prompt. ``keys`` are (text, sample's number): a sample may have several texts.

    A text that two samples share matches neither. Of several questions within one prompt, one counts only if the others
    occur nowhere but inside it.
    """

    def __init__(self, keys: Iterable[tuple[str, int]]) -> None:
        self._owner: dict[str, int] = {}
        for text, number in keys:
            key = normalised(text)
            if key and self._owner.setdefault(key, number) != number:
                self._owner[key] = AMBIGUOUS
        within = [key for key in self._owner if len(key) >= _SHORTEST_WITHIN]
        self._anchor = min((*map(len, within), _MAX_ANCHOR))
        self._by_anchor: defaultdict[str, list[str]] = defaultdict(list)
        for key in within:
            self._by_anchor[key[: self._anchor]].append(key)

    def find(self, prompt: str) -> int:
        """The sample's number, or :data:`UNMATCHED` or :data:`AMBIGUOUS`."""
        text = normalised(prompt)
        exact = self._owner.get(text)
        if exact is not None:
            return exact
        found = self._occurring(text)
        if not found:
            return UNMATCHED
        longest = max(found, key=len)
        elsewhere = text.replace(longest, "\0")
        owner = self._owner[longest]
        if any(self._owner[key] != owner and key in elsewhere for key in found):
            return AMBIGUOUS
        return owner

    def _occurring(self, text: str) -> set[str]:
        found = set()
        for start in range(len(text) - self._anchor + 1):
            for key in self._by_anchor.get(text[start : start + self._anchor], ()):
                if text.startswith(key, start) and _is_whole(text, start, start + len(key)):
                    found.add(key)
        return found


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no word or number is cut at the ends: "3 + 4" does not occur in "13 + 45"."""
    before = start > 0 and text[start].isalnum() and text[start - 1].isalnum()
    after = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not before and not after
