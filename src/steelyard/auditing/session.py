"""A run while it happens: answers come in, measurements close when their tests are decided."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import msgspec

from steelyard.auditing.batches import batch_runner
from steelyard.auditing.executed_scoring import ExecutedScoring
from steelyard.auditing.finders import Finders, open_finders
from steelyard.auditing.images import check_as_sealed, open_media
from steelyard.auditing.measured import Tally
from steelyard.auditing.own_tests import OwnTests, without_tests
from steelyard.auditing.references import give_reference
from steelyard.auditing.scoring import (
    Scorers,
    Unscored,
    executes,
    output_of,
    sample_of,
    score,
    score_attempts,
    score_recorded,
    unscored_attempts,
)
from steelyard.auditing.spending import Spending, measured_by_call
from steelyard.auditing.stated import stated_of
from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard.planning.again import request_again
from steelyard.planning.order import paces
from steelyard.planning.samples import Prepared
from steelyard.planning.turns import answering
from steelyard.plugins import Model, Scorer
from steelyard.records import SUBJECT, Attempt, GenerateRequest, ModelOutput, Plan, Request, Sample, SampleScore
from steelyard.runner.allowance import Allowance
from steelyard.runner.batch_loop import BatchRunner
from steelyard.runner.breaker import CircuitBreaker
from steelyard.runner.budget import Budget, worst_case
from steelyard.runner.concurrency import AdaptiveConcurrency
from steelyard.runner.group import RunnerGroup
from steelyard.runner.limits import RateLimiter
from steelyard.runner.loop import RunEnd, Runner, RunnerParts
from steelyard.runner.order import Finished, calls_again, calls_of
from steelyard.runner.retry import RetryPolicy
from steelyard.runner.schedule import Call, Schedule, TaskQueue
from steelyard.storage.journal.batches import BatchesSoFar, batches_so_far
from steelyard.storage.journal.lines import JournalRecord
from steelyard.storage.journal.reader import Replay, read_lines
from steelyard.storage.journal.texts import Texts, open_index
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from steelyard.storage.store import FOLDER, Store

__all__ = ["RunSession", "SessionOptions", "Watcher"]

Watcher = Callable[["RunSession"], None]
Work = Callable[[], Coroutine[Any, Any, None]]
T = TypeVar("T")

PATIENCE_SECONDS = 600.0
BEAT_SECONDS = 0.5
SHORT = 2_000  # characters of an answer that is scored at once: a thread would take longer than the reading
AT_ONCE_SECONDS = 0.05  # of reading a journal, before the event loop gets its turn


@contextmanager
def by_signals(interrupt: Callable[[], None]) -> Iterator[None]:
    """Within this block SIGINT and SIGTERM call ``interrupt``, if this is the main thread."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}
    try:
        for number in signals:
            loop.add_signal_handler(number, interrupt)
    except (ValueError, RuntimeError):  # not the main thread: the caller's own handling stays
        yield
        return
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
            if before[number] is not None:
                signal.signal(number, before[number])


