"""``steelyard remote status``: what the platform's verification said of a run."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError
from steelyard_server.cli.remote.job import follow, job_of, show_job
from steelyard_server.cli.remote.options import at_option, sealed_scores_option, token_file_option


@click.command()
@click.argument("run")
@at_option
@token_file_option
@sealed_scores_option
@click.option("--wait", is_flag=True, help="Of a job: wait for its end.")
@json_option
def command(run: str, url: str, token_file: Path | None, sealed_scores_ok: bool, wait: bool, as_json: bool) -> int:
    """Show what the platform at URL computed of RUN: the folder of a sealed run, its seal, or job:NUMBER.

    The seal is the SHA-256 of the run's bundle.dsse.json. The token (scope read, push or run) comes from
    STEELYARD_TOKEN or --token-file, never from the command line, and goes to URL alone. Of a job it shows how far it
    is, and of one that made a run that run, with its own exit code as steelyard audit has it (3 while it goes on, 4
    where it ended without a run).
    Exit codes: 0 good, 1 inconsistent or red, 3 undecided, 4 answers are missing; 2 where the run is not there. A run
    is good only where all of it was verified there, its scores among it: see --sealed-scores-ok.
    """
    import asyncio

    import msgspec

    from steelyard_server.cli.remote.shown import print_run
    from steelyard_server.client.jobs import ask_job
    from steelyard_server.client.place import platform_address, read_token
    from steelyard_server.client.runs import ask_verdicts, seal_of, standing_of

    address, token = platform_address(url, "--at"), read_token(token_file)
    if (job := job_of(run)) is not None:
        if wait:
            return follow(job, address, token, as_json=as_json)
        return show_job(asyncio.run(ask_job(job, address, token)), address, token, as_json=as_json)
    if wait:
        raise InputError("--wait is for a job: give job:NUMBER")
    (found,) = asyncio.run(ask_verdicts([seal_of(run)], address, token))
    standing = standing_of(found, sealed_scores_ok=sealed_scores_ok)
    if as_json:
        print_json(msgspec.to_builtins(found) | {"standing": {"exit": int(standing.exit), "why": standing.why}})
    else:
        print_run(found)
        if standing.why:
            click.echo(f"undecided: {standing.why}")
    return int(standing.exit)
