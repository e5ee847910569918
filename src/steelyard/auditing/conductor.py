"""The conductor: screen → plan → run → verdict → report → seal. One screen long; each step lives in its own room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steelyard.auditing.finalize import checkpoint, finalize, unscored
from steelyard.auditing.scoring import scorers_of
from steelyard.auditing.session import RunSession, SessionOptions
from steelyard.errors import DeadlineExceeded, InputError, Interrupted, ModelUnavailable, SteelyardError, StorageError
from steelyard.planning.build import Options, build_plan
from steelyard.planning.samples import Prepared, prepare_row
from steelyard.plugins import Model
from steelyard.records import ClaimSheet, Plan, Verdict
from steelyard.runner import RunEnd
from steelyard.storage.journal import Header, Journal, Replay, Session, Stop
from steelyard.storage.run_folder import SealedPlan, clear_partial, create, open_plan_of

__all__ = ["Audit", "finalize_audit", "plan_audit", "resume_audit", "start_audit"]


@dataclass(frozen=True)
class Audit:
    """An audit that is planned: everything that the run needs, and nothing asked yet."""

    plan: Plan
    prepared: Mapping[str, Prepared]
    model: Model


async def plan_audit(
    sheet: ClaimSheet,
    model: Model,
    options: Options,
    prove_order: Callable[[dict[str, Any]], str] | None = None,
    estimate: bool = False,
) -> Audit:
    """Ask the model who it is, then plan the sheet (``estimate``: measure, test nothing). No sample is sent."""
    identity, capabilities = await model.identify()
    plan, prepared = build_plan(sheet, identity, capabilities, options, prove_order, estimate)
    return Audit(plan, prepared, model)


async def start_audit(
    audit: Audit,
    run: Path,
    signer: Any = None,
    local: Mapping[str, str] | None = None,
    conduct: SessionOptions | None = None,
) -> Verdict:
    """Seal the plan in a new folder, run it to its end, and conclude.

    Raises Interrupted, ModelUnavailable, Unfinished (the deadline) or StorageError where the run stopped early: the
    folder then waits for :func:`resume_audit`.
    """
    sealed = create(run, audit.plan, audit.prepared, signer, local or {})
    with _storage_of(run):
        journal = Journal.create(run, Header(plan=sealed.sha256, software=audit.plan.software))
    return await _carry_out(sealed, audit, run, journal, None, signer, conduct or SessionOptions())


async def resume_audit(
    run: Path,
    model: Model,
    data: Path | None,
    task_files: Sequence[Path] = (),
    signer: Any = None,
    conduct: SessionOptions | None = None,
) -> Verdict:
    """Go on where a run stopped: no finished call is asked again, and the verdict is the one it would have been."""
    from steelyard.tasks.catalogue import Catalogue

    sealed = open_plan_of(run)
    _refuse_sealed(run)
    catalogue = Catalogue(task_files)
    identity, _ = await model.identify()
    planned = sealed.plan.model
    if (identity.sha256, identity.name) != (planned.sha256, planned.name):
        raise InputError(f"the model is now {identity.name}, not the {planned.name} of the plan", where=run)
    if not planned.sha256 and identity.uri != planned.uri:
        raise InputError(f"the plan is about {planned.uri}, not {identity.uri}: audit that one anew", where=run)
    signer = _same_signer(run, sealed, signer)
    prepared = {row.id: await asyncio.to_thread(prepare_row, row, catalogue, data) for row in sealed.plan.rows}
    journal, before = _journal_of(run, sealed)
    audit = Audit(sealed.plan, prepared, model)
    return await _carry_out(sealed, audit, run, journal, before, signer, conduct or SessionOptions())


def finalize_audit(run: Path, signer: Any = None) -> Verdict:
    """Ask nothing more and seal what is there: what was not asked stays undecided, and shows.

    Raises InputError where an answer still waits for the mark of an act, which only a resume makes.
    """
    sealed = open_plan_of(run)
    _refuse_sealed(run)
    signer = _same_signer(run, sealed, signer)
    with _storage_of(run):
        journal, before = _journal_of(run, sealed)
        with closing(journal):
            if before is None:
                raise InputError("nothing was asked yet, so there is nothing to conclude: steelyard resume", where=run)
            if (left := unscored(run)) is not None:
                raise InputError(f"the answer to {left.sample} is not marked yet: steelyard resume marks it", where=run)
            now = time.time_ns() // 1000
            journal.append(Session(started_us=now, active_us=before.active_us, machine=sealed.plan.model.machine))
            journal.append(Stop(reason="concluded", active_us=before.active_us, at_us=now))
            journal.sync()
            checkpoint(run, signer)
            return finalize(run, signer)


def _refuse_sealed(run: Path) -> None:
    if (run / "bundle.dsse.json").exists():
        raise InputError(
            "this run is finished and sealed; steelyard report shows it, steelyard audit starts another", where=run
        )


def _journal_of(run: Path, sealed: SealedPlan) -> tuple[Journal, Replay | None]:
    """Take the lock on a run; only then is it certain that nobody else has sealed it meanwhile."""
    journal, before = Journal.resume(run, Header(plan=sealed.sha256, software=sealed.plan.software))
    try:
        _refuse_sealed(run)
        clear_partial(run)
    except BaseException:
        journal.close()
        raise
    return journal, before


def _same_signer(run: Path, sealed: SealedPlan, signer: Any) -> Any:
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
    signer: Any,
    conduct: SessionOptions,
) -> Verdict:
    # The journal's lock is kept to the last: a resume that began before the seal would append behind it.
    with _storage_of(run), closing(journal):
        live = RunSession(plan=sealed.plan, prepared=audit.prepared, scorers=scorers_of(sealed.plan), conduct=conduct)
        end = await _ask(live, audit.model, run, journal, before)
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


async def _ask(live: RunSession, model: Model, run: Path, journal: Journal, before: Replay | None) -> RunEnd:
    try:
        return await live.run(model, run, journal, before)
    except asyncio.CancelledError:
        return "interrupted"


def _stopped(end: RunEnd, run: Path, live: RunSession) -> SteelyardError:
    """What to tell the user of a run that stopped early."""
    if end == "endpoint_down":
        last = live.runner.last_failure if live.runner else ""
        return ModelUnavailable(
            f"{live.plan.model.uri} gives no answers (the last thing it said: {last}); "
            f"when that is mended, go on with: steelyard resume {run}"
        )
    if end == "deadline":
        done = sum(live.answered.values())
        return DeadlineExceeded(
            f"the deadline came after {done:,} answers, none of them lost. Go on with: steelyard resume {run}"
        )
    return Interrupted(f"interrupted; nothing finished is lost. Go on with: steelyard resume {run}")
