"""What is read of one text by one file: likelihood shares of its alternatives, and how surprising the text is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
        return (*shares, *self.against_first, self.surprise("surplus"), self.surprise("z"))

    def core(self, name: str) -> str:
        """The share of an alternative over the tokens in the file's core."""
        return f"likelihood[{self._of}core,{name}]@1"

    def whole(self, name: str) -> str:
        """The share of an alternative over the whole text."""
        return f"likelihood[{self._of}{name}]@1"

    @property
    def against_first(self) -> tuple[str, ...]:
        """The share of this file against the first; none for the first."""
        return () if self.role == REFERENCE else (f"likelihood[{self.role}]@1",)

    def surprise(self, which: str) -> str:
        """The surplus of surprise, or its z."""
        return f"surprise[{self._of}{which}]@1"

    def far_name(self, name: str) -> str:
        """An alternative of this file, among those of all files."""
        return f"{self._of}{name}"

    @property
    def _of(self) -> str:
        return "" if self.role == REFERENCE else f"{self.role},"


@dataclass(frozen=True)
class TextFactors:
    """One text: by alternative the smallest core factor over the files; ratios to the first file of the whole text.

    ``whole``: of each file's alternatives, ``files``: of the files. ``by_file``: of each file the whole factors of its
    alternatives.
    """

    core: Mapping[str, float]
    whole: Mapping[str, float]
    files: tuple[float, ...]
    by_file: tuple[Mapping[str, float], ...]


def factors_of(files: Sequence[FileScores], shares: Shares) -> TextFactors | None:
    """The factors of a text; None where one of its scores is missing."""
    found = {scorer: share / (1 - share) for scorer, share in shares.items() if share is not None and share < 1}
    if any(scorer not in found for each in files for scorer in each.scorers):
        return None
    ratios = tuple(math.prod(found[scorer] for scorer in each.against_first) for each in files)
    return TextFactors(
        core={name: min(found[each.core(name)] for each in files) for name in files[0].alternatives},
        whole={
            each.far_name(name): found[each.whole(name)] * ratio
            for each, ratio in zip(files, ratios, strict=True)
            for name in each.alternatives
        },
        files=ratios,
        by_file=tuple({name: found[each.whole(name)] for name in each.alternatives} for each in files),
    )
