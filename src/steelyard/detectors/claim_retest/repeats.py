"""Samples that are asked several times: what their answers show of the variance within samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steelyard.records import SampleScore

__all__ = [
    "HIDDEN_VARIANCE",
    "MAX_VARIANCE",
    "SAMPLED_VARIANCE",
    "STACK_VARIANCE",
    "Mark",
    "Noise",
    "Pairs",
    "Repeats",
    "count_of",
    "mark_of",
]

MAX_VARIANCE = 0.25  # of a score that is 0 or 1
# Of greedy answers whose repeats are hidden by a cache: more than the .016 that batches were seen to bring.
HIDDEN_VARIANCE = 0.02
# Of a vendor's answers at least, whatever ours show: another GPU, batch or number of them brings other greedy answers
# (Yuan et al. 2025, arXiv:2506.09501), and a server that repeats itself shows none of that. Sampled ones vary more, and
# ours less where a server clamps the temperature.
STACK_VARIANCE, SAMPLED_VARIANCE = 0.05, 0.1

OPEN, MISSING = "open", "missing"
Mark = float | str
"""One answer to a sample: 1 right, 0 wrong, a score between them, ``OPEN`` or ``MISSING``."""


@dataclass(frozen=True)
class Noise:
    """The variance within samples, of one answer: the vendor's, and ours in the test that accuses and that confirms.

    It comes from repeated answers. An open answer of ours counts as it does in each of the two tests: as right in the
    one that accuses, and as wrong in the one that confirms. Of the vendor's pass it is not known how such an answer was
    read, so there it is the score that disagrees most.
    """

    vendor: float = 0.0
    own: float = 0.0
    confirming: float = 0.0

    @classmethod
    def of(cls, variance: float) -> Noise:
        """The same variance in all three places."""
        return cls(variance, variance, variance)

    def __bool__(self) -> bool:
        return self.vendor > 0 or self.own > 0

    def at_least(self, least: float) -> Noise:
        """Each variance, raised to what it is at least."""
        return Noise(max(self.vendor, least), max(self.own, least), max(self.confirming, least))


def mark_of(score: SampleScore, grid: int = 1) -> Mark:
    """A score as a mark. Where the test is of a share of right answers (a grid of 1), only a full score is right."""
    if score.status == "open":
        return OPEN
    if score.value is None:
        return MISSING
    return int(score.value == 1.0) if grid == 1 else score.value


def count_of(group: str, weights: Mapping[str, int]) -> float:
    """How much the variance of a sample of this subtask counts: the square of its weight, beside the largest one's."""
    return (weights.get(group, 0) / max(weights.values())) ** 2 if weights else 1


class Repeats:
    """The answers of a repeat check. ``left`` counts the calls that it still waits for.

    ``weights`` are those of the samples by their subtask, empty where all are alike: a variance counts by the square.
    """

    def __init__(self, calls: int, grid: int = 1, weights: Mapping[str, int] | None = None) -> None:
        self.left = calls
        self._grid, self._weights = grid, weights or {}
        self._marks: dict[str, list[Mark]] = {}
        self._counts: dict[str, float] = {}

    def take(self, score: SampleScore) -> None:
        """Take one answer to one of the samples."""
        self.left -= 1
        self._counts[score.sample] = count_of(score.group, self._weights)
        self._marks.setdefault(score.sample, []).append(mark_of(score, self._grid))

    @property
    def differ(self) -> bool:
        """Whether two answers to one sample differ, or nothing shows that they do not."""
        known = [scores for marks in self._marks.values() if len(scores := _scores(marks)) > 1]
        return not known or any(len(set(scores)) > 1 for scores in known)

    def variance(self, level: float) -> float:
        """The variance w within samples, an upper estimate; its maximum where no sample has two answers.

        ``level`` is that of the noise, one side's.
        """
        return self._variance(level, None)

    def noise(self, level: float) -> Noise:
        """The variances of the vendor's pass and of ours, upper estimates, as :meth:`variance`."""
        return Noise(self._variance(level, None), self._variance(level, 1), self._variance(level, 0))

    def _variance(self, level: float, open_is: int | None) -> float:
        from steelyard.stats.sequential import within_sample_variance_upper

        found = {sample: _scores(marks, open_is) for sample, marks in self._marks.items()}
        known = {sample: scores for sample, scores in found.items() if len(scores) > 1}
        counts = [self._counts[sample] for sample in known]
        return within_sample_variance_upper([*known.values()], level, counts) if known else MAX_VARIANCE


# What an open answer is: the score that disagrees most, right, wrong.
_READINGS = (None, 1, 0)


class Pairs:
    """The two answers to each sample, in the committed order. ``complete`` counts the samples that have both."""

    def __init__(self) -> None:
        self.complete = 0
        self._first: dict[str, Mark] = {}
        self._known: float = 0
        self._differing: dict[int | None, float] = dict.fromkeys(_READINGS, 0)

    def take(self, sample: str, mark: Mark, count: float = 1) -> None:
        """Take the next answer, to the sample of this name, whose variance counts so much (at most 1)."""
        if sample not in self._first:
            self._first[sample] = mark
            return
        marks = [self._first.pop(sample), mark]
        self.complete += 1
        if MISSING not in marks:
            self._known += count
            for open_is in _READINGS:
                first, second = _scores(marks, open_is)
                self._differing[open_is] += count * (first - second) ** 2

    def noise(self) -> Noise:
        """The mean variances of the pairs: 1/2 where one is right; the maximum where no sample has two answers."""
        return self._noise(0)

    def upper_noise(self) -> Noise:
        """The upper estimates, as of :class:`Repeats`: one more pair is added, which differs."""
        return self._noise(1)

    def _noise(self, added: int) -> Noise:
        if not self._known:
            return Noise.of(MAX_VARIANCE)
        return Noise(*((self._differing[open_is] + added) / 2 / (self._known + added) for open_is in _READINGS))


def _scores(marks: Sequence[Mark], open_is: int | None = None) -> list[float]:
    """The scores of one sample. Missing ones are left out; an open one is the score that disagrees most."""
    scores = [mark for mark in marks if not isinstance(mark, str)]
    for _ in range(marks.count(OPEN)):
        scores.append(int(2 * sum(scores) < len(scores)) if open_is is None else open_is)
    return scores
