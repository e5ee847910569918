"""The sealed scores beside those that follow from the journal, and rows that were left open."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.detectors.claim_retest import ClaimMonitor
from steelyard.errors import VerificationError
from steelyard.records import Plan, SampleScore

__all__ = ["Comparison", "OpenRows"]


class Comparison:
    """The scores that were sealed beside those that follow from the journal, one by one."""

    def __init__(self, sealed: Iterator[SampleScore]) -> None:
        self._sealed = sealed
        self._count = 0

    def take(self, now: SampleScore) -> None:
        self._count += 1
        was = next(self._sealed, None)
        if was is None:
            raise VerificationError(f"scores.jsonl: {self._count - 1} scores, but the journal gives more")
        if was != now:
            raise VerificationError(
                f"scores.jsonl line {self._count}: says {was.status} {was.value} for {was.sample}, "
                f"recomputed {now.status} {now.value} for {now.sample}"
            )

    def finish(self) -> None:
        """Raise Broken where more was sealed than there is."""
        if next(self._sealed, None) is not None:
            raise VerificationError(f"scores.jsonl: more scores than the {self._count} that the journal gives")


class OpenRows:
    """Rows of a complete run that were not asked to their end: each must have been decided by what was asked."""

    def __init__(self, plan: Plan, unfinished: frozenset[str]) -> None:
        claims = plan.sheet.claims
        self._readers = {row.id: ClaimMonitor(row, claims[row.claim]) for row in plan.rows if row.id in unfinished}

    def take(self, score: SampleScore) -> None:
        if (reader := self._readers.get(score.row)) is not None:
            reader.observe(score)

    def finish(self) -> None:
        """Raise Broken where a row is neither decided nor asked to its end."""
        for row, reader in self._readers.items():
            if reader.decision is None:
                raise VerificationError(
                    f"journal/: row {row}: not all that was planned was asked, and nothing was decided"
                )
