"""``steelyard serve migrate``: the database's schema, as this version needs it."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@data_option
@run_as_option
def command(data: Path, run_as: str) -> int:
    """Apply the migrations that are missing, as the database's owner; each is one transaction and an audit line.

    steelyard serve does so itself when it starts. Where DATABASE_URL is set, DATABASE_OWNER_URL names the owner's role.
    """
    from steelyard.server.database.connection import open_database
    from steelyard.server.database.folder import open_data_folder
    from steelyard.server.database.migrate import apply_migrations

    with open_database(open_data_folder(data), run_as, tell, beside=True) as database:
        with database.connect_as_owner() as connection:
            done = apply_migrations(connection, database.application_role)
        for migration in done:
            click.echo(f"applied migration {migration.number}: {migration.name}")
        if not done:
            click.echo("the schema is this version's already")
        if database.is_one_role:
            click.echo(
                f"the application is the role {database.owner_role}, too: append-only rests on triggers alone; set "
                "DATABASE_OWNER_URL to a role of its own",
                err=True,
            )
    return 0
