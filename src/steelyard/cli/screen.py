"""``steelyard screen``: check a claim sheet by arithmetic alone, without running any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from steelyard.records import Claim, ClaimSheet, ClaimVerdict, Verdict

__all__ = ["command"]

ROWS_SHOWN = 40
REMARKS_SHOWN = 20


@click.command("screen")
@click.argument("sheet", type=click.Path())
@json_option
def command(sheet: str, as_json: bool) -> int:
    """Screen a claim sheet by arithmetic alone: no model, no network.

    Exits 1 where the numbers are impossible under every honest explanation, 0 otherwise; notes are no proof. To test
    the claims against a model, use steelyard audit.
    """
    from steelyard.auditing.desk import screen_sheet
    from steelyard.claims.sheet import read_sheet

    claims = read_sheet(sheet)
    verdict = screen_sheet(claims)
    if as_json:
        from steelyard.reports.machine import render

        print_json(render(verdict))
    else:
        from steelyard.util.console import out

        _print(claims, verdict, out())
    return verdict.exit


def _print(sheet: ClaimSheet, verdict: Verdict, console: Console) -> None:
    from rich.text import Text

    from steelyard.reports.words import remark
    from steelyard.util.text import one_line

    made_by = " · ".join(one_line(text, 200) for text in (sheet.vendor, sheet.date, sheet.source) if text)
    console.print(Text(one_line(sheet.model, 200), style="bold"))
    if made_by:
        console.print(Text(made_by, style="dim"))
    _print_table(sheet, verdict, console)
    for title, style, remarks in (("Finding", "bold red", verdict.findings), ("Note", "yellow", verdict.notes)):
        for each in remarks[:REMARKS_SHOWN]:
            # Findings and notes are printed in full: the limit only stops a sheet made to flood the terminal.
            console.print()
            console.print(Text.assemble((f"{title} ({each.check}) ", style), remark(each, 2000)))
        if len(remarks) > REMARKS_SHOWN:
            console.print(Text(f"… and {len(remarks) - REMARKS_SHOWN:,} more; --json prints all", style="dim"))
    console.print()
    console.print(_last_line(sheet, verdict))


def _print_table(sheet: ClaimSheet, verdict: Verdict, console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for heading, right in (("claim", False), ("claimed", True), ("samples", True), ("passes", True)):
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for heading in ("shots", "metric", "detail"):
        table.add_column(heading, justify="right" if heading == "shots" else "left", overflow="fold")
    accused = {record for finding in verdict.findings for record in finding.records}
    shown = sheet.claims[:ROWS_SHOWN]
    for index, claim in enumerate(shown):
        cells = [*_numbers(claim, verdict.claims[index]), *_settings(claim)]
        table.add_row(*map(Text, cells), style="red" if f"claims[{index}]" in accused else None)
    console.print(fitting(console, table))
    if any(_known_size(claim) for claim in shown):
        console.print(Text("(in brackets: the benchmark's size, which the sheet does not state)", style="dim"))
    if len(sheet.claims) > ROWS_SHOWN:
        console.print(Text(f"… and {len(sheet.claims) - ROWS_SHOWN:,} more rows", style="dim"))


def _numbers(claim: Claim, verdict: ClaimVerdict) -> tuple[str, str, str, str]:
    from steelyard.reports.words import claim_words

    words, size = claim_words(verdict), _known_size(claim)
    samples = f"{claim.samples:,}" if claim.samples else f"({size:,})" if size else "–"
    return words.task, words.claimed, samples, str(claim.repeats or "–")


def _known_size(claim: Claim) -> int | None:
    """The benchmark's size where the sheet does not state how many samples were scored."""
    from steelyard.claims.benchmarks import lookup

    fact = lookup(claim.task)
    return fact.whole_size if fact and claim.samples is None else None


def _settings(claim: Claim) -> tuple[str, str, str]:
    from steelyard.util.text import one_line

    detail = "; ".join(filter(None, (claim.variant, claim.protocol.prompt, claim.protocol.subset)))
    return ("–" if claim.shots is None else str(claim.shots), one_line(claim.metric, 40), one_line(detail, 60))


def _last_line(sheet: ClaimSheet, verdict: Verdict) -> Text:
    from rich.text import Text

    from steelyard.reports.words import counted
    from steelyard.util.text import one_line

    notes = counted(len(verdict.notes), "note")
    if verdict.findings:
        found = counted(len(verdict.findings), "finding")
        return Text(f"Inconsistent: {found} without any honest explanation; {notes}.", style="bold red")
    next_step = f"steelyard audit {one_line(sheet.path, 200)} --model URI"
    return Text.assemble(
        ("Nothing on the sheet is impossible", "bold"),
        f"; {notes}. No model was asked. To test the claims on one: {next_step}",
    )
