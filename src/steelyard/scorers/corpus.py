"""Scorers whose benchmark's number is no mean of scores, but comes from counts that are added over all answers."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, runtime_checkable

from steelyard.errors import InputError
from steelyard.plugins import Scorer
from steelyard.records import Sample, SampleScore
from steelyard.scorers import open_identifier
from steelyard.stats.chrf import corpus_score, is_counts

__all__ = ["CorpusScorer", "corpus_scorer", "counts_fit", "counts_without_answer"]


@runtime_checkable
class CorpusScorer(Scorer, Protocol):
    """A scorer whose scores carry ``counts`` (:attr:`~steelyard.records.SampleScore.counts`).

    ``corpus`` names the score, ``longest`` is the most characters of an answer that it reads.
    """

    corpus: str
    longest: int

    def counts_without_answer(self, sample: Sample) -> tuple[int, ...]:
        """The counts of an answer with nothing in it."""
        ...


def corpus_scorer(identifier: str) -> CorpusScorer | None:
    """The scorer of this identifier, if its number is no mean; None for any other, and one that is not installed."""
    with suppress(InputError):
        scorer = open_identifier(identifier)
        return scorer if isinstance(scorer, CorpusScorer) else None
    return None


def counts_without_answer(scorer: Scorer, sample: Sample) -> tuple[int, ...]:
    """What a sample adds to a corpus score where no answer of it could be read; empty for any other scorer."""
    # Asked for each answer: the attribute alone, since isinstance with a protocol is slow in Python 3.11.
    found = getattr(scorer, "counts_without_answer", None)
    return () if found is None else found(sample)


def counts_fit(scorer: Scorer, score: SampleScore) -> bool:
    """Whether a score's counts belong to its value, as far as this shows without its text."""
    if getattr(scorer, "counts_without_answer", None) is None:
        return score.counts == ()
    if not is_counts(score.counts):
        return False
    if score.status == "scored":
        return score.value == float(corpus_score(score.counts))
    return not any(score.counts[0::3]) and not any(score.counts[2::3])
