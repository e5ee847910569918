"""``steelyard assemble``: did one of these models give the whole table?"""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", type=click.Path(path_type=Path))
@json_option
def command(runs: tuple[Path, ...], as_json: bool) -> int:
    """Hold one vendor's table against several models, from an audit of each with the same claim sheet.

    Each RUN is the folder of a finished audit of one candidate. Every run is verified first. Nothing is asked.
    """
    from steelyard.api.assemble import assemble
    from steelyard.comparison import assemble_pages
    from steelyard.util.console import out

    found = assemble(*runs)
    if as_json:
        print_json(assemble_pages.machine(found))
    else:
        assemble_pages.print_assembly(found, out())
    return int(found.exit)
