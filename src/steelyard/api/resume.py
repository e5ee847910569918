"""Going on with a stopped run: the one way, for ``steelyard resume`` and for ``steelyard.resume``.

What it may open are the models that this user named, at the addresses of the sealed plan and nowhere else.

The folder of a run may come from a stranger. Models and the variables of keys come from the user's call, else from what
this user noted on this machine when the run began; nothing is taken from the folder. Before anything connects, each
endpoint's address must be the one that the plan was sealed with.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.conduct import interrupted, session_options
from steelyard.api.models import uris_of
from steelyard.errors import InputError, VerificationError
from steelyard.models.address import IN_PROCESS, PROVIDERS, address_of
from steelyard.records import SUBJECT
from steelyard.records.file_options import FileOptions
from steelyard.storage.local_settings import LocalSettings
from steelyard.storage.store import FOLDER
from steelyard.tasks.catalogue import Catalogue
from steelyard.util.text import one_line
from steelyard.verification.sources import check_sources

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.conduct import OnInterrupt
    from steelyard.auditing.session import Watcher
    from steelyard.evidence.keys import KeySigner
    from steelyard.records import Verdict
    from steelyard.runner.allowance import Allowance
    from steelyard.storage.run_folder import RunFolder
    from steelyard.storage.store import Store

__all__ = ["arguments_to_resume", "batch_cancelled", "check_pages", "resumed", "samples_to_resume"]

_SHOWN = 200


async def resumed(
    run: RunFolder,
    args: RunArguments,
    signer: KeySigner | None,
    on_interrupt: OnInterrupt | None = None,
    watcher: Watcher | None = None,
    store: Store = FOLDER,
    allowance: Allowance | None = None,
) -> Verdict:
    """Ask what a stopped run has left to ask, and seal it; the last three are as of :func:`conduct`.

    Raises as :func:`arguments_to_resume` and :func:`steelyard.api.conduct.conduct` do, and InputError where another
    copy of the run was sealed, with other answers.
    """
    from steelyard.api.models import has_function, open_for_call
    from steelyard.api.options import with_absolute_paths
    from steelyard.api.suites import note_begun, note_ended
    from steelyard.auditing.conductor import resume_audit
    from steelyard.auditing.ledger_end import check_has_no_other_end
    from steelyard.storage.run_folder import RunFolder

    args = arguments_to_resume(run, args)
    check_has_no_other_end(run, signer)
    if has_function(args):
        run, args = RunFolder.open(run.path.absolute()), with_absolute_paths(args)
    data, catalogue = samples_to_resume(run, args)
    try:
        async with AsyncExitStack() as opened_here:
            sealed = {role: planned.capabilities for role, planned in run.plan.models.items()}
            models = open_for_call(args, opened_here, catalogue.suites, sealed)
            note_begun(catalogue.suites, args, run)
            with session_options(run.plan, args, on_interrupt, watcher, store, allowance) as options:
                verdict = await resume_audit(run, models, data, catalogue, signer, options)
            note_ended(catalogue.suites, args, run)
            return verdict
    except asyncio.CancelledError:
        raise interrupted(run.path) from None


def check_pages(run: RunFolder) -> None:
    """Raise InputError where a page of the claims is not the plan's: what is asked then would never verify."""
    try:
        if run.plan.sheet and run.plan.sheet.source_files:
            check_sources(run)
    except VerificationError as error:
        raise InputError(f"{error}: restore the page, or begin another audit", where=run.path) from None


async def batch_cancelled(run: RunFolder, args: RunArguments) -> str:
    """Cancel the batch that a run left at its provider; a line for the user.

    Raises as :func:`arguments_to_resume` and :func:`steelyard.auditing.batches.cancel_open_batch` do.
    """
    from steelyard.api.models import open_for_call
    from steelyard.auditing.batches import cancel_open_batch

    args = arguments_to_resume(run, args)
    async with AsyncExitStack() as opened_here:
        sealed = {role: planned.capabilities for role, planned in run.plan.models.items()}
        models = open_for_call(args, opened_here, (), sealed)
        return await cancel_open_batch(run, models[SUBJECT])


def arguments_to_resume(run: RunFolder, args: RunArguments) -> RunArguments:
    """The arguments with every model and key variable of the run's plan; nothing is opened.

    A run that did not begin on this machine gets no key but those whose variables ``args`` name. Raises InputError
    where a model is not named, or where an endpoint is at another address than the plan's.
    """
    local = run.local_settings()
    noted = LocalSettings() if local is None else local
    named = {**noted.models, **uris_of(args.models)}
    timestamped = run.plan.ledger is not None and run.plan.ledger.timestamped
    if args.timestamp and not timestamped:
        raise InputError("this run began without --timestamp, and its plan is sealed: leave it out", where=run.path)
    for role, planned in run.plan.models.items():
        if role in args.models and role not in uris_of(args.models):
            continue  # opened by the caller: its identity is compared before anything is asked
        if role not in named:
            raise _not_named(run, role, planned.identity.uri, is_known=local is not None)
        _check_address(run, named[role], planned.identity.uri, noted.models.get(role, ""))
    return replace(
        args,
        models={role: args.models[role] if role in args.models else named[role] for role in run.plan.models},
        keys={**noted.api_key_env, **args.keys},
        usual_keys=local is not None,
        timestamp=args.timestamp or noted.timestamp,
        timeout=run.plan.subject.attempt_timeout_us / 1e6,
        concurrency=run.plan.subject.concurrency,
    )


def samples_to_resume(run: RunFolder, args: RunArguments) -> tuple[Path | None, Catalogue]:
    """Where the samples of a run are read again: the data folder and the tasks, as given now, else as noted."""
    noted = run.local_settings() or LocalSettings()
    data = args.data or (Path(noted.data) if noted.data else None)
    task_files = args.task_files or tuple(Path(path) for path in noted.tasks)
    now, before = args.own_files, noted.own_files
    own = {name: getattr(now, name) or getattr(before, name) for name in FileOptions.__struct_fields__}
    return data, Catalogue(task_files, FileOptions(**own))


def _not_named(run: RunFolder, role: str, planned: str, *, is_known: bool) -> InputError:
    option = "--model URI" if role == SUBJECT else f"--model {role}=URI"
    why = f"the plan has a model in the role {role}" if is_known else "this run was not begun by you on this machine"
    return InputError(
        f"{why}: name its model with {option}, and the variable of its key, if any, with --api-key-env "
        f"(the plan is about {one_line(planned, _SHOWN)!r})",
        where=run.path,
    )


def _check_address(run: RunFolder, uri: str, planned: str, noted: str) -> None:
    """Refuse a model that would be asked elsewhere than the plan says; files are compared by digest when opened."""
    kinds = {each.partition(":")[0] for each in (uri, planned)}
    if kinds <= IN_PROCESS or (noted and uri == noted and not kinds & set(PROVIDERS)):
        return
    if address_of(uri) != planned:
        raise InputError(
            f"the plan is about {one_line(planned, _SHOWN)!r}, not {one_line(address_of(uri), _SHOWN)!r}: "
            "audit that one anew",
            where=run.path,
        )
