"""``steelyard worker``: does the platform's jobs, until SIGTERM."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard_server.cli.serve.options import data_option, tell

__all__ = ["command"]


@click.command()
@data_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Jobs at a time, each in a process of its own.",
)
@click.option("--name", default="", metavar="NAME", help="How the platform names it (default: HOST-PROCESS).")
def command(data: Path, concurrency: int, name: str) -> int:
    """Do the jobs of the platform whose folder is --data, beside its steelyard serve, until SIGTERM.

    It waits for the platform where that does not run yet, and for the database where that is restarted. SIGTERM: it
    takes no more jobs, lets each stop at a checkpoint and gives it back; a second one kills them. Needs the extra
    server.
    """
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.http.logs import JsonLog
    from steelyard_server.jobs.worker import JobWorker, worker_settings
    from steelyard_server.serving import check_dependencies

    check_dependencies()
    settings = worker_settings(name, concurrency)
    folder = open_data_folder(data, create=False)
    tell(f"worker {settings.name} does jobs of {folder.path}, {concurrency} at a time; Ctrl-C stops")
    JobWorker(folder, settings, JsonLog()).run()
    return 0
