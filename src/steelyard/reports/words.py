"""The words and numbers that all four reports share, so that they agree.

Numbers are in the claim's own unit: percent with one decimal, fractions with three, never more than was measured.
Intervals are rounded outward. Verdict words are fixed (docs/statistics.md); the detail follows in brackets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from steelyard.errors import ExitCode
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
    "EXIT_MEANINGS",
    "SIGNS",
    "ClaimWords",
    "about",
    "about_time",
    "claim_words",
    "claimed_value",
    "count",
    "counted",
    "exit_meaning",
    "finding_numbers",
    "floor",
    "further_tests",
    "headline",
    "interval",
    "interval_name",
    "measured",
    "measurements_of",
    "only_measures",
    "p_value",
    "points",
    "remark",
    "reruns",
    "share",
    "tally",
    "test_sentence",
    "untested",
    "verdict_words",
]

EXIT_MEANINGS = {
    ExitCode.CONSISTENT: "every planned claim is consistent",
    ExitCode.INCONSISTENT: "something is inconsistent",
    ExitCode.UNDECIDED: "something could not be decided, tested or asked",
    ExitCode.PLAN_NOT_MET: "the plan was not met: answers are missing",
    ExitCode.INTERRUPTED: "interrupted",
}

SIGNS = {
    VerdictWord.INCONSISTENT: "✗",
    VerdictWord.CONSISTENT: "✓",
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
    return ClaimWords(
        task=one_line(claim.task, 80) or "(no name)",
        claimed=claimed_value(claim),
        measured=measured(claim, claim.unit),
        interval=interval(claim.ci, claim.unit),
        asked=_asked(claim),
        verdict=claim.verdict,
        verdict_words=claim.verdict.words,
        detail="; ".join(each for each in (_detail(claim), _part(claim), _sheet_note(claim)) if each),
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
    return f"the sheet says “{one_line(claim.note, 120)}”" if claim.note and claim.measurement else ""


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
            "Not explained by re-runs: the best of a million independent re-runs of the served system would reach "
            f"{claimed_value(claim)} with a chance below 5 %."
        )
    if rare <= 1:
        return f"A single re-run of the served system could reach {claimed_value(claim)} with a chance of 5 % or more."
    more = "more than a million" if even is None else count(even)
    return (
        f"Luck with re-runs: to reach {claimed_value(claim)} once, with a chance of 5 %, the served system must be run "
        f"at least {count(rare)} times; with an even chance, {'' if even is None else 'at least '}{more} times."
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
        if result.p is not None and (result.reason or result.p < 1 or result.word is not VerdictWord.CONSISTENT)
    ]


def test_sentence(result: DetectorResult) -> str:
    """One further test as a sentence: ``tail-answers (first_last@1): insufficient power, p = 0.31``."""
    reason = one_line(result.reason, 240).rstrip(".")
    named = f"{one_line(result.test, 80)} ({one_line(result.rule, 60)}): {result.word.words}, {p_value(result.p)}"
    return f"{named}; {reason}" if reason else named


def untested(verdict: Verdict) -> list[tuple[VerdictWord, str, list[str]]]:
    """What was not tested or not testable: (word, reason, tasks) grouped by reason, in the order of the sheet."""
    groups: dict[tuple[VerdictWord, str], list[str]] = {}
    for claim in verdict.claims:
        if claim.verdict in (VerdictWord.NOT_TESTABLE, VerdictWord.NOT_TESTED):
            groups.setdefault((claim.verdict, _why(claim)), []).append(one_line(claim.task, 80))
    return [(word, reason, tasks) for (word, reason), tasks in groups.items()]


# ── the whole verdict ───────────────────────────────────────────────────────────────────────────────────────────────


def tally(verdict: Verdict) -> list[tuple[VerdictWord, int]]:
    """How many claims got which word, most severe first, without zeros."""
    counts = {word: sum(claim.verdict is word for claim in verdict.claims) for word in VerdictWord}
    return [(word, number) for word, number in counts.items() if number]


def only_measures(verdict: Verdict) -> bool:
    """Whether the verdict has measurements alone, without any claims to screen."""
    return bool(verdict.measurements) and not verdict.claims


def exit_meaning(verdict: Verdict) -> str:
    """What the exit code means, as text; empty for a code that Steelyard does not use."""
    if verdict.exit not in set(ExitCode):
        return ""
    if only_measures(verdict):
        was_asked = all(each.asked >= each.planned for each in verdict.measurements)
        meaning = {0: "every planned sample was asked", 3: "the run ended before every sample was asked"}
        if was_asked:
            meaning[3] = "so many answers are open that the others say nothing"
        if verdict.exit in meaning:
            return meaning[verdict.exit]
    return EXIT_MEANINGS.get(ExitCode(verdict.exit), "")


def headline(verdict: Verdict) -> str:
    """The verdict in one sentence, and how many answers are open or missing: who hedges or fails confirms nothing."""
    return " ".join(filter(None, (_verdict_sentence(verdict), _unread_sentence(verdict), _cut_off_sentence(verdict))))


def _unread_sentence(verdict: Verdict) -> str:
    """``96 answers are open (cut off, or readable in two ways), 3 are missing.``; empty where there are none."""
    # What a claim's test read counts as its row counts it; answers that came later are no part of it.
    results: dict[str, ClaimVerdict | MeasurementResult] = {each.measurement: each for each in verdict.measurements}
    results |= {claim.measurement: claim for claim in verdict.claims if claim.asked and not claim.formats}
    opened, missing = (sum(getattr(each, name) for each in results.values()) for name in ("open", "missing"))
    of_open = f"{counted(opened, 'answer')} {'is' if opened == 1 else 'are'} open (cut off, or readable in two ways)"
    of_missing = f"{counted(missing, 'answer')} {'is' if missing == 1 else 'are'} missing"
    parts = [part for part, number in ((of_open, opened), (of_missing, missing)) if number]
    return f"{', '.join(parts)}." if parts else ""


def _cut_off_sentence(verdict: Verdict) -> str:
    """The cause where most answers of a measurement were cut off, and the option that helps."""
    results = {each.measurement: each for each in verdict.measurements if each.is_mostly_cut_off}.values()
    if not results:
        return ""
    of = _of(sum(each.cut_off for each in results), counted(sum(each.asked for each in results), "answer"))
    whole = f"all {of}" if all(each.cut_off == each.asked for each in results) else of
    return f"The cause: {whole} were cut off at their limit of tokens; raise it with --output-tokens."


def _verdict_sentence(verdict: Verdict) -> str:
    claims = [claim for claim in verdict.claims if claim.verdict is verdict.verdict]
    total = counted(len(verdict.claims), "claim")
    match verdict.verdict:
        case VerdictWord.INCONSISTENT:
            return _headline_inconsistent(verdict, [claim for claim in claims if claim.asked])
        case VerdictWord.CONSISTENT:
            held = "the claim holds" if len(claims) == 1 else f"all {total} hold"
            return f"Consistent: {held} {_within(claims)}, under this configuration."
        case VerdictWord.INSUFFICIENT_POWER if not claims and further_tests(verdict):
            return "Insufficient power: a further test could not be decided with the samples asked."
        case VerdictWord.INSUFFICIENT_POWER:
            return f"Insufficient power: {_of(len(claims), total)} could not be decided with the samples asked."
        case VerdictWord.NOT_TESTABLE:
            return f"Not testable: {_of(len(claims), total)} cannot be tested here; the reasons are below."
    if not verdict.claims and (results := [each for each in verdict.measurements if each.asked]):
        scores = (
            f"{one_line(each.task, 80)} {measured(each, 'percent')}"
            + (f" (95 % interval {interval(each.ci, 'percent')})" if each.ci else "")
            for each in results
        )
        return "Measured: " + "; ".join(scores) + "."
    if any(claim.asked for claim in verdict.claims):
        return f"Not tested: {_of(len(claims), total)} could not be tested; the reasons are below."
    return "Not tested: no claim was tested on a model."


def _headline_inconsistent(verdict: Verdict, retested: list[ClaimVerdict]) -> str:
    by_screen = sum(finding.detector == "desk_screen" for finding in verdict.findings)
    found = f"the desk screen has {counted(by_screen, 'finding')}" if by_screen else ""
    if by_others := len(verdict.findings) - by_screen:
        found = "; ".join(part for part in (found, f"further tests have {counted(by_others, 'finding')}") if part)
    if not retested:
        return f"Inconsistent: {found or 'the findings are below'}."
    if len(retested) == 1:
        on = f"{one_line(retested[0].task, 80)} ({claimed_value(retested[0])})"
        lead = f"Inconsistent: the served model does not reach the claim on {on}, under this configuration"
    else:
        of = _of(len(retested), counted(len(verdict.claims), "claim"))
        lead = f"Inconsistent: the served model does not reach {of}, under this configuration"
    return f"{lead}; {found}." if found else f"{lead}."


def _of(part: int, total: str) -> str:
    return total if total.startswith(f"{count(part)} ") else f"{count(part)} of {total}"


def _within(claims: list[ClaimVerdict]) -> str:
    widths = {points(claim.tolerance, claim.unit) for claim in claims}
    return f"to within {widths.pop()}" if len(widths) == 1 else "to within their tolerances"
