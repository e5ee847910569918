"""``steelyard report``: the report of a run, recomputed from its journal."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.records import Verdict
    from steelyard.storage.run_folder import RunFolder


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the page to this file.")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write Markdown to this file.")
@click.option(
    "--summary",
    "summary_file",
    type=click.Path(path_type=Path),
    help="Write a summary on one A4 page, for the person who decides, to this HTML file outside RUN.",
)
@click.option("--language", type=click.Choice(["en", "de"]), help="The language of --summary.  [default: en]")
@json_option
def command(
    run: Path,
    html_file: Path | None,
    markdown_file: Path | None,
    summary_file: Path | None,
    language: str | None,
    as_json: bool,
) -> int:
    """Recompute the verdict of RUN from its journal and print it; the run itself is not changed."""
    from steelyard.auditing.finalize import results_of
    from steelyard.gateway.seal import is_recording
    from steelyard.reports import html, machine, markdown, terminal
    from steelyard.storage.run_folder import RunFolder
    from steelyard.util.atomic_file import write_file

    for path in (html_file, markdown_file, summary_file):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InputError("cannot be written: give a file in an existing folder", where=path)
    if summary_file is not None:
        _check_outside_runs(summary_file)
    elif language is not None:
        raise InputError("--language: only a summary has other languages; give --summary FILE, too")
    folder = RunFolder.open(run)
    if is_recording(folder.plan):
        if summary_file is not None:
            raise InputError("a gateway's recording has no verdict to sum up: leave out --summary", where=run)
        return _recording(folder, html_file, markdown_file, as_json=as_json)
    found = results_of(folder)
    try:
        if html_file is not None:
            write_file(html_file, html.render(found.verdict, found.plan, folder.plan_sha256).encode())
        if markdown_file is not None:
            write_file(markdown_file, markdown.render(found.verdict, found.plan).encode())
        if summary_file is not None:
            write_file(summary_file, _summary(folder, found.verdict, language or "en").encode())
    except OSError as error:
        raise click.ClickException(f"{error.filename}: cannot be written: {error.strerror}") from None
    if as_json:
        print_json(machine.render(found.verdict))
    else:
        from steelyard.util.console import out

        terminal.print_verdict(found.verdict, out(), found.plan)
        if not folder.is_sealed:
            named = shlex.quote(str(run))
            click.echo(f"This run has not ended and is not sealed. It goes on with: steelyard resume {named}")
        for kind, path in (("page", html_file), ("markdown", markdown_file), ("summary", summary_file)):
            if path is not None:
                click.echo(f"{kind:<9} {path}")
    return found.verdict.exit


def _check_outside_runs(path: Path) -> None:
    """Raise InputError for a file inside a run's folder, where an unsealed page would pass for a sealed one."""
    import os

    from steelyard.evidence import layout

    for place in (path.resolve(), path.parent.resolve() / path.name):  # where it leads, and where it lies
        if any(os.path.lexists(folder / layout.PLAN) for folder in place.parents):
            raise InputError("is inside a run's folder, and a summary is not sealed: give a file elsewhere", where=path)


def _summary(run: RunFolder, verdict: Verdict, language: str) -> str:
    """The summary's page; of a sealed run only if its seal holds and says the same."""
    from steelyard.reports import summary
    from steelyard.reports.provenance import check_sealed_report, provenance_of

    provenance = provenance_of(run.path, run.plan_sha256)
    if provenance.is_sealed:
        check_sealed_report(run.path, verdict)
    return summary.render(verdict, run.plan, provenance, language)


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
