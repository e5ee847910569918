"""``steelyard panel add``: a sealed run for the panel."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--family", required=True, metavar="NAME", help="What the model descends from, as llama-3 or qwen-2.5.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path("panel"), show_default=True,
    help="The folder of the panel.",
)  # fmt: skip
def command(run: Path, family: str, folder: Path) -> int:
    """Verify the sealed RUN of one model and copy it into a panel.

    Models that descend from one another are of one family, and so are requantisations and fine-tunes of one file: what
    counts is how many families a panel has. A run that was not asked to its end, or that is there already, is refused.
    """
    from steelyard.api.progress import working
    from steelyard.reports.words import counted
    from steelyard.util.text import one_line
    from steelyard_forensics.api.panels import add_run

    with working(f"verifying {run}"):
        panel = add_run(run, family, folder)
    added = panel.entries[-1]
    click.echo(f"added   {one_line(added.model, 60)} of the family {added.family}: {panel.folder(added)}")
    families, runs = len(panel.families), len(panel.entries)
    click.echo(f"panel   {counted(families, 'family', 'families')}, {counted(runs, 'run')}")
    return 0
