"""``assay resume``: go on where an audit stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.options import api_key_option, data_option, json_option, key_option, print_json, signer_at

if TYPE_CHECKING:
    from assay.records import Verdict


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@data_option
@key_option
@api_key_option
@json_option
def command(run: Path, data: Path | None, key: Path | None, api_key_env: str | None, as_json: bool) -> int:
    """Finish the audit in the folder RUN: nothing that was answered is asked again."""
    import asyncio

    from assay.run_folder import local_settings

    local = local_settings(run)
    data = data or (Path(local["data"]) if local.get("data") else None)
    verdict = asyncio.run(_resume(run, data, signer_at(key), api_key_env or local.get("api_key_env") or None))
    if as_json:
        from assay.reports import machine

        print_json(machine.render(verdict))
    else:
        from assay.cli.audit import show

        show(verdict, run)
    return verdict.exit


async def _resume(run: Path, data: Path | None, signer: Any, api_key_env: str | None) -> Verdict:
    from assay.audit import resume_audit
    from assay.cli.progress import RunProgress
    from assay.models import Settings, open_model
    from assay.run_folder import open_plan_of

    plan = open_plan_of(run).plan
    timeout = plan.attempt_timeout_us / 1e6
    model = open_model(plan.model.uri, Settings(api_key_env=api_key_env, timeout_seconds=timeout))
    try:
        with RunProgress(plan) as progress:
            return await resume_audit(run, model, data, signer, progress.watch)
    finally:
        await model.close()
