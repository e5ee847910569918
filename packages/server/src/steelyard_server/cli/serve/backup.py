"""``steelyard serve backup``: one file with the database and the runs."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.errors import ExitCode
from steelyard_server.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@data_option
@run_as_option
def command(file: Path, data: Path, run_as: str) -> int:
    """Write a backup to FILE, a new zip file that you alone can read; the platform may be serving meanwhile.

    It holds the database as it is at one moment, and the runs of that moment; passwords of the database and keys are
    not in it. Keep the SHA-256 that is printed elsewhere: restore takes it. Exit code 1: files of runs are damaged, and
    were left out; or the audit log's chain is broken, and is in the backup as it is.
    """
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.encryption.key_file import secret_key_file
    from steelyard_server.upkeep.backup import write_backup

    folder = open_data_folder(data, create=False)
    with open_database(folder, run_as, tell, beside=True) as database:
        done = write_backup(database, folder, file, tell)
    rows = sum(table.rows for table in done.manifest.tables.values())
    click.echo(f"{file}: {done.manifest.runs:,} runs, {rows:,} rows, {done.size:,} bytes")
    click.echo(f"SHA-256 {done.sha256}")
    click.echo(f"not in it: the secret key that reads the keys of endpoints ({secret_key_file(folder).path})", err=True)
    for name in done.manifest.damaged[:10]:
        click.echo(f"damaged, and left out: {name}", err=True)
    if more := len(done.manifest.damaged[10:]):
        click.echo(f"damaged, and left out: {more:,} more files", err=True)
    if problem := done.manifest.audit_problem:
        click.echo(f"the audit log's chain is broken, and is in the backup as it is: {problem}", err=True)
    return int(ExitCode.INCONSISTENT if done.manifest.damaged or problem else ExitCode.CONSISTENT)
