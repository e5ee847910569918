"""``steelyard serve retain``: what is over for long is deleted."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@data_option
@run_as_option
@click.option("--months", type=click.IntRange(1, 1200), default=6, show_default=True, help="How long they are kept.")
def command(data: Path, run_as: str, months: int) -> int:
    """Delete sessions and administrator links that were over before so many months, and what failed pushes left.

    Runs and audit lines are kept. An audit line says what was deleted.
    """
    from steelyard.server.database.connection import open_database
    from steelyard.server.database.folder import open_data_folder
    from steelyard.server.database.retention import retain

    folder = open_data_folder(data, create=False)
    with open_database(folder, run_as, tell, beside=True) as database:
        done = retain(database, folder, months)
    click.echo(f"deleted {done.sessions:,} sessions, {done.links:,} links, {done.orphans:,} folders of failed pushes")
    return 0
