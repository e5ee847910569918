"""Scores and findings → verdict, under the plan's error budget. Pure: the verifier runs the same function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from steelyard.detectors.claim_retest import ClaimMonitor, own_noise
from steelyard.errors import ExitCode
from steelyard.records import (
    Attempt,
    Claim,
    ClaimVerdict,
    Finding,
    Needs,
    Note,
    Plan,
    PlanRow,
    SampleScore,
    SkippedClaim,
    Verdict,
    VerdictWord,
)
from steelyard.storage.journal.lines import JournalRecord

__all__ = ["Usage", "counted", "judge"]

_STOPPED_SHORT = "a budget (of time, tokens or cost) ended it before all was asked"


@dataclass(slots=True)
class Usage:
    """What one row cost so far: calls (attempts), tokens, and seconds that its calls took, summed."""

    calls: int = 0
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)  # how calls ended that brought no answer

    def add(self, attempt: Attempt) -> None:
        """Add one attempt."""
        if attempt.final and not attempt.outcome.answered:
            self.failed[attempt.outcome.value] += 1
        self.calls += 1
        self.answers += attempt.final
        self.prompt_tokens += attempt.prompt_tokens
        self.completion_tokens += attempt.completion_tokens
        self.seconds += attempt.elapsed_us / 1e6


def counted(records: Iterable[JournalRecord], usage: dict[str, Usage]) -> Iterator[JournalRecord]:
    """Pass a journal's records on, adding up on the way what each row cost."""
    for record in records:
        if isinstance(record, Attempt):
            usage.setdefault(record.row, Usage()).add(record)
        yield record


def judge(plan: Plan, scores: Iterable[SampleScore], usage: Mapping[str, Usage]) -> Verdict:
    """The whole verdict: every claim, the desk screen's findings and notes, one word and one exit code.

    ``usage`` is read after the last score, so it may fill while they come (:func:`counted`).
    *Inconsistent* is decided by weighted Holm over all rows (family-wise error ≤ α under any dependence and any
    stopping); *consistent* holds at α for each claim by itself, and the whole is consistent only if all claims are.
    """
    from steelyard.detectors.screen.screen import screen

    readers = {row.id: ClaimMonitor(row, plan.sheet.claims[row.claim]) for row in plan.rows}
    for score in scores:
        readers[score.row].observe(score)
    rejected = _rejected(plan, readers)
    estimate = bool(plan.rows) and all(row.estimate for row in plan.rows)
    findings, notes = ((), ()) if estimate else screen(plan.sheet)
    claims = [
        *(_judge_row(plan, row, readers[row.id], usage.get(row.id, Usage()), row.id in rejected) for row in plan.rows),
        *(_judge_skipped(plan, skipped) for skipped in plan.skipped),
    ]
    claims.sort(key=lambda claim: claim.line)
    missing = sum(reader.missing_anywhere for reader in readers.values())
    word = _overall(findings, claims)
    return Verdict(
        verdict=word,
        exit=_exit_code(word, missing, measured=estimate and all(_whole(readers[row.id]) for row in plan.rows)),
        model=(plan.model.name or plan.model.uri) if estimate else plan.sheet.model,
        served=plan.model.uri,
        alpha=plan.alpha,
        findings=findings,
        notes=(*notes, *_run_notes(plan, readers), *_failure_notes(plan, usage)),
        claims=tuple(claims),
        limits=(),
    )


def p_value(reader: ClaimMonitor) -> float:
    """A valid p for Holm. A noisy row's noise allowance is fixed at half of its level, so its p cannot go below it."""
    tracker = reader.tracker
    if tracker is None or reader.test is None or not reader.test.testable:
        return 1.0
    if reader.test.halved:
        return min(1.0, max(2 * tracker.p, reader.row.alpha_inconsistent))
    return tracker.p


def _rejected(plan: Plan, readers: Mapping[str, ClaimMonitor]) -> set[str]:
    from steelyard.stats.multiplicity import weighted_holm

    rows = [row for row in plan.rows if not row.estimate]
    if not rows:
        return set()
    holm = weighted_holm([p_value(readers[row.id]) for row in rows], [row.weight for row in rows], plan.alpha)
    return {
        row.id
        for row, by_holm in zip(rows, holm, strict=True)
        # A stop table is the Bonferroni step of the same Holm procedure, in integers.
        if (by_holm and readers[row.id].decision is None) or readers[row.id].decision == "inconsistent"
    }


