"""``steelyard gate``: does a model reach a score on a suite? Exit code 0 green, 1 red, 3 undecided, for CI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from steelyard.api.arguments import REAL_RANGES
from steelyard.cli.options import asking_options, dry_run_option, json_option, run_arguments, whole, with_subject
from steelyard.cli.output import print_dry_run, print_json, print_open, print_places

if TYPE_CHECKING:
    from steelyard.records import Verdict

__all__ = ["command"]


@click.command()
@click.argument("task")
@asking_options
@click.option(
    "--at-least", required=True, metavar="SHARE", help="The least share of right answers that is green: 0.85 or 85%."
)
@click.option(
    "--family",
    type=click.IntRange(1, 100_000),
    default=1,
    help="How many gates have one level together, in this run and in others: red is decided at 5 %/N.  [default: 1]",
)
@click.option("--prompt", default="", help="The prompt format (of the task's file); default: the task's own.")
@click.option("--shots", type=whole("shots"), help="Worked examples to show; default: the task's own number.")
@click.option(
    "--temperature", type=click.FloatRange(*REAL_RANGES["temperature"]), metavar="T", help="Sampling temperature."
)
@dry_run_option
@json_option
def command(
    task: str,
    at_least: str,
    family: int,
    prompt: str,
    shots: int | None,
    temperature: float | None,
    dry_run: bool,
    as_json: bool,
    **asking: Any,
) -> int:
    """Ask TASK until it is shown that the score is at least a bar, or below it.

    TASK is a suite's folder, a file of questions or a built-in task. Either error has a chance of at most 5 %.
    Exit codes: 0 green, 1 red, 3 undecided, 4 answers are missing. Undecided is never green.
    """
    import asyncio

    from steelyard.api.conduct import conduct, signer_at
    from steelyard.api.gates import gate_job, share_text
    from steelyard.api.options import options_of

    args = with_subject(run_arguments(**asking))
    bar = {"at_least": share_text(at_least)} | ({} if family == 1 else {"family": family})
    job = gate_job(task, options_of(args), bar, prompt, shots, temperature)
    if dry_run:
        return asyncio.run(print_dry_run(job, args, as_json=as_json))
    done = asyncio.run(conduct(job, args, signer_at(args.key)))
    if as_json:
        from steelyard.reports import machine

        print_json(machine.render(done.verdict))
        return done.verdict.exit
    print_gates(done.verdict)
    print_open(done.folder, done.verdict)
    print_places(done.folder, done.verdict, signed=done.is_signed)
    return done.verdict.exit


def print_gates(verdict: Verdict) -> None:
    """Print one line for each gate: its colour, the bar, and what was seen."""
    from steelyard.reports.gates import gate_words, gates_of

    for result in gates_of(verdict):
        row = gate_words(result, verdict)
        click.echo(f"{row.sentence}; took {row.cost}")
