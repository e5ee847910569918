"""Published outputs held against weights: in the terminal, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.comparison.published import PublishedOutputs, PublishedRow
from steelyard.records import VerdictWord
from steelyard.reports.markdown import escape
from steelyard.reports.words import SIGNS, counted
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["headline", "machine", "markdown", "print_outputs", "sentences"]

_NAME = 60
_HEADINGS = ("benchmark", "outputs read", "tokens that are the weights'", "95 % interval", "p", "verdict")


def machine(found: PublishedOutputs) -> dict[str, Any]:
    """The document of ``--json``."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return {"exit": int(found.exit), "headline": headline(found), "sentences": list(sentences(found)), **document}


def headline(found: PublishedOutputs) -> str:
    """What was shown, in one sentence."""
    weights = _weights(found)
    if found.foreign:
        names = _listed([row.task for row in found.foreign])
        return f"Inconsistent: the outputs of {names} were not written by {weights}."
    own = [row.task for row in found.rows if row.word is VerdictWord.CONSISTENT]
    if found.rows and len(own) == len(found.rows):
        return f"Consistent: more than {found.shown * 100:g} % of the tokens of every benchmark are those of {weights}."
    if own:
        return f"Insufficient power: {_listed(own)} is consistent with {weights}; the others are not decided."
    return f"Not decided: no benchmark of the log was shown to come from {weights}, or not to."


def sentences(found: PublishedOutputs) -> Iterator[str]:
    """Why rows are not decided, and what the result does not show."""
    for row in found.rows:
        name = one_line(row.task, _NAME)
        if row.reason:
            yield f"{name}: {row.word.words}: {row.reason}."
        if row.nearest and row.word is VerdictWord.INCONSISTENT:
            yield f"{name}: {row.nearest} explains {row.better:,} of {row.read:,} outputs better than the weights do."
        if row.left_out and not row.untestable:
            left_out = counted(row.left_out, "output")
            yield f"{name}: {left_out} left out: not answered, behind reasoning, too short or too long."
    yield (
        f"The log names the model {one_line(found.model, _NAME)}. A benchmark is inconsistent where a requantisation "
        "of the weights explains its outputs better than they do; or where on average fewer than "
        f"{found.bar * 100:g} % of an output's tokens are the weights' own, and another benchmark of the log that was "
        f"asked in the same way is consistent. That any is called so wrongly has a probability of at most "
        f"{found.alpha * 100:g} %, if the log shows prompts as they were put and outputs are greedy."
    )
    yield (
        "Precision is part of the weights: outputs of a model in 16 bits are not those of its 2-bit file. That these "
        "outputs came from the weights does not show that the scores of the log did."
    )
    if not found.reading.proof:
        yield "The order of reading was drawn, not fixed by a key: whoever ran this could have drawn again."


def print_outputs(found: PublishedOutputs, console: Console) -> None:
    """Print the sentence, a row for each benchmark, and the details; foreign text is one line."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting

    console.print(Text(headline(found), style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(_HEADINGS[0], overflow="fold")
    for heading in _HEADINGS[1:-1]:
        table.add_column(heading, justify="right")
    table.add_column(_HEADINGS[-1])
    for row in found.rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    console.print(fitting(console, table))
    for sentence in sentences(found):
        console.print(Text(f"· {sentence}"))


def markdown(found: PublishedOutputs) -> str:
    """The whole result for a pull request or a wiki; foreign text is escaped."""
    lines = ["# Published outputs and weights", "", f"**{escape(headline(found), 600)}**", ""]
    lines += [f"| {' | '.join(_HEADINGS)} |", "|---|---:|---:|---:|---:|---|"]
    lines += [f"| {' | '.join(escape(cell, 80) for cell in _cells(row))} |" for row in found.rows]
    return "\n".join([*lines, "", *(f"- {escape(each, 900)}" for each in sentences(found)), ""])


def _cells(row: PublishedRow) -> tuple[str, ...]:
    return (
        one_line(row.task, _NAME),
        f"{row.read:,} of {row.texts:,}",
        "–" if row.share is None else f"{row.share * 100:.1f} %",
        "–" if row.ci is None else f"{row.ci[0] * 100:.1f}–{row.ci[1] * 100:.1f} %",
        "–" if row.p is None else "< 0.0001" if row.p < 1e-4 else f"{row.p:.2g}",
        f"{SIGNS[row.word]} {row.word.words}",
    )


def _weights(found: PublishedOutputs) -> str:
    return f"the weights {one_line(found.reference.uri, _NAME)} (SHA-256 {found.reference.sha256[:12]}…)"


def _listed(names: list[str]) -> str:
    shown = [one_line(name, _NAME) for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
