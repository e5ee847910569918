"""From what a user asked to a sealed verdict: the one way, for the command line and for calls from Python."""

from __future__ import annotations

import asyncio
import gc
import logging
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import DeadlineExceeded, InputError, Interrupted
from steelyard.evidence import layout
from steelyard.storage.store import FOLDER

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.auditing.conductor import Audit
    from steelyard.auditing.session import SessionOptions, Watcher
    from steelyard.evidence.keys import KeySigner
    from steelyard.planning.build import RunRequest
    from steelyard.planning.options import Options
    from steelyard.planning.orders import ProvedOrders
    from steelyard.plugins import Model
    from steelyard.records import ClaimSheet, Plan, PlanInput, RequestedTest, Verdict
    from steelyard.runner.allowance import Allowance
    from steelyard.storage.run_folder import RunFolder
    from steelyard.storage.store import Store

__all__ = [
    "Conducted",
    "Job",
    "OnInterrupt",
    "audit_job",
    "built_in_request",
    "conduct",
    "default_folder",
    "interrupted",
    "measurements_job",
    "planned",
    "requested_job",
    "run_job",
    "run_request",
    "session_options",
    "signer_at",
]

# Python looks for garbage in cycles when so many more objects were made than let go. A hundred calls in flight hold
# some thousands, and leave no cycle: at its own 700 it would look once in a dozen calls, and find nothing.
_NEW_OBJECTS: Final = 10_000

OnInterrupt = Callable[[Callable[[], None]], AbstractContextManager[None]]


@dataclass(frozen=True)
class Job:
    """What is to be planned.

    ``about`` is its name in the progress line, ``name`` that in the default folder; ``plan`` plans it for the models
    by role. ``begun`` is called when the plan is sealed, before anything is asked. ``remarks`` are lines that the user
    reads before that.
    """

    about: str
    name: str
    options: Options
    plan: Callable[[Mapping[str, Model], ProvedOrders | None], Coroutine[Any, Any, Audit]]
    begun: Callable[[RunFolder], None] = lambda run: None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conducted:
    """A run that came to its end, and the folder of its evidence."""

    verdict: Verdict
    plan: Plan
    folder: Path
    is_signed: bool


def audit_job(sheet: ClaimSheet, options: Options, pages: Mapping[str, bytes] | None = None) -> Job:
    """An audit of a claim sheet; ``pages`` of its sources are sealed by their names in the folder of the run."""
    from steelyard.auditing.conductor import plan_audit

    async def plan(models: Mapping[str, Model], orders: ProvedOrders | None) -> Audit:
        return replace(await plan_audit(sheet, models, options, orders), pages=pages)

    return Job(about=sheet.model or sheet.path, name=Path(sheet.path).stem or "audit", options=options, plan=plan)


def run_job(wanted: RunRequest, options: Options, roles: Sequence[str] = ()) -> Job:
    """The measurement of one task; with several ``roles``, of each one's model, on the same samples in one order."""
    return measurements_job([replace(wanted, role=role) for role in roles] or [wanted], options, wanted.task)


def measurements_job(wanted: Sequence[RunRequest], options: Options, name: str) -> Job:
    """Several measurements of one plan, which goes by ``name``."""
    from steelyard.auditing.conductor import plan_run

    return Job(
        about=name,
        name=name.replace(":", "-"),
        options=options,
        plan=lambda models, orders: plan_run(wanted, models, options, orders),
    )


def requested_job(
    requested: Sequence[RequestedTest], options: Options, inputs: Mapping[str, PlanInput] | None = None
) -> Job:
    """Tests that a user asked for without a claim; ``inputs`` are digests of what else a verifier needs."""
    from steelyard.auditing.conductor import plan_tests

    tasks = ", ".join(dict.fromkeys(each.task for each in requested))
    return Job(
        about=tasks,
        name=tasks.replace(":", "-").replace("/", "-")[:80],
        options=options,
        plan=lambda models, orders: plan_tests(requested, models, options, orders, inputs),
    )


@asynccontextmanager
async def planned(job: Job, args: RunArguments, orders: ProvedOrders | None = None) -> AsyncIterator[Audit]:
    """Open the models, plan what is asked of them, and close at the end those that were opened here.

    Raises DeadlineExceeded where deadline or budget end before the models are identified, InputError and
    ModelUnavailable where one cannot be used.
    """
    from steelyard.api.models import open_for_call
    from steelyard.api.progress import working
    from steelyard.api.suites import not_drawn, suites_among
    from steelyard.models.waiting import waiting
    from steelyard.tasks.hub_reach import hub_asked_once
    from steelyard.util.console import err
    from steelyard.util.text import one_line

    against = _in_words(args)
    async with AsyncExitStack() as opened_here:
        suites = suites_among(job.options.task_files)
        models = open_for_call(args, opened_here, suites)
        line = f"planning {one_line(job.about, 80)} against {against}"
        say = partial(err().print, soft_wrap=True) if args.shows_progress else logging.getLogger("steelyard").info
        shown = working(line) if args.shows_progress else nullcontext()
        with hub_asked_once(), shown, waiting(say, args.budget_seconds) as before:
            audit = await _within(job.plan(models, orders), args.seconds_left, against)
        audit = replace(audit, waited=before.spent)
        told = [*job.remarks, *not_drawn(suites, job.options.recipient)]
        told += [one.how_read for one in audit.plan.measurements] + [one.advice for one in audit.prepared.values()]
        for each in dict.fromkeys(filter(None, told)):
            if args.shows_progress:
                err().print(one_line(each, 800))
        yield audit