@dataclass(frozen=True)
class SessionOptions:
    """How one session goes about a plan. It changes no result, so it is no part of what is sealed.

    ``deadline_seconds`` from now end the session whatever is in flight; ``patience_seconds`` is how long an endpoint
    that is down is waited for. ``watcher`` hears of every answer, ``notify`` takes a line for the user.
    ``on_interrupt`` gives a block within which the user's interruption calls the given function, on the event loop.
    ``timestamp_url`` is the time stamp authority's, asked once where the plan says that a stamp belongs to it.
    ``store`` keeps what the run writes, beside its folder. ``allowance`` is asked before each call.
    """

    watcher: Watcher = lambda _: None
    notify: Callable[[str], None] = lambda _: None
    deadline_seconds: float | None = None
    patience_seconds: float = PATIENCE_SECONDS
    on_interrupt: Callable[[Callable[[], None]], AbstractContextManager[None]] = by_signals
    timestamp_url: str = ""
    store: Store = FOLDER
    allowance: Allowance | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, at least 0; None without one."""
        if self.deadline_seconds is None:
            return None
        return max(0.0, self.began + self.deadline_seconds - time.monotonic())


@dataclass
class RunSession:
    """Joins the runners, which know no statistics, to the tests, which know no network.

    One runner for each role of the plan that is asked anything; they share the journal. ``tallies`` count what is
    measured, by measurement and scorer; ``finders`` are the tests at work. ``waited``: see ``Audit``.
    """

    plan: Plan
    prepared: Mapping[str, Prepared]
    scorers: Scorers
    options: SessionOptions = field(default_factory=SessionOptions)
    waited: float = 0.0
    finders: Finders = field(init=False)
    tallies: dict[tuple[str, str], Tally] = field(init=False)
    answered: dict[str, int] = field(init=False)
    began: float = field(default_factory=time.monotonic)
    group: RunnerGroup | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.finders = open_finders(self.plan)
        if self.finders.absent:
            missing = next(test.rule for test in self.plan.tests if test.id in self.finders.absent)
            raise InputError(f"the plan has a test by {missing}, and no such detector is installed: install it")
        self.tallies = {(each.id, name): Tally(each, name) for each in self.plan.measurements for name in each.scorers}
        self._finished: dict[str, Finished] = {}
        self.answered = {each.id: 0 for each in self.plan.measurements}
        self.measurements = self.plan.by_id
        self.stated = stated_of(self.plan)
        self.schedules = {role: Schedule(slice_seconds=_slice_seconds(self.plan)) for role in self.plan.models}
        self.budgets = {role: Budget(model.limits) for role, model in self.plan.models.items()}
        self._executed = ExecutedScoring(self.scorers, OwnTests(self.prepared))
        self._answering = answering(self.plan)
        self.batches = BatchesSoFar()
        self._spending = Spending(measured_by_call(self.plan))

    async def run(self, models: Mapping[str, Model], run: RunFolder, journal: Journal, before: Replay | None) -> RunEnd:
        """Ask what the journal does not hold yet, until every test is decided or the plan's budget is spent."""
        await give_reference(self.scorers, models, self.options.notify)
        texts = Texts(run.path, self.options.store)  # cuts a torn last line, so it comes before the reading
        self._journal = journal
        try:
            async with asyncio.timeout(self.options.seconds_left):
                left = await self._load(run, before)
                resumed = before is not None
                media = await open_media(run.path, self.plan, self.prepared, self.options.store, resumed=resumed)
        except TimeoutError:
            texts.close()
            return "deadline"
        asked = {each.role for each in self.plan.measurements} or {SUBJECT}
        runners: dict[str, Runner | BatchRunner] = {
            role: self._runner(role, models[role], journal, texts, before, left if first else [], run)
            for first, role in zip(_first_then_false(), sorted(asked, key=_subject_first), strict=False)
        }
        self.group = RunnerGroup(runners, journal, texts, self.plan.subject.identity.machine, media)
        beat = asyncio.create_task(self._beat())
        try:
            with self.options.on_interrupt(_interrupt(self.group, self.options.notify)):
                return await self.group.run(before.active_us if before else 0)
        finally:
            beat.cancel()
            self._executed.close()
            if media is not None:
                media.close()
            texts.close()

    def _runner(
        self,
        role: str,
        model: Model,
        journal: Journal,
        texts: Texts,
        before: Replay | None,
        left: list[Work],
        run: RunFolder,
    ) -> Runner | BatchRunner:
        planned = self.plan.models[role]
        limits = planned.limits
        budget = self.budgets[role]
        shared: RunnerParts = {
            "model": model,
            "schedule": self.schedules[role],
            "sample_of": lambda call: without_tests(self.prepared[call.measurement].samples[call.sample]),
            "check_item": self._check_item,
            "request_of": self._request_of,
            "journal": journal,
            "texts": texts,
            "on_final": self._on_final,
            "retry": RetryPolicy(max_attempts=planned.max_attempts),
            "budget": budget if budget.counts else None,
            "deadline_seconds": self.options.seconds_left,
            "active_before_us": before.active_us if before else 0,
            "notify": self.options.notify,
            "on_attempt": self._spend,
            "first": left,
            "may_end_without": self._may_end_without,
        }
        if planned.batch_growth:
            return batch_runner(planned, run, self.batches, shared, self.options.patience_seconds)
        return Runner(
            **shared,
            concurrency=AdaptiveConcurrency(planned.concurrency, None if planned.adaptive else planned.concurrency),
            allowance=self.options.allowance,
            limiter=RateLimiter(limits.requests_per_minute, limits.tokens_per_minute),
            breaker=CircuitBreaker(self.options.patience_seconds),
            attempt_timeout=planned.attempt_timeout_us / 1e6,
            budget_seconds=None if self.plan.budget_us is None else self.plan.budget_us / 1e6 - self.waited,
        )

    def _may_end_without(self, given_up: frozenset[str]) -> bool:
        """Whether anything else was answered; an audit that came to nothing is not sealed."""
        return any(each.n > each.missing for each in self.tallies.values() if each.measurement.id not in given_up)

    def _check_item(self, call: Call, item: str) -> None:
        if self.measurements[call.measurement].images:
            check_as_sealed(self.prepared[call.measurement], call.sample, item)

    def _request_of(self, call: Call, sample: Sample) -> Request:
        """The sample's own request, or that with which it is asked again, and the checkpoints that are to answer."""
        of, request = self.measurements[call.measurement], sample.request
        if of.again:
            request = request_again(request, call.repeat, of.temperature)
        turns = self._answering.get(call.measurement)
        if turns is not None and isinstance(request, GenerateRequest):
            request = msgspec.structs.replace(request, checkpoints=turns.of(call.sample))
        return request

    async def _load(self, run: RunFolder, before: Replay | None) -> list[Work]:
        """Feed what a journal already holds: its answers are read, never asked again; the scores it lacks are made."""
        left: dict[tuple[str, str, int, str], Work] = {}
        finished = self._finished
        for each in self.plan.measurements:
            first = finished[each.beside] if each.again else None
            finished[each.id] = Finished(each, self.prepared[each.id].digests, first)
        used, reached = dict.fromkeys(finished, 0.0), dict.fromkeys(finished, -1)
        if before is not None:
            texts = open_index(run.path)
            async for attempt in _in_turns(before.attempts):
                planned = self.plan.models[self.measurements[attempt.measurement].role]
                used[attempt.measurement] += attempt.elapsed_us / 1e6 / planned.concurrency
                self._book(attempt, texts)
                self._spend(attempt)
                reached[attempt.measurement] = max(reached[attempt.measurement], attempt.position)
                if attempt.final:
                    finished[attempt.measurement].add(attempt)
            left = self._unscored(run, texts)
            async for done in _in_turns(score_attempts(self.plan, _records(run), self.scorers, texts)):
                if isinstance(done, Unscored):
                    raise _texts_missing(run)
                if (done.measurement, done.sample, done.repeat, done.scorer) not in left:
                    self._read(done)
            digests = {each.id: self.prepared[each.id].digests for each in self.plan.measurements}
            self.batches = batches_so_far(_records(run), digests)
        at_provider = {
            Call(each.measurement, each.position, each.sample, each.repeat) for each in self.batches.calls_left
        }
        lots = _lots(self.plan)
        for each in self.plan.measurements:
            queue = TaskQueue(
                each.id,
                each.share,
                () if each.again else (call for call in calls_of(each, finished[each.id]) if call not in at_provider),
                used[each.id],
                self.finders.is_closed(each.id) and not each.again,
                self.finders.head(each.id),
                lots.get(each.id, ""),
                each.planned * each.repeats - len(finished[each.id]),
            )
            queue.held, queue.frugal = self.finders.is_held(each.id), self.finders.is_frugal(each.id)
            queue.reached = reached[each.id]
            self.schedules[each.role].add(queue)
            self._renew(each.id)
            self.answered[each.id] = len(finished[each.id])
        for each in self.plan.measurements:
            if each.drawn and each.beside and lots.get(each.id) == lots.get(each.beside):
                due = paces(self.measurements[each.beside], each)
                self.schedules[each.role].pace(each.id, each.beside, due)
        return list(left.values())

    def _unscored(self, run: RunFolder, texts: Mapping[str, str]) -> dict[tuple[str, str, int, str], Work]:
        """By call and scorer, the scoring of outputs that arrived, but whose scoring was cut off."""
        left: dict[tuple[str, str, int, str], Work] = {}
        for attempt, scorer in unscored_attempts(_records(run), self.scorers):
            sample, output = (
                sample_of(attempt, texts, of=self.measurements[attempt.measurement]),
                output_of(attempt, texts),
            )
            if sample is None or output is None:
                raise _texts_missing(run)
            key = attempt.measurement, attempt.sample, attempt.repeat, scorer.identifier
            left[key] = partial(self._execute, [scorer], attempt, sample, output)
        return left

    def _book(self, attempt: Attempt, texts: Mapping[str, str]) -> None:
        """What an earlier session used of the budget: at its worst where the endpoint did not say."""
        measurement = self.measurements[attempt.measurement]
        budget = self.budgets[measurement.role]
        sample = sample_of(attempt, texts, of=measurement) if budget.counts and Budget.usage_unknown(attempt) else None
        budget.load(attempt, None if sample is None else worst_case(sample.request))

    async def _beat(self) -> None:
        """Let the watcher look although nothing answers: a display must show what hangs, too."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.options.watcher(self)

    def _on_final(self, sample: Sample, attempt: Attempt, output: ModelOutput) -> Awaitable[None] | None:
        self.answered[attempt.measurement] += 1
        stated = self.stated[attempt.measurement]
        apart: list[Scorer] = []
        for scorer in self.scorers[attempt.measurement]:
            if len(output.text) > SHORT or (attempt.outcome.answered and executes(scorer)):
                apart.append(scorer)
            else:
                self._observe(score(scorer, attempt, sample, output, stated))
        return self._score_apart(apart, attempt, sample, output) if apart else None

    async def _score_apart(
        self, scorers: Sequence[Scorer], attempt: Attempt, sample: Sample, output: ModelOutput
    ) -> None:
        """Score in threads what takes time, so that deadlines and interruptions are heard meanwhile."""
        stated = self.stated[attempt.measurement]
        executing = [scorer for scorer in scorers if executes(scorer)]
        for scorer in scorers:
            if scorer not in executing:
                self._observe(await self._executed.read(scorer, attempt, sample, output, stated))
        await self._execute(executing, attempt, sample, output)

    async def _execute(self, scorers: Sequence[Scorer], attempt: Attempt, sample: Sample, output: ModelOutput) -> None:
        for scorer in scorers:
            stated = self.stated[attempt.measurement]
            found = await self._executed.score(scorer, attempt, sample, output, stated)
            recorded = self._journal.append(found)
            self._observe(score_recorded(attempt, recorded))

    def _spend(self, attempt: Attempt) -> None:
        if (call := self._spending.add(attempt)) is not None:
            self.finders.observe_call(call)

    def _read(self, done: SampleScore) -> None:
        self.tallies[done.measurement, done.scorer].observe(done)
        self.finders.observe(done)

    def _observe(self, done: SampleScore) -> None:
        self._read(done)
        for measurement in self.finders.read_with(done.measurement):
            schedule = self.schedules[self.measurements[measurement].role]
            if (head := self.finders.head(measurement)) is not None:
                schedule.advance(measurement, head)
            schedule.hold(measurement, self.finders.is_held(measurement))
            self._renew(measurement)
            if self.finders.is_closed(measurement) and not self.measurements[measurement].again:
                schedule.close(measurement)  # what is asked again just has no calls: further ones may come
        if self.group is not None:
            self.group.wake()
        self.options.watcher(self)

    def _renew(self, measurement: str) -> None:
        """Take up what is to be asked again by now."""
        if places := self.finders.again(measurement):
            again = self.measurements[measurement]
            calls = calls_again(again, places, self._finished[again.beside])
            self.schedules[again.role].renew(measurement, calls)


async def _in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items; the event loop has its turn between them, so that a deadline or an interruption ends the reading."""
    began = time.monotonic()
    for item in items:
        yield item
        if time.monotonic() - began > AT_ONCE_SECONDS:
            await asyncio.sleep(0)
            began = time.monotonic()


