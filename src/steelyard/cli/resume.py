"""``steelyard resume``: continue a stopped run."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import (
    api_keys_option,
    data_option,
    deadline_option,
    json_option,
    key_option,
    own_file_options,
    patience_option,
    ray_options,
    run_arguments,
    task_option,
)
from steelyard.cli.output import print_verdict

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.evidence.keys import KeySigner
    from steelyard.records import Verdict
    from steelyard.storage.run_folder import LocalSettings, RunFolder


@click.command()
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "uri",
    multiple=True,
    metavar="[ROLE=]URI",
    help="The model's URI if it changed; without ROLE=: the model under test.",
)
@click.option(
    "--finalize",
    "finalizes",
    is_flag=True,
    help="Seal what was recorded, without sending any request; what is missing is reported.",
)
@click.option("--conclude", "finalizes", is_flag=True, hidden=True)
@data_option
@task_option
@own_file_options
@deadline_option
@patience_option
@ray_options
@key_option
@api_keys_option
@json_option
def command(path: Path, finalizes: bool, as_json: bool, **asking: Any) -> int:
    """Continue a stopped audit, run or recording in the folder RUN: no answered sample is asked again."""
    import asyncio

    from steelyard.api.conduct import signer_at
    from steelyard.storage.run_folder import RunFolder

    args = run_arguments(**asking)
    run = RunFolder.open(path)
    if run.plan.origin.kind == "gateway":
        from steelyard.cli.gateway import resume_recording

        return resume_recording(run, signer_at(args.key), as_json=as_json)
    if run.is_sealed:
        return _show_finished(run, as_json=as_json)
    signer = signer_at(args.key)
    if finalizes:
        from steelyard.auditing.conductor import finalize_audit

        verdict = finalize_audit(run, signer)
        print_verdict(verdict, run.plan, path, as_json=as_json, signed=signer is not None)
        return verdict.exit
    # The local settings of the run's start; for a run from another machine, the user gives them again.
    local = run.local_settings()
    verdict = asyncio.run(_resume(run, args, local, signer))
    print_verdict(verdict, run.plan, path, as_json=as_json, signed=signer is not None)
    return verdict.exit


def _show_finished(run: RunFolder, *, as_json: bool) -> int:
    """Show a run that is sealed already."""
    from steelyard.auditing.finalize import results_of
    from steelyard.util.console import err

    err().print("this run is finished and sealed; no request was sent")
    found = results_of(run)
    print_verdict(found.verdict, run.plan, run.path, as_json=as_json, signed=True)
    return found.verdict.exit


async def _resume(
    run: RunFolder,
    args: RunArguments,
    local: LocalSettings,
    signer: KeySigner | None,
) -> Verdict:
    from steelyard.api.conduct import session_options
    from steelyard.api.models import open_for_call, uris_of
    from steelyard.auditing.conductor import resume_audit
    from steelyard.records.file_options import FileOptions
    from steelyard.tasks.catalogue import Catalogue

    plan = run.plan
    uris = {**{role: model.identity.uri for role, model in plan.models.items()}, **local.models, **uris_of(args.models)}
    args = replace(
        args,
        models={role: uris[role] for role in plan.models},
        keys={**local.api_key_env, **args.keys},
        timeout=plan.subject.attempt_timeout_us / 1e6,
        concurrency=plan.subject.concurrency,
    )
    data = args.data or (Path(local.data) if local.data else None)
    task_files = args.task_files or tuple(Path(path) for path in local.tasks)
    own = {each.name: getattr(args.own_files, each.name) or getattr(local, each.name) for each in fields(FileOptions)}
    catalogue = Catalogue(task_files, FileOptions(**own))
    async with AsyncExitStack() as opened_here:
        sealed = {role: planned.capabilities for role, planned in plan.models.items()}
        models = open_for_call(args, opened_here, sealed)
        with session_options(plan, args) as options:
            return await resume_audit(run, models, data, catalogue, signer, options)