async def conduct(
    job: Job,
    args: RunArguments,
    signer: KeySigner | None,
    on_interrupt: OnInterrupt | None = None,
    watcher: Watcher | None = None,
    store: Store = FOLDER,
    allowance: Allowance | None = None,
) -> Conducted:
    """Plan a job and run it to its seal; ``watcher`` hears of every answer, ``store`` keeps what the run writes.

    ``allowance`` is asked before each call: where it has no room, the run stops as if it were interrupted.

    Raises Interrupted, ModelUnavailable, TimestampUnavailable, DeadlineExceeded or StorageError where it stopped early;
    what is finished is in its folder, and ``steelyard resume`` goes on with it.
    """
    from steelyard.api.models import has_function
    from steelyard.api.options import local_settings_of
    from steelyard.api.suites import note_begun, note_ended, suites_among
    from steelyard.auditing.conductor import start_audit
    from steelyard.storage.run_folder import RunFolder

    folder, here = args.out, Path.cwd()
    suites = suites_among(job.options.task_files)
    try:
        async with _orders(args, signer) as orders, planned(job, args, orders) as audit:
            # Nothing is awaited from here to the folder's making, so that no other call takes the same name.
            folder = folder or default_folder(job.name)
            place = here / folder if has_function(args) else folder
            with session_options(audit.plan, args, on_interrupt, watcher, store, allowance) as options:
                local = local_settings_of(args, job.options)

                def begun(run: RunFolder) -> None:
                    note_begun(suites, args, run)
                    job.begun(run)

                verdict = await start_audit(audit, place, signer, local, options, begun)
            note_ended(suites, args, RunFolder.open(place))
            return Conducted(verdict, audit.plan, folder if args.owns_process else place, signer is not None)
    except asyncio.CancelledError:
        raise interrupted(folder) from None


@contextmanager
def session_options(
    plan: Plan,
    args: RunArguments,
    on_interrupt: OnInterrupt | None = None,
    watcher: Watcher | None = None,
    store: Store = FOLDER,
    allowance: Allowance | None = None,
) -> Iterator[SessionOptions]:
    """The options of one session, with its progress display where one is wanted."""
    from steelyard.auditing.session import SessionOptions

    if args.owns_process:
        gc.freeze()  # the plan and its samples live as long as the run, so that to look among them finds nothing
        gc.set_threshold(_NEW_OBJECTS)
    options = SessionOptions(
        notify=logging.getLogger("steelyard").info,  # silent, unless the user's logging wants it
        deadline_seconds=args.seconds_left,
        timestamp_url=args.timestamp,
        store=store,
        allowance=allowance,
    )
    if args.patience_seconds is not None:
        options = replace(options, patience_seconds=args.patience_seconds)
    if on_interrupt is not None:
        options = replace(options, on_interrupt=on_interrupt)
    if watcher is not None:
        options = replace(options, watcher=watcher)
    if not args.shows_progress:
        yield options
        return
    from steelyard.api.progress import RunProgress

    with RunProgress(plan) as display:
        yield replace(options, watcher=display.watch, notify=display.notify)


def _in_words(args: RunArguments) -> str:
    """The models in one line, with their roles where they are not under test."""
    from steelyard.api.models import uri_of
    from steelyard.records import SUBJECT
    from steelyard.util.text import one_line

    named = {role: uri_of(model) or repr(model) for role, model in args.models.items()}
    return one_line(", ".join(uri if role == SUBJECT else f"{role}={uri}" for role, uri in named.items()), 120)


async def _within(planning: Awaitable[Audit], seconds: float | None, against: str) -> Audit:
    try:
        async with asyncio.timeout(seconds):
            return await planning
    except TimeoutError:
        raise DeadlineExceeded(f"the deadline ended before {against} was identified") from None


def interrupted(folder: Path | None) -> Interrupted:
    """The error of a run that was interrupted: it says how to go on where there is something to go on with."""
    if folder is None or not (folder / layout.PLAN).is_file():
        return Interrupted("interrupted; nothing was asked yet")
    return Interrupted(
        f"interrupted; nothing finished is lost. Go on with: steelyard resume {shlex.quote(str(folder))}"
    )


