"""What several commands print: a verdict, a measurement, where the evidence is, JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.conduct import Job
    from steelyard.records import MeasurementResult, Plan, Verdict

__all__ = [
    "field_lines",
    "print_dry_run",
    "print_json",
    "print_measurement",
    "print_open",
    "print_places",
    "print_verdict",
]


def field_lines(name: str, text: str, width: int, limit: int = 2000) -> list[str]:
    """A name, and an untrusted text beside it that is wrapped to the width and cut at ``limit`` characters."""
    import textwrap

    from steelyard.util.text import printable

    wrapped = [
        part
        for line in printable(text.strip("\n") or "(empty)", limit).split("\n")
        for part in textwrap.wrap(line, max(8, width - 14), drop_whitespace=False, replace_whitespace=False) or [""]
    ]
    return [f"  {name if not number else '':<10}  {part}".rstrip() for number, part in enumerate(wrapped)]


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, without infinities, safe for any terminal."""
    import json

    click.echo(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=True))


async def print_dry_run(job: Job, args: RunArguments, *, as_json: bool, expected: float | None = None) -> int:
    """Print what a job would take, without sending any sample; the exit code is 3 where nothing can be asked."""
    from steelyard.api.conduct import planned
    from steelyard.errors import ExitCode
    from steelyard.planning.dry_run import forecast
    from steelyard.reports import forecast as page
    from steelyard.util.console import out

    async with planned(job, args) as audit:
        found = forecast(audit.plan, audit.prepared, expected)
    if as_json:
        print_json(page.render(found))
    else:
        page.print_forecast(found, out())
    return int(ExitCode.CONSISTENT if found.rows else ExitCode.UNDECIDED)


def print_verdict(verdict: Verdict, plan: Plan, run: Path, *, as_json: bool, signed: bool) -> None:
    """Print a verdict and the path of its report."""
    if as_json:
        from steelyard.reports import machine

        print_json(machine.render(verdict))
        return
    from steelyard.reports import terminal
    from steelyard.util.console import out

    terminal.print_verdict(verdict, out(), plan)
    print_open(run, verdict)
    print_places(run, verdict, signed=signed)


def print_places(run: Path, verdict: Verdict | None = None, *, signed: bool) -> None:
    """Print the path of the report and the commands that show and verify the run, unwrapped, to be copied.

    Where answers are open or missing, the command that lists them too.
    """
    import shlex

    from steelyard.evidence import layout
    from steelyard.util.console import err

    named = shlex.quote(str(run))
    click.echo(f"report  {run / layout.REPORT_PAGE}\nlook    steelyard show {named}")
    for word in ("open", "missing"):
        if verdict and any(getattr(each, word) for each in _scored(verdict)):
            click.echo(f"{word:<7} steelyard show {named} --{word}")
    click.echo(f"verify  steelyard verify {named}")
    if not signed:
        err().print("unsigned: anyone can verify this run, but not who made it (steelyard key new creates a key)")


def print_open(run: Path, verdict: Verdict) -> None:
    """Print why answers are open, and the rule that would read them; nothing where none is."""
    import shlex

    from steelyard.auditing.open_answers import open_answers
    from steelyard.storage.run_folder import RunFolder

    if not any(each.open for each in _scored(verdict)):
        return
    found = open_answers(RunFolder.open(run))
    if not found.number:
        return
    click.echo(found.in_words())
    if found.waiting:
        click.echo(f"judge   steelyard judge {shlex.quote(str(run))} --model judge=URI")
    if found.held:
        click.echo(f"lenient --scorer contains reads {found.held:,} of them as right: they hold the expected text")


def _scored(verdict: Verdict) -> list[MeasurementResult]:
    """The measurements in which something is right or wrong: not what was drawn to be held against a reference."""
    from steelyard.planning.drawn import PROMPTS

    return [each for each in verdict.measurements if each.drawn != PROMPTS]


def print_measurement(result: MeasurementResult) -> None:
    """Print one line for a measurement, and one for each pass@k."""
    from steelyard.records import SUBJECT
    from steelyard.reports.measured import interval_rule, mean_score, pass_at_k
    from steelyard.reports.words import interval, measured
    from steelyard.util.text import one_line

    named = f"{one_line(result.task)} ({one_line(result.prompt)})"
    named += "" if result.role == SUBJECT else f" by {one_line(result.model, 60)}, {one_line(result.role)}"
    if not result.asked:
        click.echo(f"{named}: no sample was asked; {result.reason}")
        return
    # Where a range is given, every answer counts in it, the open ones too.
    counted = result.asked if result.measured is None else result.asked - result.missing - result.open
    line = (
        f"{named}: {f'{mean_score(result)}; fully right ' if result.mean else ''}{measured(result, 'percent')}, "
        f"95 % interval {interval(result.ci, 'percent')} ({interval_rule(result)}), {result.right} of {counted} right"
    )
    if result.asked < result.of:
        line += f", of {result.of:,} {'samples' if result.repeats == 1 else f'calls, {result.repeats} a question'}"
    for number, word in ((result.unparsed, "unparsed"), (result.open, "open"), (result.missing, "missing")):
        line += f", {number} {word}" if number else ""
    if result.standard_error is not None:
        error = f"{result.standard_error * 100:.1f} points"
        line += f"; standard error {error}, clustered by {result.clusters} subtasks"
    click.echo(line + (f"; {result.reason}" if result.asked < result.planned else ""))
    for each in result.pass_at_k:
        click.echo(pass_at_k(each))
