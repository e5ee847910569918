"""The words of an identity check: what was shown of an endpoint that was held against weights, and what was not.

It says what was shown, never what somebody did: an honest server's own settings can make its texts another model's.
"""

from __future__ import annotations

from typing import Final

from steelyard.errors import ExitCode
from steelyard.records import Plan, Verdict, VerdictWord, references_of
from steelyard.reports.measured_rates import measured_elsewhere
from steelyard.reports.words import further_tests
from steelyard.util.text import one_line

__all__ = ["EXIT_MEANINGS", "HELD", "headline", "held_against", "is_identity_check", "limits_of"]

HELD: Final = "Held against the reference"  # what stands above its tests
EXIT_MEANINGS: Final = {
    ExitCode.CONSISTENT: "consistent with the reference, to within what each test states",
    ExitCode.INCONSISTENT: "not what the reference's weights give",
    ExitCode.UNDECIDED: "undecided, or not all could be held against the reference",
}


def is_identity_check(verdict: Verdict) -> bool:
    """Whether the model was held against a reference, and no claim was tested."""
    return bool(verdict.reference)


def held_against(verdict: Verdict) -> str:
    """What was held against which file, as a line."""
    return f"as served by {one_line(verdict.served, 120)}, held against {one_line(verdict.reference, 1500)}"


def headline(verdict: Verdict, found: str) -> str:
    """The check in one sentence, which begins with its word; ``found`` is what its findings say."""
    match verdict.verdict:
        case VerdictWord.INCONSISTENT:
            return f"Inconsistent: {found}."
        case VerdictWord.CONSISTENT:
            return (
                "Consistent: what the endpoint gave does not differ from what the reference's weights give by more "
                "than each test states."
            )
        case VerdictWord.INSUFFICIENT_POWER:
            return "Insufficient power: what was read does not decide whether the endpoint serves the reference."
    if further_tests(verdict):
        return "Not testable: not all that was to be held against the reference could be; the notes say why."
    return "Not testable: this endpoint cannot be held against the reference; the notes say why."


def limits_of(verdict: Verdict, plan: Plan | None) -> list[str]:
    """What an identity check does not show, and how sure it is; the most important first."""
    if not is_identity_check(verdict) or not verdict.results:
        return []
    words = {result.word for result in verdict.results}
    sentences = [
        "It shows what this endpoint gave to these requests: an endpoint that knows them, or whoever sends them, may "
        "serve the file to us and something else to others, or at another time.",
    ]
    if VerdictWord.INCONSISTENT in words:
        sentences.append(
            "Inconsistent says neither which model is served, nor why. Other weights, another precision or revision, a "
            "temperature, cut-off or penalty of the server's own that it applies although the requests switch it off, "
            "a prompt that begins otherwise, a hidden prompt and a watermark all look alike here."
        )
    if VerdictWord.CONSISTENT in words:
        sentences.append(
            "Consistent does not mean the same weights. What is nearer than the stated bounds is not told apart: "
            "8 bits from 4 bits of one file, a temperature a little off, a revision that hardly changes such texts, or "
            "a small share of answers by another model."
        )
    if VerdictWord.INSUFFICIENT_POWER in words:
        sentences.append("Insufficient power is evidence neither for nor against the endpoint.")
    files = 1 if plan is None else len(references_of(plan.models))
    if files > 1:
        sentences.append(
            f"Any of the {files} files could be served, another one from request to request: what all of them make "
            "unlikely accuses, and what is near one of them is confirmed."
        )
    sentences += [
        f"That {'this file is what should' if files < 2 else 'these files are what may'} be served, in this precision, "
        "is the word of whoever ran this.",
        "Plain completions were asked, of beginnings of everyday texts: what a chat, a long prompt or a benchmark "
        "brings was not looked at.",
        _error_rates(verdict, counts=plan is not None and plan.ledger is not None),
    ]
    rates = [measured_elsewhere(result.rule) for result in verdict.results]
    return [*sentences, *filter(None, rates)]


def _error_rates(verdict: Verdict, *, counts: bool) -> str:
    """``counts``: the key's ledger counts how often this endpoint was held against weights."""
    level = f"{100 * verdict.alpha:g} %"
    both = " (weighted Holm over both tests)" if len(verdict.results) > 1 else ""
    series = " Both hold over all such checks and audits of this endpoint with this key together." if counts else ""
    return (
        f"Error rates: an endpoint that serves the reference is called inconsistent with a chance of at most {level}"
        f"{both}, where the assumptions of the tests hold; for each test, a false consistent has a chance of at most "
        f"{level}.{series}"
    )
