"""``steelyard remote status``: what the platform's verification said of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.cli.remote.options import at_option, sealed_scores_option, token_file_option

if TYPE_CHECKING:
    from steelyard.server.api.records import RunVerdict

_CLAIMS = 100


@click.command()
@click.argument("run")
@at_option
@token_file_option
@sealed_scores_option
@json_option
def command(run: str, url: str, token_file: Path | None, sealed_scores_ok: bool, as_json: bool) -> int:
    """Show what the platform at URL computed of RUN: the folder of a sealed run, or its seal.

    The seal is the SHA-256 of the run's bundle.dsse.json. The token (scope read or push) comes from STEELYARD_TOKEN or
    --token-file, never from the command line, and goes to URL alone.
    Exit codes: 0 good, 1 inconsistent or red, 3 undecided, 4 answers are missing; 2 where the run is not there. A run
    is good only where all of it was verified there, its scores among it: see --sealed-scores-ok.
    """
    import asyncio

    import msgspec

    from steelyard.server.client.place import platform_address, read_token
    from steelyard.server.client.runs import ask_verdicts, seal_of, standing_of

    address, token = platform_address(url, "--at"), read_token(token_file)
    (found,) = asyncio.run(ask_verdicts([seal_of(run)], address, token))
    standing = standing_of(found, sealed_scores_ok=sealed_scores_ok)
    if as_json:
        print_json(msgspec.to_builtins(found) | {"standing": {"exit": int(standing.exit), "why": standing.why}})
    else:
        _print(found)
        if standing.why:
            click.echo(f"undecided: {standing.why}")
    return int(standing.exit)


def _print(run: RunVerdict) -> None:
    """The run in words; all of them are somebody else's."""
    from steelyard.server.client.runs import tries_of
    from steelyard.util.text import one_line

    click.echo(one_line(run.headline, 1000))
    for each in run.claims[:_CLAIMS]:
        claimed = f", claimed {one_line(each.claimed, 60)}" if each.claimed else ""
        click.echo(
            f"  {one_line(each.task, 80)}: {one_line(each.words, 60)}{claimed}, measured {one_line(each.measured, 60)} "
            f"({one_line(each.interval, 60)}), {one_line(each.asked, 60)}"
        )
        if each.detail:
            click.echo(f"    {one_line(each.detail, 600)}")
    if left := len(run.claims) - _CLAIMS + run.claims_left_out if len(run.claims) > _CLAIMS else run.claims_left_out:
        click.echo(f"  and {left:,} more: see its page")
    for finding in run.findings[:_CLAIMS]:
        click.echo(f"  {one_line(finding, 600)}")
    if tries := tries_of(run):
        click.echo(tries)
    if run.scores_taken:
        click.echo(f"{run.scores_taken:,} scores are taken as sealed: that server did not compute them")
    for note in run.said[:50]:
        click.echo(f"  {one_line(note.name, 60)}: {one_line(note.text, 600)}")
    signed = f"signed by {one_line(run.signed_by, 80)}" if run.signed_by else "unsigned"
    click.echo(f"pushed  {run.pushed_at:%Y-%m-%d %H:%M} UTC, {signed}")
    click.echo(f"page    {one_line(run.url, 300)}")
