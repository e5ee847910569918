"""``steelyard remote gate``: one exit code of what the platform's verification said of runs."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard_server.cli.remote.options import at_option, sealed_scores_option, token_file_option

_WORDS = {0: "good", 1: "bad", 3: "undecided", 4: "answers missing"}


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@at_option
@token_file_option
@sealed_scores_option
@json_option
def command(runs: tuple[str, ...], url: str, token_file: Path | None, sealed_scores_ok: bool, as_json: bool) -> int:
    """Pass or fail by what the platform at URL computed of each RUN: the folder of a sealed run, or its seal.

    A run is good where its verdict is, all of it was verified there, and there was a claim or a gate to hold. Scores
    that the platform took as sealed could say anything: a run with such scores is undecided, unless --sealed-scores-ok.
    The token (scope read or push) comes from STEELYARD_TOKEN or --token-file, and goes to URL alone.
    Exit codes: 0 all are good, 1 one is inconsistent or red, 3 one is undecided, 4 answers are missing; 2 where a run
    is not there.
    """
    import asyncio

    from steelyard.util.text import one_line
    from steelyard_server.client.place import platform_address, read_token
    from steelyard_server.client.runs import ask_verdicts, combined, seal_of, standing_of, tries_of

    address, token = platform_address(url, "--at"), read_token(token_file)
    found = asyncio.run(ask_verdicts([seal_of(each) for each in runs], address, token))
    standings = [standing_of(each, sealed_scores_ok=sealed_scores_ok) for each in found]
    code = combined(each.exit for each in standings)
    if as_json:
        rows = [
            {"seal": run.seal, "url": one_line(run.url, 300), "headline": one_line(run.headline, 1000),
             "exit": int(each.exit), "why": each.why, "scores_taken": run.scores_taken,
             "other_tries": len(run.other_tries)}
            for run, each in zip(found, standings, strict=True)
        ]  # fmt: skip
        print_json({"exit": int(code), "runs": rows})
        return int(code)
    for run, each in zip(found, standings, strict=True):
        why = f": {each.why}" if each.why else ""
        click.echo(f"{_WORDS[int(each.exit)]:<15} {run.seal[:16]}…  {one_line(run.headline, 300)}{why}")
        if tries := tries_of(run):
            click.echo(f"{'':<15} {tries}")
    return int(code)
