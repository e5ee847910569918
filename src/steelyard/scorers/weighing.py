"""Scorers whose scores are a mean only with weights: what a claim on them needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

__all__ = ["WeighingScorer"]


@runtime_checkable
class WeighingScorer(Protocol):
    """A scorer that gives samples weights, by the group of each (``group`` of its prompt format)."""

    @property
    def weighs(self) -> bool:
        """Whether it does, with its options."""
        ...

    @property
    def weighed(self) -> str:
        """A sentence on the mean that results."""
        ...

    def weights(self, groups: Mapping[str, int]) -> dict[str, int]:
        """What each group weighs altogether, from the number of samples in each, as whole numbers.

        Raises ValueError, with the reason, for groups that are not those of the published benchmark.
        """
        ...
