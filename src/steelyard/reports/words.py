"""The words and numbers that all four reports share, so that they agree.

Numbers are in the claim's own unit: percent with one decimal, fractions with three, never more than was measured.
Intervals are rounded outward. Verdict words are fixed (docs/statistics.md); the detail follows in brackets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from steelyard.records import (
    ClaimVerdict,
    DetectorResult,
    Finding,
    Measurement,
    MeasurementResult,
    Note,
    Plan,
    Verdict,
    VerdictWord,
)
from steelyard.util.text import one_line

__all__ = [
    "SIGNS",
    "ClaimWords",
    "about",
    "about_time",
    "claim_words",
    "claimed_value",
    "count",
    "counted",
    "finding_numbers",
    "floor",
    "further_tests",
    "interval",
    "interval_name",
    "measured",
    "measurements_of",
    "p_value",
    "points",
    "remark",
    "reruns",
    "share",
    "test_sentence",
    "untested",
    "verdict_words",
]

SIGNS = {
    VerdictWord.INCONSISTENT: "✗",
    VerdictWord.CONSISTENT: "✓",
    VerdictWord.UNVERIFIABLE: "?",
    VerdictWord.INSUFFICIENT_POWER: "?",
    VerdictWord.NOT_TESTABLE: "–",
    VerdictWord.NOT_TESTED: "–",
}

_UNIT_WORDS = {"percent": " %", "fraction": "", "elo": " Elo", "points": " points"}


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def count(number: int) -> str:
    """An exact count: ``14,042``."""
    return f"{number:,}"


def about(number: int) -> str:
    """A count to two significant digits, because it is an estimate: 1,234 → ``1,200``; below 100 as it is."""
    return count(round(number, 2 - len(str(number))) if number >= 100 else number)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: ``1 claim``, ``3 claims``."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def about_time(seconds: float) -> str:
    """A duration in words: ``40 seconds``, ``21 minutes``, ``3.5 hours``, ``12 days``."""
    if seconds < 90:
        return counted(max(1, round(seconds)), "second")
    if seconds < 90 * 60:
        return counted(round(seconds / 60), "minute")
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} hours"
    return counted(round(seconds / 86400), "day")


def _places(unit: str) -> int:
    return 3 if unit == "fraction" else 1


def _scale(unit: str) -> int:
    return 1 if unit == "fraction" else 100


def share(value: float | None, unit: str) -> str:
    """A proportion (0 to 1) in the claim's unit: ``41.3 %`` or ``0.413``; an en dash where there is no value."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{_scale(unit) * value:.{_places(unit)}f}{'' if unit == 'fraction' else ' %'}"


def interval(bounds: tuple[float, float] | None, unit: str) -> str:
    """An interval of a proportion, rounded outward so that what is shown contains it: ``38.1–44.6 %``."""
    if bounds is None or not all(math.isfinite(bound) for bound in bounds):
        return "–"
    places, scale = _places(unit), _scale(unit)
    # A float such as 0.57 × 100 = 56.99… must not be pushed a whole digit outward by its last bit.
    low = math.floor(round(bounds[0] * scale * 10**places, 6)) / 10**places
    high = math.ceil(round(bounds[1] * scale * 10**places, 6)) / 10**places
    return f"{low:.{places}f}–{high:.{places}f}{'' if unit == 'fraction' else ' %'}"


def measured(result: ClaimVerdict | MeasurementResult, unit: str) -> str:
    """The measured share; ``0.0–75.0 %`` where open and missing answers leave a range."""
    return interval(result.bounds, unit) if result.measured is None else share(result.measured, unit)


def points(tolerance: float, unit: str) -> str:
    """A difference of proportions: ``2.0 points`` (percentage points), or ``0.020`` where the claim is a fraction."""
    scaled = round(tolerance * _scale(unit), 6)
    short = f"{scaled:.{_places(unit)}f}"
    exact = short if float(short) == scaled else f"{scaled:g}"
    return exact if unit == "fraction" else f"{exact} points"


def p_value(p: float | None) -> str:
    """A p-value with two digits, never ``0``: ``p = 0.012``, ``p < 0.0001``; empty without a p-value."""
    if p is None or not math.isfinite(p):
        return ""
    if p < 1e-4:
        return "p < 0.0001"
    return f"p = {p:.2g}" if p < 0.9995 else "p = 1"


