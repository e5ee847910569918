"""The conductor: screen → plan → run → verdict → report → seal. Each step lives in its own room."""

from __future__ import annotations

import asyncio
import dataclasses
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from steelyard.auditing.batches import at_provider_sentence, check_has_batches
from steelyard.auditing.finalize import checkpoint, finalize, unscored
from steelyard.auditing.interrupts import interrupted_at_once
from steelyard.auditing.scoring import scorers_of
from steelyard.auditing.session import RunSession, SessionOptions
from steelyard.auditing.timestamps import check_is_stamped, ensure_stamp
from steelyard.errors import (
    DeadlineExceeded,
    InputError,
    Interrupted,
    ModelRefused,
    ModelUnavailable,
    SteelyardError,
    StorageError,
)
from steelyard.evidence.keys import KeySigner
from steelyard.models.token_limits import advice_on_limit
from steelyard.planning.batched import NO_NEXT_TOKENS, check_batched
from steelyard.planning.build import RunRequest, build_plan, build_run, build_tests
from steelyard.planning.decoding import may_have_efforts, temperatures_checked, temperatures_of_texts
from steelyard.planning.identity_checks import check_references, looks_for_next_tokens, requested_by
from steelyard.planning.options import Detect, Options, planned_model
from steelyard.planning.orders import ProvedOrders
from steelyard.planning.prepare import prepare_measurement
from steelyard.planning.rules import asks_next_tokens
from steelyard.planning.samples import Prepared
from steelyard.planning.series import stamp_sentence
from steelyard.plugins import Model
from steelyard.records import (
    SUBJECT,
    ClaimSheet,
    ModelIdentity,
    Plan,
    PlanInput,
    PlannedModel,
    RequestedTest,
    Verdict,
    is_candidate,
)
from steelyard.records.watching import WATCH_INPUT
from steelyard.runner.loop import RunEnd
from steelyard.storage.journal.lines import Header, Session, Stop, new_header
from steelyard.storage.journal.reader import Replay
from steelyard.storage.journal.writer import Journal
from steelyard.storage.local_settings import LocalSettings
from steelyard.storage.run_folder import RunFolder
from steelyard.storage.store import FOLDER, Store

if TYPE_CHECKING:
    from steelyard.tasks.catalogue import Catalogue

__all__ = [
    "Audit",
    "finalize_audit",
    "plan_audit",
    "plan_identity",
    "plan_run",
    "plan_tests",
    "resume_audit",
    "start_audit",
]


Models = Mapping[str, Model]


@dataclass(frozen=True)
class Audit:
    """An audit or a run that is planned: everything that it needs, and nothing asked yet. Models are by role.

    ``orders`` holds the ledger of the key that fixed them, until the plan has begun there; ``waited``: seconds of the
    time budget that went in waiting for the models. ``pages`` of the sheet's sources go into the folder of the run.
    """

    plan: Plan
    prepared: Mapping[str, Prepared]
    models: Models
    orders: ProvedOrders | None = None
    waited: float = 0.0
    pages: Mapping[str, bytes] | None = None

    async def close(self) -> None:
        """Close every model."""
        for model in self.models.values():
            await model.close()


async def plan_audit(sheet: ClaimSheet, models: Models, options: Options, orders: ProvedOrders | None = None) -> Audit:
    """Ask each model who it is, then plan the sheet. No sample is sent.

    Raises ModelUnavailable where a model does not answer, InputError for options that cannot be used.
    """
    identified = await _identified(models, options)
    looked = temperatures_checked(sheet.claims, identified[SUBJECT].capabilities)
    identified[SUBJECT] = await _with_cache_check(identified[SUBJECT], models[SUBJECT], looked)
    identified[SUBJECT] = await _with_efforts(identified[SUBJECT], models[SUBJECT], options)
    if asks_next_tokens(options.detect.named):
        identified[SUBJECT] = await _with_next_tokens(identified[SUBJECT], models[SUBJECT])
    asked = [claim.task for claim in sheet.claims]
    identified |= await _with_images({SUBJECT: identified[SUBJECT]}, models, asked, options)
    with interrupted_at_once():
        planned = build_plan(sheet, identified, options, orders)
    check_batched(planned.plan, planned.prepared)
    return Audit(planned.plan, planned.prepared, models, orders)


