"""``steelyard serve withdraw``: a run that was pushed by mistake."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.errors import InputError
from steelyard.util.text import one_line
from steelyard_server.cli.serve.options import data_option, run_as_option, tell

__all__ = ["command"]


@click.command()
@click.argument("seal")
@data_option
@run_as_option
@click.option("--project", metavar="NAME", default="", help="The project, where several have this run.")
@click.option("--reason", metavar="TEXT", default="", help="One line that whoever opens the run's address reads.")
@click.option("--yes", is_flag=True, help="Needed: this cannot be undone.")
def command(seal: str, data: Path, run_as: str, project: str, reason: str, yes: bool) -> int:
    """Withdraw the run whose seal has the digest SEAL: its files and texts are deleted, its row stays.

    Its addresses and share links answer that it was withdrawn, and it cannot be pushed again. It still counts: as a
    try, in budgets, and among what was sent of a suite. Of a run that this server made the job's copies and the
    questions that it was given go, too. Backups from before hold the files: delete them when you may, or restore them
    with --withdrawals DATA/withdrawals.jsonl.
    """
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.upkeep.withdrawal import withdraw_run

    if not yes:
        raise InputError("a withdrawal cannot be undone: add --yes")
    folder = open_data_folder(data, create=False)
    with open_database(folder, run_as, tell, beside=True) as database:
        done = withdraw_run(database, folder, seal.strip().lower(), project=project, reason=reason)
    click.echo(
        f"withdrawn: run {done.number} of {done.project}, {done.files:,} files with {done.size:,} bytes; noted in "
        f"{folder.withdrawals}"
    )
    if done.jobs:
        click.echo("deleted: what the job that made it had left, and the questions that it was given")
    if done.schedules:
        names = ", ".join(one_line(each, 100) for each in done.schedules[:20])
        click.echo(f"off for good, since their questions were withdrawn: {len(done.schedules):,} schedules ({names})")
    if done.open_jobs:
        numbers = ", ".join(str(each) for each in done.open_jobs[:20])
        click.echo(f"jobs of these schedules have not ended, and still have the questions: cancel {numbers}")
    if done.is_running:
        click.echo(
            "a job that goes on with it has not ended: cancel it, and steelyard serve retain deletes what it left"
        )
    return 0
