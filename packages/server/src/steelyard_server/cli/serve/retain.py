"""``steelyard serve retain``: what is over for long is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard_server.cli.serve.options import data_option, run_as_option, tell

if TYPE_CHECKING:
    from steelyard_server.upkeep.retention import Retained

__all__ = ["command"]


@click.command()
@data_option
@run_as_option
@click.option(
    "--months",
    type=click.IntRange(6, 1200),
    default=6,
    show_default=True,
    help="How many whole months the audit log, sessions and links are kept.",
)
@click.option(
    "--job-days",
    type=click.IntRange(1, 36_500),
    default=None,
    metavar="N",
    help="How many days what a job left is kept after its end (default: as --months).",
)
@click.option("--yes", is_flag=True, help="Delete it; without this nothing is deleted.")
def command(data: Path, run_as: str, months: int, job_days: int | None, yes: bool) -> int:
    """Say in numbers what is over, and with --yes delete it; the platform may be serving meanwhile.

    Months of the audit log before the last so many go, and the head of what is gone stays, so that the rest verifies.
    Sessions and links that were over by then go, and what failed pushes left. Texts and images go of runs that are
    older than their project keeps texts (page Admin), where the run was sealed without them; rows, journals, scores
    and reports of runs stay for ever. What a job left beside its run goes with --job-days, or with its project's texts:
    its folder, and its lines, texts and files in the database; one that ended without a run goes on no more then. What
    waits, runs or is paused keeps them. Audit lines say what was deleted.
    """
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.upkeep.retention import retain

    folder = open_data_folder(data, create=False)
    with open_database(folder, run_as, tell, beside=True) as database:
        done = retain(database, folder, months, job_days=job_days, is_dry=not yes)
    for line in _lines(done):
        click.echo(line)
    click.echo("deleted" if yes else "nothing was deleted: add --yes")
    return 0


def _lines(done: Retained) -> Iterator[str]:
    yield f"before {done.before:%Y-%m-%d} (UTC):"
    yield f"  {done.audit_lines:,} lines of the audit log, {done.audit_months:,} months"
    yield f"  {done.sessions:,} sessions, {done.links:,} administrator links, {done.shares:,} share links"
    yield f"  {done.events:,} events that webhooks and mail told of"
    yield f"  {done.workers:,} starts of workers that were not heard of since"
    yield (
        f"what {done.jobs:,} jobs left that ended before {done.jobs_before:%Y-%m-%d} (UTC), or longer ago than their "
        "project keeps texts: folders, and copies in the database"
    )
    yield f"{done.orphans:,} folders of failed pushes"
    yield f"texts of {done.runs:,} runs: {done.files:,} files, {done.size:,} bytes"
    if done.sealed:
        yield f"  kept: {done.sealed:,} runs as old were sealed with their texts, and would not verify without them"
    if done.damaged:
        yield f"  kept: {done.damaged:,} runs as old have no seal that can be read"
