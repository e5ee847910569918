"""``steelyard serve doctor``: what the platform needs here, and how to fix what is missing."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode
from steelyard_server.cli.serve.options import data_option, run_as_option, tell


@click.command()
@data_option
@run_as_option
@click.option("--runs", is_flag=True, help="Read every file of every run, too, and compare it with what was received.")
@json_option
def command(data: Path, run_as: str, runs: bool, as_json: bool) -> int:
    """Check the extra, the isolation of verifications, the data folder, its disk, database, schema and audit log.

    The platform may be serving meanwhile; else its database is started for a moment. Exit code 3: something is missing.
    """
    from dataclasses import asdict

    from steelyard_server.doctor import examine

    found = []
    for each in examine(data, run_as, tell, runs=runs):
        found.append(each)
        if not as_json:
            click.echo(f"{'ok' if each.works else 'MISSING':<8} {each.what}: {each.text}")
            if each.fix:
                click.echo(f"{'':<8} {each.fix}")
    if as_json:
        print_json({"checks": [asdict(each) for each in found]})
    return int(ExitCode.CONSISTENT if all(each.works for each in found) else ExitCode.UNDECIDED)
