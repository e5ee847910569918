"""The verdict as a whole in words: one sentence, how many of each word, and what the exit code means."""

from __future__ import annotations

from steelyard.errors import ExitCode
from steelyard.planning.drawn import PROMPTS
from steelyard.planning.own_names import not_the_benchmark, remarked
from steelyard.records import UNREAD_FRESH, ClaimVerdict, MeasurementResult, Verdict, VerdictWord
from steelyard.reports import choices, gates, identity_checks
from steelyard.reports.measured import mean_score
from steelyard.reports.words import claimed_value, count, counted, further_tests, interval, measured, points
from steelyard.util.text import one_line

__all__ = ["EXIT_MEANINGS", "exit_meaning", "headline", "only_measures", "tally", "unread_fresh"]

# What a finding of a detector that holds answers against a reference says, in a few words.
_HELD = {
    "identity": "the texts that the endpoint drew are not the reference's",
    "next_token": "what the endpoint expects next is not what the reference's weights expect",
}
EXIT_MEANINGS = {
    ExitCode.CONSISTENT: "every planned claim is consistent",
    ExitCode.INCONSISTENT: "something is inconsistent",
    ExitCode.UNDECIDED: "something could not be decided, tested or asked",
    ExitCode.PLAN_NOT_MET: "the plan was not met: answers are missing",
    ExitCode.INTERRUPTED: "interrupted",
}


def tally(verdict: Verdict) -> list[tuple[str, VerdictWord, int]]:
    """How many claims, gates or candidates got which word, without zeros: as text, the word, the number."""
    if gates.is_gated(verdict):
        return gates.counted_colours(verdict)
    if choices.is_choice(verdict):
        return choices.counted_standings(verdict)
    counts = {word: sum(claim.verdict is word for claim in verdict.claims) for word in VerdictWord}
    return [(word.words, word, number) for word, number in counts.items() if number]


def only_measures(verdict: Verdict) -> bool:
    """Whether the verdict has measurements alone, without claims to screen, gates, choices and identity checks."""
    has_tests = gates.gates_of(verdict) or choices.choices_of(verdict) or identity_checks.is_identity_check(verdict)
    return bool(verdict.measurements) and not verdict.claims and not has_tests


def exit_meaning(verdict: Verdict) -> str:
    """What the exit code means, as text; empty for a code that Steelyard does not use."""
    if verdict.exit not in set(ExitCode):
        return ""
    if gates.is_gated(verdict) and verdict.exit in gates.EXIT_MEANINGS:
        return gates.EXIT_MEANINGS[ExitCode(verdict.exit)]
    if choices.is_choice(verdict) and verdict.exit in choices.EXIT_MEANINGS:
        return choices.EXIT_MEANINGS[ExitCode(verdict.exit)]
    if identity_checks.is_identity_check(verdict) and verdict.exit in identity_checks.EXIT_MEANINGS:
        return identity_checks.EXIT_MEANINGS[ExitCode(verdict.exit)]
    if only_measures(verdict):
        was_asked = all(each.asked >= each.planned for each in verdict.measurements)
        meaning = {0: "every planned sample was asked", 3: "the run ended before every sample was asked"}
        if was_asked:
            meaning[3] = "so few answers could be read that they say nothing"
        if verdict.exit in meaning:
            return meaning[verdict.exit]
    return EXIT_MEANINGS.get(ExitCode(verdict.exit), "")


def unread_fresh(verdict: Verdict) -> list[str]:
    """The tasks whose fresh samples got fewer readable answers than the public ones, though nothing was found."""
    return [note.task for note in verdict.notes if note.check == UNREAD_FRESH]


def _unread_fresh_sentence(verdict: Verdict) -> str:
    if not (tasks := unread_fresh(verdict)):
        return ""
    names = ", ".join(one_line(task, 80) for task in tasks)
    return (
        f"But fresh samples of {names} got no readable answer far more often than the public ones: that the score "
        "holds for them is not shown."
    )


