"""``steelyard watch show``: where a watch stands."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.watch.output import print_places, print_watch

__all__ = ["command"]


@click.command()
@click.argument("watch", type=click.Path(path_type=Path))
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page to this file.")
@json_option
def command(watch: Path, html_file: Path | None, as_json: bool) -> int:
    """Show where the watch in the folder WATCH stands, from its log; nothing is asked or recomputed.

    Exit codes as those of the last look: 0 quiet, 1 alarm, 3 the baseline is not whole, 4 the last pass is not whole.
    """
    from steelyard.errors import InputError
    from steelyard.util.atomic_file import write_file
    from steelyard.watching import pages
    from steelyard.watching.folder import open_log
    from steelyard.watching.standing import standing_of

    standing = standing_of(open_log(watch))
    if html_file is not None:
        if html_file.is_dir() or not html_file.parent.is_dir() or watch.resolve() in html_file.resolve().parents:
            raise InputError("--html: give a file in an existing folder, outside the watch", where=html_file)
        write_file(html_file, pages.html(standing).encode())
    print_watch(standing, as_json=as_json)
    if not as_json:
        if html_file is not None:
            click.echo(f"page    {html_file}")
        print_places(watch)
    return int(standing.exit)
