"""The conductor: screen → plan → run → verdict → report → seal. One screen long; each step lives in its own room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steelyard.auditing.finalize import checkpoint, finalize, unscored
from steelyard.auditing.scoring import scorers_of
from steelyard.auditing.session import RunSession, SessionOptions
from steelyard.errors import DeadlineExceeded, InputError, Interrupted, ModelUnavailable, SteelyardError, StorageError
from steelyard.evidence import layout
from steelyard.evidence.keys import CryptoSigner
from steelyard.planning.build import ProveOrder, RunRequest, build_plan, build_run
from steelyard.planning.options import Options, planned_model
from steelyard.planning.samples import Prepared, prepare_measurement
from steelyard.plugins import Model
from steelyard.records import ClaimSheet, ModelIdentity, Plan, PlannedModel, Verdict
from steelyard.runner import RunEnd
from steelyard.storage.journal import Journal, Replay, Session, Stop, new_header
from steelyard.storage.run_folder import SealedPlan, clear_partial, create, open_plan_of

__all__ = ["Audit", "finalize_audit", "plan_audit", "plan_run", "resume_audit", "start_audit"]


Models = Mapping[str, Model]


@dataclass(frozen=True)
class Audit:
    """An audit or a run that is planned: everything that it needs, and nothing asked yet. Models are by role."""

    plan: Plan
    prepared: Mapping[str, Prepared]
    models: Models

    async def close(self) -> None:
        """Close every model."""
        for model in self.models.values():
            await model.close()


async def plan_audit(
    sheet: ClaimSheet, models: Models, options: Options, prove_order: ProveOrder | None = None
) -> Audit:
    """Ask each model who it is, then plan the sheet. No sample is sent.

    Raises ModelUnavailable where a model does not answer, InputError for options that cannot be used.
    """
    planned = build_plan(sheet, await _identified(models, options), options, prove_order)
    return Audit(planned.plan, planned.prepared, models)


async def plan_run(
    wanted: Sequence[RunRequest], models: Models, options: Options, prove_order: ProveOrder | None = None
) -> Audit:
    """Ask each model who it is, then plan measurements that nothing tests. No sample is sent.

    Raises ModelUnavailable where a model does not answer, InputError where a task cannot be asked.
    """
    planned = build_run(wanted, await _identified(models, options), options, prove_order)
    return Audit(planned.plan, planned.prepared, models)


async def _identified(models: Models, options: Options) -> dict[str, PlannedModel]:
    found = {}
    for role, model in models.items():
        identity, capabilities = await model.identify()
        found[role] = planned_model(identity, capabilities, options, role)
    return found


async def start_audit(
    audit: Audit,
    run: Path,
    signer: CryptoSigner | None = None,
    local: Mapping[str, Any] | None = None,
    options: SessionOptions | None = None,
) -> Verdict:
    """Seal the plan in a new folder, run it to its end, and conclude.

    Raises Interrupted, ModelUnavailable, Unfinished (the deadline) or StorageError where the run stopped early: the
    folder then waits for :func:`resume_audit`.
    """
    sealed = create(run, audit.plan, audit.prepared, signer, local or {})
    with _storage_of(run):
        journal = Journal.create(run, new_header(plan=sealed.sha256, software=audit.plan.software))
    return await _carry_out(sealed, audit, run, journal, None, signer, options or SessionOptions())


async def resume_audit(
    run: Path,
    models: Models,
    data: Path | None,
    task_files: Sequence[Path] = (),
    signer: CryptoSigner | None = None,
    options: SessionOptions | None = None,
) -> Verdict:
    """Go on where a run stopped: no finished call is asked again, and the verdict is the one it would have been.

    Raises InputError where a model, the data or the key is another than the plan's, and as :func:`start_audit` does.
    """
    from steelyard.tasks.catalogue import Catalogue

    sealed = open_plan_of(run)
    _refuse_sealed(run)
    catalogue = Catalogue(task_files)
    for role, planned in sealed.plan.models.items():
        await _check_is_same(run, role, planned.identity, models)
    signer = _same_signer(run, sealed, signer)
    prepared = {
        each.id: await asyncio.to_thread(prepare_measurement, each, catalogue, data)
        for each in sealed.plan.measurements
    }
    journal, before = _journal_of(run, sealed)
    audit = Audit(sealed.plan, prepared, models)
    return await _carry_out(sealed, audit, run, journal, before, signer, options or SessionOptions())


async def _check_is_same(run: Path, role: str, planned: ModelIdentity, models: Models) -> None:
    if role not in models:
        raise InputError(f"the plan has a model in the role {role}: give it with --model {role}=URI", where=run)
    identity, _ = await models[role].identify()
    if (identity.sha256, identity.name) != (planned.sha256, planned.name):
        raise InputError(f"the model is now {identity.name}, not the {planned.name} of the plan", where=run)
    if not planned.sha256 and identity.uri != planned.uri:
        raise InputError(f"the plan is about {planned.uri}, not {identity.uri}: audit that one anew", where=run)


def finalize_audit(run: Path, signer: CryptoSigner | None = None) -> Verdict:
    """Ask nothing more and seal what is there: what was not asked stays undecided, and shows.

    Raises InputError where an answer still waits for an executing scorer, which only a resume runs.
    """
    sealed = open_plan_of(run)
    _refuse_sealed(run)
    signer = _same_signer(run, sealed, signer)
    with _storage_of(run):
        journal, before = _journal_of(run, sealed)
        with closing(journal):
            if before is None:
                raise InputError("nothing was asked yet, so there is nothing to finalize: steelyard resume", where=run)
            if (left := unscored(run)) is not None:
                raise InputError(f"the answer to {left.sample} is not scored yet: steelyard resume does it", where=run)
            now = time.time_ns() // 1000
            journal.append(
                Session(started_us=now, active_us=before.active_us, machine=sealed.plan.subject.identity.machine)
            )
            journal.append(Stop(reason="finalized", active_us=before.active_us, at_us=now))
            journal.sync()
            checkpoint(run, signer)
            return finalize(run, signer)


def _refuse_sealed(run: Path) -> None:
    if (run / layout.BUNDLE).exists():
        raise InputError(
            "this run is finished and sealed; steelyard report shows it, steelyard audit starts another", where=run
        )


def _journal_of(run: Path, sealed: SealedPlan) -> tuple[Journal, Replay | None]:
    """Take the lock on a run; only then is it certain that nobody else has sealed it meanwhile."""
    journal, before = Journal.resume(run, new_header(plan=sealed.sha256, software=sealed.plan.software))
    try:
        _refuse_sealed(run)
        clear_partial(run)
    except BaseException:
        journal.close()
        raise
    return journal, before


def _same_signer(run: Path, sealed: SealedPlan, signer: CryptoSigner | None) -> CryptoSigner | None:
    """The key that sealed the plan seals the run: any other would leave a bundle that does not verify."""
    if not sealed.signatures:
        return None
    if signer is None or signer.public_key.keyid not in sealed.signatures:
        raise InputError(
            f"the plan is signed by key {sealed.signatures[0][:16]}…: go on with that one (--key)", where=run
        )
    return signer


async def _carry_out(
    sealed: SealedPlan,
    audit: Audit,
    run: Path,
    journal: Journal,
    before: Replay | None,
    signer: CryptoSigner | None,
    options: SessionOptions,
) -> Verdict:
    # The journal's lock is kept to the last: a resume that began before the seal would append behind it.
    with _storage_of(run), closing(journal):
        live = RunSession(plan=sealed.plan, prepared=audit.prepared, scorers=scorers_of(sealed.plan), options=options)
        end = await _ask(live, audit.models, run, journal, before)
        journal.sync()
        checkpoint(run, signer)
        if end in ("complete", "budget"):
            return finalize(run, signer)
    raise _stopped(end, run, live)


@contextmanager
def _storage_of(run: Path) -> Iterator[None]:
    """Say in one line what a folder that takes no more leaves, and how to go on."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{run}: cannot be written ({error.strerror}); nothing finished is lost. "
            f"Make room there, then go on with: steelyard resume {run}"
        ) from None


async def _ask(live: RunSession, models: Models, run: Path, journal: Journal, before: Replay | None) -> RunEnd:
    try:
        return await live.run(models, run, journal, before)
    except asyncio.CancelledError:
        return "interrupted"


def _stopped(end: RunEnd, run: Path, live: RunSession) -> SteelyardError:
    """What to tell the user of a run that stopped early."""
    if end == "endpoint_down":
        last = live.group.last_failure if live.group else ""
        return ModelUnavailable(
            f"{live.plan.subject.identity.uri} gives no answers (the last thing it said: {last}); "
            f"when that is fixed, go on with: steelyard resume {run}"
        )
    if end == "deadline":
        done = sum(live.answered.values())
        return DeadlineExceeded(
            f"the deadline came after {done:,} answers, none of them lost. Go on with: steelyard resume {run}"
        )
    return Interrupted(f"interrupted; nothing finished is lost. Go on with: steelyard resume {run}")
