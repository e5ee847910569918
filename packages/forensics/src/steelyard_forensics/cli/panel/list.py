"""``steelyard panel list``: what a panel has."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json


@click.command()
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path("panel"), show_default=True,
    help="The folder of the panel.",
)  # fmt: skip
@json_option
def command(folder: Path, as_json: bool) -> int:
    """List a panel's families with their runs, and say how many families a test at .05 would still need."""
    import msgspec
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.util.console import fitting, out
    from steelyard.util.text import one_line
    from steelyard_forensics.panels.folder import read_panel
    from steelyard_forensics.panels.words import missing_families

    panel = read_panel(folder)
    if as_json:
        entries = [msgspec.to_builtins(each) for each in panel.entries]
        print_json({"name": panel.name, "sha256": panel.sha256, "families": list(panel.families), "runs": entries})
        return 0
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("family", "model", "asked", "made", "run"):
        table.add_column(heading, overflow="fold")
    for each in sorted(panel.entries, key=lambda entry: panel.families.index(entry.family)):
        asked = ", ".join(one_line(name, 60) for name in each.asked.values())
        cells = (each.family, each.model, asked, each.date[:10], each.name)
        table.add_row(*(Text(one_line(cell, 120)) for cell in cells))
    console = out()
    console.print(fitting(console, table))
    console.print(Text(missing_families(panel)))
    return 0
