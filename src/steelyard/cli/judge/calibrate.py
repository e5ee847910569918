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
    type=click.Path(path_type=Path),
    help="The file of labels, .jsonl or .csv (default: RUN.labels.jsonl, beside the run).",
)
@click.option(
    "--run", "judged", type=click.Path(path_type=Path), help="The run that was judged, if it is not where it was."
)
@click.option("--rubric", type=click.Path(path_type=Path), help="The rubric that the judge was given.")
@click.option("--suite", type=click.Path(path_type=Path), help="The suite that was asked, if it is not where it was.")
@json_option
def command(
    run: Path,
    labels: int,
    file: Path | None,
    judged: Path | None,
    rubric: Path | None,
    suite: Path | None,
    as_json: bool,
) -> int:
    """Hold the judge whose run RUN is against people.

    The first call writes a file: write yes, no or skip into the column label, a second person into second. The next
    call reads it and prints the score that people would give. Exit 3: too few labels, so that the judge decides
    nothing.
    """
    from steelyard.api.calibration import SUFFIXES, draw_labels, labels_path, read_calibration
    from steelyard.errors import ExitCode
    from steelyard.judging.calibration import MIN_LABELS

    known = [path for suffix in SUFFIXES if (path := labels_path(run, suffix)).is_file()]
    path = file or (known[0] if known else labels_path(run))
    if not path.exists():
        lines = draw_labels(run, path, labels, judged=judged, rubric=rubric, suite=suite)
        click.echo(f"{path}: {lines:,} lines to label: yes, no or skip")
        click.echo(f"Next: steelyard judge calibrate {shlex.quote(str(run))}")
        return 0
    found = read_calibration(run, path)
    if found is None:
        click.echo(f"{path}: fewer than {MIN_LABELS} answers are labelled, so the judge decides nothing", err=True)
        return int(ExitCode.UNDECIDED)
    if as_json:
        print_json(_document(found))
        return 0
    from steelyard.reports.calibration import calibration_lines

    for name, text in calibration_lines(found):
        click.echo(f"{name}: {text}")
    return 0


def _document(found: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(found), "saved": found.corrected.saved, "buys_next_to_nothing": found.buys_next_to_nothing}
