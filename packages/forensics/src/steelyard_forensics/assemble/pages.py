"""A table held against several candidates: in the terminal, as one HTML file, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.records import VerdictWord
from steelyard.reports.jinja import template
from steelyard.reports.markdown import escape
from steelyard.reports.measured_rates import measured_elsewhere
from steelyard.reports.words import SIGNS, interval
from steelyard.util.text import one_line
from steelyard_forensics.assemble.assemble import Assembly, Cell, TableRow
from steelyard_forensics.assemble.settings import SettingDifference

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["RULE", "difference_sentences", "headline", "html", "machine", "markdown", "print_assembly", "sentences"]

RULE: Final = "single_model@1"
_NAME = 60
_VALUE = 120  # of a setting
_EXIT = {0: "one of the models reaches every row", 1: "none of them gave the whole table", 3: "not decided"}


def machine(found: Assembly) -> dict[str, Any]:
    """The document that ``steelyard assemble --json`` prints; docs/how-to/one-model.md lists its keys."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    said = [*sentences(found), *difference_sentences(found)]
    return {"exit": int(found.exit), "headline": headline(found), "sentences": said, **document}


def headline(found: Assembly) -> str:
    """What was shown, in one sentence."""
    count, p = len(found.candidates), f"p {_p_words(found.p)}"
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
        for sentence in each.order:
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
    if rate := measured_elsewhere(RULE):
        yield rate


def difference_sentences(found: Assembly) -> Iterator[str]:
    """The settings in which the audits differ, after a sentence on what that means; nothing where they do not."""
    if not found.differences:
        return
    yield (
        "These audits were not asked alike. Each of them is valid; that one model fails a row which another one "
        "reaches may be a matter of these settings."
    )
    for each in found.differences:
        about = f"{_listed(list(each.rows))}: " if each.rows else ""
        values = ", ".join(
            f"{one_line(value, _VALUE)} for {one_line(candidate.model, _NAME)}"
            for candidate, value in zip(found.candidates, each.values, strict=True)
        )
        yield f"{about}{each.setting}: {values}"


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
    for sentence in (*sentences(found), *difference_sentences(found)):
        console.print(Text(f"· {sentence}"))


def _cell(cell: Cell, unit: str, alpha: float) -> str:
    """``✓ 76.9``, ``✗ 61.0``, ``? 50.1`` or ``–``: what Holm over the candidate's rows leaves of a row."""
    if cell.measured is None:
        return "–"
    value = cell.measured * 100 if unit == "percent" else cell.measured
    sign = SIGNS[_word(cell, alpha)]
    return f"{sign} {value:.1f}" if unit == "percent" else f"{sign} {value:.3f}"


def _word(cell: Cell, alpha: float) -> VerdictWord:
    """The verdict on a row after Holm over the rows of its candidate."""
    failed = cell.p is not None and cell.p <= alpha
    return VerdictWord.INCONSISTENT if failed else cell.verdict


def _names(found: Assembly, numbers: tuple[int, ...] | list[int]) -> str:
    return _listed([found.candidates[at].model for at in numbers])


def _listed(names: list[str]) -> str:
    shown = [one_line(name, _NAME) for name in dict.fromkeys(names)]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


# ── Markdown and the page ───────────────────────────────────────────────────────────────────────────────────────────


def markdown(found: Assembly) -> str:
    """The whole result for a pull request or a wiki; foreign text is escaped."""
    lines = ["# One table, several models", "", f"**{escape(headline(found), 600)}**", ""]
    lines.append(f"| row | claimed | {' | '.join(escape(each.model, _NAME) for each in found.candidates)} |")
    lines.append(f"|---|---:|{'---:|' * len(found.candidates)}")
    for row in found.rows:
        cells = (escape(_cell(cell, row.unit, found.alpha)) for cell in row.cells)
        lines.append(f"| {escape(_row_name(row), _NAME)} | {escape(row.claimed, 20)} | {' | '.join(cells)} |")
    lines += ["", *(f"- {escape(each, 600)}" for each in sentences(found))]
    if found.differences:
        lines += [
            "",
            "## Settings that differ",
            "",
            *(f"- {escape(each, 600)}" for each in difference_sentences(found)),
        ]
    return "\n".join([*lines, ""])


def html(found: Assembly) -> str:
    """The page: no script, no request. Every foreign text passes the filter ``shown``."""
    said = list(difference_sentences(found))
    return template("assemble.html.j2", "steelyard.comparison").render(
        found=found,
        headline=headline(found),
        candidates=[
            {"of": each, "letter": _letter(at), "p": _p_words(each.p).removeprefix("= ")}
            for at, each in enumerate(found.candidates)
        ],
        sentences=list(sentences(found)),
        rows=[
            {
                "row": row,
                "name": _row_name(row),
                "nobody": at in found.nobody,
                "cells": [_shown_cell(cell, row.unit, found.alpha) for cell in row.cells],
            }
            for at, row in enumerate(found.rows)
        ],
        differences=[
            {"about": _about(each), "setting": each.setting, "values": each.values} for each in found.differences
        ],
        difference_lead=said[0] if said else "",
        level=f"{100 * found.alpha:g} %",
        exit=int(found.exit),
        exit_meaning=_EXIT[int(found.exit)],
    )


def _shown_cell(cell: Cell, unit: str, alpha: float) -> dict[str, Any]:
    """A cell of the page: its sign and value, its colour, and what stands below it: the interval, and p."""
    word = _word(cell, alpha)
    ends = interval(cell.ci, unit) if cell.measured is not None and unit in ("percent", "fraction") else ""
    p = "" if cell.p is None else f"p {_p_words(cell.p)}"
    return {
        "text": _cell(cell, unit, alpha),
        "css": word.value.replace("_", "-"),
        "details": [each for each in (ends, p) if each],
    }


def _p_words(p: float) -> str:
    return f"{'<' if p < 1e-4 else '='} {max(p, 1e-4):.2g}"


def _letter(at: int) -> str:
    """The short name of a candidate on the page: A, B …, and its number beyond Z."""
    return chr(ord("A") + at) if at < 26 else f"{at + 1}"


def _row_name(row: TableRow) -> str:
    return f"{row.task} ({row.variant})" if row.variant else row.task


def _about(difference: SettingDifference) -> str:
    return _listed(list(difference.rows)) if difference.rows else "all rows"
