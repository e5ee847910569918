"""Samples that are asked several times: what their answers show of the variance within samples."""

from __future__ import annotations

from steelyard.records import SampleScore

__all__ = ["HIDDEN_VARIANCE", "MAX_VARIANCE", "Mark", "Pairs", "Repeats", "mark_of"]

MAX_VARIANCE = 0.25  # of a score that is 0 or 1
# Of greedy answers whose repeats are hidden by a cache: more than the .016 that batches were seen to bring.
HIDDEN_VARIANCE = 0.02

OPEN, MISSING = "open", "missing"
Mark = int | str
"""One answer to a sample: 1 right, 0 wrong, ``OPEN`` or ``MISSING``."""


def mark_of(score: SampleScore) -> Mark:
    """A score as a mark. The test is of a share of right answers, so only a full score counts as right."""
    if score.status == "open":
        return OPEN
    return MISSING if score.value is None else int(score.value == 1.0)


class Repeats:
    """The answers of a repeat check. ``left`` counts the calls that it still waits for."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self._marks: dict[str, list[Mark]] = {}

    def take(self, score: SampleScore) -> None:
        """Take one answer to one of the samples."""
        self.left -= 1
        self._marks.setdefault(score.sample, []).append(mark_of(score))

    @property
    def differ(self) -> bool:
        """Whether two answers to one sample differ, or nothing shows that they do not."""
        known = [scores for marks in self._marks.values() if len(scores := _scores(marks)) > 1]
        return not known or any(len(set(scores)) > 1 for scores in known)

    def variance(self, level: float) -> float:
        """The variance w within samples, an upper estimate; its maximum where no sample has two answers.

        ``level`` is that of the noise, one side's.
        """
        from steelyard.stats.sequential import within_sample_variance_upper

        scores = [scores for marks in self._marks.values() if len(scores := _scores(marks)) > 1]
        return within_sample_variance_upper(scores, level) if scores else MAX_VARIANCE


class Pairs:
    """The two answers to each sample, in the committed order. ``complete`` counts the samples that have both."""

    def __init__(self) -> None:
        self.complete = 0
        self._first: dict[str, Mark] = {}
        self._known = self._differing = 0

    def take(self, sample: str, mark: Mark) -> None:
        """Take the next answer, to the sample of this name."""
        if sample not in self._first:
            self._first[sample] = mark
            return
        scores = _scores([self._first.pop(sample), mark])
        self.complete += 1
        self._known += len(scores) > 1
        self._differing += len(scores) > 1 and scores[0] != scores[1]

    def variance(self) -> float:
        """The mean variance that the pairs show: 1/2 where they differ; its maximum where no sample has two answers."""
        return self._differing / 2 / self._known if self._known else MAX_VARIANCE

    def upper_variance(self) -> float:
        """The upper estimate, as of :class:`Repeats`: one more pair is added, which differs."""
        return (self._differing + 1) / 2 / (self._known + 1) if self._known else MAX_VARIANCE


def _scores(marks: list[Mark]) -> list[int]:
    """The scores 0 and 1 of one sample. Missing ones are left out; an open one is the score that disagrees most."""
    scores = [mark for mark in marks if isinstance(mark, int)]
    for _ in range(marks.count(OPEN)):
        scores.append(int(2 * sum(scores) < len(scores)))
    return scores