async def plan_run(
    wanted: Sequence[RunRequest], models: Models, options: Options, orders: ProvedOrders | None = None
) -> Audit:
    """Ask each model who it is, then plan measurements that nothing tests. No sample is sent.

    Raises ModelUnavailable where a model does not answer, InputError where a task cannot be asked.
    """
    identified = await _identified(models, options)
    identified |= await _with_images(identified, models, [each.task for each in wanted], options)
    with interrupted_at_once():
        planned = build_run(wanted, identified, options, orders)
    check_batched(planned.plan, planned.prepared)
    return Audit(planned.plan, planned.prepared, models, orders)


async def plan_tests(
    requested: Sequence[RequestedTest],
    models: Models,
    options: Options,
    orders: ProvedOrders | None = None,
    inputs: Mapping[str, PlanInput] | None = None,
) -> Audit:
    """Ask each model who it is, then plan tests that a user asked for without a claim. No sample is sent.

    Raises ModelUnavailable where a model does not answer, InputError for a test that cannot be planned.
    """
    identified = await _identified(models, options)
    identified |= await _with_images(identified, models, [each.task for each in requested], options)
    with interrupted_at_once():
        planned = build_tests(requested, identified, options, orders, inputs)
    return Audit(planned.plan, planned.prepared, models, orders)


async def plan_identity(
    by: str,
    most: tuple[int | None, int | None],
    models: Models,
    options: Options,
    orders: ProvedOrders | None = None,
) -> Audit:
    """Ask each model who it is and what access it gives, then plan to hold it against the reference.

    ``by`` is one of :data:`steelyard.planning.identity_checks.WAYS`, ``most`` how many texts and how many prompts are
    asked at most. Raises ModelUnavailable where a model does not answer, InputError where the reference cannot be used.
    """
    identified = await _identified(models, options)
    if looks_for_next_tokens(by):
        identified[SUBJECT] = await _with_next_tokens(identified[SUBJECT], models[SUBJECT])
    requested = requested_by(by, *most, identified[SUBJECT].capabilities.next_tokens)
    names = tuple(each.detector for each in requested)
    looked = temperatures_of_texts(names, identified[SUBJECT].capabilities)
    identified[SUBJECT] = await _with_cache_check(identified[SUBJECT], models[SUBJECT], looked)
    options = dataclasses.replace(options, detect=Detect(auto=False, named=names))
    with interrupted_at_once():
        planned = build_tests(requested, identified, options, orders)
    return Audit(planned.plan, planned.prepared, models, orders)


async def _identified(models: Models, options: Options) -> dict[str, PlannedModel]:
    found = {}
    for role, model in models.items():
        identity, capabilities = await model.identify()
        found[role] = planned_model(identity, capabilities, options, role)
        if found[role].batch_growth:
            await check_has_batches(model, identity)
    check_references(found)
    return found


async def _with_cache_check(planned: PlannedModel, model: Model, temperatures: Sequence[float] | None) -> PlannedModel:
    """The model with those of the temperatures at which it repeats its answers word for word; None: nothing is asked.

    A cache would hide how much answers vary, and so would one seed for all.
    """
    from steelyard.models.cache_check import identical_at

    capabilities = planned.capabilities
    if temperatures is None:
        return planned
    found = tuple([each for each in temperatures if await identical_at(model, capabilities, each)])
    changed: PlannedModel = replace(planned, capabilities=replace(capabilities, repeats_identical=found))
    return changed


async def _with_efforts(planned: PlannedModel, model: Model, options: Options) -> PlannedModel:
    """An endpoint's model with the other reasoning efforts that its vendor may have meant."""
    from steelyard.models.reasoning_check import find_efforts

    if not may_have_efforts(planned):
        return planned
    found = await find_efforts(model.generate, planned.capabilities, options.reasoning_effort)
    changed: PlannedModel = replace(planned, capabilities=found)
    return changed


async def _with_next_tokens(planned: PlannedModel, model: Model) -> PlannedModel:
    """The model with how many of the likeliest next tokens it gives, or why none."""
    from steelyard.models.next_token import next_tokens_given

    given, reason = (0, NO_NEXT_TOKENS) if planned.batch_growth else await next_tokens_given(model)
    capabilities = replace(planned.capabilities, next_tokens=given, next_tokens_reason=reason)
    changed: PlannedModel = replace(planned, capabilities=capabilities)
    return changed


async def _with_images(
    planned: Mapping[str, PlannedModel], models: Models, tasks: Sequence[str], options: Options
) -> dict[str, PlannedModel]:
    """The models under test with whether they take images, or why not; none where none of the tasks shows any."""
    from steelyard.models.image_check import images_taken
    from steelyard.tasks.catalogue import shows_images

    found: dict[str, PlannedModel] = {}
    if not shows_images(tasks, options.task_files, options.own_files):
        return found
    for role, each in planned.items():
        if is_candidate(role) and not each.capabilities.images:  # else it says so itself, or its recording does
            taken, reason = await images_taken(models[role])
            found[role] = replace(each, capabilities=replace(each.capabilities, images=taken, images_reason=reason))
    return found


