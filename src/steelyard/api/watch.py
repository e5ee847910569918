"""A watch from the call to its sealed passes: begin it, ask its baseline, look, and go on where a call stopped.

Every pass is a run of the one engine: plan, journal, seal. Before a pass is asked its plan is sealed and in the log,
so that none can be asked twice and the better one kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.conduct import Job, OnInterrupt, conduct, run_job, run_request, signer_at
from steelyard.api.options import options_of
from steelyard.api.resume import arguments_to_resume, resumed
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import sha256_hex
from steelyard.records import SUBJECT, PlanInput
from steelyard.records.watching import (
    WATCH_FORMAT,
    WATCH_INPUT,
    PassBegun,
    PassEnded,
    PassLost,
    WatchOpened,
)
from steelyard.stats.watching import LEAST_PASSES
from steelyard.storage.local_settings import LocalSettings
from steelyard.storage.run_folder import RunFolder
from steelyard.util.software import software
from steelyard.watching.folder import WatchFolder, now_text
from steelyard.watching.log import WatchLog, place_of, with_line
from steelyard.watching.passes import baseline_line, facts_of, measurement_of, scores_of
from steelyard.watching.same_question import check_probe, check_same
from steelyard.watching.standing import Standing, standing_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.api.arguments import RunArguments
    from steelyard.auditing.conductor import Audit
    from steelyard.evidence.keys import KeySigner
    from steelyard.planning.options import Options
    from steelyard.planning.orders import ProvedOrders
    from steelyard.plugins import Model
    from steelyard.records import Plan

__all__ = ["Probe", "begin_watch", "look_again", "probe_job"]

Notify = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a watch asks: a task, a file or a suite as ``steelyard run`` takes it, of a suite ``items`` at most."""

    task: str
    items: int | None = None
    prompt: str = ""
    shots: int | None = None
    temperature: float | None = None

    @property
    def place(self) -> str:
        """The task, or the part of the suite that is asked. Raises InputError where a part is wanted of no suite."""
        from steelyard.tasks.suite_file import is_suite, suite_folder, suite_part

        if self.items is None:
            return self.task
        path = Path(self.task)
        if not is_suite(path):
            raise InputError(
                f"--items takes a part of a suite, and {self.task[:80]!r} is none: give a suite's folder, or a file "
                "with the questions of the probe"
            )
        if suite_part(path):
            raise InputError("--items: name the suite's folder without a part (#…)", where=path)
        folder = suite_folder(path)
        return str(folder.with_name(f"{folder.name}#probe-{self.items}"))


def probe_job(probe: Probe, options: Options) -> tuple[Job, str]:
    """The job of one pass, and the name of its task. Raises InputError for a task that is none."""
    wanted, options = run_request(probe.place, probe.prompt, probe.shots, probe.temperature, options)
    return run_job(wanted, options), wanted.task


async def begin_watch(
    path: Path,
    probe: Probe,
    args: RunArguments,
    passes: int,
    notify: Notify,
    *,
    spread: bool = False,
    on_interrupt: OnInterrupt | None = None,
) -> Standing:
    """Begin a watch in a new folder and ask its baseline, all of it or with ``spread`` the first pass.

    Raises InputError for what cannot be watched, with nothing left behind; and as :func:`conduct` does where a pass
    stopped early: :func:`look_again` goes on then.
    """
    _check_begin(path, args, passes)
    signer = signer_at(args.key)
    options = options_of(args)
    _, task = probe_job(probe, options)
    opened = WatchOpened(
        format=WATCH_FORMAT,
        software=software(),
        at=now_text(),
        task=task,
        prompt=probe.prompt,
        shots=probe.shots,
        temperature=probe.temperature,
        scorer=args.scorer,
        output_tokens=args.output_tokens,
        reasoning_effort=args.reasoning_effort,
        passes=passes,
        spread=spread,
    )
    log = with_line(None, opened)

    def begun(run: RunFolder) -> None:
        WatchFolder.create(path, opened, lambda log: _begun(log, run)(log.lines, log.head))
        population = measurement_of(run.plan).population
        notify(
            f"the baseline takes {passes} passes of {population:,} items, {passes * population:,} calls; "
            f"each look takes {population:,}"
        )

    job, _ = probe_job(probe, _in_watch(options, log))
    first = path / place_of("baseline", 1)
    await conduct(_checked(job, check_probe, begun), replace(args, out=first), signer, on_interrupt)
    with WatchFolder.open(path) as watch:
        _end(watch)
        asking = _Asking(watch, args, signer, notify, on_interrupt)
        await asking.baseline(0 if spread else passes)
        return standing_of(watch.log)


