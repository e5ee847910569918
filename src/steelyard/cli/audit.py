"""``steelyard audit``: a claim sheet against a served model, to a sealed verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import RunArguments, asking_options, json_option, print_json

if TYPE_CHECKING:
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.planning.options import Options
    from steelyard.records import ClaimSheet, Plan, Verdict


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
@json_option
def command(
    sheet: Path, tolerance: str, dry_run: bool, detectors: tuple[str, ...], as_json: bool, **asking: Any
) -> int:
    """Test every claim of SHEET that can be tested, and seal the result."""
    import asyncio

    from steelyard.api.conduct import default_folder, signer_at
    from steelyard.claims.sheet import read_sheet
    from steelyard.cli.conduct import options_of

    claims = read_sheet(sheet)
    args = RunArguments(**asking)
    options = options_of(args, tolerance=tolerance, detectors=detectors)
    if dry_run:
        return asyncio.run(_dry_run(claims, options, args, as_json=as_json))
    run = args.out or default_folder(sheet.stem)
    signer = signer_at(args.key)
    verdict, plan = asyncio.run(_audit(claims, options, run, signer, args))
    show(verdict, plan, run, as_json=as_json, signed=signer is not None)
    return verdict.exit


def show(verdict: Verdict, plan: Plan, run: Path, *, as_json: bool, signed: bool) -> None:
    """Print a verdict and the path of its report."""
    if as_json:
        from steelyard.reports import machine

        print_json(machine.render(verdict))
        return
    from steelyard.cli.conduct import print_places
    from steelyard.reports import terminal
    from steelyard.util.console import out

    terminal.print_verdict(verdict, out(), plan)
    print_places(run, signed=signed)


async def _audit(
    sheet: ClaimSheet,
    options: Options,
    run: Path,
    signer: CryptoSigner | None,
    args: RunArguments,
) -> tuple[Verdict, Plan]:
    from steelyard.api.conduct import order_prover
    from steelyard.auditing.conductor import plan_audit
    from steelyard.cli.conduct import carry_out, planned

    name = sheet.model or sheet.path
    audit = await planned(name, options, args, lambda models: plan_audit(sheet, models, options, order_prover(signer)))
    return await carry_out(audit, options, run, signer, args), audit.plan


async def _dry_run(sheet: ClaimSheet, options: Options, args: RunArguments, *, as_json: bool) -> int:
    from steelyard.auditing.conductor import plan_audit
    from steelyard.cli.conduct import planned
    from steelyard.planning.dry_run import forecast
    from steelyard.reports import forecast as page
    from steelyard.util.console import out

    name = sheet.model or sheet.path
    audit = await planned(name, options, args, lambda models: plan_audit(sheet, models, options))
    await audit.close()
    expected = forecast(audit.plan, audit.prepared)
    if as_json:
        print_json(page.render(expected))
    else:
        page.print_forecast(expected, out())
    return 0
