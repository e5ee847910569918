"""``steelyard resume``: continue a stopped run."""

from __future__ import annotations

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
    timestamp_option,
)
from steelyard.cli.output import print_verdict
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.storage.run_folder import RunFolder


@click.command()
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "uri",
    multiple=True,
    metavar="[ROLE=]URI",
    help="The model's URI, for a run that was begun on another machine or whose file moved; without ROLE=: the model "
    "under test. An endpoint's address must be the plan's.",
)
@click.option(
    "--finalize",
    "finalizes",
    is_flag=True,
    help="Seal what was recorded, without sending any request; what is missing is reported.",
)
@click.option(
    "--cancel-batch",
    "cancels",
    is_flag=True,
    help="Cancel the batch that the run left at its provider: what is not answered yet is asked again by a later "
    "resume.",
)
@click.option("--conclude", "finalizes", is_flag=True, hidden=True)
@data_option
@task_option
@own_file_options
@deadline_option
@patience_option
@ray_options
@key_option
@timestamp_option
@api_keys_option
@json_option
def command(path: Path, finalizes: bool, cancels: bool, as_json: bool, **asking: Any) -> int:
    """Continue a stopped audit, run or recording in the folder RUN: no answered sample is asked again.

    Model, data and the variable of the API key are those that you named at its start, as noted in your own state
    folder; nothing of the kind is read from RUN. For a run from another machine, name the model with --model, and its
    key's variable with --api-key-env: without that, no key is sent.
    """
    import asyncio

    from steelyard.api.conduct import signer_at
    from steelyard.api.resume import check_pages, resumed
    from steelyard.storage.run_folder import RunFolder

    args = run_arguments(**asking)
    run = RunFolder.open(path)
    if run.plan.origin.kind == "gateway":
        from steelyard.cli.gateway import resume_recording

        return resume_recording(run, signer_at(args.key), as_json=as_json)
    if run.is_sealed:
        return _show_finished(run, as_json=as_json)
    if cancels:
        from steelyard.api.resume import batch_cancelled

        if finalizes:
            raise InputError("--cancel-batch and --finalize are two steps: give one")
        click.echo(asyncio.run(batch_cancelled(run, args)))
        return 0
    check_pages(run)
    signer = signer_at(args.key)
    if finalizes:
        from steelyard.auditing.conductor import finalize_audit

        verdict = finalize_audit(run, signer)
        print_verdict(verdict, run.plan, path, as_json=as_json, signed=signer is not None)
        return verdict.exit
    verdict = asyncio.run(resumed(run, args, signer))
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
