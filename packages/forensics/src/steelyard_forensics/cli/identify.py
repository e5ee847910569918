"""``steelyard identify``: is what an endpoint serves the file that is here? Exit code 0, 1 or 3."""

from __future__ import annotations

from typing import Any

import click

from steelyard.cli.options import dry_run_option, json_option, prompting_options, run_arguments, with_subject
from steelyard.cli.output import print_dry_run, print_verdict


@click.command()
@prompting_options
@click.option(
    "--by",
    type=click.Choice(["auto", "texts", "next_token"]),
    default="auto",
    show_default=True,
    help="What is held against the weights: texts that the endpoint draws, its log-probabilities of next tokens, or "
    "(auto) texts, and next tokens too where it sends 20 of them.",
)
@click.option("--texts", type=click.IntRange(1, 200), metavar="N", help="At most N texts.  [default: 200]")
@click.option(
    "--prompts", type=click.IntRange(1, 100), metavar="N", help="At most N prompts for next tokens.  [default: 100]"
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.05, min_open=True),
    metavar="LEVEL",
    help="The error level of the whole check, over all checks with your key together.  [default: 0.05]",
)
@dry_run_option
@json_option
def command(
    by: str,
    texts: int | None,
    prompts: int | None,
    alpha: float | None,
    dry_run: bool,
    as_json: bool,
    **asking: Any,
) -> int:
    """Hold what an endpoint serves against the weights that you have.

    Give the endpoint as --model openai:NAME@URL and the file that it should serve as --model reference=gguf:PATH. It is
    asked beginnings of everyday texts, as plain completions; no benchmark and no claim is needed, and nothing of the
    file leaves this machine. Where any of several files may be served, such as two precisions, give reference=gguf:PATH
    for each of them: what one of them explains accuses nobody.

    Exit codes: 0 consistent with the file to within what the report states, 1 not what this file gives, 3 undecided or
    not testable, 4 answers are missing.
    """
    import asyncio

    from steelyard.api.conduct import conduct, signer_at
    from steelyard_forensics.api.identify import identify_job

    args = with_subject(run_arguments(**asking))
    job = identify_job(args, by=by, texts=texts, prompts=prompts, alpha=alpha)
    if dry_run:
        return asyncio.run(print_dry_run(job, args, as_json=as_json))
    done = asyncio.run(conduct(job, args, signer_at(args.key)))
    print_verdict(done.verdict, done.plan, done.folder, as_json=as_json, signed=done.is_signed)
    return done.verdict.exit


for _option in command.params:
    if isinstance(_option, click.Option) and _option.name == "uri":
        _option.help = "The endpoint, as openai:NAME@URL, and the file that it should serve, as reference=gguf:PATH."
