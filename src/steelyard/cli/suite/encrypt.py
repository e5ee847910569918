"""``steelyard suite encrypt``: the items are encrypted at rest, for the suite's readers alone."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.suite.plain_files import echo_plain_files

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--undo", is_flag=True, help="Write the items in plain text again, to edit them.")
def command(folder: Path, undo: bool) -> int:
    """Encrypt the items of the suite FOLDER to the readers that its suite.yaml names; it is asked as before.

    Each subject (group, or item without one) has a key of its own in keys/: whoever deletes it has erased the subject.
    Rules in templates/twins.yaml are encrypted with their items. Keep keys/ out of git and backups, or the deletion is
    not one.
    """
    from steelyard.reports.words import counted
    from steelyard.suites.encrypting import decrypt_suite, encrypt_suite, files_in_plain
    from steelyard.tasks.suite_task import task_from_suite

    suite = task_from_suite(folder, to_ask=False)
    if undo:
        click.echo(f"{counted(decrypt_suite(suite), 'item')} in plain text again")
        return 0
    count = len(suite.rows)
    keys = encrypt_suite(suite)
    named = "1 reader" if len(suite.file.readers) == 1 else f"{len(suite.file.readers)} readers"
    click.echo(
        f"encrypted {counted(count, 'item')} under {counted(keys, 'key')}, for {named}; dropped.jsonl was deleted"
    )
    echo_plain_files(files_in_plain(suite.folder), "not encrypted")
    return 0
