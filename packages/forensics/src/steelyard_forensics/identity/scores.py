"""What is read of one text by one file: likelihood shares of its alternatives, and how surprising the text is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from steelyard.records import REFERENCE

__all__ = ["FileScores", "TextFactors", "factors_of"]

Shares = Mapping[str, float | None]  # by scorer; None where the text has no value by it


@dataclass(frozen=True)
class FileScores:
    """The scorers of one file, by its role; ``far`` are the alternatives that *consistent* is about."""

    role: str
    alternatives: tuple[str, ...]
    far: tuple[str, ...]

    @property
    def scorers(self) -> tuple[str, ...]:
        """The identifiers, in the order in which a test reads them."""
        shares = [scorer for name in self.alternatives for scorer in (self.core(name), self.whole(name))]
        return (*shares, self.surprise("surplus"), self.surprise("z"))

    def core(self, name: str) -> str:
        """The share of an alternative over the tokens in the file's core."""
        return f"likelihood[{self._of}core,{name}]@1"

    def whole(self, name: str) -> str:
        """The share of an alternative over the whole text."""
        return f"likelihood[{self._of}{name}]@1"

    def surprise(self, which: str) -> str:
        """The surplus of surprise, or its z."""
        return f"surprise[{self._of}{which}]@1"

    @property
    def _of(self) -> str:
        return "" if self.role == REFERENCE else f"{self.role},"


class TextFactors(NamedTuple):
    """One text: by alternative the smallest core factor over the files, and of each file the factors of whole texts."""

    core: Mapping[str, float]
    whole: tuple[Mapping[str, float], ...]


def factors_of(files: Sequence[FileScores], shares: Shares) -> TextFactors | None:
    """The factors of a text; None where one of its scores is missing."""
    found = {scorer: share / (1 - share) for scorer, share in shares.items() if share is not None and share < 1}
    if any(scorer not in found for each in files for scorer in each.scorers):
        return None
    return TextFactors(
        core={name: min(found[each.core(name)] for each in files) for name in files[0].alternatives},
        whole=tuple({name: found[each.whole(name)] for name in each.alternatives} for each in files),
    )
