"""Identity at work: likelihood shares of texts, in any order of arrival → bets in the committed order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from steelyard.detectors.levels import Levels
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Finding, Measurement, Plan, PlannedTest, SampleScore, VerdictWord
from steelyard.scorers.surprise import number_of
from steelyard.util.numbers import signed
from steelyard_forensics.identity.scores import FileScores, TextFactors, factors_of
from steelyard_forensics.in_order import InOrder
from steelyard_forensics.references import files_in_words
from steelyard_forensics.stats.likelihood_bets import LikelihoodBets, share_interval

__all__ = ["IdentityMonitor"]

_ASSUMPTIONS: Final = (
    "the endpoint draws each text at temperature 1, and no prompt comes twice",
    "the reference's file has the precision that is to be served, and begins prompts as the endpoint does",
    "the seed of the prompts follows from an order that was committed before the first answer",
)


class IdentityMonitor:
    """Bets text by text, along the contiguous prefix of the committed order, until it has decided."""

    def __init__(self, test: PlannedTest, plan: Plan, measurement: Measurement, files: Sequence[FileScores]) -> None:
        self.planned, self.levels = test, Levels.of(test, plan)
        self.measurement, self.of, self.files = measurement, measurement.planned, tuple(files)
        self.bets = LikelihoodBets(
            files[0].alternatives,
            [each.far for each in files],
            float(test.sealed["within"]),
        )
        self._in_order = InOrder([reads.scorer for reads in test.reads])
        self._texts: list[TextFactors] = []
        self._surprises: list[list[tuple[float, float]]] = [[] for _ in files]

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
        found = factors_of(self.files, shares)
        if found is None:
            self.bets.observe(None, None)
            return
        self.bets.observe(found.core, found.whole)
        self._texts.append(found)
        for each, surprises in zip(self.files, self._surprises, strict=True):
            surplus, z = (number_of(shares[each.surprise(which)] or 0.0) for which in ("surplus", "z"))
            surprises.append((surplus, z))

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
        """The interval of the share of texts that come from the alternative on which the bets won most.

        Of several files it holds the interval by each.
        """
        if not self._texts:
            return 0.0, 1.0
        of_files = (
            share_interval([text.whole[number][self.bets.nearest] for text in self._texts])
            for number in range(len(self.files))
        )
        lows, highs = zip(*of_files, strict=True)
        return min(lows), max(highs)

    def _surplus(self) -> str:
        """How surprising the texts are to each file, as the end of a sentence: a display, no part of a test."""
        if not self._texts:
            return ""
        said = []
        for surprises in self._surprises:
            mean = math.fsum(surplus for surplus, _ in surprises) / len(surprises)
            z = math.fsum(z for _, z in surprises) / math.sqrt(len(surprises))
            said.append(f"{signed(mean, 2)} nat a text, z = {signed(z, 1)}")
        by = "" if len(said) == 1 else " by each file"
        return f"; surplus of surprise{by} (no test reads it): {'; '.join(said)}"

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
                f"the {n:,} texts that the endpoint drew do not come from {files_in_words(self.planned.sealed)} at "
                f"temperature 1. Of what was tried, {_in_words(self.bets.nearest)} explains them best: between "
                f"{low * 100:.0f} % and {high * 100:.0f} % of the texts, if it is one of these"
                f"{self._surplus()}"
            ),
        )

    def _reason(self, word: VerdictWord) -> str:
        n, unread = self.bets.n, self.bets.unread
        if word is VerdictWord.INCONSISTENT:
            return ""
        if not n:
            return "no text was read"
        after = self._surplus()
        read = f"{n:,} texts were read" + (f", and {unread:,} of them could not be held against it" if unread else "")
        if word is VerdictWord.CONSISTENT:
            file = self.files[self.bets.nearest_file]
            others = ", ".join(map(_in_words, file.far))
            of = "" if len(self.files) == 1 else f", if the rest comes from the {file.role}"
            less = f"less than {self.bets.within * 100:g} % of the texts come from any of these{of}: {others}"
            return f"{less}; {read}{after}"
        low, high = self._share()
        most = f"between {low * 100:.0f} % and {high * 100:.0f} % of them may come from {_in_words(self.bets.nearest)}"
        return f"{read}; {most}{after}"


def _in_words(name: str) -> str:
    """An alternative as a reader knows it."""
    return f"temperature {name[1:]}" if name.startswith("T") else f"its requantisation to {name}"