async def start_audit(
    audit: Audit,
    path: Path,
    signer: KeySigner | None = None,
    local: LocalSettings | None = None,
    options: SessionOptions | None = None,
    begun: Callable[[RunFolder], None] = lambda run: None,
) -> Verdict:
    """Seal the plan in a new folder, run it to its end, and conclude. ``begun`` is called before anything is asked.

    Raises Interrupted, ModelUnavailable, TimestampUnavailable, DeadlineExceeded or StorageError where the run stopped
    early: the folder then waits for :func:`resume_audit`.
    """
    run = _begun(audit, path, signer, local)
    begun(run)
    with _storage_of(run):
        options = options or SessionOptions()
        journal = Journal.create(run.path, _header(run), options.store)
    return await _carry_out(run, audit, journal, None, signer, options)


def _begun(audit: Audit, path: Path, signer: KeySigner | None, local: LocalSettings | None) -> RunFolder:
    """The folder with the sealed plan, which the key's ledger has a line of before."""
    orders = audit.orders
    if orders is None:
        return RunFolder.create(path, audit.plan, audit.prepared, signer, local, pages=audit.pages)
    begun: list[str] = []

    def begin(plan_sha256: str) -> bytes:
        ledger = orders.begin(plan_sha256)
        begun.append(plan_sha256)
        return ledger

    try:
        return RunFolder.create(path, audit.plan, audit.prepared, signer, local, begin, audit.pages)
    except BaseException:
        for plan_sha256 in begun:
            orders.abandon(plan_sha256)
        raise
    finally:
        orders.close()


async def resume_audit(
    run: RunFolder | Path,
    models: Models,
    data: Path | None,
    catalogue: Catalogue,
    signer: KeySigner | None = None,
    options: SessionOptions | None = None,
) -> Verdict:
    """Go on where a run stopped: no finished call is asked again, and the verdict is the one it would have been.

    Raises InputError where a model, the data or the key is another than the plan's, and as :func:`start_audit` does.
    """
    run = RunFolder.open(run) if isinstance(run, Path) else run
    options = options or SessionOptions()
    _refuse_sealed(run)
    try:
        async with asyncio.timeout(options.seconds_left):
            for role, planned in run.plan.models.items():
                await _check_is_same(run, role, planned.identity, models)
    except TimeoutError:
        raise DeadlineExceeded(
            f"the deadline ended before the model was identified. Go on with: {_resume(run)}"
        ) from None
    signer = run.sealing_key(signer, "go on")
    prepared: dict[str, Prepared] = {}
    for each in run.plan.measurements:
        if each.again:
            prepared[each.id] = dataclasses.replace(prepared[each.beside], measurement=each)
        else:
            prepared[each.id] = await asyncio.to_thread(prepare_measurement, each, catalogue, data)
    journal, before = _journal_of(run, options.store)
    audit = Audit(run.plan, prepared, models)
    return await _carry_out(run, audit, journal, before, signer, options)


async def _check_is_same(run: RunFolder, role: str, planned: ModelIdentity, models: Models) -> None:
    if role not in models:
        raise InputError(f"the plan has a model in the role {role}: give it with --model {role}=URI", where=run.path)
    identity, _ = await models[role].identify()
    if identity.name == planned.name and identity.sha256 != planned.sha256:
        raise InputError(
            f"{identity.name} has other files or another source now than in the plan: measure it anew", where=run.path
        )
    if identity.name != planned.name:
        raise InputError(f"the model is now {identity.name}, not the {planned.name} of the plan", where=run.path)
    if not planned.sha256 and identity.uri != planned.uri:
        raise InputError(f"the plan is about {planned.uri}, not {identity.uri}: audit that one anew", where=run.path)


def _resume(run: RunFolder) -> str:
    """The command that goes on with a run, to be copied; of a pass of a watch that of its watch."""
    if WATCH_INPUT in run.plan.inputs:
        return f"steelyard watch look {shlex.quote(str(run.path.parent.parent))}"
    return f"steelyard resume {shlex.quote(str(run.path))}"


