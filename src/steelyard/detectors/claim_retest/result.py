"""The result of a claim retest: for the error budget of the report, and as the claim's verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from steelyard.detectors.claim_retest.monitor import ClaimMonitor
from steelyard.detectors.claim_retest.noise import own_noise
from steelyard.records import ClaimVerdict, DetectorResult, Needs, Note, VerdictWord

__all__ = ["ClaimFinder", "p_value", "result_of"]


class ClaimFinder(ClaimMonitor):
    """A claim's monitor that also gives the result."""

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """The result of the test from the scores so far."""
        return result_of(self)


def result_of(monitor: ClaimMonitor) -> DetectorResult:
    """The result of one claim's test.

    Its ``claim`` has both what a decision would still need and what re-runs could explain; the verdict keeps the one
    that belongs to its word.
    """
    word = _word(monitor)
    p = p_value(monitor)
    return DetectorResult(
        test=monitor.planned.id,
        rule=monitor.planned.rule,
        word=word,
        p=p,
        reason=_reason(monitor, word),
        notes=_notes(monitor),
        claim=_claim(monitor, word, p),
    )


def p_value(monitor: ClaimMonitor) -> float:
    """A valid p for Holm. A noisy test's noise allowance is half of its level, so its p is never below that."""
    tracker, test = monitor.tracker, monitor.test
    if tracker is None or test is None or not test.testable:
        return 1.0
    return min(1.0, max(2 * tracker.p, monitor.sealed.alpha_inconsistent)) if test.halved else tracker.p


def _word(monitor: ClaimMonitor) -> VerdictWord:
    return VerdictWord(monitor.decision) if monitor.decision else VerdictWord.INSUFFICIENT_POWER


def _claim(monitor: ClaimMonitor, word: VerdictWord, p: float) -> ClaimVerdict:
    claim, measurement, tracker, test = monitor.claim, monitor.measurement, monitor.tracker, monitor.test
    claimed = float(claim.number / claim.scale)
    n = tracker.n if tracker else 0
    answered = n - tracker.missing if tracker else 0
    trace = monitor.trace_points(monitor.plan.alpha)
    ci = (trace[-1].low, trace[-1].high) if trace else None
    if ci and test and test.noisy:
        # The interval of the true rate: that of our own trials, widened by the noise of our own repeats.
        noise = float(own_noise(monitor.sealed, measurement, test.variance, monitor.plan.alpha))
        ci = max(0.0, ci[0] - noise), min(1.0, ci[1] + noise)
    measured = tracker.right / answered if tracker and answered else None
    served = next((each for each in monitor.plan.served if each.request == f"claim/{monitor.sealed.claim}"), None)
    needed = monitor.remaining(claimed if measured is None else measured)
    return ClaimVerdict(
        task=claim.task,
        claimed_text=claim.value,
        unit=claim.unit,
        claimed=claimed,
        tolerance=float(test.margin) if test else float(Fraction(monitor.sealed.tolerance)) / 100,
        measured=measured,
        ci=ci,
        asked=n,
        of=measurement.trials,
        missing=tracker.missing - monitor.open if tracker else 0,
        open=monitor.open,
        unparsed=monitor.unparsed,
        verdict=word,
        reason=_reason(monitor, word),
        better=bool(ci and ci[0] > claimed + float(claim.printed_unit / claim.scale / 2)),
        p=p,
        log_e=tracker.log_e if tracker and math.isfinite(tracker.log_e) else None,
        level=monitor.sealed.alpha_inconsistent,
        needs=Needs(samples=needed) if needed else None,
        implied_reruns=_reruns(monitor),
        measurement=measurement.id,
        prompt=served.prompt if served else measurement.prompt,
        differences=served.differences if served else measurement.differences,
        trace=trace,
        part_of=monitor.sealed.whole,
        line=claim.line,
        note=claim.note,
    )


def _reason(monitor: ClaimMonitor, word: VerdictWord) -> str:
    tracker, test, measurement = monitor.tracker, monitor.test, monitor.measurement
    if tracker is None:
        return "the repeat check was not finished"
    if word is VerdictWord.NOT_TESTABLE and test is not None and monitor.sealed.whole:
        of = f"{measurement.population:,} of {monitor.sealed.whole:,} items"
        return f"{of} are so few that the tolerance would be {float(test.margin) * 100:.1f} points"
    if word is VerdictWord.NOT_TESTABLE and test is not None:
        noise = f"{float(test.margin) * 100:.1f} points"
        return f"answers vary so much between repeats that the tolerance would be {noise}, which guessing would reach"
    if word is not VerdictWord.INSUFFICIENT_POWER:
        return ""
    if measurement.limit is not None and tracker.n >= measurement.limit:
        return f"stopped at the limit of {measurement.limit} samples"
    if monitor.next_position < measurement.trials:
        return "the budget was spent" if monitor.plan.is_bounded else "the run stopped before a decision"
    if monitor.sealed.whole and not tracker.missing:
        of = f"{measurement.population:,} of the benchmark's {monitor.sealed.whole:,} items"
        return f"the score on this part, {of}, is too near to the claim"
    return "answers are missing: neither bound was reached"


def _reruns(monitor: ClaimMonitor) -> dict[str, int | None]:
    """Empty if re-running changes no answer: re-runs do not explain a greedy, deterministic gap."""
    from steelyard.stats.reruns import implied_reruns

    tracker, measurement, claim = monitor.tracker, monitor.measurement, monitor.claim
    if tracker is None or not tracker.n or monitor.test is None or not monitor.test.noisy:
        return {}
    least = (claim.number - claim.printed_unit / 2) / claim.scale  # the least value that is printed as the claim
    right = tracker.right + tracker.missing
    return implied_reruns(
        tracker.n, right, least, measurement.population, alpha=monitor.plan.alpha, cells=measurement.trials
    )


def _notes(monitor: ClaimMonitor) -> tuple[Note, ...]:
    test = monitor.test
    if test is None or not test.noisy or monitor.measurement.decoding != "greedy":
        return ()
    return (
        Note(
            detector="claim_retest",
            check="determinism",
            task=monitor.claim.task,
            message="greedy answers changed between repeats, so this claim is tested as sampled decoding: "
            f"tolerance {float(test.margin) * 100:.1f} points",
        ),
    )
