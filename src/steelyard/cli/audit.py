"""``steelyard audit``: a claim sheet against a served model, to a sealed verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import asking_options, json_option, run_arguments, with_subject
from steelyard.cli.output import print_json, print_verdict

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.conduct import Job


@click.command()
@click.argument("sheet", type=click.Path(path_type=Path))
@asking_options
@click.option(
    "--tolerance",
    default="2",
    metavar="POINTS",
    show_default=True,
    help="How far below the claim a score still counts as the claim, in percentage points.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the expected calls, tokens, time, cost and decisions without sending any sample.",
)
@click.option(
    "--detector",
    "detectors",
    multiple=True,
    metavar="NAME",
    help="An installed detector to run in addition; may be given several times.",
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
@json_option
def command(
    sheet: Path, tolerance: str, dry_run: bool, detectors: tuple[str, ...], as_json: bool, **asking: Any
) -> int:
    """Test every claim of SHEET that can be tested, and seal the result."""
    import asyncio

    from steelyard.api.conduct import audit_job, conduct, signer_at
    from steelyard.api.options import options_of
    from steelyard.claims.sheet import read_sheet

    claims = read_sheet(sheet)
    args = with_subject(run_arguments(**asking))
    job = audit_job(claims, options_of(args, tolerance=tolerance, detectors=detectors))
    if dry_run:
        return asyncio.run(_dry_run(job, args, as_json=as_json))
    done = asyncio.run(conduct(job, args, signer_at(args.key)))
    print_verdict(done.verdict, done.plan, done.folder, as_json=as_json, signed=done.is_signed)
    return done.verdict.exit


async def _dry_run(job: Job, args: RunArguments, *, as_json: bool) -> int:
    from steelyard.api.conduct import planned
    from steelyard.planning.dry_run import forecast
    from steelyard.reports import forecast as page
    from steelyard.util.console import out

    async with planned(job, args) as audit:
        expected = forecast(audit.plan, audit.prepared)
    if as_json:
        print_json(page.render(expected))
    else:
        page.print_forecast(expected, out())
    return 0
