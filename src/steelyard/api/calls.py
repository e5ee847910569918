"""``steelyard.audit``, ``run``, ``screen`` and ``verify``: plain calls, and ``aaudit`` and ``arun`` to be awaited."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from steelyard.api.choices import (
    AuditChoices,
    RunChoices,
    check_names,
    deadline_of,
    keys_by_role,
    options_from,
    path_of,
    takes,
)
from steelyard.api.models import key_of, models_by_role, open_for_call, uri_of
from steelyard.api.results import RunResult, ScreenResult, VerifyResult, verified
from steelyard.errors import Interrupted
from steelyard.evidence import layout
from steelyard.records import ClaimSheet
from steelyard.util.background import Interruption, Work, await_call, call
from steelyard.util.duration import read_duration

if TYPE_CHECKING:
    from steelyard.api.models import AnyModels, ByRole
    from steelyard.auditing.conductor import Audit
    from steelyard.auditing.session import SessionOptions
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.planning.build import ProveOrder
    from steelyard.planning.options import Options
    from steelyard.plugins import Model
    from steelyard.records import Plan, Verdict

__all__ = ["aaudit", "arun", "audit", "run", "screen", "verify"]


@takes(AuditChoices)
def audit(
    sheet: str | Path | ClaimSheet,
    *,
    model: AnyModels,
    **choices: Unpack[AuditChoices],
) -> RunResult:
    """Test the claims of a sheet against a served model, to a sealed verdict, as ``steelyard audit`` does.

    It works in a script and in a notebook. Ctrl-C lets the calls in flight finish and raises Interrupted, which says
    how to resume; a second one does not wait for them.

    Args:
        sheet: a claim sheet's path, or what :func:`steelyard.read_sheet` gives.
        model: the model under test: a URI such as ``embedded:smollm2`` or ``openai:NAME@URL``, a model from
            :func:`steelyard.open_model`, which stays open, or a mapping of roles (``subject``, …) to either.
        choices: the command's options by the same names. ``out`` is the run's folder (default: runs/NAME-TIME);
            ``progress=True`` prints what the command prints while it runs; ``tolerance`` is in percentage points;
            ``budget``, ``deadline`` and ``patience`` are durations (``"15m"``, or seconds); ``timeout`` is in seconds;
            ``limit`` caps the samples of each task; ``data`` is a mirror of the data sets, ``task_files`` are tasks of
            your own; ``detectors`` are planned beside the claims; ``key`` signs; ``rpm``, ``tpm``, ``max_tokens``,
            ``max_cost``, ``price``, ``prices``, ``concurrency``, ``with_texts``, ``api_key_env``.

    Raises:
        SteelyardError: InputError for input that cannot be used, ModelUnavailable, DeadlineExceeded, StorageError or
            Interrupted where the run stopped early. A verdict of *inconsistent* raises nothing.
    """
    given = check_names("audit", AuditChoices, choices)
    return call(_work(partial(_audit, sheet, given), model, given))


@takes(AuditChoices)
async def aaudit(
    sheet: str | Path | ClaimSheet,
    *,
    model: AnyModels,
    **choices: Unpack[AuditChoices],
) -> RunResult:
    """:func:`steelyard.audit`, to be awaited. Cancelling it stops the run, which ``steelyard resume`` finishes."""
    given = check_names("aaudit", AuditChoices, choices)
    return await await_call(_work(partial(_audit, sheet, given), model, given))


@takes(RunChoices)
def run(task: str | Path, *, model: AnyModels, **choices: Unpack[RunChoices]) -> RunResult:
    """Measure a task on a model, with error bars, as ``steelyard run`` does.

    Args:
        task: a built-in task's id, a file of questions (.jsonl, .csv, .parquet) or a task file (.yaml).
        model: as :func:`steelyard.audit` takes it.
        choices: as those of :func:`steelyard.audit`, without ``tolerance`` and ``detectors``, and ``prompt`` (the
            prompt format), ``shots`` (worked examples), ``temperature`` and ``repeats`` (answers to each sample).

    Raises:
        SteelyardError: as :func:`steelyard.audit` does.
    """
    given = check_names("run", RunChoices, choices)
    return call(_work(partial(_run, task, given), model, given))


@takes(RunChoices)
async def arun(task: str | Path, *, model: AnyModels, **choices: Unpack[RunChoices]) -> RunResult:
    """:func:`steelyard.run`, to be awaited. Cancelling it stops the run, which ``steelyard resume`` finishes."""
    given = check_names("arun", RunChoices, choices)
    return await await_call(_work(partial(_run, task, given), model, given))


def screen(sheet: str | Path | ClaimSheet) -> ScreenResult:
    """Screen a claim sheet by arithmetic alone: no model, no network.

    Raises InputError for a sheet that cannot be read.
    """
    from steelyard.auditing.desk import screen_sheet

    return ScreenResult(screen_sheet(_sheet(sheet)))


def verify(path: str | Path, *, require_key: str | Path | None = None) -> VerifyResult:
    """Check a sealed bundle offline: every digest, score and verdict is recomputed, without the model.

    With ``require_key`` the bundle must be signed by that public key. Raises VerificationError naming the first check
    that fails, InputError where ``path`` is not the folder of a run.
    """
    return verified(Path(path).expanduser(), path_of(require_key))


def _sheet(sheet: str | Path | ClaimSheet) -> ClaimSheet:
    from steelyard.claims.sheet import read_sheet

    return sheet if isinstance(sheet, ClaimSheet) else read_sheet(Path(sheet).expanduser())


@dataclass(frozen=True)
class _Job:
    """What is asked: how to plan it, what the progress line calls it, and what its default folder is named after."""

    about: str
    name: str
    options: Options
    plan: Callable[[Mapping[str, Model], ProveOrder | None], Coroutine[Any, Any, Audit]]


def _audit(sheet: str | Path | ClaimSheet, given: dict[str, Any], uris: Mapping[str, str]) -> _Job:
    from steelyard.auditing.conductor import plan_audit

    claims, options = _sheet(sheet), options_from(given, uris)
    return _Job(
        about=claims.model or claims.path,
        name=Path(claims.path).stem or "audit",
        options=options,
        plan=lambda models, prove: plan_audit(claims, models, options, prove),
    )


def _run(task: str | Path, given: dict[str, Any], uris: Mapping[str, str]) -> _Job:
    from steelyard.api.conduct import run_request
    from steelyard.auditing.conductor import plan_run

    asked = given.get("prompt", ""), given.get("shots"), given.get("temperature")
    wanted, options = run_request(task, *asked, options_from(given, uris))
    return _Job(
        about=wanted.task,
        name=wanted.task.replace(":", "-"),
        options=options,
        plan=lambda models, prove: plan_run([wanted], models, options, prove),
    )


def _work(prepare: Callable[[Mapping[str, str]], _Job], model: AnyModels, given: dict[str, Any]) -> Work[RunResult]:
    """The whole of a call, for the background loop: open, plan, carry out, close what was opened here."""

    async def work(interruption: Interruption) -> RunResult:
        from steelyard.api.conduct import default_folder, order_prover, settings_of, signer_at

        by_role = models_by_role(model)
        job = prepare({role: uri_of(each) for role, each in by_role.items()})
        session = _Session(given, interruption)
        signer = signer_at(path_of(given.get("key")))
        keys = keys_by_role(given) | {role: name for role, each in by_role.items() if (name := key_of(each))}
        async with AsyncExitStack() as opened_here:
            models = open_for_call(by_role, keys, settings_of(job.options), opened_here)
            folder = path_of(given.get("out"))
            try:
                audit = await session.plan(job, models, by_role, order_prover(signer))
                # Nothing is awaited from here to the folder's making, so that no other call takes the same name.
                folder = folder or default_folder(job.name)
                return RunResult(await session.carry_out(audit, folder, signer, job, by_role, keys), folder)
            except asyncio.CancelledError:
                raise _interrupted(folder) from None

    return work


def _interrupted(folder: Path | None) -> Interrupted:
    if folder is None or not (folder / layout.PLAN).is_file():
        return Interrupted("interrupted; nothing was asked yet")
    return Interrupted(f"interrupted; nothing finished is lost. Go on with: steelyard resume {folder}")


class _Session:
    """How one call goes about its plan: its deadline, its patience, its display and its interruption."""

    def __init__(self, given: Mapping[str, Any], interruption: Interruption) -> None:
        self._ends_at = deadline_of(given)
        self._patience = read_duration(given.get("patience"), "patience")
        self._shows = bool(given.get("progress"))
        self._interruption = interruption

    async def plan(
        self, job: _Job, models: Mapping[str, Model], by_role: ByRole, prove_order: ProveOrder | None
    ) -> Audit:
        from steelyard.api.conduct import models_in_words, plan_within
        from steelyard.api.progress import working
        from steelyard.util.text import one_line

        against = models_in_words({role: uri_of(each) or repr(each) for role, each in by_role.items()})
        with working(f"planning {one_line(job.about, 80)} against {against}") if self._shows else nullcontext():
            return await plan_within(job.plan(models, prove_order), self._seconds_left(), against)

    async def carry_out(
        self,
        audit: Audit,
        folder: Path,
        signer: CryptoSigner | None,
        job: _Job,
        by_role: ByRole,
        keys: Mapping[str, str],
    ) -> Verdict:
        from steelyard.api.conduct import local_settings_for
        from steelyard.auditing.conductor import start_audit

        local = local_settings_for(
            {role: uri for role, each in by_role.items() if (uri := uri_of(each))}, keys, job.options
        )
        with self._options(audit.plan) as options:
            return await start_audit(audit, folder, signer, local, options)

    @contextmanager
    def _options(self, plan: Plan) -> Iterator[SessionOptions]:
        from steelyard.auditing.session import PATIENCE_SECONDS, SessionOptions

        options = SessionOptions(
            notify=logging.getLogger("steelyard").info,  # silent, unless the user's logging wants it
            deadline_seconds=self._seconds_left(),
            patience_seconds=self._patience or PATIENCE_SECONDS,
            on_interrupt=self._interruption.handled_by,
        )
        if not self._shows:
            yield options
            return
        from steelyard.api.progress import RunProgress

        with RunProgress(plan) as display:
            yield replace(options, watcher=display.watch, notify=display.notify)

    def _seconds_left(self) -> float | None:
        return None if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())
