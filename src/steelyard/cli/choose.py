"""``steelyard choose``: the cheapest of several models that reaches a target, at a stated level."""

from __future__ import annotations

from typing import Any

import click

from steelyard.api.arguments import REAL_RANGES
from steelyard.cli.options import asking_options, dry_run_option, json_option, run_arguments, whole, with_subject
from steelyard.cli.output import print_dry_run, print_verdict


@click.command()
@click.argument("task")
@asking_options
@click.option(
    "--target", required=True, metavar="SHARE", help="The share of right answers that is good enough: 0.9 or 90%."
)
@click.option(
    "--by",
    type=click.Choice(["cost", "latency", "order"]),
    help="Who is asked first: the cheapest by --prices, or the first --model. Latency is known to you alone: put the "
    "fastest --model first, with order.  [default: cost with --prices, else order]",
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
    target: str,
    by: str | None,
    prompt: str,
    shots: int | None,
    temperature: float | None,
    dry_run: bool,
    as_json: bool,
    **asking: Any,
) -> int:
    """Find the cheapest --model that is shown to reach --target on TASK.

    TASK is a suite's folder, a file of questions or a built-in task. Give --model twice or more. All are asked the
    same samples in one order, one model after another from the cheapest on, each until it is decided; so a bad one
    costs few calls, and nobody dearer than the chosen one is asked.

    The choice is wrong with a probability of at most 5 %. Exit codes: 0 a model is chosen, 1 all are below the target,
    3 none is sure enough, 4 answers are missing.
    """
    import asyncio

    from steelyard.api.choosing import choose_job
    from steelyard.api.conduct import conduct, signer_at

    args = with_subject(run_arguments(**asking, several=True))
    job = choose_job(task, args, target, by, prompt, shots, temperature)
    if dry_run:
        return asyncio.run(print_dry_run(job, args, as_json=as_json))
    done = asyncio.run(conduct(job, args, signer_at(args.key)))
    print_verdict(done.verdict, done.plan, done.folder, as_json=as_json, signed=done.is_signed)
    return done.verdict.exit
