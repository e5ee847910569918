"""The course and the result of a claim about a corpus score: all answers, those asked twice, and what they come to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from steelyard.detectors.claim_retest.corpus import decode_corpus, least_of
from steelyard.plugins import Progress
from steelyard.records import ClaimVerdict, DetectorResult, Plan, PlannedTest, SampleScore, Served, VerdictWord
from steelyard.scorers.corpus import corpus_scorer
from steelyard.stats.bounds import POINT_WITHIN
from steelyard.stats.chrf import LENGTH, bootstrap_interval, corpus_bounds, is_counts
from steelyard.util.bounded_fraction import bounded_fraction

__all__ = ["CorpusFinder"]

_READ: Final = ("scored", "unparsed")  # what has the counts of an answer; others have those of none


class CorpusFinder:
    """Takes a claim's scores in any order of arrival, and compares when all are there.

    Where less was asked, it reads the contiguous prefix of the committed order: a slow answer is no other one. Raises
    ValueError for a test whose sealed part is not one about a corpus score.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned, self.plan = test, plan
        self.sealed, self.claim, self.measurement = decode_corpus(test, plan)
        scorer = corpus_scorer(test.reads[0].scorer)
        if scorer is None or scorer.corpus != self.sealed.corpus:
            raise ValueError(f"test {test.id}: {test.reads[0].scorer[:80]} gives no {self.sealed.corpus[:80]}")
        self._longest = scorer.longest
        self._scores: list[SampleScore] = []
        self._waiting: dict[int, SampleScore] = {}
        self._again: dict[str, list[SampleScore]] = {}
        self._left = self.measurement.extra_calls

    def observe(self, score: SampleScore) -> None:
        """Take one score; raises ValueError for one whose counts no answer has."""
        if not is_counts(score.counts):
            raise ValueError(f"{score.sample}: its score has no counts of a corpus score")
        if score.position < 0:
            self._again.setdefault(score.sample, []).append(score)
            self._left -= 1
            return
        self._waiting[score.position] = score
        while (following := self._waiting.pop(len(self._scores), None)) is not None:
            self._scores.append(following)

    @property
    def is_asked(self) -> bool:
        """Whether all that was planned was asked."""
        return len(self._scores) >= self.measurement.planned and self._left <= 0

    @property
    def closed(self) -> frozenset[str]:
        """The measurement, when all was asked: nothing ends it earlier."""
        return frozenset((self.measurement.id,)) if self.is_asked else frozenset()

    @property
    def heads(self) -> Mapping[str, int | None]:
        """How many answers of the order were read."""
        return {self.measurement.id: len(self._scores)}

    def progress(self) -> Progress:
        """How much is left to ask; there is no interval before all was asked."""
        return Progress(
            decision=self._judged[0].value if self.is_asked else "",
            remaining=self.measurement.planned - len(self._scores),
            target=f"{float(self.claim.number / self.claim.scale) * 100:g}",
        )

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """The result from the scores so far."""
        word, reason = self._judge()
        p = self.sealed.alpha_inconsistent if word is VerdictWord.INCONSISTENT else 1.0
        return DetectorResult(
            test=self.planned.id,
            rule=self.planned.rule,
            word=word,
            p=p,
            reason=reason,
            claim=self._claim(word, reason, p),
        )

    # ── the judgement ───────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _judged(self) -> tuple[VerdictWord, str]:
        """The judgement when all was asked: it can no longer change."""
        return self._judge()

    def _judge(self) -> tuple[VerdictWord, str]:
        if why := self._why_estimate():
            return (
                VerdictWord.NOT_TESTABLE,
                f"{why}: this is an estimate with a bootstrap interval, and decides nothing",
            )
        least = least_of(self.sealed, self.claim)
        low, high = self.bounds
        if low >= least:
            return VerdictWord.CONSISTENT, ""
        if why := self._served.confirms_only if self._served else "":
            return VerdictWord.NOT_TESTABLE, f"{why}: not reaching the claim shows nothing"
        if high >= least:
            return VerdictWord.INSUFFICIENT_POWER, self._unread_in_words()
        if high >= least - bounded_fraction(self.sealed.another_run) / 100:
            return (
                VerdictWord.INSUFFICIENT_POWER,
                f"{100 * float(least - high):.1f} points below the claim and its tolerance: another machine's run of "
                f"the same model may be higher by {self.sealed.another_run}",
            )
        if self.sealed.unstated:
            unstated = " and ".join(self.sealed.unstated)
            return (
                VerdictWord.NOT_TESTABLE,
                f"the score is below the claim, and the vendor does not state its {unstated}: another one may reach it",
            )
        return VerdictWord.INCONSISTENT, ""

    def _why_estimate(self) -> str:
        """Why the score cannot be compared as it is; empty where it can."""
        measurement, asked = self.measurement, len(self._scores)
        if self.sealed.whole is not None:
            return f"the claim is about {self.sealed.whole:,} items, and {measurement.population:,} are here"
        if asked < measurement.population:
            return f"a corpus score is that of the whole set, and {asked:,} of {measurement.population:,} were asked"
        if self._left > 0:
            return f"{self._left:,} answers that are asked twice were not asked again"
        if measurement.decoding == "sampled":
            return "the vendor sampled its answers, and a corpus score has no test for answers that vary"
        if self.sealed.one_answer:
            return "the endpoint repeats its answers as a cache does, so that nothing shows whether they vary"
        pairs, differing = self.pairs
        if differing:
            return f"{differing:,} of {pairs:,} answers that were asked twice differ"
        return "" if pairs else "no answer came twice, so that nothing shows whether they vary"

    @property
    def pairs(self) -> tuple[int, int]:
        """How many samples have two answers that were read, and of how many of these they differ."""
        first = {score.sample: score for score in self._scores if score.sample in self._again}
        several = [
            [each.counts for each in (first[sample], *again) if each.status in _READ]
            for sample, again in self._again.items()
            if sample in first
        ]
        known = [each for each in several if len(each) > 1]
        return len(known), sum(len(set(each)) > 1 for each in known)

    @property
    def bounds(self) -> tuple[Fraction, Fraction]:
        """The score with all unread answers at worst, and at best."""
        read = [score.counts for score in self._scores if score.status in _READ]
        unread = [score.counts for score in self._scores if score.status not in _READ]
        return corpus_bounds(_sums(read), _sums(unread), len(unread), self._longest)

    def _unread_in_words(self) -> str:
        unread = sum(score.status not in _READ for score in self._scores)
        low, high = (f"{100 * float(each):.1f}" for each in self.bounds)
        return (
            f"{unread:,} of {len(self._scores):,} answers are missing, were cut off or can be read two ways: "
            f"the score is from {low} (they are long and wrong) to {high} (they are right)"
        )

    # ── the verdict ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _claim(self, word: VerdictWord, reason: str, p: float) -> ClaimVerdict:
        claim, measurement, scores = self.claim, self.measurement, self._scores
        claimed, printed = float(claim.number / claim.scale), float(claim.printed_unit / claim.scale)
        low, high = (float(each) for each in self.bounds) if scores else (0.0, 1.0)
        served = self._served
        counted = {
            status: sum(score.status == status for score in scores) for status in ("missing", "open", "unparsed")
        }
        is_compared = word in (VerdictWord.CONSISTENT, VerdictWord.INCONSISTENT)
        return ClaimVerdict(
            task=claim.task,
            claimed_text=claim.value,
            unit=claim.unit,
            claimed=claimed,
            tolerance=float(bounded_fraction(self.sealed.tolerance) / 100),
            measured=(low + high) / 2 if scores and high - low <= POINT_WITHIN else None,
            bounds=(low, high) if scores else None,
            ci=((low, high) if is_compared else self._interval()) if scores else None,
            asked=len(scores),
            of=measurement.trials,
            missing=counted["missing"],
            open=counted["open"],
            unparsed=counted["unparsed"],
            verdict=word,
            reason=reason,
            better=word is VerdictWord.CONSISTENT and low > claimed + printed / 2,
            p=p,
            level=self.sealed.alpha_inconsistent,
            measurement=measurement.id,
            prompt=served.prompt if served else measurement.prompt,
            differences=served.differences if served else measurement.differences,
            part_of=self.sealed.whole,
            line=claim.line,
            note=claim.note,
            place=claim.place,
        )

    @property
    def _served(self) -> Served | None:
        own, request = self.planned.reads[0], f"claim/{self.sealed.claim}"
        return next((each for each in self.plan.served if each.reads == own and each.request == request), None)

    def _interval(self) -> tuple[float, float]:
        """The bootstrap interval over the samples, whose draws follow from the committed order's seed."""
        seed = hashlib.sha256(f"{self.measurement.order_seed}:bootstrap".encode()).digest()
        return bootstrap_interval(
            [score.counts for score in self._scores],
            [score.status in _READ for score in self._scores],
            self._longest,
            seed=int.from_bytes(seed[:8]),
            level=self.plan.alpha,
        )


def _sums(counts: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*counts, strict=True))) if counts else (0,) * LENGTH
