"""``steelyard serve restore``: a platform from its backup."""

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
@click.option("--sha256", metavar="HEX", default="", help="Refuse a FILE with another SHA-256 than backup printed.")
@click.option(
    "--erasures",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The erasures.jsonl of the platform that was: who was erased after the backup is erased again.",
)
@click.option(
    "--withdrawals",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The withdrawals.jsonl of the platform that was: runs that were withdrawn after the backup are so again.",
)
def command(file: Path, data: Path, run_as: str, sha256: str, erasures: Path | None, withdrawals: Path | None) -> int:
    """Restore the backup FILE into --data, a new or empty folder, and a database there or the one of DATABASE_URL.

    All of it or nothing: FILE is read whole and held against its manifest before anything is written. Everybody signs
    in anew. Tokens that were revoked after the backup are as they were: look at them. Without --sha256 nothing shows
    that FILE is yours: its runs are shown as not verified here, for good. Exit code 1: the audit log's chain is broken.
    """
    from steelyard_server.upkeep.restore import restore_backup

    done = restore_backup(
        file, data, sha256=sha256, erasures=erasures, withdrawals=withdrawals, run_as=run_as, notify=tell
    )
    rows = sum(table.rows for table in done.manifest.tables.values())
    click.echo(f"{data}: {done.manifest.runs:,} runs and {rows:,} rows, as they were at {done.manifest.made_at}")
    if done.unverified:
        click.echo(
            f"shown as not verified here: {done.unverified:,} runs, since no --sha256 says whose backup this is",
            err=True,
        )
    if done.erasures:
        click.echo(f"erased again: {done.erasures:,}")
    if done.withdrawals:
        click.echo(f"withdrawn again: {done.withdrawals:,}")
    if done.without_keys:
        click.echo(
            "the secret key is in no backup: put the old one to secrets/secret.key of the folder (mode 0600), or give "
            f"the keys of these endpoints again: {', '.join(done.without_keys)}",
            err=True,
        )
    asked = done.manifest.tables.get("stored_run_questions")
    if asked is not None and asked.rows:
        click.echo(
            f"keys of projects are in no backup: the next job of each makes one, whose ledger counts on the "
            f"{asked.rows:,} plans of before"
        )
    if done.stopped:
        click.echo(
            f"paused or switched off: {done.stopped:,} jobs, schedules, webhooks or mail servers; go on with those "
            "that are still wanted"
        )
    if done.begun:
        click.echo(
            f"of these, {done.begun:,} jobs had begun, and go on only under the keys of their projects, which are in "
            "no backup: copy secrets/projects of the old data folder to the new one before you resume them, or start "
            "them anew",
            err=True,
        )
    if done.manifest.damaged:
        click.echo(f"the backup was made without {len(done.manifest.damaged):,} damaged files of runs", err=True)
    if problem := done.manifest.audit_problem:
        click.echo(f"the audit log's chain is broken, and was when the backup was made: {problem[:600]}", err=True)
    return int(ExitCode.INCONSISTENT if problem else ExitCode.CONSISTENT)
