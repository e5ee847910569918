"""Published outputs held against weights: in the terminal, as Markdown, as one HTML file and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.records import VerdictWord
from steelyard.reports.markdown import escape
from steelyard.reports.measured_rates import measured_elsewhere
from steelyard.reports.words import SIGNS, about, counted
from steelyard.util.text import one_line
from steelyard_forensics.published.bets import LEAST_GAIN
from steelyard_forensics.published.outputs import PublishedOutputs, needed
from steelyard_forensics.sealed.page import page
from steelyard_forensics.sealed.rows import PublishedRow

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "RULE",
    "headline",
    "html",
    "listed_names",
    "machine",
    "markdown",
    "more_outputs",
    "print_result",
    "print_rows",
    "sentences",
]

RULE: Final = "published_outputs@2"
_NAME = 60
_MOST_NEEDED: Final = 20_000  # outputs: more of them nobody has
_HEADINGS = ("benchmark", "outputs read", "the weights' tokens", "95 % interval", "p", "verdict")


def machine(found: PublishedOutputs) -> dict[str, Any]:
    """The document of ``--json``."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return {
        "exit": int(found.exit),
        "headline": headline(found),
        "sentences": list(sentences(found)),
        "needed": needed(found.rows),
        **document,
    }


def headline(found: PublishedOutputs) -> str:
    """What was shown, in one sentence."""
    weights = _weights(found)
    if found.foreign:
        names = listed_names([row.task for row in found.foreign])
        return f"Inconsistent: the outputs of {names} are not what {weights} write after the log's prompts."
    own = [row.task for row in found.rows if row.word is VerdictWord.CONSISTENT]
    if found.rows and len(own) == len(found.rows):
        return f"Consistent: more than {found.shown * 100:g} % of the tokens of every benchmark are those of {weights}."
    if own:
        return f"Insufficient power: {listed_names(own)} is consistent with {weights}; the others are not decided."
    return f"Not decided: no benchmark of the log was shown to come from {weights}, or not to."


def sentences(found: PublishedOutputs) -> Iterator[str]:
    """Why rows are not decided, and what the result does not show."""
    more = needed(found.rows)
    for row in found.rows:
        name = one_line(row.task, _NAME)
        if row.reason:
            yield f"{name}: {row.word.words}: {row.reason}."
        if row.measurement in more:
            yield f"{name}: {more_outputs(more[row.measurement], row.looked_at, row.held, 'output')}."
        if row.nearest and row.word is VerdictWord.INCONSISTENT:
            yield f"{name}: {row.nearest} explains {row.better:,} of {row.read:,} outputs better than the weights do."
        if row.left_out and not row.untestable:
            left_out = counted(row.left_out, "output")
            again = " or, of drawn ones, to a prompt that came before" if row.temperature else ""
            yield f"{name}: {left_out} left out: not answered, behind reasoning, too short or too long{again}."
    yield (
        f"The log names the model {one_line(found.model, _NAME)}. A benchmark is inconsistent where a requantisation "
        "of the weights explains its outputs better than they do; or where on average fewer than "
        f"{found.bar * 100:g} % of an output's tokens are the weights' own, and another benchmark of the log that was "
        f"asked in the same way is consistent. That any is called so wrongly has a probability of at most "
        f"{found.alpha * 100:g} %, if the log shows prompts as they were put and states how outputs were decoded."
    )
    if found.foreign:
        yield (
            "That another model wrote them is not shown: worked examples, an instruction or a system prompt which the "
            "log does not show, in that benchmark alone, can leave the weights' own outputs as few of the tokens."
        )
    if any(row.temperature for row in found.rows):
        yield (
            "Drawn outputs are held against the requantisations alone: one explains an output better where it gains "
            f"{LEAST_GAIN:g} nats on the weights, each file at the temperature that suits it best. The surprise of a "
            "token is the probability of likelier ones, and half its own: the weights' own draws have 50 % on average, "
            "and less where unlikely tokens were cut off. It tests nothing: another model's draws may have as little, "
            "and the weights' own behind a hidden prompt have more."
        )
    yield (
        "Precision is part of the weights: outputs of a model in 16 bits are not those of its 2-bit file. That these "
        "outputs came from the weights does not show that the scores of the log did."
    )
    if rate := measured_elsewhere(RULE):
        yield rate
    if not found.reading.proof:
        yield "The order of reading was drawn, not fixed by a key: whoever ran this could have drawn again."


def more_outputs(needed: int | None, read: int, there: int, noun: str) -> str:
    """How many outputs or pairs would decide, where ``read`` do not and the log has ``there``."""
    if needed is None or needed > _MOST_NEEDED:
        return f"as these {noun}s are, no number of them that anybody has would decide"
    least = max(needed, read + 1)
    fewer = "" if least <= there else f"; there are {there:,}"
    return f"about {about(least)} {noun}s in all would decide, if they go on as these did{fewer}"


def print_result(found: PublishedOutputs, console: Console) -> None:
    """Print the sentence, a row for each benchmark, and the details; foreign text is one line."""
    print_rows(console, headline(found), _HEADINGS, [_cells(row) for row in found.rows], sentences(found))


def print_rows(
    console: Console,
    headline: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    sentences: Iterable[str],
) -> None:
    """Print a sentence, a row for each benchmark, the word last, and the details."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting

    console.print(Text(headline, style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(headings[0], overflow="fold")
    for heading in headings[1:-1]:
        table.add_column(heading, justify="right")
    table.add_column(headings[-1])
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(fitting(console, table))
    for sentence in sentences:
        console.print(Text(f"· {sentence}"))


def markdown(found: PublishedOutputs) -> str:
    """The whole result for a pull request or a wiki; foreign text is escaped."""
    lines = ["# Published outputs and weights", "", f"**{escape(headline(found), 600)}**", ""]
    lines += [f"| {' | '.join(_HEADINGS)} |", "|---|---:|---:|---:|---:|---|"]
    lines += [f"| {' | '.join(escape(cell, 80) for cell in _cells(row))} |" for row in found.rows]
    return "\n".join([*lines, "", *(f"- {escape(each, 900)}" for each in sentences(found)), ""])


def html(found: PublishedOutputs) -> str:
    """The page: no script, no request."""
    return page(
        command="published_outputs",
        title="Published outputs and weights",
        headline=headline(found),
        exit_code=found.exit,
        sentences=sentences(found),
        headings=_HEADINGS,
        rows=[(row.word, _cells(row)) for row in found.rows],
    )


def _cells(row: PublishedRow) -> tuple[str, ...]:
    return (
        one_line(row.task, _NAME),
        f"{row.read:,} of {row.texts:,}",
        "–" if row.share is None else f"{'surprise ' if row.temperature else ''}{row.share * 100:.1f} %",
        "–" if row.ci is None else f"{row.ci[0] * 100:.1f}–{row.ci[1] * 100:.1f} %",
        "–" if row.p is None else "< 0.0001" if row.p < 1e-4 else f"{row.p:.2g}",
        f"{SIGNS[row.word]} {row.word.words}",
    )


def _weights(found: PublishedOutputs) -> str:
    return f"the weights {one_line(found.reference.uri, _NAME)} (SHA-256 {found.reference.sha256[:12]}…)"


def listed_names(names: Sequence[str]) -> str:
    """Foreign names as a reader says them: ``a, b and c``."""
    shown = [one_line(name, _NAME) for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
