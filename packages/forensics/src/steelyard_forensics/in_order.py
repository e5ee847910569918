"""Scores of one measurement by several scorers, in any order of arrival → sample by sample in the committed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from steelyard.records import SampleScore

__all__ = ["InOrder"]


class InOrder:
    """Keeps scores until all of a sample's are there, and those of all samples before it.

    ``n`` is how many samples were given on: the first place of the order that was not.
    """

    def __init__(self, scorers: Sequence[str]) -> None:
        self.n = 0
        self._scorers = frozenset(scorers)
        self._waiting: dict[int, dict[str, float | None]] = {}

    def take(self, score: SampleScore) -> Iterator[Mapping[str, float | None]]:
        """Take one score, and give on the samples that it completes: by scorer a value, None where it has none."""
        if score.position < self.n or score.scorer not in self._scorers:
            return
        value = score.value if score.status == "scored" else None
        self._waiting.setdefault(score.position, {})[score.scorer] = value
        while len(self._waiting.get(self.n, ())) == len(self._scorers):
            self.n += 1
            yield self._waiting.pop(self.n - 1)