def claimed_value(claim: ClaimVerdict) -> str:
    """The claim exactly as the vendor printed it, with its unit: ``69.80 %``; a dash where nothing was claimed."""
    if not claim.claimed_text:
        return "–"
    return f"{one_line(claim.claimed_text, 24)}{_UNIT_WORDS.get(claim.unit, '')}"


def floor(claim: ClaimVerdict) -> float | None:
    """The lowest true score that still counts as the claim: v − ½ printed unit − δ, as a proportion.

    Source: docs/statistics.md.
    """
    if claim.claimed is None:
        return None
    decimals = len(claim.claimed_text.partition(".")[2])
    half_unit = Fraction(1, 2 * 10**decimals * _scale(claim.unit))
    return claim.claimed - float(half_unit) - claim.tolerance


def interval_name(verdict: Verdict) -> str:
    """The title of the interval column: ``95 % interval``, or ``interval`` for a desk screen, which has no level."""
    return f"{100 * (1 - verdict.alpha):g} % interval" if math.isfinite(verdict.alpha) else "interval"


# ── one claim ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class ClaimWords:
    """One claim as every report prints it."""

    task: str
    claimed: str
    measured: str
    interval: str
    asked: str
    verdict: VerdictWord
    verdict_words: str
    detail: str

    @property
    def full(self) -> str:
        """The verdict with its detail: ``consistent (to within 2.0 points)``."""
        return f"{self.verdict_words} ({self.detail})" if self.detail else self.verdict_words


def claim_words(claim: ClaimVerdict) -> ClaimWords:
    """One claim's verdict as text."""
    place = f"claimed in {one_line(claim.place, 160)}" if claim.place else ""
    return ClaimWords(
        task=one_line(claim.task, 80) or "(no name)",
        claimed=claimed_value(claim),
        measured=measured(claim, claim.unit),
        interval=interval(claim.ci, claim.unit),
        asked=_asked(claim),
        verdict=claim.verdict,
        verdict_words=claim.verdict.words,
        detail="; ".join(each for each in (_detail(claim), place, _part(claim), _sheet_note(claim)) if each),
    )


def verdict_words(claim: ClaimVerdict) -> str:
    """The verdict of one claim with its detail in brackets."""
    return claim_words(claim).full


def _asked(claim: ClaimVerdict) -> str:
    if not claim.asked:
        return "–"
    unscored = "".join(
        f", {count(number)} {word}" for number, word in ((claim.missing, "missing"), (claim.open, "open")) if number
    )
    return f"{asked_of(claim.asked, claim.of, claim.repeats)}{unscored}"


def asked_of(asked: int, of: int, repeats: int) -> str:
    """``202 of 400``; where each question is asked several times ``202 of 400 calls, 2 a question``."""
    return f"{count(asked)} of {count(of)}" + (f" calls, {count(repeats)} a question" if repeats > 1 else "")


def _detail(claim: ClaimVerdict) -> str:
    match claim.verdict:
        case VerdictWord.CONSISTENT:
            better = "; better than claimed" if claim.better else ""
            return f"to within {points(claim.tolerance, claim.unit)}{better}"
        case VerdictWord.INCONSISTENT:
            if not claim.asked:
                return _why(claim)
            # Only answers that vary have re-runs that could explain a gap.
            of = ", the tolerance with the noise of the answers" if claim.implied_reruns else ""
            return f"below the claim by more than {points(claim.tolerance, claim.unit)}{of}"
        case VerdictWord.INSUFFICIENT_POWER:
            if claim.needs is None:
                return _why(claim)
            time = "" if claim.needs.seconds is None else f", about {about_time(claim.needs.seconds)}"
            noun = "call" if claim.repeats > 1 else "sample"
            return f"needs about {about(claim.needs.samples)} more {_plural(claim.needs.samples, noun)}{time}"
    return _why(claim)


def _part(claim: ClaimVerdict) -> str:
    return f"on a part of the {count(claim.part_of)} items" if claim.part_of and claim.asked else ""


def _sheet_note(claim: ClaimVerdict) -> str:
    """The sheet's own note on the claim, quoted: a label such as "inflated on purpose" must not get lost."""
    quoted = one_line(claim.note, 120) in one_line(claim.reason, 4_000)
    return f"the sheet says “{one_line(claim.note, 120)}”" if claim.note and claim.measurement and not quoted else ""