async def look_again(
    path: Path,
    args: RunArguments,
    notify: Notify,
    *,
    gives_up: bool = False,
    on_interrupt: OnInterrupt | None = None,
) -> Standing:
    """Ask one pass more: what a stopped call left open, what the baseline still needs, or else a look.

    The model is the one that the watch began with, at the same address. With ``gives_up`` an open pass is put on
    record as lost, and another begins.

    Raises InputError where the model or the questions are others than the baseline's, and as :func:`conduct` does.
    """
    with WatchFolder.open(path) as watch:
        if not watch.log.passes:
            raise VerificationError(f"{path}: no pass of it began")
        first = RunFolder.open(path / watch.log.passes[0].place)
        signer = first.sealing_key(signer_at(args.key) if first.signers else None, "look")
        asking = _Asking(watch, args, signer, notify, on_interrupt)
        ended = await asking.open_pass(gives_up=gives_up)
        if watch.log.baseline is None:
            await asking.baseline((0 if ended else 1) if watch.log.opened.spread else watch.log.opened.passes)
        elif not ended:
            await asking.next_pass()
        return standing_of(watch.log)


def _check_begin(path: Path, args: RunArguments, passes: int) -> None:
    if passes < LEAST_PASSES:
        raise InputError(f"--passes {passes}: a baseline has at least {LEAST_PASSES}: each pass is one of its numbers")
    if set(args.models) != {SUBJECT}:
        raise InputError("a watch is of one model: give --model URI once, without a role")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError("is not an empty folder: choose another --out; steelyard watch look goes on with a watch",
                         where=path)  # fmt: skip


class _Asking:
    """The passes of one call, under the lock of the watch."""

    def __init__(
        self,
        watch: WatchFolder,
        args: RunArguments,
        signer: KeySigner | None,
        notify: Notify,
        on_interrupt: OnInterrupt | None,
    ) -> None:
        self.watch, self.args, self.signer = watch, args, signer
        self.notify, self.on_interrupt = notify, on_interrupt
        self.first = RunFolder.open(watch.path / watch.log.passes[0].place)

    async def open_pass(self, *, gives_up: bool) -> bool:
        """Finish a pass that a stopped call left open; whether one ended here."""
        self._adopt()
        left = self.watch.log.open
        if left is None:
            if gives_up:
                raise InputError("--give-up: no pass is open: leave it out", where=self.watch.path)
            return False
        place = self.watch.path / left.place
        is_gone = not (place / layout.PLAN).is_file()
        if is_gone or gives_up:
            self.notify(f"{left.words} is lost, and stays on record: {'its folder is gone' if is_gone else 'given up'}")
            self.watch.append(
                lambda seq, prev: PassLost(
                    seq=seq,
                    prev=prev,
                    at=now_text(),
                    kind=left.kind,
                    number=left.begun.number,
                    reason="gone" if is_gone else "gave_up",
                )
            )
            return False
        run = RunFolder.open(place)
        if run.plan_sha256 != left.begun.plan:
            raise VerificationError(f"{place}: is another run than the one that the log says began here")
        if not run.is_sealed:
            self.notify(f"going on with {left.words}, which was begun {left.begun.at}")
            await resumed(run, self.args, self.signer, self.on_interrupt)
        _end(self.watch)
        return True

    async def baseline(self, most: int) -> None:
        """Ask what the baseline still needs, ``most`` passes at most, and seal it when it is whole."""
        log = self.watch.log
        for _ in range(min(most, log.opened.passes - log.done)):
            self.notify(f"baseline, pass {self.watch.log.done + 1} of {log.opened.passes}")
            await self.next_pass()
        log = self.watch.log
        if log.baseline is not None or log.done < log.opened.passes:
            return
        runs = [RunFolder.open(self.watch.path / each.place) for each in log.of("baseline") if each.facts is not None]
        scores = [scores_of(run) for run in runs]
        try:
            self.watch.append(lambda seq, prev: baseline_line(scores, log.opened.alpha, seq, prev, now_text()))
        except ValueError as error:
            raise InputError(f"{error}, and begin another watch", where=self.watch.path) from None

    async def next_pass(self) -> None:
        """Ask one pass more, from the sealing of its plan to its end in the log."""
        from steelyard.planning.build import RunRequest

        watch = self.watch
        args, options = _of_first(self.first, self.args, watch.log)
        opened, planned = watch.log.opened, measurement_of(self.first.plan)
        wanted = RunRequest(task=planned.task, prompt=opened.prompt, shots=opened.shots, temperature=opened.temperature)

        def check(plan: Plan) -> None:
            check_same(self.first, plan)

        def begun(run: RunFolder) -> None:
            watch.append(_begun(watch.log, run))

        out = watch.path / place_of(*watch.log.next)
        job = _checked(run_job(wanted, options), check, begun)
        await conduct(job, replace(args, out=out), self.signer, self.on_interrupt)
        _end(watch)

    def _adopt(self) -> None:
        """Put a pass into the log whose plan was sealed right before a crash: nothing of it was asked."""
        log = self.watch.log
        place = self.watch.path / place_of(*log.next)
        if log.open is not None or not (place / layout.PLAN).is_file():
            return
        run = RunFolder.open(place)
        given = run.plan.inputs.get(WATCH_INPUT)
        if given is None or given.sha256 != log.head or (place / layout.MAIN_SEGMENT).is_file():
            raise VerificationError(f"{place}: is in the way: the log knows nothing of it")
        self.watch.append(_begun(log, run))


