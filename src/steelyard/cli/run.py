"""``steelyard run``: one task on one model, with error bars and the same evidence as an audit."""

from __future__ import annotations

from typing import Any

import click

from steelyard.api.arguments import REAL_RANGES
from steelyard.cli.batch_options import batch_options
from steelyard.cli.options import asking_options, dry_run_option, json_option, run_arguments, whole, with_subject
from steelyard.cli.output import print_dry_run, print_json, print_measurement, print_open, print_places


@click.command()
@click.argument("task")
@asking_options
@batch_options
@click.option("--prompt", default="", help="The prompt format (of the task's file); default: the task's own.")
@click.option("--shots", type=whole("shots"), help="Worked examples to show; default: the task's own number.")
@click.option(
    "--window",
    default="",
    metavar="DATES",
    help="The part of a benchmark that grows (2024-10-01:2025-02-01, release_v5), or a subset by its name.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(*REAL_RANGES["temperature"]),
    metavar="T",
    help="Sampling temperature (default: greedy).",
)
@click.option(
    "--repeats",
    type=whole("repeats"),
    metavar="N",
    help="Answers to each sample; with several, pass@k is printed for k of 1, 2, 5, 10 … up to N.",
)
@dry_run_option
@json_option
def command(
    task: str,
    prompt: str,
    shots: int | None,
    window: str,
    temperature: float | None,
    repeats: int | None,
    dry_run: bool,
    as_json: bool,
    **asking: Any,
) -> int:
    """Measure TASK: the id of a built-in task, a file of questions, or a task file (.yaml).

    Questions come from .jsonl, .json, .csv, .tsv, .xlsx or .parquet, with a column for the question and one for the
    answer; or TASK is the folder of a suite. With several --model all are asked the same, for steelyard compare.
    """
    import asyncio

    from steelyard.api.conduct import conduct, run_job, run_request, signer_at
    from steelyard.api.options import options_of
    from steelyard.records import is_candidate
    from steelyard.util.text import one_line

    args = with_subject(run_arguments(**asking, several=True))
    wanted, options = run_request(task, prompt, shots, temperature, options_of(args, repeats=repeats), window)
    job = run_job(wanted, options, [role for role in args.models if is_candidate(role)])
    if dry_run:
        return asyncio.run(print_dry_run(job, args, as_json=as_json))
    done = asyncio.run(conduct(job, args, signer_at(args.key)))
    verdict = done.verdict
    if as_json:
        from steelyard.reports import machine

        print_json(machine.render(verdict))
        return verdict.exit
    if verdict.names:
        click.echo(one_line(verdict.names, 400))
    for result in verdict.measurements:
        print_measurement(result)
    for note in verdict.notes:
        if note.check in ("missing", "cut_off"):
            click.echo(note.message)
    print_open(done.folder, verdict)
    print_places(done.folder, verdict, signed=done.is_signed)
    return verdict.exit
