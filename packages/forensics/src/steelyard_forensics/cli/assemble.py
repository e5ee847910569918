"""``steelyard assemble``: did one of these models give the whole table?"""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.compare import check_outside_runs
from steelyard.cli.options import json_option
from steelyard.cli.output import print_json


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", type=click.Path(path_type=Path))
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page to this file.")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write Markdown to this file.")
@json_option
def command(runs: tuple[Path, ...], html_file: Path | None, markdown_file: Path | None, as_json: bool) -> int:
    """Hold one vendor's table against several models, from an audit of each with the same claim sheet.

    Each RUN is the folder of a finished audit of one candidate. Every run is verified first. Nothing is asked. Settings
    in which the audits differ are named.
    """
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out
    from steelyard_forensics.api.assemble import assemble
    from steelyard_forensics.assemble import pages as assemble_pages

    for path in (html_file, markdown_file):
        check_outside_runs(path)
    found = assemble(*runs)
    pages = (("page", html_file, assemble_pages.html), ("markdown", markdown_file, assemble_pages.markdown))
    for kind, path, render in pages:
        if path is not None:
            write_file(path, render(found).encode())
            if not as_json:
                click.echo(f"{kind:<9} {path}")
    if as_json:
        print_json(assemble_pages.machine(found))
    else:
        assemble_pages.print_assembly(found, out())
    return int(found.exit)
