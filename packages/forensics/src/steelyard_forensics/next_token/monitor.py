"""Next tokens at work: distances of prompts, in any order of arrival → bets in the committed order → a word.

What is read of a distance is whether it is far. So a share of prompts that another model answers shows, though the mean
over all hardly moves; and what other hardware and software change a little after every prompt accuses nobody. The bets
hold a prompt against those before it: few far ones in all, but one after another, accuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steelyard.detectors.levels import Levels
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.stats.bounded_mean import bounded_mean_interval
from steelyard_forensics.in_order import InOrder
from steelyard_forensics.references import files_in_words
from steelyard_forensics.stats.mean_bets import MeanBets

__all__ = ["NextTokenMonitor"]

_ASSUMPTIONS: Final = (
    "the endpoint sends log-probabilities of its own at temperature 1",
    "the reference's file has the precision that is to be served, and begins prompts as the endpoint does",
    "the prompts are draws of such prompts, and their seed follows from an order that was committed before the first",
    "what makes an honest server differ does not come in bursts: none of its replicas, caches or states under load is "
    "far after more than the tolerance's share of the prompts that it answers",
)


class NextTokenMonitor:
    """Bets prompt by prompt, along the contiguous prefix of the committed order, until it has decided."""

    def __init__(self, test: PlannedTest, plan: Plan, measurement: Measurement) -> None:
        self.planned, self.levels = test, Levels.of(test, plan)
        self.measurement, self.of = measurement, measurement.planned
        self.bets = MeanBets(float(test.sealed["tolerance"]), float(test.sealed["within"]))
        self.far = float(test.sealed["far"])
        self.least: list[float] = []
        self.most: list[float] = []
        self.unread = 0
        self._scorers = tuple(reads.scorer for reads in test.reads)
        self._in_order = InOrder(self._scorers)

    @property
    def decision(self) -> VerdictWord | None:
        """The word that the prompts have decided on; None before."""
        return self.levels.word(self.bets.highest, self.bets.highest_within)

    def observe(self, score: SampleScore) -> None:
        """Take one score; prompts are read on to the end of the contiguous prefix."""
        for bounds in self._in_order.take(score):
            if not self.closed:
                self._read(bounds)

    def _read(self, bounds: Mapping[str, float | None]) -> None:
        """Of several files the nearest is read.

        What is missing or unread may be anything: as near as can be where it accuses, as far where it confirms.
        """
        leasts, mosts = ([bounds[scorer] for scorer in self._scorers[which::2]] for which in (0, 1))
        pairs = [(a, b) for a, b in zip(leasts, mosts, strict=True) if a is not None and b is not None and a <= b]
        least, most = (min(each) for each in zip(*pairs, strict=True)) if len(pairs) == len(leasts) else (0.0, 1.0)
        self.unread += len(pairs) < len(leasts)
        self.bets.observe(float(least > self.far), float(most > self.far))
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
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p,
            reason=self._reason(word),
            findings=(self._finding(p),),
        )

    def interval(self) -> tuple[float, float]:
        """The interval of the mean distance (nats), valid at every stop, with what was not sent counted both ways."""
        return bounded_mean_interval(self.least, self.of)[0], bounded_mean_interval(self.most, self.of)[1]

    def _finding(self, p: float) -> Finding:
        return Finding(
            detector="next_token",
            check="distances",
            task=self.measurement.task,
            null=self.planned.null,
            assumptions=_ASSUMPTIONS,
            p=p,
            e=float(f"{self.bets.highest:.10g}"),
            effect=round(sum(self.least) / len(self.least), 6) if self.least else None,
            ci=self.interval(),
            n=self.bets.n,
            message=(
                f"what the endpoint expects next is not what {files_in_words(self.planned.sealed)} expect: "
                f"{self._in_words()}. Other hardware and software may be so far off after "
                f"{self.bets.tolerance * 100:g} % of prompts, spread at random"
            ),
        )

    def _in_words(self) -> str:
        far, (low, high) = sum(each > self.far for each in self.least), self.interval()
        mean = sum(self.least) / max(1, len(self.least))
        return (
            f"after {far:,} of {self.bets.n:,} prompts their log-probabilities differ by more than {self.far:g} nat, "
            f"and by {mean:.2f} on average (95 % interval {low:.2f} to {high:.2f})"
        )

    @property
    def _whose(self) -> str:
        return "the nearest file" if len(self._scorers) > 2 else "the reference"

    def _reason(self, word: VerdictWord) -> str:
        if word is VerdictWord.INCONSISTENT:
            return ""
        if not self.bets.n:
            return "no prompt was read"
        unread = f"; {self.unread:,} brought no next tokens" if self.unread else ""
        if word is VerdictWord.CONSISTENT:
            return (
                f"next tokens differ from {self._whose}'s by more than {self.far:g} nat after less than "
                f"{self.bets.margin * 100:g} % of prompts: {self._in_words()}{unread}"
            )
        return f"{self._in_words()}{unread}"
