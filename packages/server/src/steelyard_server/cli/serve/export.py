"""``steelyard serve export``: everything that names one person."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard_server.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--person", "name", metavar="NAME", required=True, help="The name that the person signs in with.")
@data_option
@run_as_option
def command(file: Path, name: str, data: Path, run_as: str) -> int:
    """Write all that the database has of a person to FILE, a new file of JSON lines that you alone can read.

    The first line is a manifest with the number of rows of each table and the SHA-256 of the other lines. Hashes of
    passwords, digests of secrets and encrypted keys are left out. An audit line says that it was made.
    """
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.upkeep.export import export_person

    folder = open_data_folder(data, create=False)
    with open_database(folder, run_as, tell, beside=True) as database:
        done = export_person(database, name, file)
    counted = ", ".join(f"{number:,} {table}" for table, number in done.rows.items() if number)
    click.echo(f"{file}: person {done.person}, {done.size:,} bytes: {counted}")
    return 0
