"""``steelyard run``: one task on one model, with error bars and the same evidence as an audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import RunArguments, asking_options, json_option, print_json

if TYPE_CHECKING:
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.planning.build import RunRequest
    from steelyard.planning.options import Options
    from steelyard.records import MeasurementResult, Verdict


@click.command()
@click.argument("task")
@asking_options
@click.option("--prompt", default="", help="The prompt format (of the task's file); default: the task's own.")
@click.option("--shots", type=click.IntRange(min=0), help="Worked examples to show; default: the task's own number.")
@click.option("--temperature", type=click.FloatRange(0, 2), metavar="T", help="Sampling temperature (default: greedy).")
@click.option(
    "--repeats",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Answers to each sample; with several, pass@k is printed for the usual k up to N.",
)
@json_option
def command(
    task: str,
    prompt: str,
    shots: int | None,
    temperature: float | None,
    repeats: int | None,
    as_json: bool,
    **asking: Any,
) -> int:
    """Measure TASK: the id of a built-in task, a file of questions (.jsonl, .csv, .parquet) or a task file (.yaml)."""
    import asyncio

    from steelyard.api.conduct import default_folder, run_request, signer_at
    from steelyard.cli.conduct import options_of, print_places

    args = RunArguments(**asking)
    wanted, options = run_request(task, prompt, shots, temperature, options_of(args, repeats=repeats))
    run = args.out or default_folder(wanted.task.replace(":", "-"))
    signer = signer_at(args.key)
    verdict = asyncio.run(_run(wanted, options, run, signer, args))
    if as_json:
        from steelyard.reports import machine

        print_json(machine.render(verdict))
        return verdict.exit
    for result in verdict.measurements:
        _print_result(result)
    for note in verdict.notes:
        if note.check == "missing":
            click.echo(note.message)
    print_places(run, signed=signer is not None)
    return verdict.exit


async def _run(
    wanted: RunRequest,
    options: Options,
    run: Path,
    signer: CryptoSigner | None,
    args: RunArguments,
) -> Verdict:
    from steelyard.api.conduct import order_prover
    from steelyard.auditing.conductor import plan_run
    from steelyard.cli.conduct import carry_out, planned

    audit = await planned(
        wanted.task,
        options,
        args,
        lambda models: plan_run([wanted], models, options, order_prover(signer)),
    )
    return await carry_out(audit, options, run, signer, args)


def _print_result(result: MeasurementResult) -> None:
    """Print one line for a measurement, and one for each pass@k."""
    from steelyard.reports.words import interval, pass_at_k, share
    from steelyard.util.text import one_line

    named = f"{one_line(result.task)} ({one_line(result.prompt)})"
    if not result.asked:
        click.echo(f"{named}: no sample was asked; {result.reason}")
        return
    answered = result.asked - result.missing - result.open
    line = (
        f"{named}: {share(result.measured, 'percent')}, "
        f"95 % interval {interval(result.ci, 'percent')} (Wilson), {result.right} of {answered} right"
    )
    if result.asked < result.of:
        line += f", of {result.of:,} {'answers' if result.pass_at_k else 'samples'}"
    for number, word in ((result.unparsed, "unparsed"), (result.open, "open"), (result.missing, "missing")):
        line += f", {number} {word}" if number else ""
    if result.standard_error is not None:
        error = f"{result.standard_error * 100:.1f} points"
        line += f"; standard error {error}, clustered by {result.clusters} subtasks"
    click.echo(line + (f"; {result.reason}" if result.asked < result.planned else ""))
    for each in result.pass_at_k:
        click.echo(pass_at_k(each))
