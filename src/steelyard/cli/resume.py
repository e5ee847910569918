"""``steelyard resume``: go on where an audit stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import (
    api_key_option,
    data_option,
    deadline_option,
    json_option,
    key_option,
    patience_option,
    ray_options,
    signer_at,
    task_option,
)

if TYPE_CHECKING:
    from steelyard.records import Verdict


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--model", metavar="URI", help="Where the model is now (default: where it was).")
@click.option("--conclude", "concludes", is_flag=True, help="Ask nothing more: seal what is there; the rest shows.")
@data_option
@task_option
@deadline_option
@patience_option
@ray_options
@key_option
@api_key_option
@json_option
def command(run: Path, **chosen: Any) -> int:
    """Finish what stopped in the folder RUN, an audit, a run or a recording: no answer is asked for again."""
    import asyncio

    from steelyard.cli.audit import show
    from steelyard.cli.conduct import check_durations
    from steelyard.storage.run_folder import local_settings, open_plan_of

    check_durations(chosen)
    if open_plan_of(run).plan.origin.kind == "gateway":
        from steelyard.cli.gateway import resume_recording

        return resume_recording(run, signer_at(chosen["key"]), as_json=chosen["as_json"])
    if (run / "bundle.dsse.json").exists():
        return _show_finished(run, as_json=chosen["as_json"])
    signer = signer_at(chosen["key"])
    if chosen["concludes"]:
        from steelyard.auditing.conductor import finalize_audit

        verdict = finalize_audit(run, signer)
        show(verdict, run, as_json=chosen["as_json"], signed=signer is not None)
        return verdict.exit
    # What this machine noted when the run began; a run that came from elsewhere has it named again.
    local = local_settings(run)
    for name in ("model", "data", "api_key_env"):
        chosen[name] = chosen[name] or local.get(name) or None
    files = chosen["task_files"] or tuple(Path(part) for part in local.get("tasks", "").split(os.pathsep) if part)
    verdict = asyncio.run(_resume(run, chosen, files, signer))
    show(verdict, run, as_json=chosen["as_json"], signed=signer is not None)
    return verdict.exit


def _show_finished(run: Path, *, as_json: bool) -> int:
    """A run that was killed after its seal has nothing left to do but to be shown."""
    from steelyard.auditing.finalize import conclusion_of
    from steelyard.cli.audit import show
    from steelyard.util.console import err

    err().print("this run is finished and sealed; nothing was asked")
    found = conclusion_of(run)
    show(found.verdict, run, as_json=as_json, signed=True)
    return found.verdict.exit


async def _resume(run: Path, chosen: dict[str, Any], task_files: tuple[Path, ...], signer: Any) -> Verdict:
    from steelyard.auditing.conductor import resume_audit
    from steelyard.cli.conduct import conduct_of, open_model_here_or_on_ray
    from steelyard.cli.progress import RunProgress
    from steelyard.models import Settings
    from steelyard.storage.run_folder import open_plan_of

    plan = open_plan_of(run).plan
    settings = Settings(
        api_key_env=chosen["api_key_env"],
        timeout_seconds=plan.attempt_timeout_us / 1e6,
        concurrency=plan.concurrency,
    )
    model = open_model_here_or_on_ray(chosen["model"] or plan.model.uri, settings, chosen)
    data = Path(chosen["data"]) if chosen["data"] else None
    try:
        with RunProgress(plan) as progress:
            return await resume_audit(run, model, data, task_files, signer, conduct_of(chosen, progress))
    finally:
        await model.close()
