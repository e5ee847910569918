"""``steelyard serve migrate``: the database's schema, as this version needs it."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard_server.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@data_option
@run_as_option
@click.option("--dry-run", "is_dry", is_flag=True, help="Say which migrations would be applied, and apply none.")
def command(data: Path, run_as: str, is_dry: bool) -> int:
    """Apply the migrations that are missing, as the database's owner; each is one transaction and an audit line.

    steelyard serve does so itself when it starts. Where DATABASE_URL is set, DATABASE_OWNER_URL names the owner's role.
    A schema that was brought to this version is opened by no older one: write a backup with that one before.
    """
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.database.migrate import apply_migrations, missing_migrations

    with open_database(open_data_folder(data, create=not is_dry), run_as, tell, beside=True) as database:
        with database.connect_as_owner() as connection:
            if is_dry:
                found = missing_migrations(connection)
            else:
                found = apply_migrations(connection, database.application_role)
        for migration in found:
            click.echo(
                f"would apply migration {migration.number}, {migration.name}: {migration.about}"
                if is_dry
                else f"applied migration {migration.number}: {migration.name}"
            )
        if not found:
            click.echo("the schema is this version's already")
        elif is_dry:
            click.echo("nothing was applied; an older steelyard does not open the schema any more once it is")
        if database.is_one_role:
            click.echo(
                f"the application is the role {database.owner_role}, too: append-only rests on triggers alone; set "
                "DATABASE_OWNER_URL to a role of its own",
                err=True,
            )
    return 0
