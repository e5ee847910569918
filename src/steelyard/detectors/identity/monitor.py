"""Identity at work: likelihood shares of texts, in any order of arrival → bets in the committed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from steelyard.detectors.in_order import InOrder
from steelyard.detectors.levels import Levels
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.stats.likelihood_bets import LikelihoodBets, share_interval

__all__ = ["IdentityMonitor"]

_ASSUMPTIONS: Final = (
    "the endpoint draws each text at temperature 1, and no prompt comes twice",
    "the reference's file has the precision that is to be served, and begins prompts as the endpoint does",
    "the seed of the prompts follows from an order that was committed before the first answer",
)


class IdentityMonitor:
    """Bets text by text, along the contiguous prefix of the committed order, until it has decided."""

    def __init__(
        self, test: PlannedTest, plan: Plan, measurement: Measurement, names: Sequence[str], far: Sequence[str]
    ) -> None:
        self.planned, self.levels = test, Levels.of(test, plan)
        self.measurement, self.of, self.far = measurement, measurement.planned, tuple(far)
        self.bets = LikelihoodBets(names, far, float(test.sealed["within"]))
        self._in_order = InOrder([reads.scorer for reads in test.reads])
        self._core = {f"likelihood[core,{name}]@1": name for name in names}
        self._whole = {f"likelihood[{name}]@1": name for name in names}
        self._wholes: dict[str, list[float]] = {name: [] for name in names}

    @property
    def decision(self) -> VerdictWord | None:
        """The word that the texts have decided on; None before."""
        return self.levels.word(self.bets.highest, self.bets.highest_within)

    def observe(self, score: SampleScore) -> None:
        """Take one score; texts are read on to the end of the contiguous prefix."""
        for shares in self._in_order.take(score):
            if not self.closed:
                self._read(shares)

    def _read(self, shares: Mapping[str, float | None]) -> None:
        factors = {scorer: share / (1 - share) for scorer, share in shares.items() if share is not None and share < 1}
        core = {name: factors[scorer] for scorer, name in self._core.items() if scorer in factors}
        whole = {name: factors[scorer] for scorer, name in self._whole.items() if scorer in factors}
        is_read = len(core) == len(self._core) and len(whole) == len(self._whole)
        self.bets.observe(core if is_read else None, whole if is_read else None)
        for name, f in whole.items() if is_read else ():
            self._wholes[name].append(f)

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, once the texts have decided or are all read."""
        is_over = self.decision is not None or self.bets.n >= self.of
        return frozenset((self.measurement.id,)) if is_over else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """The first text that was not read yet."""
        return {self.measurement.id: self.bets.n}

    def progress(self) -> Progress:
        """The state of the test, for a display."""
        decided = self.decision
        return Progress(
            decision="" if decided is None else decided.value, remaining=None if decided else self.of - self.bets.n
        )

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """*Inconsistent* where E reached its share of the level, *consistent* where no alternative has much."""
        word, p = self.decision or VerdictWord.INSUFFICIENT_POWER, float(f"{self.bets.p:.10g}")
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p,
            reason=self._reason(word),
            findings=(self._finding(p),),
        )

    def _share(self) -> tuple[float, float]:
        """The interval of the share of texts that come from the alternative on which the bets won most."""
        wholes = self._wholes[self.bets.nearest]
        return share_interval(wholes) if wholes else (0.0, 1.0)

    def _finding(self, p: float) -> Finding:
        n, (low, high) = self.bets.n, self._share()
        return Finding(
            detector="identity",
            check="texts",
            task=self.measurement.task,
            null=self.planned.null,
            assumptions=_ASSUMPTIONS,
            p=p,
            e=float(f"{self.bets.highest:.10g}"),
            ci=(low, high),
            n=n,
            message=(
                f"the {n:,} texts that the endpoint drew do not come from the reference's weights (SHA-256 "
                f"{self.planned.sealed['reference'][:16]}…) at temperature 1. Of what was tried, "
                f"{_in_words(self.bets.nearest)} explains them best: between {low * 100:.0f} % and "
                f"{high * 100:.0f} % of the texts, if it is one of these"
            ),
        )

    def _reason(self, word: VerdictWord) -> str:
        n, unread = self.bets.n, self.bets.unread
        if word is VerdictWord.INCONSISTENT:
            return ""
        if not n:
            return "no text was read"
        read = f"{n:,} texts were read" + (f", and {unread:,} of them could not be held against it" if unread else "")
        if word is VerdictWord.CONSISTENT:
            others = ", ".join(map(_in_words, self.far))
            return f"less than {self.bets.within * 100:g} % of the texts come from any of these: {others}; {read}"
        low, high = self._share()
        most = f"between {low * 100:.0f} % and {high * 100:.0f} % of them may come from {_in_words(self.bets.nearest)}"
        return f"{read}; {most}"


def _in_words(name: str) -> str:
    """An alternative as a reader knows it."""
    return f"temperature {name[1:]}" if name.startswith("T") else f"its requantisation to {name}"