def _first_then_false() -> Iterator[bool]:
    yield True
    while True:
        yield False


def _subject_first(role: str) -> tuple[bool, str]:
    return role != SUBJECT, role


def _texts_missing(run: RunFolder) -> InputError:
    return InputError(f"texts of this run are missing, so it cannot go on: put {layout.TEXTS} back", where=run.path)


def _records(run: RunFolder) -> Iterator[JournalRecord]:
    return (record for record, _ in read_lines(run.path))


def _interrupt(group: RunnerGroup, notify: Callable[[str], None]) -> Callable[[], None]:
    """Ctrl-C once: finish what is in flight. Twice: stop now; the calls in flight are asked again at a resume."""
    task = asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if group.stopping:
            task.cancel()
        elif group.in_flight:
            calls = f"{group.in_flight} calls in flight are" if group.in_flight > 1 else "the call in flight is"
            notify(f"stopping: {calls} finishing; Ctrl-C again leaves them for the resume")
        group.stop("interrupted")

    return interrupt


def _slice_seconds(plan: Plan) -> float:
    """Long enough that cached shots pay off, short enough that every measurement is seen before the budget ends."""
    if plan.budget_us is None or not plan.measurements:
        return 20.0
    return min(20.0, max(1.0, plan.budget_us / 1e6 / len(plan.measurements) / 8))


def _lots(plan: Plan) -> dict[str, str]:
    """By measurement, the arms of one test, which are asked in one drawn order: the name is a seed that nobody knew."""
    found: dict[str, str] = {}
    for test in plan.tests:
        arms = [plan.by_id[reads.measurement] for reads in test.reads]
        if len(arms) > 1 and all(each.arm for each in arms):
            found |= {each.id: arms[0].order_seed for each in arms}
        elif drawn := next((each for each in arms if each.drawn), None):
            found |= {each.id: drawn.order_seed for each in arms}
    return found
