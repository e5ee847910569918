"""``steelyard panel difficulty``: how difficult a task's items are to the models of a panel."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("task")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path("panel"), show_default=True,
    help="The folder of the panel.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The file to write.")
@click.option("--by", default="", metavar="NAME", help="Who makes the file: reports that use it say so.")
def command(task: str, folder: Path, out: Path, by: str) -> int:
    """Write how difficult the items of TASK are to a panel's models, for steelyard audit --difficulty.

    An audit that knows it needs fewer calls; a file that is merely wrong costs calls and accuses nobody. Every run of
    the panel that asked TASK is verified and read. Each family counts once, however many models it has.
    """
    from steelyard.api.progress import working
    from steelyard.planning.difficulties import digest_of
    from steelyard.reports.words import counted
    from steelyard_forensics.api.panels import write_difficulties

    with working(f"verifying the runs of {folder}"):
        made = write_difficulties(folder, task, out, by)
    models, families = counted(made.models, "model"), counted(made.families, "family", "families")
    click.echo(f"wrote   {out}: {counted(len(made.odds), 'item')} of {made.task}, from {models} of {families}")
    click.echo(f"sha256  {digest_of(made)}")
    return 0