def _judge_row(plan: Plan, row: PlanRow, reader: ClaimMonitor, usage: Usage, rejected: bool) -> ClaimVerdict:
    from steelyard.stats.intervals import wilson

    claim = plan.sheet.claims[row.claim]
    claimed = float(claim.number / claim.scale)
    tracker = reader.tracker
    n = tracker.n if tracker else 0
    answered = n - tracker.missing if tracker else 0
    trace = reader.trace_points(plan.alpha)
    ci = (trace[-1].low, trace[-1].high) if trace else None
    if ci and reader.test and reader.test.noisy:
        ci = _widened(ci, row, reader.test.variance, plan.alpha)
    if ci and row.estimate and tracker is not None:
        # No test stops an estimate, and the model's rate on such samples is asked for, not on these alone.
        # Answers to one sample hang together: the width is that of as many independent samples.
        samples, high = max(1, n // row.repeats), tracker.right + tracker.missing
        ci = wilson(tracker.right // row.repeats, samples)[0], wilson(-(-high // row.repeats), samples)[1]
    measured = tracker.right / answered if tracker and answered else None
    word = VerdictWord.NOT_TESTED if row.estimate else VerdictWord.INSUFFICIENT_POWER
    if rejected:
        word = VerdictWord.INCONSISTENT
    elif reader.decision == "consistent":
        word = VerdictWord.CONSISTENT
    elif reader.decision == "not_testable":
        word = VerdictWord.NOT_TESTABLE
    return ClaimVerdict(
        task=claim.task,
        claimed_text="" if row.estimate else claim.value,
        unit=claim.unit,
        claimed=None if row.estimate else claimed,
        tolerance=float(reader.test.margin) if reader.test else float(Fraction(row.tolerance)) / 100,
        measured=measured,
        ci=ci,
        asked=n,
        of=reader.cells,
        missing=tracker.missing if tracker else 0,
        unparsed=reader.unparsed,
        verdict=word,
        reason=_reason(plan, row, reader, word),
        better=bool(ci and not row.estimate and ci[0] > claimed + float(claim.printed_unit / claim.scale / 2)),
        p=None if row.estimate else p_value(reader),
        log_e=_finite(tracker.log_e) if tracker and not row.estimate else None,
        level=None if row.estimate else row.alpha_inconsistent,
        needs=_needs(reader, measured, claimed, usage, plan) if word is VerdictWord.INSUFFICIENT_POWER else None,
        implied_reruns=_reruns(plan, row, reader) if word is VerdictWord.INCONSISTENT else {},
        row=row.id,
        cell=row.cell,
        differences=row.differences,
        trace=trace,
        calls=usage.calls,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        seconds=round(usage.seconds / plan.concurrency, 3),
        line=claim.line,
        note=claim.note,
    )


def _judge_skipped(plan: Plan, skipped: SkippedClaim) -> ClaimVerdict:
    claim = plan.sheet.claims[skipped.claim]
    return ClaimVerdict(
        task=claim.task,
        claimed_text=claim.value,
        unit=claim.unit,
        claimed=float(claim.number / claim.scale) if claim.is_proportion else None,
        tolerance=float(Fraction(plan.tolerance)) / 100,
        verdict=VerdictWord(skipped.verdict),
        reason=skipped.reason,
        line=claim.line,
        note=claim.note,
    )


def _reason(plan: Plan, row: PlanRow, reader: ClaimMonitor, word: VerdictWord) -> str:
    if row.estimate:
        if _whole(reader):
            return "no claim was tested: an estimate"
        return _STOPPED_SHORT if _has_budget(plan) else "it was concluded before all was asked"
    if reader.tracker is None:
        return "the determinism probe was not finished"
    if word is VerdictWord.NOT_TESTABLE and reader.test is not None:
        noise = f"{float(reader.test.margin) * 100:.1f} points"
        return f"answers vary so much from ask to ask that a claim could be off by {noise}, which guessing would reach"
    if word is VerdictWord.INSUFFICIENT_POWER:
        if row.limit is not None and reader.tracker.n >= row.limit:
            return f"stopped at the limit of {row.limit} samples"
        if reader.next_position < reader.cells:
            return "the budget was spent" if _has_budget(plan) else "the run stopped before a decision"
        return "answers are missing: both bounds stay open"
    return ""


def _has_budget(plan: Plan) -> bool:
    return plan.budget_us is not None or plan.limits.tokens is not None or plan.limits.cost is not None


def _widened(ci: tuple[float, float], row: PlanRow, variance: float, alpha: float) -> tuple[float, float]:
    """The interval of the true rate: that of our own cells, wider by the noise of our own repeats."""
    noise = float(own_noise(row, variance, alpha))
    return max(0.0, ci[0] - noise), min(1.0, ci[1] + noise)


def _needs(reader: ClaimMonitor, measured: float | None, claimed: float, usage: Usage, plan: Plan) -> Needs | None:
    from steelyard.stats.sequential import StopTable, samples_needed

    if reader.test is None or reader.tracker is None:
        return None
    table = StopTable(inconsistent=reader.test.inconsistent, consistent=reader.test.consistent)
    rate = claimed if measured is None else measured
    samples = samples_needed(table, reader.tracker.n, reader.tracker.right, reader.cells, rate)
    if not samples:
        return None
    each = usage.seconds / usage.answers / plan.concurrency if usage.answers else None
    return Needs(samples=samples, seconds=None if each is None else round(samples * each, 1))


def _reruns(plan: Plan, row: PlanRow, reader: ClaimMonitor) -> dict[str, int | None]:
    """Only where re-running changes answers at all: a greedy, deterministic gap is not explained by re-runs."""
    from steelyard.stats.reruns import implied_reruns

    if reader.tracker is None or reader.test is None or not reader.test.noisy:
        return {}
    claim: Claim = plan.sheet.claims[row.claim]
    least = (claim.number - claim.printed_unit / 2) / claim.scale  # the least value that is printed as the claim
    right = reader.tracker.right + reader.tracker.missing
    return implied_reruns(reader.tracker.n, right, least, row.population, alpha=plan.alpha, cells=row.cells)


def _run_notes(plan: Plan, readers: Mapping[str, ClaimMonitor]) -> tuple[Note, ...]:
    notes = []
    # Where all is asked the order stops nothing, and a log's never did.
    order_counts = any(not row.estimate or row.planned < row.cells for row in plan.rows)
    if order_counts and not plan.order_proof and plan.origin.kind != "imported":
        notes.append(
            Note(
                detector="claim_retest",
                check="order",
                message="the sample order was drawn at random without a signing key, so a reader must trust that it "
                "was not chosen: steelyard key new makes the order of the next audit provable",
            )
        )
    for row in plan.rows:
        test = readers[row.id].test
        if test is not None and test.noisy and row.decoding == "greedy":
            notes.append(
                Note(
                    detector="claim_retest",
                    check="determinism",
                    task=row.task,
                    message="greedy answers changed between repeats, so this row is tested as sampled decoding: "
                    f"tolerance {float(test.margin) * 100:.1f} points",
                )
            )
    return tuple(notes)


def _failure_notes(plan: Plan, usage: Mapping[str, Usage]) -> tuple[Note, ...]:
    """Why answers are missing: what a user of a flaky endpoint wants to know first."""
    notes = []
    for row in plan.rows:
        failed = usage.get(row.id, Usage()).failed
        if not failed:
            continue
        kinds = ", ".join(f"{kind.replace('_', ' ')} {number:,}" for kind, number in sorted(failed.items()))
        message = f"calls that brought no answer, by how their last attempt ended: {kinds}"
        notes.append(Note(detector="claim_retest", check="missing", task=row.task, message=message))
    return tuple(notes)


def _overall(findings: tuple[Finding, ...], claims: list[ClaimVerdict]) -> VerdictWord:
    words = {claim.verdict for claim in claims}
    if findings or VerdictWord.INCONSISTENT in words:
        return VerdictWord.INCONSISTENT
    for word in (VerdictWord.INSUFFICIENT_POWER, VerdictWord.NOT_TESTABLE, VerdictWord.NOT_TESTED):
        if word in words:
            return word
    return VerdictWord.CONSISTENT if claims else VerdictWord.NOT_TESTED


def _whole(reader: ClaimMonitor) -> bool:
    """Whether all that was planned was asked: no budget ended the row before."""
    return reader.tracker is not None and reader.tracker.n >= reader.row.planned


def _exit_code(word: VerdictWord, missing: int, *, measured: bool) -> int:
    """``measured``: nothing was to be decided, and all of it was asked, so an undecided word is no failure."""
    if missing:
        return ExitCode.PLAN_NOT_MET
    if word is VerdictWord.INCONSISTENT:
        return ExitCode.INCONSISTENT
    return ExitCode.CONSISTENT if word is VerdictWord.CONSISTENT or measured else ExitCode.UNDECIDED


def _finite(value: float) -> float | None:
    """JSON has no infinity: a certain stop (p = 0) has no finite e-value."""
    import math

    return value if math.isfinite(value) else None
