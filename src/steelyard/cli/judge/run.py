"""``steelyard judge RUN``: a judge scores a finished run, one criterion at a time, to a seal of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from steelyard.cli.options import dry_run_option, json_option, run_arguments, sending_options
from steelyard.cli.output import print_dry_run, print_json, print_places
from steelyard.errors import InputError


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN [OTHER]")
@sending_options
@click.option(
    "--rubric",
    type=click.Path(path_type=Path),
    help="The rubric (YAML: criteria); default: the one that the suite names.",
)
@click.option(
    "--suite",
    type=click.Path(path_type=Path),
    help="The suite that was asked, if it is not where it was: it says who may see the answers.",
)
@click.option("--task", default="", help="The task whose answers are judged, where the run has several.")
@click.option(
    "--pairwise", is_flag=True, help="Compare RUN with OTHER, question by question, each answer in both seats."
)
@click.option(
    "--checks",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    metavar="N",
    help="Answers that are judged twice more: again, and with the verdict's words the other way round.",
)
@click.option(
    "--attacks",
    type=click.IntRange(0, 1000),
    default=50,
    show_default=True,
    metavar="N",
    help="Prompts with texts that answer nothing, to see what deceives the judge; 0: none.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where the questions to the judge are written, two suites (default: RUN-judging).",
)
@dry_run_option
@json_option
def command(
    runs: tuple[Path, ...],
    rubric: Path | None,
    suite: Path | None,
    task: str,
    pairwise: bool,
    checks: int,
    attacks: int,
    folder: Path | None,
    dry_run: bool,
    as_json: bool,
    **asking: Any,
) -> int:
    """Have the model in the role judge score the finished RUN: --model judge=URI.

    It is asked about each answer and each criterion of the rubric, and a little more that shows whether it can be
    trusted. The suite's endpoints may see it, and no other.
    """
    import asyncio

    from steelyard.api.conduct import signer_at
    from steelyard.api.judging import JudgeRequest, judge, judging_job

    if len(runs) != 1 + pairwise:
        raise InputError("--pairwise compares two runs: give RUN and OTHER" if pairwise else "give one RUN to judge")
    wanted = JudgeRequest(
        run=runs[0],
        other=runs[1] if pairwise else None,
        rubric=rubric,
        suite=suite,
        task=task,
        checks=checks,
        attacks=attacks,
        folder=folder,
    )
    args = run_arguments(**asking)
    if dry_run:
        made = judging_job(wanted, args)
        try:
            return asyncio.run(print_dry_run(made.job, made.args, as_json=as_json))
        finally:
            made.remove()
    done = asyncio.run(judge(wanted, args, signer_at(args.key)))
    if as_json:
        from steelyard.reports import machine

        print_json(machine.render(done.verdict))
        return done.verdict.exit
    print_judging(done.verdict.judging)
    for note in done.verdict.notes:
        if note.check in ("missing", "cut_off"):
            click.echo(note.message)
    print_places(done.folder, done.verdict, signed=done.is_signed)
    return done.verdict.exit


def print_judging(judging: Any) -> None:
    """Print what a judge found, one line for each thing."""
    from steelyard.reports.judging import UNCALIBRATED, judging_lines

    for name, text in judging_lines(judging):
        click.echo(f"{name}: {text}")
    if judging.pairs is None:
        click.echo(UNCALIBRATED)
