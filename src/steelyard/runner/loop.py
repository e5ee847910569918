"""The main loop: bounded work in flight, typed outcomes, finite retries, and a journal record for every attempt."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, TypedDict

from steelyard.models.asking import output_of
from steelyard.plugins import HealthCheckedModel, Model
from steelyard.records import Attempt, GenerateRequest, ModelOutput, Outcome, Request, Sample
from steelyard.runner.allowance import Allowance
from steelyard.runner.breaker import CircuitBreaker
from steelyard.runner.budget import Budget, Reservation, worst_case
from steelyard.runner.concurrency import AdaptiveConcurrency
from steelyard.runner.cut_off import cut_output
from steelyard.runner.giving_up import GivingUp, MayEnd
from steelyard.runner.health_check import HealthCheck
from steelyard.runner.limits import RateLimiter, likely_tokens, requests_of
from steelyard.runner.pending import Pending, begun, record_attempt, without_bytes
from steelyard.runner.recordable import recordable
from steelyard.runner.retry import RetryPolicy
from steelyard.runner.schedule import Call, Schedule
from steelyard.runner.turns import wait_turn
from steelyard.storage.journal.media import Media
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal

__all__ = ["RunEnd", "Runner"]

RunEnd = Literal["complete", "budget", "deadline", "interrupted", "endpoint_down", "failed"]

# Writes are synced in groups, texts before the journal that names them: a power cut loses at most so many seconds.
SYNC_SECONDS = 1.0

MAX_WAITING = 256  # calls that wait for a retry, each with its sample in memory: beyond them no new call starts

OnFinal = Callable[[Sample, Attempt, ModelOutput], Awaitable[None] | None]
NOTHING = Reservation(0, 0)


class RunnerParts(TypedDict):
    """What a runner gets of its session, whether it asks call by call or by batches."""

    model: Model
    schedule: Schedule
    sample_of: Callable[[Call], Sample]
    check_item: Callable[[Call, str], None]
    request_of: Callable[[Call, Sample], Request]
    journal: Journal
    texts: Texts
    on_final: OnFinal
    retry: RetryPolicy
    budget: Budget | None
    deadline_seconds: float | None
    active_before_us: int
    notify: Callable[[str], None]
    on_attempt: Callable[[Attempt], None]
    first: Sequence[Callable[[], Coroutine[Any, Any, None]]]
    may_end_without: MayEnd


@dataclass
class Runner:
    """Runs a schedule against one model. ``on_final(sample, attempt, output)`` is called for each finished call.

    The callback may close measurements of the schedule: it decides when to stop, the runner only sends requests. Where
    it returns an awaitable (an output that takes time to score), the call counts as in flight until that is done.
    ``notify`` takes a line for the user when the endpoint goes down or comes back, ``on_attempt`` every attempt.
    ``allowance`` is asked before each call, beside the run's own ``budget``.
    ``first``: work that an earlier session left, such as scoring; it starts before any request and counts as in flight.
    ``media`` keeps the images that requests show; without it none may show any. ``check_item`` gets the digest of each
    sample before it is asked.
    ``request_of``: what is sent, where it is not the sample's own request. ``may_wait``: whether answers of another
    model may make calls needed that no test needs yet; where only such are left, it is not ``at_work`` until `wake`.
    ``may_end_without``: see :class:`~steelyard.runner.giving_up.GivingUp`.
    """

    model: Model
    schedule: Schedule
    sample_of: Callable[[Call], Sample]
    journal: Journal
    texts: Texts
    on_final: OnFinal
    concurrency: AdaptiveConcurrency = field(default_factory=lambda: AdaptiveConcurrency(1))
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    limiter: RateLimiter = field(default_factory=RateLimiter)
    budget: Budget | None = None
    allowance: Allowance | None = None
    breaker: CircuitBreaker = field(default_factory=lambda: CircuitBreaker(patience=0.0))
    attempt_timeout: float = 120.0
    budget_seconds: float | None = None
    deadline_seconds: float | None = None
    active_before_us: int = 0
    notify: Callable[[str], None] = field(default=lambda _: None)
    on_attempt: Callable[[Attempt], None] = field(default=lambda _: None)
    first: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    request_of: Callable[[Call, Sample], Request] = field(default=lambda call, sample: sample.request)
    may_wait: Callable[[], bool] = field(default=lambda: False)
    media: Media | None = field(default=None)
    check_item: Callable[[Call, str], None] = field(default=lambda call, item: None)
    may_end_without: MayEnd = field(default=lambda given_up: False)
    at_work: bool = field(default=True, init=False)
    last_failure: str = field(default="", init=False)
    _over: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _began: float = field(default=0.0, init=False)  # 0.0: an interrupt came before the first call
    _running: bool = field(default=False, init=False)
    _stopping: RunEnd | None = field(default=None, init=False)
    _error: BaseException | None = field(default=None, init=False)
    _in_flight: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _retries: list[tuple[float, int, Pending]] = field(default_factory=list, init=False)
    _held: Pending | None = field(default=None, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)

    async def run(self) -> RunEnd:
        """Send requests until none is left, a limit is reached, :meth:`stop` is called or the endpoint stays down.

        Raises OSError where the journal cannot be written.
        """
        self._wall_us = time.time_ns() // 1000
        self._began = self._synced = time.monotonic()
        self._number = count()
        self._loop = asyncio.get_running_loop()
        self._running = True
        self._giving_up = GivingUp(self.schedule, self.notify, self.may_end_without)
        ping = self.model.ping if isinstance(self.model, HealthCheckedModel) else None
        self._health_check = HealthCheck(ping, self.breaker, self.limiter, self._health_checked, self.attempt_timeout)
        ends = ((self.deadline_seconds, self._expire), (self._budget_left() + 0.001, self._fill))
        timers = [self._loop.call_later(seconds, end) for seconds, end in ends if seconds is not None]
        end: RunEnd = "failed"
        try:
            for work in self.first:
                self._take_up(work())
            self._fill()
            await self._over.wait()
            if self._error is not None:
                raise self._error
            end = self._stopping or ("endpoint_down" if self._giving_up.leaves_undone else "complete")
        finally:
            for timer in timers:
                timer.cancel()
            await self._halt()
        return end

    def stop(self, reason: RunEnd = "interrupted") -> None:
        """Start no more calls; those in flight still finish and are recorded, those that wait for a retry do not."""
        self._stopping = self._stopping or reason
        if self._running:
            self._health_check.stop()
            self._fill()

    def wake(self) -> None:
        """Look again whether there is something to ask, where the runner waits for that."""
        if not (self.at_work or self._over.is_set()):
            self._fill()

    @property
    def stopping(self) -> bool:
        """Whether no more calls are started."""
        return self._stopping is not None

    @property
    def in_flight(self) -> int:
        """The number of calls in flight."""
        return len(self._in_flight)

    @property
    def active_us(self) -> int:
        """Active time over all sessions, in microseconds."""
        now = time.monotonic()
        return self.active_before_us + int((now - (self._began or now)) * 1e6)

    # ── the next call ────────────────────────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        """Start calls. The event loop calls this too, where an exception would get lost, so it is kept."""
        try:
            self._start_what_may()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._stopping = self._stopping or "failed"
        if not self._in_flight:
            self._over.set()

    def _start_what_may(self) -> None:
        """Start every call that may start now; set a timer for those that must wait; end the run if none is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait: float | None = None
        if self._stopping is None and self._budget_left() <= 0:
            if self.breaker.alive_at < self._began and not self.first and (self._in_flight or self.breaker.is_open):
                self.last_failure = self.last_failure or "nothing, until the time budget ended"
                self._cut_off("endpoint_down")
            else:  # calls in flight finish: to cut slow ones off would choose among answers
                self._stopping = "budget"
        if self._stopping is None and self.breaker.is_open:
            wait = self._check_or_wait(time.monotonic())
        while self._stopping is None and wait is None and len(self._in_flight) < self.concurrency.limit:
            now = time.monotonic()
            wait = self.limiter.wait_seconds() or None
            if wait is not None:
                break
            pending = self._next(now)
            if pending is None:
                wait = self._retries[0][0] - now if self._retries else None
                break
            if not self._start(pending):
                break
        ended = not self._in_flight and (self._stopping is not None or wait is None)
        self.at_work = not ended
        if ended and not (self._stopping is None and self.schedule.waits and self.may_wait()):
            self._over.set()
        elif wait is not None and self._stopping is None:
            self._timer = self._loop.call_later(max(0.001, min(wait, self._budget_left())), self._fill)

    def _check_or_wait(self, now: float) -> float | None:
        """While the endpoint is down, send no sample: the seconds until the next health check, or until giving up."""
        if self.breaker.gives_up(now):
            self._cut_off("endpoint_down")
            return None
        left = self.breaker.gives_up_in(now)
        if wait := self.breaker.wait_seconds(now):
            return min(wait, left)
        self._health_check.check()
        return left

    def _budget_left(self) -> float:
        return math.inf if self.budget_seconds is None else self.budget_seconds - self.active_us / 1e6

    def _next(self, now: float) -> Pending | None:
        """The next call: one that was held back, a retry that is due, else the schedule's next."""
        if self._held is not None:
            held, self._held = self._held, None
            if not self.schedule.is_closed(held.call.measurement):
                return held
        while self._retries and self._retries[0][0] <= now:
            pending = heapq.heappop(self._retries)[2]
            if not self.schedule.is_closed(pending.call.measurement):
                if without_bytes(pending.sample) is not None:  # no call holds its images while it waits
                    pending.sample = self._begun(pending.call).sample
                return pending
        if len(self._retries) >= MAX_WAITING:
            return None
        call = self.schedule.next_call()
        if call is None:
            self._drop_closed()
            return None
        return self._begun(call)

    def _begun(self, call: Call) -> Pending:
        sample = self.sample_of(call)
        return begun(call, sample, self.request_of(call, sample), self.texts, self.check_item)

    def _drop_closed(self) -> None:
        if any(self.schedule.is_closed(entry[2].call.measurement) for entry in self._retries):
            self._retries = [entry for entry in self._retries if not self.schedule.is_closed(entry[2].call.measurement)]
            heapq.heapify(self._retries)

    def _start(self, pending: Pending) -> bool:
        """Start a call, unless the budget must wait for the usage of those in flight."""
        request = pending.sample.request
        reservation = NOTHING
        if self.budget is not None:
            reservation = worst_case(request)
            if not self.budget.fits(reservation):
                self._held = pending
                if not self._in_flight:
                    self._stopping = "budget"
                return False
            self.budget.reserve(reservation)
        tokens = likely_tokens(request)
        self.limiter.take(tokens, requests_of(request))
        task = self._loop.create_task(self._attempt(pending, tokens, reservation))
        self._in_flight.add(task)
        task.add_done_callback(self._done)
        return True

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)
        self._fill()

    def _take_up(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._in_flight.add(task)
        task.add_done_callback(self._done)

    # ── one attempt ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _attempt(self, pending: Pending, tokens: int, reservation: Reservation) -> None:
        if self.allowance is not None and not await self.allowance.reserve(pending.sample.request):
            if self.budget is not None:
                self.budget.release(reservation)
            self.stop("interrupted")
            return
        images = self._begin_images(pending.sample.request)
        await wait_turn(self.model, self.attempt_timeout)
        await self.journal.room()  # the last before the call is sent: only here may be known that a lease is over
        started = time.monotonic()
        try:
            output = await self._ask(pending.sample.request)
            for image in images:  # nothing is recorded of a request whose image is not in its file
                await asyncio.shield(image)
        except asyncio.CancelledError:
            pending.attempts += 1
            if self.allowance is not None:
                self.allowance.settle(pending.sample.request, cut_output(self._stopping))
            self._record(pending, cut_output(self._stopping), started, time.monotonic(), final=False)
            raise
        now = time.monotonic()
        if held := self.limiter.settle(tokens, output):
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + held))
            self.notify(f"the endpoint asks to wait {held:.0f} s (its rate limit): nothing is sent before {until}")
        if self.budget is not None:
            self.budget.settle(reservation, output)
        if self.allowance is not None:
            self.allowance.settle(pending.sample.request, output)
        self.schedule.charge(pending.call.measurement, (now - started) / self.concurrency.limit)
        try:
            final = await self._judge(pending, output, started, now)
        except asyncio.CancelledError:
            self._record(pending, output, started, now, final=False)
            raise
        attempt = self._record(pending, output, started, now, final=final)
        if now - self._synced > SYNC_SECONDS:
            self._sync()
        if final:
            scoring = self.on_final(pending.sample, attempt, output)
            if scoring is not None:
                await scoring
        else:
            due = now + self.retry.pause(output, max(1, pending.failures))
            pending.sample = without_bytes(pending.sample) or pending.sample
            heapq.heappush(self._retries, (due, next(self._number), pending))

    def _begin_images(self, request: Request) -> list[asyncio.Future[None]]:
        if not isinstance(request, GenerateRequest) or not request.images:
            return []
        assert self.media is not None, "requests with images need a place to keep them"
        return self.media.begin(request.images)

    async def _judge(self, pending: Pending, output: ModelOutput, started: float, now: float) -> bool:
        """Whether this attempt ends its call. A failure counts only if the endpoint has replied to anything since."""
        pending.attempts += 1
        if output.outcome.answered:
            if self.breaker.answered(now, started):
                self._endpoint_changed(output, changed=True)
            self.concurrency.answered(started, now, len(self._in_flight))
            self._giving_up.answered(pending.call.measurement)
            return True
        self.last_failure = output.detail or output.outcome.value
        if (output.overloaded or output.outcome is Outcome.TIMEOUT) and not pending.failures:
            # (A retry that is refused again shows nothing new: it was not sent because there was capacity.)
            self.concurrency.pushed_back(started, now)
        if output.fatal and not self._health_check.available:
            self._stopping = self._stopping or "endpoint_down"
        # One client error ends a call, so a reply from before it is not enough: the endpoint is checked after it.
        since = now if output.fatal or output.outcome is Outcome.CLIENT_ERROR else started
        if self._stopping is not None or not await self._health_check.replied_since(since):
            return False
        pending.failures += 1
        if not output.overloaded and self._giving_up.fails_as_a_whole(pending, self.last_failure, started, now):
            return False
        return self.retry.is_final(output, pending.failures)

    def _health_checked(self, output: ModelOutput, changed: bool) -> None:
        """Take the result of a health check. Its few tokens are charged like any other's."""
        if self.budget is not None:
            self.budget.settle(NOTHING, output)
        self._endpoint_changed(output, changed)

    def _endpoint_changed(self, output: ModelOutput, changed: bool) -> None:
        """React to a health check, or to a reply that came while the endpoint was considered down."""
        if self.breaker.is_open:
            self.last_failure = output.detail or output.outcome.value
            if output.fatal:
                self._stopping = self._stopping or "endpoint_down"
            elif changed:
                left = self.breaker.gives_up_in(time.monotonic())
                until = time.strftime("%H:%M:%S", time.localtime(time.time() + left))
                how = "overloaded" if output.overloaded else "down"
                self.notify(f"the endpoint is {how} ({self.last_failure}): paused, retrying until {until}")
        elif changed:
            self.notify("the endpoint is up again: resuming")
        self._fill()

    def _record(self, pending: Pending, output: ModelOutput, started: float, now: float, *, final: bool) -> Attempt:
        attempt = record_attempt(
            self.journal,
            self.texts,
            pending,
            output,
            final=final,
            started_us=self._wall_us + int((started - self._began) * 1e6),
            elapsed_us=int((now - started) * 1e6),
        )
        self.on_attempt(attempt)
        return attempt

    async def _ask(self, request: Request) -> ModelOutput:
        try:
            async with asyncio.timeout(self.attempt_timeout):
                return recordable(await output_of(self.model, request))
        except TimeoutError:
            return ModelOutput(outcome=Outcome.TIMEOUT, detail=f"no answer within {self.attempt_timeout:g} s")
        except Exception as error:
            # Models report network faults as outcomes, but one bad sample in a plugin must not end a run.
            # The error's text is left out: it may hold private data.
            return ModelOutput(outcome=Outcome.MALFORMED, detail=f"the model's own code failed: {type(error).__name__}")

    # ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _expire(self) -> None:
        self._cut_off("deadline")
        self._fill()

    def _cut_off(self, reason: RunEnd) -> None:
        """End the run now: calls in flight are cancelled, and recorded as such."""
        self._stopping = self._stopping or reason
        for task in self._in_flight:
            task.cancel()

    async def _halt(self) -> None:
        self.at_work = False
        self._over.set()
        if self._timer is not None:
            self._timer.cancel()
        self._stopping = self._stopping or ("failed" if self._error else None)
        self._health_check.stop()
        left = list(self._in_flight)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _sync(self) -> None:
        self.texts.sync()
        self.journal.sync()
        if self.media is not None:
            self.media.sync()  # last: it goes on beside the run, and the journal's lines would wait for it
        self._synced = time.monotonic()
