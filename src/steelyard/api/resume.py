"""Going on with a stopped run: the one way, for ``steelyard resume`` and for ``steelyard.resume``."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.conduct import interrupted, session_options

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.conduct import OnInterrupt
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.records import Verdict
    from steelyard.storage.run_folder import RunFolder

__all__ = ["resumed"]


async def resumed(
    run: RunFolder, args: RunArguments, signer: CryptoSigner | None, on_interrupt: OnInterrupt | None = None
) -> Verdict:
    """Ask what a stopped run has left to ask, and seal it.

    Models, keys, data and tasks are those of ``args``, else those that the run's start noted on this machine.
    Raises as :func:`steelyard.api.conduct.conduct` does.
    """
    from steelyard.api.models import open_for_call
    from steelyard.auditing.conductor import resume_audit
    from steelyard.tasks.catalogue import Catalogue

    plan, local = run.plan, run.local_settings()
    models = {**{role: model.identity.uri for role, model in plan.models.items()}, **local.models, **args.models}
    args = replace(
        args,
        models={role: models[role] for role in plan.models},
        keys={**local.api_key_env, **args.keys},
        timeout=plan.subject.attempt_timeout_us / 1e6,
        concurrency=plan.subject.concurrency,
    )
    data = args.data or (Path(local.data) if local.data else None)
    task_files = args.task_files or tuple(Path(path) for path in local.tasks)
    catalogue = Catalogue(task_files, args.question or local.question, args.answer or local.answer)
    try:
        async with AsyncExitStack() as opened_here:
            sealed = {role: planned.capabilities for role, planned in plan.models.items()}
            opened = open_for_call(args, opened_here, sealed)
            with session_options(plan, args, on_interrupt) as options:
                return await resume_audit(run, opened, data, catalogue, signer, options)
    except asyncio.CancelledError:
        raise interrupted(run.path) from None
