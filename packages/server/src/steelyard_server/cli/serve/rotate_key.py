"""``steelyard serve rotate-key``: another secret key, by which all secrets in the database are encrypted anew."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard_server.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@data_option
@run_as_option
@click.option(
    "--as-it-is",
    is_flag=True,
    help="Make no new key: encrypt by the first one in the file, which you put there, and leave the file.",
)
def command(data: Path, run_as: str, as_it_is: bool) -> int:
    """Make a new secret key and encrypt all secrets anew, in one transaction; the platform may be serving.

    These are keys of endpoints, secrets of webhooks and the mail server's password. Old keys leave the file, so secrets
    in backups from before have to be given again after a restore. Where
    STEELYARD_SECRET_KEY_FILE is set for the server, set it here, too. An audit line says that it was done.
    """
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.encryption.key_file import secret_key_file
    from steelyard_server.upkeep.rotation import rotate

    folder = open_data_folder(data, create=False)
    file = secret_key_file(folder)
    with open_database(folder, run_as, tell, beside=True) as database:
        done = rotate(database, file, new_key=not as_it_is)
    click.echo(f"{done.secrets:,} secrets are encrypted by the key {done.key} of {file.path}")
    if done.unreadable:
        click.echo(f"could not be read, give them again: {', '.join(done.unreadable)}", err=True)
    return 0