def run_request(
    task: str | Path, prompt: str, shots: int | None, temperature: float | None, options: Options, window: str = ""
) -> tuple[RunRequest, Options]:
    """What ``steelyard run TASK`` measures: a built-in task by its id, a file, or the folder of a suite.

    A path has a dot or a slash, or is a suite's folder that no built-in task is called like. Of a sealed suite with
    variants the one endpoint that is asked gets those that the seal draws for it.

    The options come back with that file among their task files. Raises InputError for a file that is no task, a name
    that none has (with names that are near), a prompt format or a ``window`` that the task does not have, and repeats
    without a temperature.
    """
    from steelyard.tasks import resolve
    from steelyard.tasks.catalogue import near_to_run, open_task_file
    from steelyard.tasks.suite_file import is_suite
    from steelyard.tasks.suite_task import drawn_part

    name = str(task)
    is_path = isinstance(task, Path) or "." in name or "/" in name
    if is_path and not Path(task).suffix and "#" not in name and not Path(task).exists():
        raise InputError(
            f"there is no such file or folder{near_to_run(Path(task).name, Path(task).parent)}", where=task
        )
    if is_path or (resolve(name) is None and is_suite(Path(name))):
        path = drawn_part(Path(task), options.recipient)
        name = open_task_file(path, options.own_files).id
        # Absolute, since a model of the user's own may change the working folder before it is read.
        options = replace(options, task_files=(*options.task_files, path.absolute()))
    return _request(name, prompt, shots, temperature, options, window, near_to_run), options


def built_in_request(
    name: str, prompt: str, shots: int | None, temperature: float | None, options: Options, window: str = ""
) -> RunRequest:
    """What a run measures that somebody else asks for: a built-in task by its name, and never a file of this machine.

    Raises InputError as :func:`run_request`; a name that none has is not looked for among files.
    """
    from steelyard.tasks.catalogue import near_built_in

    return _request(name, prompt, shots, temperature, replace(options, task_files=()), window, near_built_in)


def _request(
    name: str,
    prompt: str,
    shots: int | None,
    temperature: float | None,
    options: Options,
    window: str,
    near: Callable[[str], str],
) -> RunRequest:
    from steelyard.planning.build import RunRequest
    from steelyard.planning.testable import Skip, task_named
    from steelyard.tasks.catalogue import Catalogue
    from steelyard.tasks.window import window_named
    from steelyard.util.text import one_line

    try:
        found = task_named(name, Catalogue(options.task_files, options.own_files).find, near)
    except Skip as skip:  # said here, before a model is fetched and opened
        raise InputError(f"{one_line(name, 80)}: {skip.reason}") from None
    if prompt:
        found.prompt_format(prompt)  # one that is not declared is refused, rather than asked in another format
    sealed = window_named(found.definition, window) if window else ""
    if (options.repeats or 1) > 1 and temperature is None:
        raise InputError("repeats ask each sample several times: give a temperature too (0 is greedy)")
    return RunRequest(task=name, prompt=prompt, shots=shots, temperature=temperature, window=sealed)


def default_folder(name: str) -> Path:
    """``runs/NAME-TIME`` in the current folder."""
    from datetime import datetime

    first = run = Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    another = 1
    while run.exists():  # two runs began in the same second
        another += 1
        run = first.with_name(f"{first.name}-{another}")
    return run


def signer_at(key: Path | None) -> KeySigner | None:
    """The signer of a named key, or of the default key where there is one, else None (the run stays unsigned).

    Raises InputError where the key cannot be used.
    """
    from steelyard.evidence.keys import default_key_path, load_signer

    if key is None and not default_key_path().is_file():
        return None
    return load_signer(key)


@asynccontextmanager
async def _orders(args: RunArguments, signer: KeySigner | None) -> AsyncIterator[ProvedOrders | None]:
    """What fixes the plan's orders: the key and its ledger; None without a key.

    Raises InputError where the key has no ledger, and where a ledger or a time stamp is asked for without a key.
    """
    if args.timestamp:
        _check_can_be_stamped(args, signer)
    if signer is None:
        if args.new_ledger or args.no_ledger:
            option = "--new-ledger" if args.new_ledger else "--no-ledger"
            raise InputError(
                f"{option} is about the ledger of a key, and nothing signs here: add --key, or leave it out"
            )
        yield None
        return
    from steelyard.evidence.ledger_file import LedgerFile, ledger_path, open_new_ledger, read_ledger
    from steelyard.planning.orders import ProvedOrders

    if args.no_ledger:
        yield ProvedOrders(signer)
        return
    path = ledger_path(signer.path)
    if args.new_ledger:
        open_new_ledger(path, signer, with_key=False)
    read_ledger(path)  # a key without one is refused before any model is asked
    orders = ProvedOrders(signer, LedgerFile(path, signer), timestamped=bool(args.timestamp))
    try:
        yield orders
    finally:
        orders.close()


def _check_can_be_stamped(args: RunArguments, signer: KeySigner | None) -> None:
    """Raise InputError where there is no line of a ledger to stamp, no address, or no package for it."""
    from steelyard.evidence.timestamp_signature import require_client
    from steelyard.runner.timestamp_client import check_address

    if signer is None:
        raise InputError("--timestamp dates the ledger of a key, and nothing signs here: add --key, or leave it out")
    if args.no_ledger:
        raise InputError("--timestamp dates the ledger, and --no-ledger does without: leave one out")
    check_address(args.timestamp, "--timestamp")
    require_client("--timestamp")
