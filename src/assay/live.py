"""A run while it happens: answers come in, rows close when their verdict stands, intervals close in on claims."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assay.errors import InputError
from assay.journal import Journal, Replay, Texts, read_texts
from assay.plan import Prepared
from assay.plugins import Model, Scorer
from assay.reading import RowReader
from assay.records import Answer, Attempt, Plan
from assay.runner import Call, RetryPolicy, RunEnd, Runner, Schedule, Turn, calls_of
from assay.scores import score, score_run

__all__ = ["LiveRun", "Watcher"]

Watcher = Callable[["LiveRun"], None]


@dataclass
class LiveRun:
    """Joins the runner, which knows no statistics, to the rows' tests, which know no network."""

    plan: Plan
    prepared: Mapping[str, Prepared]
    scorers: Mapping[str, Scorer]
    readers: dict[str, RowReader] = field(init=False)
    answered: dict[str, int] = field(init=False)
    began: float = field(default_factory=time.monotonic)
    watcher: Watcher = field(default=lambda _: None)
    runner: Runner | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.readers = {row.id: RowReader(row, self.plan.sheet.claims[row.claim]) for row in self.plan.rows}
        self.answered = {row.id: 0 for row in self.plan.rows}
        self.schedule = Schedule(turns=[], turn_seconds=_turn_seconds(self.plan))

    async def run(self, model: Model, run: Path, journal: Journal, before: Replay | None) -> RunEnd:
        """Ask what the journal does not hold yet, until every row is decided or the plan's budget is spent."""
        texts = Texts(run)  # cuts a torn last line, so it comes before the reading
        self._load(run, before)
        runner = Runner(
            model=model,
            schedule=self.schedule,
            sample_of=lambda call: self.prepared[call.row].samples[call.sample],
            journal=journal,
            texts=texts,
            on_final=self._on_final,
            concurrency=self.plan.concurrency,
            retry=RetryPolicy(max_attempts=self.plan.max_attempts),
            attempt_timeout=self.plan.attempt_timeout_us / 1e6,
            budget_seconds=None if self.plan.budget_us is None else self.plan.budget_us / 1e6,
            active_before_us=before.active_us if before else 0,
            machine=self.plan.model.machine,
        )
        self.runner = runner
        try:
            with _stop_on_interrupt(runner):
                return await runner.run()
        finally:
            texts.close()

    def _load(self, run: Path, before: Replay | None) -> None:
        """Feed what a journal already holds: its answers are read, never asked again."""
        finished: dict[str, set[tuple[int, int]]] = {row.id: set() for row in self.plan.rows}
        used = dict.fromkeys(finished, 0.0)
        if before is not None:
            index = {row_id: {d: n for n, d in enumerate(rows.digests)} for row_id, rows in self.prepared.items()}
            for attempt in before.attempts:
                used[attempt.row] += attempt.elapsed_us / 1e6 / self.plan.concurrency
                if attempt.final:
                    finished[attempt.row].add((index[attempt.row][attempt.item], attempt.repeat))
            for done in score_run(self.plan, before.attempts, self.scorers, dict(read_texts(run))):
                if isinstance(done, Attempt):
                    raise InputError("texts of this run are missing, so it cannot go on: put texts/ back", where=run)
                self.readers[done.row].observe(done)
        for row in self.plan.rows:
            calls = deque(calls_of(row, finished[row.id]))
            closed = self.readers[row.id].decision is not None
            self.schedule.turns.append(Turn(row.id, row.share, calls, used[row.id], closed))
            self.answered[row.id] = len(finished[row.id])

    def _on_final(self, call: Call, attempt: Attempt, answer: Answer) -> None:
        sample = self.prepared[call.row].samples[call.sample]
        self.readers[call.row].observe(score(self.scorers[call.row], attempt, sample, answer))
        self.answered[call.row] += 1
        if self.readers[call.row].decision:
            self.schedule.close(call.row)
        self.watcher(self)


@contextmanager
def _stop_on_interrupt(runner: Runner) -> Iterator[None]:
    """Ctrl-C once: finish what is in flight. Twice: stop now; the calls in flight are asked again at a resume."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if runner.stopping:
            task.cancel()
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


def _turn_seconds(plan: Plan) -> float:
    """Long enough that a row's cached shots pay off, short enough that every row is seen before the budget ends."""
    if plan.budget_us is None or not plan.rows:
        return 20.0
    return min(20.0, max(1.0, plan.budget_us / 1e6 / len(plan.rows) / 8))
