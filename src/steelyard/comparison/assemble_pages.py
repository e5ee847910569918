"""A table held against several candidates, in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.comparison.assemble import Assembly, Cell
from steelyard.records import VerdictWord
from steelyard.reports.words import SIGNS
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["headline", "machine", "print_assembly", "sentences"]

_NAME = 60


def machine(found: Assembly) -> dict[str, Any]:
    """The document that ``steelyard assemble --json`` prints; docs/how-to/one-model.md lists its keys."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return {"exit": int(found.exit), "headline": headline(found), "sentences": list(sentences(found)), **document}


def headline(found: Assembly) -> str:
    """What was shown, in one sentence."""
    count, p = len(found.candidates), f"p {'<' if found.p < 1e-4 else '='} {max(found.p, 1e-4):.2g}"
    if found.assembled:
        return (
            f"Inconsistent: none of these {count} models gave the whole table ({p}); it is the table that one gets by "
            "taking each row from another of them."
        )
    if found.by_nobody:
        rows = _listed([found.rows[at].task for at in found.nobody])
        return (
            f"Inconsistent: none of these {count} models reaches {rows} ({p}); the other rows do not exclude that one "
            "of them gave those."
        )
    if found.word is VerdictWord.INCONSISTENT:
        return f"Inconsistent: none of these {count} models gave the whole table ({p})."
    if found.word is VerdictWord.CONSISTENT:
        return f"Consistent: {_names(found, found.whole)} reaches every row of the table."
    left = [at for at, each in enumerate(found.candidates) if each.p > found.alpha]
    return f"Insufficient power: that {_names(found, left)} gave the whole table is not excluded ({p})."


def sentences(found: Assembly) -> Iterator[str]:
    """What each candidate fails and reaches, and what nobody reaches."""
    for at, each in enumerate(found.candidates):
        failed = [row.task for row in found.rows if at in row.failed_by(found.alpha)]
        reached = [row.task for row in found.rows if at in row.reached_by]
        words = [f"reaches {_listed(reached)}" if reached else "reaches no row"]
        words.append(f"fails {_listed(failed)}" if failed else "fails no row")
        if untested := len(found.rows) - each.rows_tested:
            words.append(f"{untested} of {len(found.rows)} rows were not tested")
        yield f"{one_line(each.model, _NAME)} {', '.join(words)}; that it gave the whole table has p = {each.p:.2g}."
    for each in found.candidates:
        for sentence in each.order[:2]:
            yield f"{one_line(each.model, _NAME)}: {one_line(sentence, 240)}"
    if found.nobody:
        yield (
            f"Nobody reaches {_listed([found.rows[at].task for at in found.nobody])}: such rows (inflated, or known by "
            "heart) show nothing about which model gave them."
        )
    yield (
        "What was shown is about these models as they were served, under these configurations. Another model, or "
        "another configuration of one of them, may reach what none of them does; and who put a table together is not "
        "shown."
    )


def print_assembly(found: Assembly, console: Console) -> None:
    """Print the sentence, the table with a column for each candidate, and the details; foreign text is one line."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting

    console.print(Text(headline(found), style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("row", overflow="fold")
    table.add_column("claimed", justify="right", no_wrap=True)
    for each in found.candidates:
        table.add_column(Text(one_line(each.model, 24)), justify="right", overflow="fold")
    for row in found.rows:
        cells = [Text(_cell(cell, row.unit, found.alpha)) for cell in row.cells]
        table.add_row(Text(one_line(row.task, _NAME)), Text(one_line(row.claimed, 12)), *cells)
    console.print(fitting(console, table))
    for sentence in sentences(found):
        console.print(Text(f"· {sentence}"))


def _cell(cell: Cell, unit: str, alpha: float) -> str:
    """``✓ 76.9``, ``✗ 61.0``, ``? 50.1`` or ``–``: what Holm over the candidate's rows leaves of a row."""
    if cell.measured is None:
        return "–"
    failed = cell.p is not None and cell.p <= alpha
    word = VerdictWord.INCONSISTENT if failed else cell.verdict
    value = cell.measured * 100 if unit == "percent" else cell.measured
    return f"{SIGNS[word]} {value:.1f}" if unit == "percent" else f"{SIGNS[word]} {value:.3f}"


def _names(found: Assembly, numbers: tuple[int, ...] | list[int]) -> str:
    return _listed([found.candidates[at].model for at in numbers])


def _listed(names: list[str]) -> str:
    shown = [one_line(name, _NAME) for name in dict.fromkeys(names)]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"