def _end(watch: WatchFolder) -> None:
    """Put the end of the open pass into the log."""
    left = watch.log.open
    assert left is not None, "a pass that ends has begun"
    run = RunFolder.open(watch.path / left.place)
    facts, bundle = facts_of(run), sha256_hex((run.path / layout.BUNDLE).read_bytes())
    watch.append(
        lambda seq, prev: PassEnded(
            seq=seq, prev=prev, at=now_text(), kind=left.kind, number=left.begun.number, bundle=bundle, facts=facts
        )
    )


def _begun(log: WatchLog, run: RunFolder) -> Callable[[int, str], PassBegun]:
    kind, number = log.next
    return lambda seq, prev: PassBegun(
        seq=seq, prev=prev, at=now_text(), kind=kind, number=number, plan=run.plan_sha256
    )


def _in_watch(options: Options, log: WatchLog) -> Options:
    """The options of a plan that names the last line of the log."""
    return replace(options, inputs={WATCH_INPUT: PlanInput(kind=WATCH_INPUT, sha256=log.head)})


def _checked(job: Job, check: Callable[[Plan], None], begun: Callable[[RunFolder], None]) -> Job:
    """The job, whose plan is looked at before it is sealed."""

    async def plan(models: Mapping[str, Model], orders: ProvedOrders | None) -> Audit:
        audit = await job.plan(models, orders)
        check(audit.plan)
        await _check_fresh(audit.plan, models[SUBJECT])
        return audit

    return replace(job, plan=plan, begun=begun)


async def _check_fresh(plan: Plan, model: Model) -> None:
    """Raise InputError where sampled answers are repeated, as by a cache: a pass would be the one before it again.

    Greedy answers repeat by nature, so at temperature 0 this shows nothing and is not asked; for passes that were all
    the same see :func:`steelyard.stats.watching.make_baseline`.
    """
    from steelyard.models.cache_check import TIMES, identical_at

    temperature = measurement_of(plan).temperature
    if temperature > 0 and await identical_at(model, plan.subject.capabilities, temperature):
        raise InputError(
            f"{plan.subject.identity.name}: at temperature {temperature:g} it gave the same answer twice to an open "
            f"question, asked up to {TIMES} times, as a cache does, and passes that repeat answers can accuse an "
            "honest model: no sample was sent; switch the cache off for these requests, or begin a watch with "
            "--temperature 0"
        )


def _of_first(first: RunFolder, args: RunArguments, log: WatchLog) -> tuple[RunArguments, Options]:
    """Arguments and options as the first pass had them: model, limits, data and files; what is sealed is not chosen."""
    subject, opened = first.plan.subject, log.opened
    noted = first.local_settings() or LocalSettings()
    args = replace(
        arguments_to_resume(first, args),
        data=args.data or (Path(noted.data) if noted.data else None),
        task_files=args.task_files or tuple(Path(each) for each in noted.tasks),
        own_files=noted.own_files,
        concurrency=None if subject.adaptive else subject.concurrency,
        no_ledger=bool(first.signers) and first.plan.ledger is None,
        scorer=opened.scorer,
        output_tokens=opened.output_tokens,
        reasoning_effort=opened.reasoning_effort,
        with_texts=first.plan.texts == "sealed",
    )
    return args, _in_watch(replace(options_of(args), role_limits={SUBJECT: subject.limits}), log)
