"""The loop: bounded work in flight, typed outcomes, finite retries, and a journal record for every attempt."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from assay.evidence.canonical import canonical
from assay.journal import Journal, Session, Stop, Texts
from assay.plugins import Model
from assay.records import Answer, Attempt, GenerateRequest, Outcome, Sample
from assay.runner.retry import RetryPolicy
from assay.runner.schedule import Call, Schedule

__all__ = ["RunEnd", "Runner"]

RunEnd = Literal["complete", "budget", "interrupted", "endpoint_down", "failed"]

# Far beyond what a model says in one answer; a line of the journal's texts must stay readable.
LONGEST_ANSWER = 1_000_000

# The disk is forced in groups, texts before the journal that names them: a power cut loses at most so many seconds.
SYNC_SECONDS = 1.0

# So many failed attempts in a row, with no answer between them, mean that the endpoint is gone: going on would only
# turn every remaining call into a missing answer.
FAILURES_THAT_MEAN_DOWN = 25


@dataclass
class Runner:
    """Carries out a schedule against one model. ``on_final(call, attempt, answer)`` hears of each finished call.

    The listener may close rows of the schedule; it decides what counts, the runner only asks.
    """

    model: Model
    schedule: Schedule
    sample_of: Callable[[Call], Sample]
    journal: Journal
    texts: Texts
    on_final: Callable[[Call, Attempt, Answer], None]
    concurrency: int = 1
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    attempt_timeout: float = 120.0
    budget_seconds: float | None = None
    active_before_us: int = 0
    machine: str = ""
    _stopping: RunEnd | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    last_failure: str = field(default="", init=False)

    async def run(self) -> RunEnd:
        """Ask until nothing is left, the budget is spent, :meth:`stop` is called or the endpoint is gone."""
        self._wall_us = time.time_ns() // 1000
        self._began = time.monotonic()
        self.journal.append(Session(started_us=self._wall_us, active_us=self.active_before_us, machine=self.machine))
        self._synced = self._began
        self._wake = asyncio.Event()
        end: RunEnd = "failed"
        working: dict[asyncio.Task[None], Call] = {}
        try:
            while True:
                self._fill(working)
                if not working:
                    break
                done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del working[task]
                    task.result()
            end = self._stopping or "complete"
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            self.journal.append(Stop(reason=self._stopping or end, active_us=self.active_us, at_us=self._now_us()))
            self._sync()
        return end

    def stop(self, reason: RunEnd = "interrupted") -> None:
        """Ask nothing more; calls in flight still finish and are recorded."""
        self._stopping = self._stopping or reason
        self._wake.set()

    @property
    def stopping(self) -> bool:
        """Whether nothing more is being asked."""
        return self._stopping is not None

    @property
    def active_us(self) -> int:
        """Active time over all sessions, in microseconds."""
        return self.active_before_us + int((time.monotonic() - self._began) * 1e6)

    def _fill(self, working: dict[asyncio.Task[None], Call]) -> None:
        while self._stopping is None and len(working) < self.concurrency:
            if self.budget_seconds is not None and self.active_us >= self.budget_seconds * 1e6:
                self.stop("budget")
                return
            call = self.schedule.next_call()
            if call is None:
                return
            working[asyncio.ensure_future(self._carry_out(call))] = call

    async def _carry_out(self, call: Call) -> None:
        sample = self.sample_of(call)
        item = self.texts.add(canonical(sample).decode())
        request = self.texts.add(canonical(sample.request).decode())
        attempt_number = 0
        while True:
            attempt_number += 1
            started_us, began = self._now_us(), time.monotonic()
            answer = await self._ask(sample)
            elapsed = time.monotonic() - began
            self.schedule.charge(call.row, elapsed / self.concurrency)
            final = self.retry.is_final(answer, attempt_number)
            if self._endpoint_is_down(answer):
                final = answer.outcome.answered
            attempt = self.journal.append(
                Attempt(
                    seq=0,
                    prev="",
                    row=call.row,
                    position=call.position,
                    sample=sample.id,
                    item=item,
                    repeat=call.repeat,
                    attempt=attempt_number,
                    request=request,
                    outcome=answer.outcome,
                    final=final,
                    answer=self.texts.add(answer.text),
                    logprobs=answer.logprobs,
                    finish_reason=answer.finish_reason[:40],
                    prompt_tokens=answer.prompt_tokens,
                    completion_tokens=answer.completion_tokens,
                    model=answer.model[:200],
                    detail=answer.detail[:300],
                    started_us=started_us,
                    elapsed_us=int(elapsed * 1e6),
                )
            )
            if time.monotonic() - self._synced > SYNC_SECONDS:
                self._sync()
            if final:
                self.on_final(call, attempt, answer)
                return
            if await self._pause_or_stop(self.retry.pause(answer, attempt_number)):
                return

    async def _ask(self, sample: Sample) -> Answer:
        request = sample.request
        asking = (
            self.model.generate(request) if isinstance(request, GenerateRequest) else self.model.loglikelihood(request)
        )
        try:
            return _recordable(await asyncio.wait_for(asking, self.attempt_timeout))
        except TimeoutError:
            return Answer(outcome=Outcome.TIMEOUT, detail=f"no answer within {self.attempt_timeout:g} s")
        except Exception as error:
            # A model never raises for faults of the wire, but one bad sample in somebody's plugin must not end a run.
            # The error's text stays out: it may hold what nobody meant to publish.
            return Answer(outcome=Outcome.MALFORMED, detail=f"the model's own code failed: {type(error).__name__}")

    def _sync(self) -> None:
        self.texts.sync()
        self.journal.sync()
        self._synced = time.monotonic()

    async def _pause_or_stop(self, seconds: float) -> bool:
        """Wait before a retry; True when the run stops meanwhile, and the call stays unfinished for a resume."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _endpoint_is_down(self, answer: Answer) -> bool:
        if not answer.outcome.answered:
            self.last_failure = answer.detail or answer.outcome.value
        if answer.outcome is not Outcome.RATE_LIMITED:  # a busy endpoint is not a dead one
            self._failures = 0 if answer.outcome.answered else self._failures + 1
        if self._failures < FAILURES_THAT_MEAN_DOWN and not answer.hopeless:
            return False
        self.stop("endpoint_down")
        return True

    def _now_us(self) -> int:
        return self._wall_us + int((time.monotonic() - self._began) * 1e6)


def _recordable(answer: Answer) -> Answer:
    """What a run can keep: no lone surrogates, no infinities, no flood. Marks are made on what the journal keeps."""
    if len(answer.text) > LONGEST_ANSWER:
        return Answer(outcome=Outcome.MALFORMED, detail=f"the answer is longer than {LONGEST_ANSWER:,} characters")
    if not all(math.isfinite(value) for value in answer.logprobs):
        return Answer(outcome=Outcome.MALFORMED, detail="a log-likelihood is not finite", model=_clean(answer.model))
    if answer.text.isascii() and answer.detail.isascii() and answer.model.isascii():
        return answer
    return msgspec.structs.replace(
        answer, text=_clean(answer.text), detail=_clean(answer.detail), model=_clean(answer.model)
    )


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
