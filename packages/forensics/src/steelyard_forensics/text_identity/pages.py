"""Identity by text: in the terminal, as Markdown, as one HTML file and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.records import VerdictWord
from steelyard.reports.markdown import escape
from steelyard.reports.measured_rates import measured_elsewhere
from steelyard.reports.words import about, counted, interval, p_value, share
from steelyard.util.text import one_line
from steelyard_forensics.sealed.page import page
from steelyard_forensics.stats.told_apart import LEARNING
from steelyard_forensics.text_identity.identity import HeldRun, TextIdentity
from steelyard_forensics.text_identity.text_pairs import ORDERS

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["RULE", "headline", "html", "machine", "markdown", "print_identity", "sentences"]

RULE: Final = "text_identity@1"
_NAME: Final = 60


def machine(found: TextIdentity) -> dict[str, Any]:
    """The document of ``--json``."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return {"exit": int(found.exit), "headline": headline(found), "sentences": list(sentences(found)), **document}


def headline(found: TextIdentity) -> str:
    """The word and what was shown, in one sentence."""
    first, second = (one_line(each.run, _NAME) for each in found.runs)
    if found.word is VerdictWord.INCONSISTENT:
        return f"Inconsistent: {first} and {second} were not answered from the same distribution of texts."
    if found.word is VerdictWord.CONSISTENT:
        within = 100 * (found.margin - 0.5)
        return (
            f"Consistent (to within {within:g} points): whose text is whose in {first} and {second} is guessed rightly "
            f"in less than {share(found.margin, 'percent')} of pairs."
        )
    if found.word is VerdictWord.NOT_TESTABLE:
        return f"Not testable: {one_line(found.reason, 400)}."
    pairs = "no number of pairs that anybody asks would decide" if found.needed is None else (
        f"about {about(max(found.needed, len(found.pairs) + 1))} pairs would decide, if guesses go on as they did"
    )  # fmt: skip
    return f"Insufficient power: with {counted(len(found.pairs), 'pair')} nothing is shown; {pairs}."


def sentences(found: TextIdentity) -> Iterator[str]:
    """What was measured, how the error rate is kept, and what the result does not show."""
    yield from (_run(name, each) for name, each in zip(("Run", "Reference"), found.runs, strict=True))
    if found.pairs:
        yield (
            f"Task {one_line(found.task, _NAME)}: {counted(found.prompts, 'prompt')}, each answered {found.repeats:,} "
            f"times at temperature {found.temperature:g}."
        )
        yield from _measured(found)
    if found.word is VerdictWord.INCONSISTENT:
        yield (
            "That another model answers is not shown: other precision, sampler settings, a prompt template, a stop "
            "rule or a filter of one server give other texts as well."
        )
    if found.word is VerdictWord.CONSISTENT:
        yield (
            "Within a margin means: by somebody who learns from n-grams of characters, and from these prompts. A near "
            "requantisation, or a share of texts by another model, is not seen so."
        )
    if found.pairs:
        yield (
            f"Null hypothesis: the two answers to a prompt could be exchanged, or nearly so: a guess that follows from "
            f"earlier pairs alone is right in at most {share(found.tolerance, 'percent')} of pairs. That this is "
            f"called inconsistent wrongly has a probability of at most {100 * found.alpha:g} %, for one pair of runs; "
            "whoever tests several has that chance with each, and could have asked again."
        )
    if found.pairs:
        yield (
            "The orders of reading follow from the key that signed: whoever ran this may have made many keys and "
            "shown this one, unless you knew the key before (steelyard verify --require-key)."
            if found.reading.proof
            else "The orders of reading were drawn, not fixed by a key: whoever ran this could have drawn again."
        )
    if rate := measured_elsewhere(RULE):
        yield rate


def _run(name: str, run: HeldRun) -> str:
    alike = ""
    if run.whole:
        alike = f"; of {counted(run.whole, 'prompt')} with all answers {run.alike:,} have one text for all of them"
    return (
        f"{name} {one_line(run.run, _NAME)}: {one_line(run.model, _NAME)}, planned {one_line(run.created, 40)}{alike}."
    )


def _measured(found: TextIdentity) -> Iterator[str]:
    after = "" if found.decided is None else f", decided from {counted(found.decided, 'pair')} on"
    yield (
        f"The pairs are read in {ORDERS} orders: {share(found.share, 'percent')} of guesses are right, where chance is "
        f"50 %; {p_value(found.p)} (the mean of all orders' bets after the last pair){after}. This gives the word."
    )
    yield (
        f"In the first order {found.right:,} of {counted(found.guesses, 'guess', 'guesses')} are right "
        f"({interval(found.ci, 'percent')}); in this order alone, and where the number of prompts was fixed before: "
        f"{p_value(found.fixed_n_p)} (binomial). It decides nothing here."
    )
    pairs, missing = len(found.pairs) + found.absent, found.count("missing") + found.absent
    yield (
        f"Of {counted(pairs, 'pair')} {missing:,} are missing in a run and count as wrong guesses. In "
        f"{found.count('again'):,} a text or the prompt came before: they accuse nobody. "
        f"{found.count('same', 'even'):,} say nothing: {found.count('same'):,} have the same text in both runs, "
        f"{found.count('even'):,} look alike (in the first order)."
    )
    yield (
        f"Where few right guesses are to be shown, the first {LEARNING} are for learning alone, what is missing or "
        "came before counts as a right guess, and all pairs decide, not the best moment."
    )


def print_identity(found: TextIdentity, console: Console) -> None:
    """Print the headline and the sentences; foreign text is one line."""
    from rich.text import Text

    console.print(Text(headline(found), style="bold"))
    for sentence in sentences(found):
        console.print(Text(f"· {sentence}"))


def markdown(found: TextIdentity) -> str:
    """The whole result for a wiki or a pull request; foreign text is escaped."""
    lines = ["# Identity by text", "", f"**{escape(headline(found), 800)}**", ""]
    return "\n".join([*lines, *(f"- {escape(each, 800)}" for each in sentences(found)), ""])


def html(found: TextIdentity) -> str:
    """The page: no script, no request."""
    return page(
        command="text_identity",
        title="Identity by text",
        headline=headline(found),
        exit_code=found.exit,
        word=found.word,
        sentences=sentences(found),
    )