def headline(verdict: Verdict) -> str:
    """The verdict in one sentence, and how many answers are open or missing: who hedges or fails confirms nothing.

    Before the latter, whether questions of the user's own bore the name of a benchmark.
    """
    of_own = not_the_benchmark(remarked(text for each in _results(verdict) for text in each.differences))
    said = (_verdict_sentence(verdict), of_own, _unread_sentence(verdict), _cut_off_sentence(verdict))
    return " ".join(filter(None, said))


def _results(verdict: Verdict) -> list[ClaimVerdict | MeasurementResult]:
    return [*verdict.claims, *verdict.measurements]


def _of_model(result: MeasurementResult) -> str:
    """Whose score it is, where several models answered: the first one's name stands beside the headline."""
    return f" ({one_line(result.role, 40)})" if result.model else ""


def _unread_sentence(verdict: Verdict) -> str:
    """``96 answers are open (cut off, or readable in two ways), 3 are missing.``; empty where there are none."""
    # What a claim's test read counts as its row counts it; answers that came later are no part of it.
    results: dict[str, ClaimVerdict | MeasurementResult] = {each.measurement: each for each in verdict.measurements}
    results |= {claim.measurement: claim for claim in verdict.claims if claim.asked and not claim.formats}
    # A text that could not be held against a reference is no open answer: its test says how many there are.
    opened = sum(each.open for each in results.values() if getattr(each, "drawn", "") != PROMPTS)
    missing = sum(each.missing for each in results.values())
    of_open = f"{counted(opened, 'answer')} {'is' if opened == 1 else 'are'} open (cut off, or readable in two ways)"
    of_missing = f"{counted(missing, 'answer')} {'is' if missing == 1 else 'are'} missing"
    parts = [part for part, number in ((of_open, opened), (of_missing, missing)) if number]
    return f"{', '.join(parts)}." if parts else ""


def _cut_off_sentence(verdict: Verdict) -> str:
    """The cause where most answers of a measurement were cut off, and the option that helps."""
    results = {each.measurement: each for each in verdict.measurements if each.is_mostly_cut_off}.values()
    if not results or verdict.verdict is VerdictWord.INCONSISTENT:  # an accusation has no excuse beside it
        return ""
    of = _of(sum(each.cut_off for each in results), counted(sum(each.asked for each in results), "answer"))
    whole = f"all {of}" if all(each.cut_off == each.asked for each in results) else of
    return f"The cause: {whole} were cut off at their limit of tokens; raise it with --output-tokens."


def _verdict_sentence(verdict: Verdict) -> str:
    if gates.is_gated(verdict):
        return gates.headline(verdict)
    if choices.is_choice(verdict):
        return choices.headline(verdict)
    if identity_checks.is_identity_check(verdict):
        return identity_checks.headline(verdict, "; ".join(_held(verdict)) or "the findings are below")
    claims = [claim for claim in verdict.claims if claim.verdict is verdict.verdict]
    total = counted(len(verdict.claims), "claim")
    match verdict.verdict:
        case VerdictWord.INCONSISTENT:
            return _headline_inconsistent(verdict, [claim for claim in claims if claim.asked])
        case VerdictWord.CONSISTENT if not claims:
            return "Consistent: no test found anything beyond what chance explains."
        case VerdictWord.CONSISTENT:
            held = "the claim holds" if len(claims) == 1 else f"all {total} hold"
            said = f"Consistent: {held} {_within(claims)}, under this configuration."
            return f"{said} {_unread_fresh_sentence(verdict)}".rstrip()
        case VerdictWord.UNVERIFIABLE:
            said = ". ".join(map(_stated, claims[:3]))
            return f"Unverifiable as stated: {_of(len(claims), total)} cannot be confirmed. {said}."
        case VerdictWord.INSUFFICIENT_POWER if not claims and further_tests(verdict):
            return "Insufficient power: a further test could not be decided with the samples asked."
        case VerdictWord.INSUFFICIENT_POWER:
            return f"Insufficient power: {_of(len(claims), total)} could not be decided with the samples asked."
        case VerdictWord.NOT_TESTABLE:
            return f"Not testable: {_of(len(claims), total)} cannot be tested here; the reasons are below."
    if not verdict.claims and (results := [each for each in verdict.measurements if each.asked]):
        scores = (
            f"{one_line(each.task, 80)}{_of_model(each)} {f'{mean_score(each)}, fully right ' if each.mean else ''}"
            + measured(each, "percent")
            + (f" (95 % interval {interval(each.ci, 'percent')})" if each.ci else "")
            for each in results
        )
        return "Measured: " + "; ".join(scores) + "."
    if any(claim.asked for claim in verdict.claims):
        return f"Not tested: {_of(len(claims), total)} could not be tested; the reasons are below."
    return "Not tested: no claim was tested on a model."


