"""The one-page summary of an identity check: its sentence, how sure it is, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.records import Verdict, VerdictWord
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_words import Words

__all__ = ["identity_headline", "identity_label", "identity_steps", "identity_sure"]


def identity_headline(verdict: Verdict, said: Words, found: str) -> tuple[str, str]:
    """The verdict's word, and the sentence that follows it; ``found`` says how many findings there are."""
    lines = said.identity
    sentences = {
        VerdictWord.INCONSISTENT: lines.inconsistent.format(findings=found),
        VerdictWord.CONSISTENT: lines.consistent,
        VerdictWord.INSUFFICIENT_POWER: lines.undecided,
    }
    return identity_label(verdict.verdict, said), sentences.get(verdict.verdict, lines.not_testable)


def identity_label(word: VerdictWord, said: Words) -> str:
    """A verdict's word, about the reference and no claim."""
    labels = {
        VerdictWord.INCONSISTENT: said.identity.is_inconsistent,
        VerdictWord.CONSISTENT: said.identity.is_consistent,
    }
    return labels.get(word) or str(getattr(said.labels, word.value))


def identity_sure(verdict: Verdict, said: Words) -> Iterator[str]:
    """How sure the check is and what it does not show, the most important first."""
    lines, rate = said.identity, Numbers(said.notation).rate(verdict.alpha)
    if not verdict.results:
        return
    words = {result.word for result in verdict.results}
    yield lines.sure_accuse.format(rate=rate)
    if VerdictWord.CONSISTENT in words:
        yield lines.sure_confirm.format(rate=rate)
        yield lines.sure_near
    if VerdictWord.INCONSISTENT in words:
        yield lines.sure_why
    yield lines.sure_elsewhere
    yield lines.sure_file


def identity_steps(verdict: Verdict, said: Words) -> Iterator[str]:
    """What to do next."""
    lines = said.identity
    steps = {
        VerdictWord.INCONSISTENT: lines.step_inconsistent,
        VerdictWord.CONSISTENT: lines.step_consistent,
        VerdictWord.INSUFFICIENT_POWER: lines.step_undecided,
    }
    yield steps.get(verdict.verdict, lines.step_not_testable)
