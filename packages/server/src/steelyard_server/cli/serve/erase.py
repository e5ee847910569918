"""``steelyard serve erase``: a person's name and password."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.errors import InputError
from steelyard_server.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@click.argument("name")
@data_option
@run_as_option
@click.option("--yes", is_flag=True, help="Needed: this cannot be undone.")
def command(name: str, data: Path, run_as: str, yes: bool) -> int:
    """Erase the person who signs in as NAME: name and password go, a number stays.

    Sessions, tokens and share links of the person end, and so do their jobs, whose folders and copies in the database
    are deleted. What was added for the team, such as endpoints and finished runs, stays. Backups from before hold the
    name: delete them when you may, or restore them with --erasures DATA/erasures.jsonl.
    """
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.upkeep.erasure import erase_person

    if not yes:
        raise InputError("an erasure cannot be undone: add --yes")
    folder = open_data_folder(data, create=False)
    with open_database(folder, run_as, tell, beside=True) as database:
        done = erase_person(database, folder, name)
    click.echo(f"erased: person {done.number}, noted in {folder.erasures}")
    if done.jobs:
        click.echo(f"deleted: what {done.jobs:,} ended jobs of theirs had left")
    if done.running:
        click.echo(
            f"{done.running:,} jobs of theirs still run and are being stopped: when they have ended, steelyard serve "
            "retain --yes deletes what they left"
        )
    return 0
