"""``assay audit``: a claim sheet against a served model, to a sealed verdict."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.options import (
    api_key_option,
    data_option,
    json_option,
    key_option,
    print_json,
    read_duration,
    signer_at,
    task_option,
)

if TYPE_CHECKING:
    from assay.audit import Audit
    from assay.plan import Options
    from assay.records import ClaimSheet, Verdict


@click.command()
@click.argument("sheet", type=click.Path(path_type=Path))
@click.option(
    "--model", "uri", required=True, metavar="URI", help="embedded:smollm2, gguf:PATH, openai:NAME@URL or recorded:RUN."
)
@click.option("--out", type=click.Path(path_type=Path), help="The folder of the run (default: runs/SHEET-TIME).")
@data_option
@task_option
@click.option("--budget", metavar="TIME", help="Stop asking after this much time: 90s, 15m, 2h.")
@click.option(
    "--tolerance",
    default="2",
    metavar="POINTS",
    show_default=True,
    help="How far below the claim still is the claim, in percentage points.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask at most N samples a claim.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Requests in flight (default: what the model allows).",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 86400),
    default=120.0,
    show_default=True,
    help="Seconds until an attempt counts as timed out.",
)
@click.option(
    "--with-texts",
    is_flag=True,
    help="Seal the samples' and answers' texts too: for your own eyes, since publishing them would contaminate.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print calls, tokens, minutes, cost and what can be decided; send no sample."
)
@click.option("--price", metavar="IN,OUT", help="Price per million prompt and completion tokens, for --dry-run.")
@key_option
@api_key_option
@json_option
def command(sheet: Path, uri: str, **chosen: Any) -> int:
    """Test every claim of SHEET that can be tested here, and seal what was found."""
    import asyncio

    from assay.claims import read_sheet
    from assay.console import err
    from assay.plan import Options

    claims = read_sheet(sheet)
    options = Options(
        tolerance=chosen["tolerance"],
        limit=chosen["limit"],
        budget_seconds=read_duration(chosen["budget"]),
        concurrency=chosen["concurrency"],
        data=chosen["data"],
        task_files=chosen["task_files"],
        with_texts=chosen["with_texts"],
        attempt_timeout=chosen["timeout"],
    )
    signer = signer_at(chosen["key"])
    if chosen["dry_run"]:
        return asyncio.run(_dry_run(claims, uri, options, chosen))
    run = chosen["out"] or _default_folder(sheet)
    verdict = asyncio.run(_audit(claims, uri, options, run, signer, chosen))
    if chosen["as_json"]:
        from assay.reports import machine

        print_json(machine.render(verdict))
    else:
        show(verdict, run)
    if signer is None:
        err().print("unsigned: anyone can check this run, nobody can tell who made it (assay key new makes a key)")
    return verdict.exit


def show(verdict: Verdict, run: Path) -> None:
    """Print a verdict and where its report lies."""
    from assay.console import out
    from assay.reports import terminal
    from assay.run_folder import open_plan_of

    console = out()
    terminal.print_verdict(verdict, console, open_plan_of(run).plan)
    # Paths go out whole, so that they can be copied, whatever the width.
    click.echo(f"report  {run / 'report.html'}\nverify  assay verify {run}")


async def _audit(
    sheet: ClaimSheet, uri: str, options: Options, run: Path, signer: Any, chosen: dict[str, Any]
) -> Verdict:
    from assay.audit import start_audit
    from assay.cli.progress import RunProgress

    audit = await _plan(sheet, uri, options, signer, chosen)
    local = {
        "model": uri,
        "data": str(options.data.resolve()) if options.data else "",
        "tasks": os.pathsep.join(str(path.resolve()) for path in options.task_files),
        "api_key_env": chosen["api_key_env"] or "",
    }
    try:
        with RunProgress(audit.plan) as progress:
            return await start_audit(audit, run, signer, local, progress.watch)
    finally:
        await audit.model.close()


async def _plan(sheet: ClaimSheet, uri: str, options: Options, signer: Any, chosen: dict[str, Any]) -> Audit:
    from assay.audit import plan_audit
    from assay.cli.progress import working
    from assay.models import Settings, open_model

    settings = Settings(api_key_env=chosen["api_key_env"], timeout_seconds=options.attempt_timeout)
    if options.concurrency is not None:
        settings = replace(settings, concurrency=options.concurrency)
    model = open_model(uri, settings)
    try:
        with working(f"planning {len(sheet.claims)} claims of {sheet.model or sheet.path} against {uri}"):
            return await plan_audit(sheet, model, options, _order_prover(signer))
    except BaseException:
        await model.close()
        raise


async def _dry_run(sheet: ClaimSheet, uri: str, options: Options, chosen: dict[str, Any]) -> int:
    from assay.console import out
    from assay.forecast import forecast
    from assay.reports import forecast as page

    audit = await _plan(sheet, uri, options, None, chosen)
    await audit.model.close()
    told = forecast(audit.plan, audit.prepared, chosen["price"])
    if chosen["as_json"]:
        print_json(page.render(told))
    else:
        page.print_forecast(told, out())
    return 0


def _order_prover(signer: Any) -> Any:
    if signer is None:
        return None
    from assay.evidence.keys import order_proof

    return lambda material: order_proof(signer, material)


def _default_folder(sheet: Path) -> Path:
    from datetime import datetime

    return Path("runs") / f"{sheet.stem}-{datetime.now():%Y%m%d-%H%M%S}"
