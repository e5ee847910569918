"""``steelyard judge calibrate``: people label a random part of a judge's answers, and its score becomes theirs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--labels",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    metavar="N",
    help="Answers that people label: the first N of the order that was sealed before the judge was asked.",
)
@click.option(
    "--file",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A file with labels (default: RUN.answers.jsonl and all RUN.labels*.jsonl and .csv beside the run).",
)
@click.option("--csv", "as_table", is_flag=True, help="Write RUN.labels.csv, a table to be filled in.")
@click.option(
    "--run", "judged", type=click.Path(path_type=Path), help="The run that was judged, if it is not where it was."
)
@click.option("--rubric", type=click.Path(path_type=Path), help="The rubric that the judge was given.")
@click.option("--suite", type=click.Path(path_type=Path), help="The suite that was asked, if it is not where it was.")
@json_option
def command(
    run: Path,
    labels: int,
    files: tuple[Path, ...],
    as_table: bool,
    judged: Path | None,
    rubric: Path | None,
    suite: Path | None,
    as_json: bool,
) -> int:
    """Hold the judge whose run RUN is against people.

    The first call writes what people label: RUN.answers.jsonl, for the page of steelyard suite review --labels, which
    takes what the page saves back into that file. The next call reads it and prints the score that people would give.
    Exit 3: too few labels, so that the judge decides nothing.
    """
    from steelyard.api.calibration import files_beside, read_calibration
    from steelyard.errors import ExitCode
    from steelyard.judging.calibration import MIN_LABELS

    paths = files or files_beside(run)
    if not paths:
        return _draw(run, labels, as_table, {"judged": judged, "rubric": rubric, "suite": suite})
    found = read_calibration(run, paths)
    if found is None:
        named = ", ".join(path.name for path in paths)
        click.echo(f"{named}: fewer than {MIN_LABELS} answers are labelled, so the judge decides nothing", err=True)
        return int(ExitCode.UNDECIDED)
    if as_json:
        print_json(_document(found))
        return 0
    from steelyard.reports.calibration import calibration_lines

    for name, text in calibration_lines(found):
        click.echo(f"{name}: {text}")
    return 0


def _draw(run: Path, answers: int, as_table: bool, where: dict[str, Path | None]) -> int:
    from steelyard.api.calibration import ANSWERS, draw_answers, path_beside

    path = path_beside(run, "labels.csv" if as_table else ANSWERS)
    lines = draw_answers(run, path, answers, **where)
    shown = shlex.quote(str(run.with_name(path.name)))
    click.echo(f"{path.name}: {lines:,} lines to label. It holds the suite's texts: give it to labellers alone.")
    if not as_table:
        click.echo(f"page    steelyard suite review {shown} --labels --html labels.html --reviewer NAME")
        click.echo(f"apply   steelyard suite review {shown} --labels --apply FILE")
    click.echo(f"then    steelyard judge calibrate {shlex.quote(str(run))}")
    return 0


def _document(found: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(found), "saved": found.corrected.saved, "buys_next_to_nothing": found.buys_next_to_nothing}
