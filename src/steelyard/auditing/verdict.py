"""Scores and results of tests → verdict, under the plan's error budget. Pure: the verifier runs the same function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from steelyard.auditing.finders import open_finders
from steelyard.auditing.half_price import HalfPrice
from steelyard.auditing.measured import Tally
from steelyard.auditing.networks import answered_by
from steelyard.auditing.usage import Usage
from steelyard.claims.served_model import names_in_words, served_in_words
from steelyard.errors import ExitCode
from steelyard.evidence.timestamp import Stamp
from steelyard.planning.build import AUTO
from steelyard.planning.identity_checks import why_no_next_tokens
from steelyard.planning.series import order_sentences, source_sentence, stamp_sentence
from steelyard.records import (
    SECOND_PASS,
    SUBJECT,
    CallSpent,
    ClaimVerdict,
    DetectorResult,
    Finding,
    Measurement,
    MeasurementResult,
    Note,
    NotPlanned,
    Plan,
    SampleScore,
    Verdict,
    VerdictWord,
    references_of,
)
from steelyard.util.bounded_fraction import bounded_fraction
from steelyard.util.text import one_line

__all__ = ["decide", "rejected"]

NOT_SERVED = "not_served"  # the detector whose finding says why answers are missing
_ROUNDING = 1 + 1e-9  # a boundary that was crossed in integers, against a p that is a float


def decide(
    plan: Plan,
    scores: Iterable[SampleScore],
    usage: Mapping[str, Usage],
    sealed: Mapping[str, DetectorResult] | None = None,
    stamp: Stamp | None = None,
    calls: Iterable[CallSpent] = (),
) -> Verdict:
    """The whole verdict: every claim, every other test, what was measured, one word and one exit code.

    ``usage`` is read after the last score, so it may fill while they come
    (:func:`~steelyard.auditing.usage.counted`). ``sealed`` holds the results of tests whose plugin is not installed
    here, as the bundle has them: they are named, and not recomputed. ``calls`` are what finished calls took, where a
    test reads that; they are read after the last score, too. ``stamp`` is the run's time stamp, which is shown beside
    the count of the ledger.
    *Inconsistent* is decided by weighted Holm over all tests (family-wise error ≤ α under any dependence and any
    stopping); *consistent* holds at α for each claim by itself, and the whole is consistent only if all claims are.
    Raises InputError for a test that its detector cannot read.
    """
    finders, half_price = open_finders(plan), HalfPrice(plan)
    measured_first = [each for each in plan.measurements if not each.again]
    tallies = {(each.id, scorer): Tally(each, scorer) for each in measured_first for scorer in each.scorers}
    for score in half_price.heard(scores):
        if tally := tallies.get((score.measurement, score.scorer)):
            tally.observe(score)
        finders.observe(score)
    for call in calls:
        finders.observe_call(call)
    found = [finder.find({}) for finder in finders.by_test.values()]
    found += [sealed[test] for test in finders.absent if sealed and test in sealed]
    accused = rejected(plan, found)
    withheld = _not_served(plan, accused)
    claims = sorted(
        (_confirmed_if_served(claim, withheld) for claim in _claims(plan, found, accused, usage)),
        key=lambda claim: claim.line,
    )
    others = tuple(_settled(result, result.test in accused) for result in found if result.claim is None)
    findings = tuple(finding for result in found for finding in _findings(result, accused))
    words = [claim.verdict for claim in claims]
    deciding = (each for each in others if each.p is not None or each.gate is not None)
    words += [each.word for each in deciding if _counts(plan, each.rule.partition("@")[0])]
    word = _overall(findings, words, plan)
    missing = sum(tally.missing_anywhere for tally in tallies.values())
    measured = bool(tallies) and all(tally.is_whole and not tally.is_too_open for tally in tallies.values())
    decided = {
        VerdictWord.CONSISTENT,
        VerdictWord.INCONSISTENT,
    }  # by a rule, which counts a missing answer as not right
    ruled = all(each.word in decided and each.gate and (b := each.gate.budget) and b.kind == "rule" for each in others)
    results = tuple(_measured(plan, tally, usage) for tally in tallies.values())
    notes = (
        *(note for result in found for note in result.notes),
        *_notes(plan, usage),
        *half_price.notes(usage),
        *_cut_off(results),
    )
    return Verdict(
        verdict=word,
        exit=_exit_code(
            word, missing, measured=measured and not plan.tests, is_withheld=bool(withheld) or (bool(others) and ruled)
        ),
        model=plan.sheet.model if plan.sheet else plan.subject.identity.name or plan.subject.identity.uri,
        served=plan.subject.identity.uri,
        names=_names(plan),
        order=(*source_sentence(plan.sheet), *order_sentences(plan), *([stamp_sentence(stamp)] if stamp else [])),
        alpha=plan.alpha,
        findings=findings,
        notes=notes,
        claims=tuple(claims),
        measurements=(*results, *_all_asked_again(plan, usage)),
        results=others,
        not_recomputed=finders.absent,
        reference=_reference(plan),
    )


# ── the error budget ────────────────────────────────────────────────────────────────────────────────────────────────


def rejected(plan: Plan, results: Sequence[DetectorResult]) -> set[str]:
    """The ids of the tests whose null hypothesis is rejected by weighted Holm at the plan's α.

    A boundary that was sealed at a test's own share of the level, and was crossed, is the Bonferroni step of the same
    procedure. The n-th audit of a question has its share of the level (:mod:`steelyard.stats.series`), by which p is
    divided. A test that decided otherwise (*consistent*, *not testable*) is not rejected.
    """
    from steelyard.stats.multiplicity import weighted_holm
    from steelyard.stats.series import series_share

    weights = {test.id: test.weight for test in plan.tests}

    def share(result: DetectorResult) -> float:
        # A gate accuses nobody: each run of one has its own level, unless it has one together with gates of other runs.
        if (gate := result.gate) is not None:
            return (series_share(max(1, gate.number)) if gate.strict_series else 1.0) / gate.family
        is_counted = plan.is_identity_check or not plan.requested
        return series_share(numbers[result.test]) if is_counted else 1.0

    numbers = {test.id: plan.number_of(test) for test in plan.tests}
    decided = [
        (each, min(1.0, each.p / share(each))) for each in results if each.p is not None and weights.get(each.test)
    ]
    if not decided:
        return set()
    holm = weighted_holm([p for _, p in decided], [weights[each.test] for each, _ in decided], plan.alpha)
    found = set()
    for (result, p), by_holm in zip(decided, holm, strict=True):
        crossed = result.word is VerdictWord.INCONSISTENT and p <= plan.alpha * weights[result.test] * _ROUNDING
        if crossed or (by_holm and result.word in (VerdictWord.INSUFFICIENT_POWER, VerdictWord.INCONSISTENT)):
            found.add(result.test)
    return found


def _settled(result: DetectorResult, is_rejected: bool) -> DetectorResult:
    """A result with the word that the error budget of the whole report leaves it."""
    if result.p is None:
        return result
    if is_rejected:
        return msgspec.structs.replace(result, word=VerdictWord.INCONSISTENT)
    if result.word is VerdictWord.INCONSISTENT:
        return msgspec.structs.replace(result, word=VerdictWord.INSUFFICIENT_POWER, findings=())
    return msgspec.structs.replace(result, findings=())


def _findings(result: DetectorResult, accused: set[str]) -> tuple[Finding, ...]:
    return result.findings if result.p is None or result.test in accused else ()


# ── claims ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _claims(
    plan: Plan, results: Iterable[DetectorResult], accused: set[str], usage: Mapping[str, Usage]
) -> Iterator[ClaimVerdict]:
    for result in results:
        if result.claim is not None:
            settled = _settled_claim(result.claim, result.test in accused)
            cost = _usage_of(settled, result.test, plan, usage)
            yield _with_usage(_not_tested_if_refused(settled, cost), plan, cost)
    for refused in plan.not_planned:
        if plan.sheet is not None and (number := refused.claim_number) is not None:
            yield _refused_claim(plan, number, refused)


def _not_served(plan: Plan, accused: set[str]) -> frozenset[str]:
    """The measurements of which it was found that some items are not served."""
    return frozenset(
        reads.measurement
        for test in plan.tests
        if test.id in accused and test.rule.partition("@")[0] == NOT_SERVED
        for reads in test.reads
    )


def _confirmed_if_served(claim: ClaimVerdict, withheld: frozenset[str]) -> ClaimVerdict:
    """The verdict on a claim: what is not served confirms nothing, however few items it is."""
    if claim.verdict is not VerdictWord.CONSISTENT or claim.measurement not in withheld:
        return claim
    reason = "some items are not served (see the finding), which confirms no claim"
    return msgspec.structs.replace(claim, verdict=VerdictWord.INSUFFICIENT_POWER, reason=reason, better=False)


def _not_tested_if_refused(claim: ClaimVerdict, usage: Usage) -> ClaimVerdict:
    """The verdict on a claim of which no question could be asked, since the endpoint refuses the limit of tokens."""
    if claim.verdict is not VerdictWord.INSUFFICIENT_POWER or not (reason := usage.why_unanswered):
        return claim
    return msgspec.structs.replace(claim, verdict=VerdictWord.NOT_TESTED, reason=reason, needs=None)


def _usage_of(claim: ClaimVerdict, test: str, plan: Plan, usage: Mapping[str, Usage]) -> Usage:
    """What a claim cost: its measurement, or those of all prompt formats that were asked for it."""
    if not claim.formats:
        return usage.get(claim.measurement, Usage())
    reads = next(each.reads for each in plan.tests if each.id == test)
    whole = Usage()
    for name in dict.fromkeys(each.measurement for each in reads):
        whole.include(usage.get(name, Usage()))
    return whole


def _settled_claim(claim: ClaimVerdict, is_rejected: bool) -> ClaimVerdict:
    if is_rejected:
        return msgspec.structs.replace(claim, verdict=VerdictWord.INCONSISTENT, reason="", needs=None)
    word = claim.verdict
    if word is VerdictWord.INCONSISTENT:
        word = VerdictWord.INSUFFICIENT_POWER
    needs = claim.needs if word is VerdictWord.INSUFFICIENT_POWER else None
    return msgspec.structs.replace(claim, verdict=word, needs=needs, implied_reruns={}, place="")


def _with_usage(claim: ClaimVerdict, plan: Plan, usage: Usage) -> ClaimVerdict:
    role = plan.by_id[claim.measurement].role
    concurrency = plan.models[role].concurrency
    needs = claim.needs
    if needs is not None and usage.answers:
        each = usage.seconds / usage.answers / concurrency
        needs = msgspec.structs.replace(needs, seconds=round(needs.samples * each, 1))
    return msgspec.structs.replace(
        claim,
        needs=needs,
        answered_by=answered_by(plan, claim.measurement),
        **usage.as_fields(plan.models[role]),
    )


def _refused_claim(plan: Plan, number: int, refused: NotPlanned) -> ClaimVerdict:
    assert plan.sheet is not None
    claim = plan.sheet.claims[number]
    return ClaimVerdict(
        task=claim.task,
        claimed_text=claim.value,
        unit=claim.unit,
        claimed=float(claim.number / claim.scale) if claim.is_proportion else None,
        tolerance=float(bounded_fraction(plan.tolerance)) / 100,
        verdict=VerdictWord(refused.verdict),
        reason=refused.reason,
        line=claim.line,
        note=claim.note,
    )


# ── measurements, notes, the word ───────────────────────────────────────────────────────────────────────────────────


def _measured(plan: Plan, tally: Tally, usage: Mapping[str, Usage]) -> MeasurementResult:
    cost = usage.get(tally.measurement.id, Usage())
    stopped = "a budget (of time, tokens or cost) ended it before all was asked"
    readers = tuple(test.id for test in plan.readers_of(tally.measurement.id))
    if readers:
        stopped = "its tests needed no more, or the run was stopped"
    elif not plan.is_bounded:
        stopped = "it was stopped before all was asked"
    model = plan.models[tally.measurement.role]
    return msgspec.structs.replace(
        tally.result(readers, stopped),
        model="" if tally.measurement.role == SUBJECT else model.identity.name or model.identity.uri,
        cut_off=sum(cost.cut_off[repeat] for repeat in range(tally.measurement.repeats)),
        answered_by=answered_by(plan, tally.measurement.id),
        drawn=tally.measurement.drawn,
        **cost.as_fields(model),
    )


def _cut_off(results: Iterable[MeasurementResult]) -> Iterator[Note]:
    """Where most answers were cut off, that is the cause of an undecided verdict, and the user can raise the limit."""
    for result in {each.measurement: each for each in results if each.is_mostly_cut_off}.values():
        message = (
            f"{result.cut_off:,} of {result.asked:,} answers were cut off at their limit of tokens, before an answer "
            "could be read: raise the limit with --output-tokens"
        )
        yield Note(detector="plan", check="cut_off", task=result.task, message=message)


def _all_asked_again(plan: Plan, usage: Mapping[str, Usage]) -> Iterator[MeasurementResult]:
    for measurement in plan.measurements:
        if measurement.again and measurement.id in usage:
            yield _asked_again(plan, measurement, usage[measurement.id])


def _asked_again(plan: Plan, measurement: Measurement, cost: Usage) -> MeasurementResult:
    """What calls that were made again cost. Their answers are no measurement: the first ones chose their items."""
    is_pass = measurement.arm == SECOND_PASS
    return MeasurementResult(
        measurement=measurement.id,
        role=measurement.role,
        task=measurement.task,
        prompt=measurement.prompt,
        scorer=measurement.scorers[0],
        asked=cost.answers,
        of=measurement.planned,
        planned=measurement.planned,
        read_by=tuple(test.id for test in plan.readers_of(measurement.id)),
        reason="a second pass over what the first one read: the claim is decided by both"
        if is_pass
        else "asked again, to see whether the same items fail: their answers are not counted",
        **cost.as_fields(plan.models[measurement.role]),
    )


def _names(plan: Plan) -> str:
    if plan.sheet is None:
        return served_in_words(plan.subject.identity)
    return names_in_words(plan.sheet, plan.subject.identity, accepted=plan.accept_model)


def _reference(plan: Plan) -> str:
    """The file that an identity check is about, or those of which any may be served; empty for another plan."""
    found = [plan.models[role].identity for role in references_of(plan.models)] if plan.is_identity_check else []
    names = [one_line(each.name or each.uri, 80) for each in found]
    if len(found) > 1:  # precisions of one model have one name
        names = [
            f"{name} {one_line(each.details.get('quantisation', ''), 20)}"
            for name, each in zip(names, found, strict=True)
        ]
    return " or ".join(f"{name} (SHA-256 {each.sha256})" for name, each in zip(names, found, strict=True))


def _notes(plan: Plan, usage: Mapping[str, Usage]) -> Iterator[Note]:
    yield from _not_probed(plan)
    if reason := why_no_next_tokens(plan):
        yield Note(detector="next_token", check="not_planned", message=reason)
    for refused in plan.not_planned:
        # A claim's verdict names the formats that it lacks.
        if refused.claim_number is None and not refused.format and not refused.detector:
            message = f"{refused.request} is {refused.verdict.replace('_', ' ')}: {refused.reason}"
            yield Note(detector="plan", check="not_planned", task=refused.task, message=message)
    for measurement in (each for each in plan.measurements if not each.again):
        failed = usage.get(measurement.id, Usage()).failed
        if failed:  # why answers are missing: what a user of a flaky endpoint wants to know first
            kinds = ", ".join(f"{kind.replace('_', ' ')} {number:,}" for kind, number in sorted(failed.items()))
            message = f"calls that brought no answer, by how their last attempt ended: {kinds}"
            yield Note(detector="plan", check="missing", task=measurement.task, message=message)


def _not_probed(plan: Plan) -> Iterator[Note]:
    """What detectors could not ask beside the claims: one note for each reason."""
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for refused in plan.not_planned:
        if refused.detector:
            reasons.setdefault((refused.detector, refused.verdict, refused.reason), []).append(refused.task)
    for (detector, verdict, reason), tasks in reasons.items():
        named = ", ".join(dict.fromkeys(tasks))
        yield Note(detector=detector, check="not_planned", message=f"{named}: {verdict.replace('_', ' ')}: {reason}")


def _overall(findings: tuple[Finding, ...], words: Sequence[VerdictWord], plan: Plan) -> VerdictWord:
    if findings or VerdictWord.INCONSISTENT in words:
        return VerdictWord.INCONSISTENT
    refused = (each for each in plan.not_planned if not each.format and _counts(plan, each.detector))
    present = {*words, *(VerdictWord(each.verdict) for each in refused)}
    # In the order of the words: what could not be confirmed although it was asked comes first.
    for word in [each for each in VerdictWord if each not in (VerdictWord.INCONSISTENT, VerdictWord.CONSISTENT)]:
        if word in present:
            return word
    return VerdictWord.CONSISTENT if present else VerdictWord.NOT_TESTED


def _counts(plan: Plan, detector: str) -> bool:
    """Whether a detector that comes to no decision leaves the whole undecided: not where the audit itself chose it."""
    return detector not in AUTO or detector in plan.detect


def _exit_code(word: VerdictWord, missing: int, *, measured: bool, is_withheld: bool) -> int:
    """``measured``: nothing was to be decided, and all was asked and could be read: an undecided word is no failure.

    ``is_withheld``: that answers are missing is itself what was found.
    """
    if missing and not is_withheld:
        return ExitCode.PLAN_NOT_MET
    if word is VerdictWord.INCONSISTENT:
        return ExitCode.INCONSISTENT
    return ExitCode.CONSISTENT if word is VerdictWord.CONSISTENT or measured else ExitCode.UNDECIDED
