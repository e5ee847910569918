"""``steelyard judge calibrate``: people label a random part of a judge's answers, and its score becomes theirs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.compare import check_outside_runs
from steelyard.cli.options import json_option
from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard.api.calibration import Calibrated
    from steelyard.judging.calibration import Calibration


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
    "--role",
    default="",
    metavar="ROLE",
    help="Where several models were judged: the one whose answers are labelled, as candidate-2; default: all, each by "
    "its own labels.",
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path),
    help="Write a page with the answers on which judge and people differ. It holds the suite's texts.",
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
    files: tuple[Path, ...],
    as_table: bool,
    role: str,
    html_file: Path | None,
    judged: Path | None,
    rubric: Path | None,
    suite: Path | None,
    as_json: bool,
) -> int:
    """Hold the judge whose run RUN is against people.

    The first call writes what people label: RUN.answers.jsonl, for the page of steelyard suite review --labels, which
    takes what the page saves back into that file. The next call reads it and prints the score that people would give,
    how often the judge is wrong, and where it differs. Exit 3: too few labels, so that the judge decides nothing.
    """
    from steelyard.api.calibration import files_beside, read_calibrations

    check_outside_runs(html_file)
    where = {"judged": judged, "rubric": rubric, "suite": suite}
    paths = files or files_beside(run)
    if not paths:
        return _draw(run, labels, as_table, role, where)
    found = read_calibrations(run, paths, role)
    exit_code = _print(found, paths, where, as_json=as_json)
    if html_file is not None:
        _write_page(html_file, found, where)
        if not as_json:
            click.echo(f"page  {html_file}")
    return exit_code


def _draw(run: Path, answers: int, as_table: bool, role: str, where: dict[str, Path | None]) -> int:
    from steelyard.api.calibration import ANSWERS, draw_answers, path_beside

    path = path_beside(run, "labels.csv" if as_table else ANSWERS)
    lines = draw_answers(run, path, answers, role=role, **where)
    shown = shlex.quote(str(run.with_name(path.name)))
    click.echo(f"{path.name}: {lines:,} lines to label. It holds the suite's texts: give it to labellers alone.")
    if not as_table:
        click.echo(f"page    steelyard suite review {shown} --labels --html labels.html --reviewer NAME")
        click.echo(f"apply   steelyard suite review {shown} --labels --apply FILE")
    click.echo(f"then    steelyard judge calibrate {shlex.quote(str(run))}")
    return 0


def _print(found: Calibrated, paths: Any, where: dict[str, Path | None], *, as_json: bool) -> int:
    from steelyard.errors import ExitCode
    from steelyard.judging.labels import MIN_LABELS
    from steelyard.reports.calibration import calibration_document

    known = {role: each for role, each in found.by_role.items() if each is not None}
    if as_json and known:
        documents = {role: each and calibration_document(each) for role, each in found.by_role.items()}
        print_json({"models": documents} if len(documents) > 1 else next(iter(documents.values())))
        return 0
    for role, each in found.by_role.items():
        if role and len(found.by_role) > 1:
            click.echo(found.title(role))
        if each is None:
            named = ", ".join(path.name for path in paths)
            click.echo(f"{named}: fewer than {MIN_LABELS} answers are labelled, so the judge decides nothing", err=True)
        else:
            _print_one(found, each, where)
    return 0 if known else int(ExitCode.UNDECIDED)


def _print_one(found: Calibrated, each: Calibration, where: dict[str, Path | None]) -> None:
    from steelyard.api.calibration import shown_differing
    from steelyard.reports.calibration import SHOWN, calibration_lines, confusion_rows, differing_lines

    for name, text in calibration_lines(each):
        click.echo(f"{name}: {text}")
    for table in each.confusions:
        split = f"; on {table.split:,} more two people differ" if table.split else ""
        click.echo(f"\n{f'Verdicts on {table.criterion}':<36} {'people accept':>14} {'people reject':>14}{split}")
        for said, accepted, rejected in confusion_rows(table):
            click.echo(f"  {f'the judge {said}':<34} {accepted:>14,} {rejected:>14,}")
    click.echo("")
    for line in differing_lines(each, shown_differing(found.judge_run, each.differing[:SHOWN], **where)):
        click.echo(line)


def _write_page(path: Path, found: Calibrated, where: dict[str, Path | None]) -> None:
    from steelyard.api.calibration import shown_differing
    from steelyard.records import JUDGE
    from steelyard.reports.calibration_page import LISTED, calibration_page
    from steelyard.util.atomic_file import write_file

    judge = found.judge_run.plan.models[JUDGE].identity
    models = [
        (
            found.title(role) if role else "",
            each,
            [] if each is None else shown_differing(found.judge_run, each.differing[:LISTED], **where),
        )
        for role, each in found.by_role.items()
    ]
    page = calibration_page(found.judge_run.path.resolve().name, judge.name or judge.uri, models)
    write_file(path, page.encode("utf-8", "replace"))
    path.chmod(0o600)
