"""``steelyard.audit``, ``run``, ``resume``, ``screen`` and ``verify``: plain calls; ``a…``: to be awaited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from steelyard.api.choices import (
    AuditChoices,
    ResumeChoices,
    RunChoices,
    arguments_from,
    check_names,
    names_in,
    path_of,
    takes,
)
from steelyard.api.conduct import Job, audit_job, conduct, run_job, run_request, signer_at
from steelyard.api.models import candidates
from steelyard.api.results import RunResult, ScreenResult, VerifyResult, verified
from steelyard.errors import InputError
from steelyard.records import ClaimSheet, is_candidate
from steelyard.util.background import Interruption, Work, await_call, call

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.models import AnyModels
    from steelyard.auditing.answers import Answer, Reading
    from steelyard.plugins import Model

__all__ = ["aaudit", "aresume", "arun", "audit", "report", "resume", "run", "screen", "show", "verify"]


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
            ``output_tokens`` caps one answer, and ``reasoning_effort`` is sent with each request; ``limit`` caps the
            samples of each task; ``data`` is a mirror of the data sets; ``task`` (also ``task_files``) is a task of
            your own, or several; ``detect`` names the detectors that ask beside the claims (``"auto"``, ``"none"`` or
            names), ``detect_weight`` is their share; ``accept_model=True`` tests an endpoint whose name is another
            model's than the claimed one, ``allow_part=True`` a part of a benchmark; ``difficulty`` is a file of known
            difficulties of items, or several, by which fewer calls are needed; ``source`` is the vendor's page that the
            claims were taken from, or several; ``key`` signs (``new_ledger=True``
            begins a ledger for a key that has none, ``no_ledger=True`` does without), ``timestamp`` is the address of a
            time stamp authority, which dates the ledger's line before anything is asked; ``rpm``, ``tpm``,
            ``max_tokens``, ``max_cost``, ``price``, ``price_cached``, ``price_reasoning``, ``prices``, ``concurrency``,
            ``with_texts``, ``api_key_env``, ``scorer``; ``batch=True`` asks by the provider's batches, at half the
            price, each of which ends ``batch_growth`` times further than the one before.

    Raises:
        SteelyardError: InputError for input that cannot be used, ModelUnavailable, TimestampUnavailable,
            DeadlineExceeded, StorageError or Interrupted where the run stopped early. A verdict of *inconsistent*
            raises nothing.
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
def run(task: str | Path, *, model: AnyModels | Sequence[str | Model], **choices: Unpack[RunChoices]) -> RunResult:
    """Measure a task on a model, with error bars, as ``steelyard run`` does.

    Args:
        task: a built-in task's id, a file of questions (.jsonl, .csv, .xlsx …), a task file (.yaml) or the folder of a
            suite.
        model: as :func:`steelyard.audit` takes it; or a list of several, which are asked the same.
        choices: as those of :func:`steelyard.audit`, without ``task``, ``tolerance``, ``detect``, ``accept_model``
            and ``allow_part``, and ``prompt`` (the prompt format), ``shots`` (worked examples), ``window`` (dates, a
            release or a subset), ``temperature`` and ``repeats`` (answers to each sample).

    Raises:
        SteelyardError: as :func:`steelyard.audit` does.
    """
    given = check_names("run", RunChoices, choices)
    return call(_work(partial(_run, task, given), candidates(model), given))


@takes(RunChoices)
async def arun(
    task: str | Path, *, model: AnyModels | Sequence[str | Model], **choices: Unpack[RunChoices]
) -> RunResult:
    """:func:`steelyard.run`, to be awaited. Cancelling it stops the run, which ``steelyard resume`` finishes."""
    given = check_names("arun", RunChoices, choices)
    return await await_call(_work(partial(_run, task, given), candidates(model), given))


@takes(ResumeChoices)
def resume(run: str | Path, *, model: AnyModels | None = None, **choices: Unpack[ResumeChoices]) -> RunResult:
    """Go on with a stopped audit or run, as ``steelyard resume`` does: no answered sample is asked again.

    A run that is finished is not asked anything; its result comes back.

    Args:
        run: the run's folder.
        model: where it is not the one that the run began with: as :func:`steelyard.audit` takes it.
        choices: the command's options by the same names, as those of :func:`steelyard.audit`. ``finalize=True`` seals
            what was recorded and asks nothing.

    Raises:
        SteelyardError: as :func:`steelyard.audit` does; InputError for the recording of a gateway.
    """
    return call(_resume_work(run, model, check_names("resume", ResumeChoices, choices)))


@takes(ResumeChoices)
async def aresume(run: str | Path, *, model: AnyModels | None = None, **choices: Unpack[ResumeChoices]) -> RunResult:
    """:func:`steelyard.resume`, to be awaited. Cancelling it stops the run again."""
    return await await_call(_resume_work(run, model, check_names("aresume", ResumeChoices, choices)))


def screen(sheet: str | Path | ClaimSheet) -> ScreenResult:
    """Screen a claim sheet by arithmetic alone: no model, no network.

    Raises InputError for a sheet that cannot be read.
    """
    from steelyard.auditing.desk import screen_sheet

    return ScreenResult(screen_sheet(_sheet(sheet)))


def verify(
    path: str | Path,
    *,
    require_key: str | Path | None = None,
    timestamp_root: str | Path | Iterable[str | Path] | None = None,
) -> VerifyResult:
    """Check a sealed bundle offline: every digest, score and verdict is recomputed, without the model.

    With ``require_key`` the bundle must be signed by that public key. ``timestamp_root`` is the PEM file of the root of
    a time stamp authority, or several: a time stamp that the bundle carries must be under one. Raises VerificationError
    naming the first check that fails, InputError where ``path`` is not the folder of a run: the result of a test over
    finished runs is checked by :func:`steelyard.verify_result`.
    """
    from steelyard.api.sealed_results import result_file
    from steelyard.evidence.timestamp_signature import roots_at

    given = [timestamp_root] if isinstance(timestamp_root, str | Path) else timestamp_root or ()
    roots = roots_at([Path(each).expanduser() for each in given], "timestamp_root")
    folder = Path(path).expanduser()
    if result_file(folder):
        raise InputError("is the result of a test over finished runs: use steelyard.verify_result", where=folder)
    return verified(folder, path_of(require_key), roots)


def report(run: str | Path) -> RunResult:
    """The result of a run's folder, computed again from its journal, as ``steelyard report`` prints it.

    Raises InputError where ``run`` is not the folder of a run.
    """
    from steelyard.auditing.finalize import results_of
    from steelyard.storage.run_folder import RunFolder

    folder = RunFolder.open(Path(run).expanduser())
    return RunResult(results_of(folder).verdict, folder.path)


def show(run: str | Path, *readings: Reading) -> list[Answer]:
    """The answers of a run: what was asked, expected and answered, and how it was read, as ``steelyard show`` does.

    ``readings`` chooses those that were read as *right*, *wrong*, *partly right*, *open* or *missing*; without any, all
    are given. Raises InputError where ``run`` is not the folder of a run, and for another reading.
    """
    from typing import get_args

    from steelyard.auditing import answers
    from steelyard.storage.run_folder import RunFolder

    if unknown := [each for each in readings if each not in get_args(answers.Reading)]:
        raise InputError(f"there is no reading {unknown[0]!r}; there are: {', '.join(get_args(answers.Reading))}")
    folder = RunFolder.open(Path(run).expanduser())
    return [*answers.answers_of(folder, lambda score: not readings or answers.reading_of(score) in readings)]


def _sheet(sheet: str | Path | ClaimSheet) -> ClaimSheet:
    from steelyard.claims.sheet import read_sheet

    if not isinstance(sheet, str | Path | ClaimSheet):
        raise InputError(
            f"a claim sheet is the path of a YAML file, or what read_sheet gives, not a {type(sheet).__name__}: write "
            "it into a file"
        )
    return sheet if isinstance(sheet, ClaimSheet) else read_sheet(Path(sheet).expanduser())


def _audit(sheet: str | Path | ClaimSheet, given: dict[str, Any], args: RunArguments) -> Job:
    from steelyard.adapters.source_pages import bound
    from steelyard.api.options import options_of
    from steelyard.planning.options import detect_of
    from steelyard.planning.weights import DETECT_WEIGHT

    detect = detect_of(
        ",".join(names_in(given.get("detect"))) or "auto", str(given.get("detect_weight", DETECT_WEIGHT))
    )
    known, sources = (
        tuple(Path(each).expanduser() for each in ([files] if isinstance(files, str | Path) else files))
        for files in (given.get("difficulty") or (), given.get("source") or ())
    )
    options = options_of(args, tolerance=str(given.get("tolerance", "2")), detect=detect, difficulties=known)
    claims = _sheet(sheet)
    place = Path(claims.path if isinstance(sheet, ClaimSheet) else sheet).expanduser()
    claims, pages = bound(claims, place, sources)
    return audit_job(claims, options, pages)


def _run(task: str | Path, given: dict[str, Any], args: RunArguments) -> Job:
    from steelyard.api.options import options_of

    if not isinstance(task, str | Path):
        raise InputError(
            f"a task is a built-in task's id, or the path of a file of questions, not a {type(task).__name__}: write "
            "the questions into a file (.jsonl, .csv, .xlsx)"
        )
    asked = given.get("prompt", ""), given.get("shots"), given.get("temperature")
    wanted, options = run_request(
        task, *asked, options_of(args, repeats=given.get("repeats")), str(given.get("window", ""))
    )
    return run_job(wanted, options, [role for role in args.models if is_candidate(role)])


def _work(prepare: Callable[[RunArguments], Job], model: AnyModels, given: dict[str, Any]) -> Work[RunResult]:
    """The whole of a call, for the background loop."""

    async def work(interruption: Interruption) -> RunResult:
        args = arguments_from(given, model)
        conducted = await conduct(prepare(args), args, signer_at(args.key), interruption.handled_by)
        return RunResult(conducted.verdict, conducted.folder)

    return work


def _resume_work(path: str | Path, model: AnyModels | None, given: dict[str, Any]) -> Work[RunResult]:
    folder = Path(path).expanduser()

    async def work(interruption: Interruption) -> RunResult:
        from steelyard.api.resume import check_pages, resumed
        from steelyard.auditing.conductor import finalize_audit
        from steelyard.auditing.finalize import results_of
        from steelyard.storage.run_folder import RunFolder

        args = arguments_from(given, model)
        run = RunFolder.open(folder)
        if run.plan.origin.kind == "gateway":
            raise InputError("this is a gateway's recording: go on with it by steelyard resume", where=run.path)
        if run.is_sealed:
            return RunResult(results_of(run).verdict, run.path)
        check_pages(run)
        signer = signer_at(args.key)
        if given.get("finalize"):
            return RunResult(finalize_audit(run, signer), run.path)
        return RunResult(await resumed(run, args, signer, interruption.handled_by), run.path)

    return work
