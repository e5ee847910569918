"""Next tokens at work: distances of prompts, in any order of arrival → bets in the committed order → a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steelyard.detectors.levels import Levels
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.stats.bounded_mean import bounded_mean_interval
from steelyard.stats.mean_bets import MeanBets

__all__ = ["NextTokenMonitor"]

_ASSUMPTIONS: Final = (
    "the endpoint sends log-probabilities of its own at temperature 1",
    "the reference's file has the precision that is to be served, and begins prompts as the endpoint does",
    "the prompts are draws of such prompts, and their seed follows from an order that was committed before the first",
)


class NextTokenMonitor:
    """Bets prompt by prompt, along the contiguous prefix of the committed order, until it has decided."""

    def __init__(self, test: PlannedTest, plan: Plan, measurement: Measurement) -> None:
        self.planned, self.levels = test, Levels.of(test, plan)
        self.measurement, self.of = measurement, measurement.planned
        self.bets = MeanBets(float(test.sealed["tolerance"]), float(test.sealed["within"]))
        self.least: list[float] = []
        self.most: list[float] = []
        self.unread = 0
        self._scorers = tuple(reads.scorer for reads in test.reads)
        self._waiting: dict[int, dict[str, float | None]] = {}

    @property
    def decision(self) -> VerdictWord | None:
        """The word that the prompts have decided on; None before."""
        return self.levels.word(self.bets.highest, self.bets.highest_within)

    def observe(self, score: SampleScore) -> None:
        """Take one score; prompts are read on to the end of the contiguous prefix."""
        if self.closed or score.position < self.bets.n or score.scorer not in self._scorers:
            return
        value = score.value if score.status == "scored" else None
        self._waiting.setdefault(score.position, {})[score.scorer] = value
        while len(self._waiting.get(self.bets.n, ())) == len(self._scorers) and not self.closed:
            self._read(self._waiting.pop(self.bets.n))

    def _read(self, bounds: Mapping[str, float | None]) -> None:
        """What is missing or unread may be anything: as near as can be where it accuses, as far where it confirms."""
        least, most = (bounds[scorer] for scorer in self._scorers)
        if least is None or most is None or least > most:
            least, most = 0.0, 1.0
            self.unread += 1
        self.bets.observe(least, most)
        self.least.append(least)
        self.most.append(most)

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, once the prompts have decided or are all read."""
        is_over = self.decision is not None or self.bets.n >= self.of
        return frozenset((self.measurement.id,)) if is_over else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """The first prompt that was not read yet."""
        return {self.measurement.id: self.bets.n}

    def progress(self) -> Progress:
        """The state of the test, for a display."""
        decided = self.decision
        return Progress(
            decision="" if decided is None else decided.value, remaining=None if decided else self.of - self.bets.n
        )

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """*Inconsistent* where E reached its share of the level, *consistent* where that is shown to be small."""
        word, p = self.decision or VerdictWord.INSUFFICIENT_POWER, float(f"{self.bets.p:.10g}")
        interval = self.interval()
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p,
            reason=self._reason(word, interval),
            findings=(self._finding(p, interval),),
        )

    def interval(self) -> tuple[float, float]:
        """The interval of the mean distance (nats), valid at every stop, with what was not sent counted both ways."""
        return bounded_mean_interval(self.least, self.of)[0], bounded_mean_interval(self.most, self.of)[1]

    def _finding(self, p: float, interval: tuple[float, float]) -> Finding:
        return Finding(
            detector="next_token",
            check="distances",
            task=self.measurement.task,
            null=self.planned.null,
            assumptions=_ASSUMPTIONS,
            p=p,
            e=float(f"{self.bets.highest:.10g}"),
            effect=round(sum(self.least) / len(self.least), 6) if self.least else None,
            ci=interval,
            n=self.bets.n,
            message=(
                f"what the endpoint expects next after {self.bets.n:,} prompts is not what the reference's weights "
                f"(SHA-256 {self.planned.sealed['reference'][:16]}…) expect: {_in_words(interval)}, and "
                f"{self.bets.tolerance:g} is allowed for other hardware and software"
            ),
        )

    def _reason(self, word: VerdictWord, interval: tuple[float, float]) -> str:
        n = self.bets.n
        if word is VerdictWord.INCONSISTENT:
            return ""
        if not n:
            return "no prompt was read"
        read = f"{n:,} prompts were read"
        if self.unread:
            read += f", and {self.unread:,} of them brought no next tokens"
        if word is VerdictWord.CONSISTENT:
            return (
                f"the log-probabilities of next tokens differ from the reference's by less than {self.bets.margin:g} "
                f"nat on average: {read}"
            )
        return f"{read}; {_in_words(interval)}"


def _in_words(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"their log-probabilities differ by {low:.2f} to {high:.2f} nat on average"