def finalize_audit(run: RunFolder, signer: KeySigner | None = None) -> Verdict:
    """Ask nothing more and seal what is there: what was not asked stays undecided, and shows.

    Raises InputError where an answer still waits for an executing scorer, which only a resume runs.
    """
    _refuse_sealed(run)
    check_is_stamped(run)
    signer = run.sealing_key(signer, "go on")
    with _storage_of(run):
        journal, before = _journal_of(run)
        with closing(journal):
            if before is None:
                raise InputError(
                    f"nothing was asked yet, so there is nothing to finalize: {_resume(run)}", where=run.path
                )
            if (left := unscored(run)) is not None:
                raise InputError(
                    f"the answer to {left.sample} is not scored yet: {_resume(run)} does it", where=run.path
                )
            now = time.time_ns() // 1000
            journal.append(
                Session(started_us=now, active_us=before.active_us, machine=run.plan.subject.identity.machine)
            )
            journal.append(Stop(reason="finalized", active_us=before.active_us, at_us=now))
            journal.sync()
            checkpoint(run, signer)
            return finalize(run, signer, "finalized")


def _refuse_sealed(run: RunFolder) -> None:
    if run.is_sealed:
        raise InputError(
            "this run is finished and sealed; steelyard report shows it, steelyard audit starts another", where=run.path
        )


def _header(run: RunFolder) -> Header:
    return new_header(plan=run.plan_sha256, software=run.plan.software)


def _journal_of(run: RunFolder, store: Store = FOLDER) -> tuple[Journal, Replay | None]:
    """Take the lock on a run; only then is it certain that nobody else has sealed it meanwhile."""
    run.check_own_files()
    journal, before = Journal.resume(run.path, _header(run), store)
    try:
        _refuse_sealed(run)
        run.clear_partial()
    except BaseException:
        journal.close()
        raise
    return journal, before


async def _carry_out(
    run: RunFolder,
    audit: Audit,
    journal: Journal,
    before: Replay | None,
    signer: KeySigner | None,
    options: SessionOptions,
) -> Verdict:
    # The journal's lock is kept to the last: a resume that began before the seal would append behind it.
    with _storage_of(run), closing(journal):
        await _stamp(run, signer, options, before)
        await options.store.keep_files(run.path)  # no attempt is committed before its time stamp
        live = RunSession(run.plan, audit.prepared, scorers_of(run.plan), options, waited=audit.waited)
        end = await _ask(live, audit.models, run, journal, before)
        journal.sync()
        await journal.committed()  # what is sealed can be lost no more
        checkpoint(run, signer)
        verdict = finalize(run, signer) if end in ("complete", "budget") else None
        await options.store.keep_files(run.path)
        if verdict is not None:
            return verdict
    raise _stopped(end, run, live)


async def _stamp(run: RunFolder, signer: KeySigner | None, options: SessionOptions, before: Replay | None) -> None:
    has_attempts = before is not None and len(before.attempts) > 0
    stamp = await ensure_stamp(run, signer, options.timestamp_url, options.seconds_left, has_attempts=has_attempts)
    if stamp is not None:
        options.notify(stamp_sentence(stamp))


@contextmanager
def _storage_of(run: RunFolder) -> Iterator[None]:
    """Say in one line what a folder that takes no more leaves, and how to go on."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{run.path}: cannot be written ({error.strerror}); nothing finished is lost. "
            f"Make room there, then go on with: {_resume(run)}"
        ) from None


async def _ask(live: RunSession, models: Models, run: RunFolder, journal: Journal, before: Replay | None) -> RunEnd:
    try:
        return await live.run(models, run, journal, before)
    except asyncio.CancelledError:
        return "interrupted"


def _stopped(end: RunEnd, run: RunFolder, live: RunSession) -> SteelyardError:
    """What to tell the user of a run that stopped early."""
    left = at_provider_sentence(live.group.at_provider if live.group else None, run.path)
    if end == "endpoint_down":
        last = live.group.last_failure if live.group else ""
        is_refused = last.startswith("HTTP 4") and not last.startswith(("HTTP 408", "HTTP 429"))
        advice = advice_on_limit(last) or f"when that is fixed, go on with: {_resume(run)}"
        return (ModelRefused if is_refused else ModelUnavailable)(
            f"{live.plan.subject.identity.uri} gives no answers (the last thing it said: {last}); {advice}{left}"
        )
    if end == "deadline":
        done = sum(live.answered.values())
        return DeadlineExceeded(
            f"the deadline came after {done:,} answers, none of them lost. Go on with: {_resume(run)}{left}"
        )
    return Interrupted(f"interrupted; nothing finished is lost. Go on with: {_resume(run)}{left}")
