"""``steelyard audit``: a claim sheet against a served model, to a sealed verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from steelyard.cli.batch_options import batch_options
from steelyard.cli.options import asking_options, dry_run_option, json_option, run_arguments, task_option, with_subject
from steelyard.cli.output import print_dry_run, print_verdict


@click.command()
@click.argument("sheet", type=click.Path(path_type=Path))
@asking_options
@batch_options
@task_option
@click.option(
    "--tolerance",
    default="2",
    metavar="POINTS",
    show_default=True,
    help="How far below the claim a score still counts as the claim, in percentage points.",
)
@dry_run_option
@click.option(
    "--detect",
    default="auto",
    metavar="NAMES",
    show_default=True,
    help="Detectors that ask beside the claims: auto, none, or installed ones with commas, as auto,mine.",
)
@click.option(
    "--detect-weight",
    default="0.2",
    metavar="SHARE",
    show_default=True,
    help="Their share of the error budget and of the time, where they ask anything.",
)
@click.option(
    "--accept-model",
    is_flag=True,
    help="Test the claims although the endpoint's name is another model's than the claimed one.",
)
@click.option(
    "--allow-part",
    is_flag=True,
    help="Test claims on the part of a benchmark that the data hold, with a margin for the part.",
)
@click.option(
    "--difficulty",
    "difficulties",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Known difficulties of a task's items, by steelyard panel difficulty: fewer calls, and an order that you "
    "could have chosen, as the report says. May be given several times.",
)
@click.option(
    "--source",
    "sources",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="The vendor's page that the claims were taken from: it is sealed, and every row must be on it. May be given "
    "several times.",
)
@json_option
def command(
    sheet: Path,
    tolerance: str,
    dry_run: bool,
    detect: str,
    detect_weight: str,
    difficulties: tuple[Path, ...],
    sources: tuple[Path, ...],
    as_json: bool,
    **asking: Any,
) -> int:
    """Test every claim of SHEET that can be tested, and seal the result."""
    import asyncio

    from steelyard.adapters.source_pages import bound
    from steelyard.api.conduct import audit_job, conduct, signer_at
    from steelyard.api.options import options_of
    from steelyard.claims.sheet import read_sheet
    from steelyard.planning.options import detect_of

    (claims, pages), probing = bound(read_sheet(sheet), sheet, sources), detect_of(detect, detect_weight)
    args = with_subject(run_arguments(**asking))
    job = audit_job(claims, options_of(args, tolerance=tolerance, detect=probing, difficulties=difficulties), pages)
    if dry_run:
        if pages:  # their texts get into what is published
            click.echo(f"sealed whole with the run: {', '.join(pages)}", err=as_json)
        return asyncio.run(print_dry_run(job, args, as_json=as_json))
    done = asyncio.run(conduct(job, args, signer_at(args.key)))
    print_verdict(done.verdict, done.plan, done.folder, as_json=as_json, signed=done.is_signed)
    return done.verdict.exit