def _why(claim: ClaimVerdict) -> str:
    return one_line(claim.reason, 240).rstrip(".")


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else noun + "s"


def reruns(claim: ClaimVerdict, measurement: Measurement | None) -> str:
    """How re-runs of the served system could explain a claim that was not reached; empty if not applicable."""
    if claim.verdict is not VerdictWord.INCONSISTENT or not claim.asked:
        return ""
    if measurement is not None and measurement.decoding == "greedy" and not claim.implied_reruns:
        return "Not explained by re-runs: decoding is greedy, so a re-run gives the same answers."
    if "0.05" not in claim.implied_reruns:
        return ""
    rare, even = claim.implied_reruns["0.05"], claim.implied_reruns.get("0.5")
    if rare is None:
        return (
            "Not explained by re-runs: the best of a million independent re-runs of the system, as it answered here, "
            f"would reach {claimed_value(claim)} with a chance below 5 %."
        )
    if rare <= 1:
        return (
            f"A single re-run of the system, as it answered here, could reach {claimed_value(claim)} with a chance of "
            "5 % or more."
        )
    more = "more than a million" if even is None else count(even)
    return (
        f"Luck with re-runs: to reach {claimed_value(claim)} once, with a chance of 5 %, the system, as it answered "
        f"here, must be run at least {count(rare)} times; with an even chance, {'' if even is None else 'at least '}"
        f"{more} times."
    )


def measurements_of(plan: Plan | None) -> dict[str, Measurement]:
    """The plan's measurements by their id."""
    return {} if plan is None else plan.by_id


# ── findings and notes ──────────────────────────────────────────────────────────────────────────────────────────────


def remark(item: Finding | Note, limit: int = 400) -> str:
    """A finding or note as one sentence, with its task in front."""
    message = one_line(item.message, limit)
    return f"{one_line(item.task, 80)}: {message}" if item.task and not message.startswith(item.task) else message


def finding_numbers(finding: Finding) -> str:
    """The numbers behind a finding: ``p < 0.0001, n = 300``; empty for deterministic evidence."""
    parts = [p_value(finding.p)]
    if finding.e is not None and math.isfinite(finding.e):
        parts.append(f"e = {finding.e:.3g}")
    if finding.n is not None:
        parts.append(f"n = {count(finding.n)}")
    return ", ".join(part for part in parts if part)


def further_tests(verdict: Verdict) -> list[DetectorResult]:
    """The results of tests by a p-value that are not of a claim: those of further detectors, with anything to say."""
    return [
        result
        for result in verdict.results
        if result.p is not None
        and result.gate is None
        and result.choice is None
        and (result.reason or result.p < 1 or result.word is not VerdictWord.CONSISTENT)
    ]


def test_sentence(result: DetectorResult) -> str:
    """One further test as a sentence: ``tail-answers (first_last@1): insufficient power, p = 0.31``."""
    reason = one_line(result.reason, 240).rstrip(".")
    named = f"{one_line(result.test, 80)} ({one_line(result.rule, 60)}): {result.word.words}, {p_value(result.p)}"
    return "; ".join(part for part in (named, reason, _detectable(result)) if part)


def _detectable(result: DetectorResult) -> str:
    """What a detector that found nothing would have seen."""
    effect = result.effect
    if effect is None or result.word is VerdictWord.INCONSISTENT:
        return ""
    if effect.mde is None:
        return f"{count(effect.of)} pairs show no gap at all at this level"
    return f"a gap of {effect.mde * 100:.0f} points is seen with a chance of 90 % in {count(effect.of)} pairs"


def untested(verdict: Verdict) -> list[tuple[VerdictWord, str, list[str]]]:
    """What was not tested or not testable: (word, reason, tasks) grouped by reason, in the order of the sheet."""
    groups: dict[tuple[VerdictWord, str], list[str]] = {}
    for claim in verdict.claims:
        if claim.verdict in (VerdictWord.NOT_TESTABLE, VerdictWord.NOT_TESTED):
            groups.setdefault((claim.verdict, _why(claim)), []).append(one_line(claim.task, 80))
    return [(word, reason, tasks) for (word, reason), tasks in groups.items()]
