"""``steelyard compare``: two or more runs on the same samples."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--all-pairs", is_flag=True, help="Compare each run with each other, not only with the first.")
@click.option(
    "--see", type=click.FloatRange(0, 100, min_open=True, max_open=True), default=2.0, show_default=True,
    metavar="POINTS", help="Say how many samples would show a difference of so many percentage points.",
)  # fmt: skip
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page to this file.")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write Markdown to this file.")
@click.option("--no-texts", is_flag=True, help="Leave out the texts of the samples on which two runs differ.")
@json_option
def command(
    runs: tuple[str, ...],
    all_pairs: bool,
    see: float,
    html_file: Path | None,
    markdown_file: Path | None,
    no_texts: bool,
    as_json: bool,
) -> int:
    """Compare runs on the samples that they share: each further RUN with the first.

    RUN is the folder of a run, an audit or an import, sealed or not. RUN#ROLE is one model of a run that has several,
    and RUN all of them. Nothing is asked, and no run is changed.

    A run is called better only where a paired test says so, with a probability of at most 5 % that any such word in
    the whole comparison is false. Exit code: 0 whatever came out (steelyard compare is no gate), 3 where something
    could not be compared.
    """
    from steelyard.api.compare import compare
    from steelyard.comparison import html, machine, markdown, terminal
    from steelyard.util.atomic_file import write_file
    from steelyard.util.console import out

    for path in (html_file, markdown_file):
        check_outside_runs(path)
    found = compare(*runs, all_pairs=all_pairs, see=see, with_texts=not no_texts)
    for kind, path, render in (("page", html_file, html.render), ("markdown", markdown_file, markdown.render)):
        if path is not None:
            write_file(path, render(found).encode())
            if not as_json:
                click.echo(f"{kind:<9} {path}")
    if as_json:
        print_json(machine.render(found))
    else:
        terminal.print_comparison(found, out())
    return found.exit


def check_outside_runs(path: Path | None) -> None:
    """Raise InputError for a file that cannot be written, or in a run's folder, where it would pass for sealed."""
    import os

    from steelyard.evidence import layout

    if path is None:
        return
    if path.is_dir() or not path.parent.is_dir():
        raise InputError("cannot be written: give a file in an existing folder", where=path)
    if any(os.path.lexists(folder / layout.PLAN) for folder in path.resolve().parents):
        raise InputError("is inside a run's folder, and this page is not sealed: give a file elsewhere", where=path)
