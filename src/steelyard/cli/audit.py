"""``steelyard audit``: a claim sheet against a served model, to a sealed verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import asking_options, json_option, print_json

if TYPE_CHECKING:
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.planning.options import Options
    from steelyard.records import ClaimSheet, Verdict


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
def command(sheet: Path, uri: tuple[str, ...], **chosen: Any) -> int:
    """Test every claim of SHEET that can be tested, and seal the result."""
    import asyncio

    from steelyard.api.conduct import default_folder, signer_at
    from steelyard.claims import read_sheet
    from steelyard.cli.conduct import check_durations, options_of

    claims = read_sheet(sheet)
    options = options_of(chosen, uri)
    check_durations(chosen)
    if chosen["dry_run"]:
        return asyncio.run(_dry_run(claims, uri, options, chosen))
    run = chosen["out"] or default_folder(sheet.stem)
    signer = signer_at(chosen["key"])
    verdict = asyncio.run(_audit(claims, uri, options, run, signer, chosen))
    show(verdict, run, as_json=chosen["as_json"], signed=signer is not None)
    return verdict.exit


def show(verdict: Verdict, run: Path, *, as_json: bool, signed: bool) -> None:
    """Print a verdict and the path of its report."""
    if as_json:
        from steelyard.reports import machine

        print_json(machine.render(verdict))
        return
    from steelyard.cli.conduct import print_places
    from steelyard.reports import terminal
    from steelyard.storage.run_folder import open_plan_of
    from steelyard.util.console import out

    terminal.print_verdict(verdict, out(), open_plan_of(run).plan)
    print_places(run, signed=signed)


async def _audit(
    sheet: ClaimSheet,
    uri: tuple[str, ...],
    options: Options,
    run: Path,
    signer: CryptoSigner | None,
    chosen: dict[str, Any],
) -> Verdict:
    from steelyard.api.conduct import order_prover
    from steelyard.auditing.conductor import plan_audit
    from steelyard.cli.conduct import carry_out, planned

    name = sheet.model or sheet.path
    audit = await planned(
        name, uri, options, chosen, lambda models: plan_audit(sheet, models, options, order_prover(signer))
    )
    return await carry_out(audit, uri, options, run, signer, chosen)


async def _dry_run(sheet: ClaimSheet, uri: tuple[str, ...], options: Options, chosen: dict[str, Any]) -> int:
    from steelyard.auditing.conductor import plan_audit
    from steelyard.cli.conduct import planned
    from steelyard.planning.dry_run import forecast
    from steelyard.reports import forecast as page
    from steelyard.util.console import out

    name = sheet.model or sheet.path
    audit = await planned(name, uri, options, chosen, lambda models: plan_audit(sheet, models, options))
    await audit.close()
    expected = forecast(audit.plan, audit.prepared)
    if chosen["as_json"]:
        print_json(page.render(expected))
    else:
        page.print_forecast(expected, out())
    return 0
