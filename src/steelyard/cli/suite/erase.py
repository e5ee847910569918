"""``steelyard suite erase``: the items of one person or document, for good and on record."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.suite.plain_files import echo_plain_files
from steelyard.errors import InputError

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--group", "groups", multiple=True, metavar="NAME", help="Erase the items of this group.")
@click.option("--item", "items", multiple=True, metavar="ID", help="Erase this item, and all of its group.")
@click.option("--reason", default="", help="One line that stands in erasures.jsonl.")
def command(folder: Path, groups: tuple[str, ...], items: tuple[str, ...], reason: str) -> int:
    """Delete the key of a subject of the encrypted suite FOLDER, so that nobody can read its items again.

    Ids and digests stay, so seals and runs verify as before. Runs keep the texts and images that were asked: they are
    named.
    """
    from steelyard.reports.words import counted
    from steelyard.suites.encrypting import erase_items, files_in_plain
    from steelyard.suites.exposures import read_exposures
    from steelyard.tasks.suite_task import task_from_suite
    from steelyard.util.text import one_line

    if not groups and not items:
        raise InputError("nothing is named: give --group NAME or --item ID")
    suite = task_from_suite(folder, to_ask=False)
    erased = erase_items(suite, groups, items, one_line(reason, 200))
    names = {name for each in erased for name in each.items}
    click.echo(
        f"erased {counted(len(names), 'item')} of {counted(len(erased), 'subject')}; on record in erasures.jsonl"
    )
    runs = sorted({each.run for each in read_exposures(folder) if names & set(each.items)})
    for run in runs[:20]:
        click.echo(f"a run that went to an endpoint may still hold their texts: plan {run[:16]}…")
    echo_plain_files(files_in_plain(suite.folder), "not erased")
    click.echo(
        "Runs on models of this machine, labels and pages of reviews elsewhere, copies of keys/ and backups are "
        "not known here."
    )
    return 0
