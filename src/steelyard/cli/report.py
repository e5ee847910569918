"""``steelyard report``: the report of a run, recomputed from its journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.storage.run_folder import RunFolder


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page to this file.")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write Markdown to this file.")
@json_option
def command(run: Path, html_file: Path | None, markdown_file: Path | None, as_json: bool) -> int:
    """Recompute the verdict of RUN from its journal and print it; the run itself is not changed."""
    from steelyard.auditing.finalize import results_of
    from steelyard.gateway.seal import is_recording
    from steelyard.reports import html, machine, markdown, terminal
    from steelyard.storage.run_folder import RunFolder
    from steelyard.util.atomic_file import write_file

    for path in (html_file, markdown_file):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InputError("cannot be written: give a file in an existing folder", where=path)
    folder = RunFolder.open(run)
    if is_recording(folder.plan):
        return _recording(folder, html_file, markdown_file, as_json=as_json)
    found = results_of(folder)
    try:
        if html_file is not None:
            write_file(html_file, html.render(found.verdict, found.plan).encode())
        if markdown_file is not None:
            write_file(markdown_file, markdown.render(found.verdict, found.plan).encode())
    except OSError as error:
        raise click.ClickException(f"{error.filename}: cannot be written: {error.strerror}") from None
    if as_json:
        print_json(machine.render(found.verdict))
    else:
        from steelyard.util.console import out

        terminal.print_verdict(found.verdict, out(), found.plan)
    return found.verdict.exit


def _recording(run: RunFolder, html_file: Path | None, markdown_file: Path | None, *, as_json: bool) -> int:
    """A gateway's recording: calls, outcomes and times instead of a verdict."""
    from steelyard.gateway import pages
    from steelyard.gateway.summary import render, summary_of
    from steelyard.util.atomic_file import write_file

    plan, summary = run.plan, summary_of(run)
    if html_file is not None:
        write_file(html_file, pages.html(summary, plan).encode())
    if markdown_file is not None:
        write_file(markdown_file, pages.markdown(summary, plan).encode())
    if as_json:
        print_json(render(summary, plan.subject.identity.uri))
    for line in () if as_json else pages.lines(summary):
        click.echo(line)
    return 0