def _stated(claim: ClaimVerdict) -> str:
    """What is claimed, what the standard protocols give, and the vendor's words that cannot be reproduced."""
    gives = f"standard protocols give {interval(claim.standard, claim.unit)}; " if claim.standard else ""
    return f"{one_line(claim.task, 80)} claims {claimed_value(claim)}; {gives}{one_line(claim.reason, 400)}"


def _headline_inconsistent(verdict: Verdict, retested: list[ClaimVerdict]) -> str:
    by_screen = sum(finding.detector == "desk_screen" for finding in verdict.findings)
    found = f"the desk screen has {counted(by_screen, 'finding')}" if by_screen else ""
    gaps, cues = (
        [one_line(finding.task, 80) for finding in verdict.findings if finding.detector == name]
        for name in ("twin_gap", "cue_gap")
    )
    worse = f"fresh samples of {', '.join(gaps)} are answered worse than the public ones" if gaps else ""
    held = _held(verdict)
    known = f"the benchmark's own prompt of {', '.join(cues)} is answered better than another" if cues else ""
    ordered = [one_line(finding.task, 80) for finding in verdict.findings if finding.detector == "order"]
    in_order = f"the model knows the order of the file of {', '.join(ordered)}" if ordered else ""
    by_others = len(verdict.findings) - by_screen - len(gaps) - len(cues) - len(held) - len(ordered)
    others = f"further tests have {counted(by_others, 'finding')}" if by_others else ""
    found = "; ".join(part for part in (worse, known, in_order, *held, found, others) if part)
    if not retested:
        return f"Inconsistent: {found or 'the findings are below'}."
    if len(retested) == 1:
        on = f"{one_line(retested[0].task, 80)} ({claimed_value(retested[0])})"
        lead = f"Inconsistent: the served model does not reach the claim on {on}, under this configuration"
    else:
        of = _of(len(retested), counted(len(verdict.claims), "claim"))
        lead = f"Inconsistent: the served model does not reach {of}, under this configuration"
    # What a sheet settles is no excuse of the run's: it is on what the accusation rests.
    settled = dict.fromkeys(
        one_line(said, 400) for claim in retested for said in claim.differences if said.startswith('If "')
    )
    return " ".join((f"{lead}; {found}." if found else f"{lead}.", *settled))


def _held(verdict: Verdict) -> list[str]:
    """What findings of detectors that hold answers against a reference say."""
    return [said for name, said in _HELD.items() if any(finding.detector == name for finding in verdict.findings)]


def _of(part: int, total: str) -> str:
    return total if total.startswith(f"{count(part)} ") else f"{count(part)} of {total}"


def _within(claims: list[ClaimVerdict]) -> str:
    widths = {points(claim.tolerance, claim.unit) for claim in claims}
    return f"to within {widths.pop()}" if len(widths) == 1 else "to within their tolerances"
