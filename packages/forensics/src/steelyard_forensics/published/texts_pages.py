"""A log's outputs held against served answers: in the terminal, as Markdown, as one HTML file and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.records import VerdictWord
from steelyard.reports.markdown import escape
from steelyard.reports.measured_rates import measured_elsewhere
from steelyard.reports.words import SIGNS, counted
from steelyard.util.text import one_line
from steelyard_forensics.published.pages import listed_names, more_outputs, print_rows
from steelyard_forensics.published.pairs import BEGINNING, LEAST
from steelyard_forensics.published.texts import HeldLog, PublishedTexts, TextsRow, needed
from steelyard_forensics.sealed.page import page

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["RULE", "headline", "html", "machine", "markdown", "print_result", "sentences"]

RULE: Final = "published_texts@2"
_NAME: Final = 60
_TITLE: Final = "Published outputs and served answers"
_HEADINGS: Final = ("benchmark", "pairs read", "begin alike", "95 % interval", "told apart", "p", "verdict")


def machine(found: PublishedTexts) -> dict[str, Any]:
    """The document of ``--json``."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return {
        "exit": int(found.exit),
        "headline": headline(found),
        "sentences": list(sentences(found)),
        "needed": needed(found),
        **document,
    }


def headline(found: PublishedTexts) -> str:
    """What was shown, in one sentence."""
    served = f"the model that is served (run {one_line(found.served.run, _NAME)})"
    if found.foreign:
        names = listed_names([row.task for row in found.foreign])
        return f"Inconsistent: the outputs of {names} did not come from {served}, asked as the log says."
    alike = [row.task for row in found.rows if row.word is VerdictWord.CONSISTENT]
    if found.rows and len(alike) == len(found.rows):
        return (
            f"Consistent: the outputs of every benchmark begin, for more than {_percent(found.bar)}, as {served} does."
        )
    if alike:
        return f"Insufficient power: {listed_names(alike)} is consistent with {served}; the others are not decided."
    return f"Not decided: no benchmark of the log was shown to come from {served}, or not to."


def sentences(found: PublishedTexts) -> Iterator[str]:
    """Why rows are not decided, how many pairs would decide, and what the result does not show."""
    more = needed(found)
    for row in found.rows:
        name = one_line(row.task, _NAME)
        if row.reason:
            yield f"{name}: {row.word.words}: {row.reason}."
        if row.measurement in more:
            yield f"{name}: {more_outputs(more[row.measurement], len(row.pairs), row.texts, 'pair')}."
        if row.left_out:
            yield f"{name}: {counted(row.left_out, 'pair')} left out: {_left_out(row)}."
    yield _run("The log", found.log)
    yield _run("The served answers", found.served)
    yield (
        "Null hypothesis: the log's output and the served answer of a prompt could be exchanged, or nearly so. Pair by "
        "pair it is guessed whose is whose, from the pairs before, in the order in which the served model was asked. A "
        f"benchmark is inconsistent where more than {_percent(found.tolerance)} of pairs are told rightly (one that is "
        "the same counts half), and another benchmark that was asked in the same way begins alike. That any is called "
        f"so wrongly has a probability of at most {_percent(found.alpha)}, if the log shows prompts and decoding as "
        "they were. Whoever holds several runs against a log has that chance with each."
    )
    yield (
        f"How far the first {BEGINNING} characters of a pair are the same is a hint and no test: two servers of one "
        "model part after a near tie, and how soon depends on the precision, the machine and the benchmark. A "
        "benchmark that parts early is not called inconsistent for that; weights would say more (--model "
        "reference=gguf:PATH)."
    )
    yield (
        "Begin alike does not show that the weights are the same: a near precision begins alike too, and so do short "
        "or usual answers of any model. That outputs came from the served model does not show that the scores of the "
        "log did."
    )
    if rate := measured_elsewhere(RULE):
        yield rate


def _run(name: str, held: HeldLog) -> str:
    by = (
        ""
        if held.origin == "asked"
        else f", imported from {one_line(held.harness, _NAME)}: Steelyard did not see these calls"
    )
    return f"{name}: {one_line(held.run, _NAME)}, which names the model {one_line(held.model, _NAME)}{by}."


def _left_out(row: TextsRow) -> str:
    of = {
        "missing": "not answered, or behind reasoning",
        "short": f"shorter than {LEAST} characters",
        "again": "the same text or prompt came before",
        "rewritten": "the same but for what looks cut or rewritten",
    }
    return "; ".join(f"{row.count(said):,} {why}" for said, why in of.items() if row.count(said))


def print_result(found: PublishedTexts, console: Console) -> None:
    """Print the sentence, a row for each benchmark, and the details; foreign text is one line."""
    print_rows(console, headline(found), _HEADINGS, [_cells(row) for row in found.rows], sentences(found))


def markdown(found: PublishedTexts) -> str:
    """The whole result for a pull request or a wiki; foreign text is escaped."""
    lines = [f"# {_TITLE}", "", f"**{escape(headline(found), 600)}**", ""]
    lines += [f"| {' | '.join(_HEADINGS)} |", "|---|---:|---:|---:|---:|---:|---|"]
    lines += [f"| {' | '.join(escape(cell, 80) for cell in _cells(row))} |" for row in found.rows]
    return "\n".join([*lines, "", *(f"- {escape(each, 900)}" for each in sentences(found)), ""])


def html(found: PublishedTexts) -> str:
    """The page: no script, no request."""
    return page(
        command="published_outputs",
        title=_TITLE,
        headline=headline(found),
        exit_code=found.exit,
        sentences=sentences(found),
        headings=_HEADINGS,
        rows=[(row.word, _cells(row)) for row in found.rows],
    )


def _cells(row: TextsRow) -> tuple[str, ...]:
    return (
        one_line(row.task, _NAME),
        f"{row.read:,} of {row.texts:,}",
        "–" if row.alike is None else f"{row.alike * 100:.1f} %",
        "–" if row.ci is None else f"{row.ci[0] * 100:.0f}–{row.ci[1] * 100:.0f} %",
        "–" if row.told is None else f"{row.told * 100:.1f} %",
        "–" if row.p is None else "< 0.0001" if row.p < 1e-4 else f"{row.p:.2g}",
        f"{SIGNS[row.word]} {row.word.words}",
    )


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
