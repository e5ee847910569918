"""What a measurement comes to, whether or not a test reads it: its share of right answers, errors and pass@k."""

from __future__ import annotations

import math
from array import array
from contextlib import suppress
from typing import NamedTuple

from steelyard.errors import InputError
from steelyard.records import MeanScore, Measurement, MeasurementResult, PassAtK, SampleScore
from steelyard.scorers import is_share, open_identifier
from steelyard.stats.bounds import TOO_WIDE, share_bounds, share_point

__all__ = ["Tally"]


class _Waiting(NamedTuple):
    value: float | None
    status: str
    sample: str
    group: int


class Tally:
    """Counts the scores of one measurement by one scorer, as far as the contiguous prefix of its order reaches.

    What comes early waits for its turn, so that a run which is stopped does not count the quick answers first.
    """

    def __init__(self, measurement: Measurement, scorer: str) -> None:
        self.measurement = measurement
        self.scorer = scorer
        self.n = self.right = self.missing = self.open = self.unparsed = 0
        self.missing_anywhere = 0
        self._waiting: dict[int, _Waiting] = {}
        self._groups: dict[str, int] = {}
        self._values, self._clusters = array("d"), array("I")
        self._by_sample: dict[str, list[float | None]] = {}
        self._group_of: dict[str, int] = {}
        self._gives_shares = _gives_shares(scorer)

    def observe(self, score: SampleScore) -> None:
        """Take one score, in any order of arrival."""
        self.missing_anywhere += score.status == "missing"
        if score.position < 0:
            return
        group = self._groups.setdefault(score.group, len(self._groups))
        self._waiting[score.position] = _Waiting(score.value, score.status, score.sample, group)
        while (waiting := self._waiting.pop(self.n, None)) is not None:
            self._count(waiting)

    def _count(self, score: _Waiting) -> None:
        self.n += 1
        self.right += score.value == 1.0
        self.missing += score.status == "missing"
        self.open += score.status == "open"
        self.unparsed += score.status == "unparsed"
        self._values.append(math.nan if score.value is None else float(score.value == 1.0))
        self._clusters.append(score.group)
        if self.measurement.repeats > 1 or self._gives_shares:
            self._by_sample.setdefault(score.sample, []).append(score.value)
            self._group_of.setdefault(score.sample, score.group)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share of right answers; None before anything was asked.

        Where all that was planned was asked, it is for a fixed number of answers: Wilson's, over subtasks where there
        are several. Before that, and where a budget or a person ended the run, it holds at every look, and is about all
        questions of the task. Repeats of a question hang together: it is over questions, each with its own share of
        right answers; before the end they count as one answer. Missing and open answers widen both ways.
        """
        from steelyard.stats.clustered import clustered_interval
        from steelyard.stats.intervals import confidence_sequence, wilson

        if not self.n:
            return None
        repeats = self.measurement.repeats
        samples, high = max(1, self.n // repeats), self.right + self.missing + self.open
        least, most = self.right // repeats, min(samples, -(-high // repeats))
        if not self.is_whole:
            return confidence_sequence(samples, least, most, self.measurement.population)
        if len(set(self._clusters)) > 1:
            low, high_values = self._read_both_ways()
            return (
                clustered_interval(low, self._clusters, samples)[0],
                clustered_interval(high_values, self._clusters, samples)[1],
            )
        if repeats > 1 and samples > 1:
            return self._over_questions()
        return wilson(least, samples)[0], wilson(most, samples)[1]

    def _over_questions(self) -> tuple[float, float]:
        """Where all answers are alike nothing shows how questions differ: each counts as one then."""
        from steelyard.stats.clustered import clustered_interval

        ends = []
        for unread in (0.0, 1.0):
            scores = [
                (sample, unread if each is None else float(each == 1.0))
                for sample, several in self._by_sample.items()
                for each in several
            ]
            values = [value for _, value in scores]
            most = len(self._by_sample) if len(set(values)) == 1 else self.n
            ends.append(clustered_interval(values, [sample for sample, _ in scores], most))
        return ends[0][0], ends[1][1]

    @property
    def is_whole(self) -> bool:
        """Whether all that was planned was asked."""
        return self.n >= self.measurement.planned

    @property
    def is_too_open(self) -> bool:
        """Whether so many answers are open or missing that the others say nothing, or none could be read at all."""
        unread = self.missing + self.open
        return unread > TOO_WIDE * self.n or unread + self.unparsed == self.n

    def result(self, read_by: tuple[str, ...], reason: str) -> MeasurementResult:
        """The result so far; usage is added by who knows it."""
        unread = self.missing + self.open
        measured = share_point(self.right, unread, self.n)
        clusters = len(set(self._clusters))
        return MeasurementResult(
            measurement=self.measurement.id,
            role=self.measurement.role,
            task=self.measurement.task,
            prompt=self.measurement.prompt,
            scorer=self.scorer,
            measured=measured,
            bounds=share_bounds(self.right, unread, self.n),
            # Where a test stopped the asking, its claim has the interval.
            ci=self.interval if self.is_whole or not read_by else None,
            right=self.right,
            asked=self.n,
            of=self.measurement.trials,
            repeats=self.measurement.repeats,
            planned=self.measurement.planned,
            missing=self.missing,
            open=self.open,
            unparsed=self.unparsed,
            standard_error=self._standard_error() if clusters > 1 else None,
            clusters=clusters if clusters > 1 else 0,
            pass_at_k=self._pass_at_k(),
            mean=self._mean() if self._gives_shares and self.n else None,
            read_by=read_by,
            differences=self.measurement.differences,
            how_read=self.measurement.how_read,
            reason="" if self.is_whole else reason,
        )

    def _standard_error(self) -> float:
        """That of the scores; where some are open or missing the larger of both ways to read all of these."""
        from steelyard.stats.clustered import clustered_standard_error

        return max(clustered_standard_error(values, self._clusters) for values in self._read_both_ways())

    def _read_both_ways(self) -> tuple[list[float], list[float]]:
        """1 for each right answer and 0 for each other, with all open and missing ones as wrong, and as right."""
        wrong, right = ([unread if math.isnan(value) else value for value in self._values] for unread in (0.0, 1.0))
        return wrong, right

    def _mean(self) -> MeanScore:
        """The mean score; repeats of a question are one score, and open and missing ones are read both ways."""
        from steelyard.stats.bounded_mean import bounded_mean_interval
        from steelyard.stats.clustered import clustered_interval

        samples = list(self._by_sample.values())
        low, high = (
            [math.fsum(unread if each is None else each for each in scores) / len(scores) for scores in samples]
            for unread in (0.0, 1.0)
        )
        planned = self.measurement.planned // self.measurement.repeats
        if self.is_whole and len(set(self._clusters)) > 1:
            groups = list(self._group_of.values())
            ends = [clustered_interval(values, groups, len(values)) for values in (low, high)]
        else:
            ends = [bounded_mean_interval(values, planned) for values in (low, high)]
        read = [each for scores in samples for each in scores if each is not None]
        is_known = share_point(0, self.missing + self.open, self.n) is not None
        return MeanScore(
            mean=math.fsum(read) / len(read) if is_known else None,
            bounds=(math.fsum(low) / len(low), math.fsum(high) / len(high)),
            ci=(ends[0][0], ends[1][1]),
        )

    def _pass_at_k(self) -> tuple[PassAtK, ...]:
        from steelyard.stats.pass_at_k import run_pass_at_k

        if self.measurement.repeats == 1:
            return ()
        scores = ((sample, value) for sample, values in self._by_sample.items() for value in values)
        return tuple(
            PassAtK(k=each.k, least=each.least, most=each.most, low=each.low, high=each.high)
            for each in run_pass_at_k(scores)
            if each.k > 1  # pass@1 is the share of right answers, which has its interval
        )


def _gives_shares(scorer: str) -> bool:
    """Whether the scorer of this identifier gives shares; not where it is not installed, since nothing scores then."""
    with suppress(InputError):
        return is_share(open_identifier(scorer))
    return False
