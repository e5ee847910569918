"""Sentences, tables and charts of a world: in the terminal, as one HTML file and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.reports.jinja import template
from steelyard_forensics.gauntlet.rates import Rate, WorldRates

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Shown", "Table", "html", "markdown", "percent", "plain", "print_shown", "share"]

Table = tuple[str, list[str], list[list[str]], str]
"""Title, headings, rows, and what stands below it."""


@dataclass(frozen=True)
class Shown:
    """What a world found, in the order in which it is read; ``about`` says where its answers go."""

    sentences: Sequence[str]
    tables: Sequence[Table]
    charts: Sequence[dict[str, Any]] = ()
    about: str = (
        "Every vendor is simulated: its answers go to the detectors that an audit uses, in the order that an audit "
        "asks them, until no test needs more."
    )


def plain(rate: Rate) -> str:
    """A rate without its interval."""
    return _short(rate.share)


def share(rate: Rate) -> str:
    """A rate with its interval."""
    return f"{_short(rate.share)} [{_short(rate.low)}, {_short(rate.high)}]"


def percent(rate: Rate) -> str:
    """A rate with its interval, in percent."""
    return f"{100 * rate.share:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def markdown(shown: Shown, where: str) -> str:
    """All tables for a page of the docs; ``where`` says by what, when and on which machine."""
    parts = [where, *(f"{sentence}." for sentence in shown.sentences)]
    for title, headings, rows, note in shown.tables:
        lines = [f"**{title}**", "", f"| {' | '.join(headings)} |", f"|:--|{'--:|' * (len(headings) - 1)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        parts += ["\n".join(lines), note]
    return "\n\n".join(parts) + "\n"


def print_shown(shown: Shown, console: Console) -> None:
    """Print the sentences and the tables, 100 columns at most."""
    from rich import box
    from rich.table import Table as Columns
    from rich.text import Text

    from steelyard.util.console import fitting

    for number, sentence in enumerate(shown.sentences):
        console.print(Text(f"{sentence}.", style="" if number else "bold"))
    for title, headings, rows, _ in shown.tables:
        columns = Columns(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
        for number, heading in enumerate(headings):
            columns.add_column(heading, justify="right" if number else "left", overflow="fold")
        for row in rows:
            columns.add_row(*row)
        console.print()
        console.print(Text(title, style="bold"))
        console.print(fitting(console, columns))


def html(head: WorldRates, shown: Shown, made: str) -> str:
    """The page: no script, no request; ``made`` says when, by which version and on which machine."""
    return template("gauntlet.html.j2", "steelyard_forensics.gauntlet").render(
        rates=head,
        made=made,
        sentences=shown.sentences,
        tables=[
            {"title": title, "headings": headings, "rows": rows, "note": note.replace("*", "")}
            for title, headings, rows, note in shown.tables
        ],
        charts=shown.charts,
        about=shown.about,
    )
