"""A run while it happens: answers come in, rows close when their verdict stands, intervals close in on claims."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from steelyard.auditing.executed_scoring import ExecutedScoring
from steelyard.auditing.scoring import (
    answer_of,
    executes,
    sample_of,
    score,
    score_attempts,
    score_recorded,
    unscored_attempts,
)
from steelyard.detectors.claim_retest import ClaimMonitor
from steelyard.errors import InputError
from steelyard.planning.samples import Prepared
from steelyard.plugins import Model, Scorer
from steelyard.records import Attempt, ModelOutput, Plan, Sample, SampleScore
from steelyard.runner import (
    AdaptiveConcurrency,
    Budget,
    CircuitBreaker,
    Finished,
    RateLimiter,
    RetryPolicy,
    RunEnd,
    Runner,
    Schedule,
    TaskQueue,
    calls_of,
)
from steelyard.runner.budget import worst_case
from steelyard.storage.journal import Journal, JournalRecord, Replay, Texts, open_index, read_lines

__all__ = ["RunSession", "SessionOptions", "Watcher"]

Watcher = Callable[["RunSession"], None]
Work = Callable[[], Coroutine[Any, Any, None]]

PATIENCE_SECONDS = 600.0
BEAT_SECONDS = 0.5


@dataclass(frozen=True)
class SessionOptions:
    """How one session goes about a plan. It changes no result, so it is no part of what is sealed.

    ``deadline_seconds`` ends the session whatever is in flight; ``patience_seconds`` is how long an endpoint that is
    down is waited for. ``watcher`` hears of every answer, ``notify`` takes a line for the user.
    """

    watcher: Watcher = lambda _: None
    notify: Callable[[str], None] = lambda _: None
    deadline_seconds: float | None = None
    patience_seconds: float = PATIENCE_SECONDS


@dataclass
class RunSession:
    """Joins the runner, which knows no statistics, to the rows' tests, which know no network."""

    plan: Plan
    prepared: Mapping[str, Prepared]
    scorers: Mapping[str, Scorer]
    conduct: SessionOptions = field(default_factory=SessionOptions)
    readers: dict[str, ClaimMonitor] = field(init=False)
    answered: dict[str, int] = field(init=False)
    began: float = field(default_factory=time.monotonic)
    runner: Runner | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.readers = {row.id: ClaimMonitor(row, self.plan.sheet.claims[row.claim]) for row in self.plan.rows}
        self.answered = {row.id: 0 for row in self.plan.rows}
        self.schedule = Schedule(slice_seconds=_slice_seconds(self.plan))
        self.budget = Budget(self.plan.limits)
        self._marking = ExecutedScoring(self.scorers)

    async def run(self, model: Model, run: Path, journal: Journal, before: Replay | None) -> RunEnd:
        """Ask what the journal does not hold yet, until every row is decided or the plan's budget is spent."""
        texts = Texts(run)  # cuts a torn last line, so it comes before the reading
        self._journal = journal
        left = self._load(run, before)
        limits = self.plan.limits
        named = None if self.plan.adaptive else self.plan.concurrency
        self.runner = runner = Runner(
            model=model,
            schedule=self.schedule,
            sample_of=lambda call: self.prepared[call.row].samples[call.sample],
            journal=journal,
            texts=texts,
            on_final=self._on_final,
            concurrency=AdaptiveConcurrency(self.plan.concurrency, named),
            retry=RetryPolicy(max_attempts=self.plan.max_attempts),
            limiter=RateLimiter(limits.requests_per_minute, limits.tokens_per_minute),
            budget=self.budget if self.budget.bounded else None,
            breaker=CircuitBreaker(self.conduct.patience_seconds),
            attempt_timeout=self.plan.attempt_timeout_us / 1e6,
            budget_seconds=None if self.plan.budget_us is None else self.plan.budget_us / 1e6,
            deadline_seconds=self.conduct.deadline_seconds,
            active_before_us=before.active_us if before else 0,
            machine=self.plan.model.machine,
            notify=self.conduct.notify,
            first=left,
        )
        beat = asyncio.create_task(self._beat())
        try:
            with _stop_on_interrupt(runner):
                return await runner.run()
        finally:
            beat.cancel()
            self._marking.close()
            texts.close()

    def _load(self, run: Path, before: Replay | None) -> list[Work]:
        """Feed what a journal already holds: its answers are read, never asked again; the marks it lacks are given."""
        left: dict[tuple[str, str, int], Work] = {}
        finished = {row.id: Finished(row, self.prepared[row.id].digests) for row in self.plan.rows}
        used = dict.fromkeys(finished, 0.0)
        if before is not None:
            texts = open_index(run)
            for attempt in before.attempts:
                used[attempt.row] += attempt.elapsed_us / 1e6 / self.plan.concurrency
                self._book(attempt, texts)
                if attempt.final:
                    finished[attempt.row].add(attempt)
            left = self._unmarked(run, texts)
            for done in score_attempts(self.plan, _records(run), self.scorers, texts):
                if isinstance(done, Attempt):
                    raise _texts_missing(run)
                if (done.row, done.sample, done.repeat) not in left:
                    self.readers[done.row].observe(done)
        for row in self.plan.rows:
            reader = self.readers[row.id]
            head = None if row.estimate else reader.next_position
            calls = calls_of(row, finished[row.id])
            self.schedule.add(TaskQueue(row.id, row.share, calls, used[row.id], reader.decision is not None, head))
            self.answered[row.id] = len(finished[row.id])
        return list(left.values())

    def _unmarked(self, run: Path, texts: Mapping[str, str]) -> dict[tuple[str, str, int], Work]:
        """By call, the marking of answers that arrived, but whose mark by an act was cut off."""
        left: dict[tuple[str, str, int], Work] = {}
        for attempt in unscored_attempts(_records(run), self.scorers):
            sample, answer = sample_of(attempt, texts), answer_of(attempt, texts)
            if sample is None or answer is None:
                raise _texts_missing(run)
            left[attempt.row, attempt.sample, attempt.repeat] = partial(self._act, attempt, sample, answer)
        return left

    def _book(self, attempt: Attempt, texts: Mapping[str, str]) -> None:
        """What an earlier session used of the budget: at its worst where nobody told."""
        sample = sample_of(attempt, texts) if self.budget.bounded and Budget.usage_unknown(attempt) else None
        self.budget.load(attempt, None if sample is None else worst_case(sample.request))

    async def _beat(self) -> None:
        """Let the watcher look although nothing answers: a display that stands still tells nothing of what hangs."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.conduct.watcher(self)

    def _on_final(self, sample: Sample, attempt: Attempt, answer: ModelOutput) -> Awaitable[None] | None:
        scorer = self.scorers[attempt.row]
        self.answered[attempt.row] += 1
        if attempt.outcome.answered and executes(scorer):
            return self._act(attempt, sample, answer)
        self._observe(score(scorer, attempt, sample, answer))
        return None

    async def _act(self, attempt: Attempt, sample: Sample, answer: ModelOutput) -> None:
        marked = self._journal.append(await self._marking.act(attempt, sample, answer))
        self._observe(score_recorded(attempt, marked))

    def _observe(self, done: SampleScore) -> None:
        reader = self.readers[done.row]
        reader.observe(done)
        if not reader.row.estimate:
            self.schedule.advance(done.row, reader.next_position)
        if reader.decision:
            self.schedule.close(done.row)
        self.conduct.watcher(self)


def _texts_missing(run: Path) -> InputError:
    return InputError("texts of this run are missing, so it cannot go on: put texts/ back", where=run)


def _records(run: Path) -> Iterator[JournalRecord]:
    return (record for record, _ in read_lines(run))


@contextmanager
def _stop_on_interrupt(runner: Runner) -> Iterator[None]:
    """Ctrl-C once: finish what is in flight. Twice: stop now; the calls in flight are asked again at a resume."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if runner.stopping:
            task.cancel()
        elif runner.in_flight:
            calls = f"{runner.in_flight} calls in flight are" if runner.in_flight > 1 else "the call in flight is"
            runner.notify(f"stopping: {calls} finishing; Ctrl-C again leaves them for the resume")
        runner.stop("interrupted")

    signals = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in signals:
            loop.add_signal_handler(number, interrupt)
    except (ValueError, RuntimeError):  # not the main thread: the caller's own handling stands
        yield
        return
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _slice_seconds(plan: Plan) -> float:
    """Long enough that a row's cached shots pay off, short enough that every row is seen before the budget ends."""
    if plan.budget_us is None or not plan.rows:
        return 20.0
    return min(20.0, max(1.0, plan.budget_us / 1e6 / len(plan.rows) / 8))
