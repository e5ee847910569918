"""The loop of a run that is asked by its provider's batches, one at a time; each step is on the disk before the next.

An intent with the batch's calls and digest is forced to the disk before the provider hears of the batch, and its id
after. A run that is killed between the two looks for it at the provider, so that nothing is asked twice; results are
read in any order, and each line is recorded once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import msgspec

from steelyard.models.batches import BatchApi, BatchLine, custom_id
from steelyard.models.http_endpoint import Unreadable
from steelyard.plugins import HealthCheckedModel, Model
from steelyard.records import (
    Attempt,
    BatchCall,
    BatchClosed,
    BatchCreated,
    BatchIntent,
    GenerateRequest,
    ModelOutput,
    Outcome,
    Request,
    Sample,
)
from steelyard.runner.batch_results import BatchAtProvider, Ended, ResultReader
from steelyard.runner.batch_waiting import Waiting
from steelyard.runner.budget import Budget, Reservation, worst_case
from steelyard.runner.giving_up import FAILURES_TO_SKIP, GivingUp, MayEnd
from steelyard.runner.loop import OnFinal, RunEnd
from steelyard.runner.pending import Pending, begun, record_attempt
from steelyard.runner.retry import RetryPolicy
from steelyard.runner.schedule import Call, Schedule
from steelyard.storage.journal.batches import BatchesSoFar, batch_digest
from steelyard.storage.journal.media import Media
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.util.batch_ends import end_after

__all__ = ["BatchRunner"]

MAX_LINES: Final = 10_000
MAX_BYTES: Final = 32 << 20  # of a batch's bodies, which are in memory while it is created
SCORED_AT_ONCE: Final = 8
NOTHING: Final = Reservation(0, 0)


@dataclass
class BatchRunner:
    """Runs a schedule against one model by batches, with the callbacks of :class:`steelyard.runner.loop.Runner`.

    ``growth``: how many times further in the order each batch ends than the one before. ``so_far`` are the batches that
    the journal has. A call that a batch did not answer is asked again in the next, as often as ``retry`` has it (a
    cancelled one, too, unless the run's own user may have cancelled it); but an *expired* one is missing where others
    of its batch were answered: the provider had its day. ``left`` is the batch that goes on at the provider when the
    run was stopped.
    """

    model: Model
    batches: BatchApi
    schedule: Schedule
    sample_of: Callable[[Call], Sample]
    journal: Journal
    texts: Texts
    on_final: OnFinal
    plan_sha256: str
    growth: Fraction
    so_far: BatchesSoFar = field(default_factory=BatchesSoFar)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    budget: Budget | None = None
    patience_seconds: float = 600.0
    deadline_seconds: float | None = None
    active_before_us: int = 0
    notify: Callable[[str], None] = field(default=lambda _: None)
    on_attempt: Callable[[Attempt], None] = field(default=lambda _: None)
    first: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    request_of: Callable[[Call, Sample], Request] = field(default=lambda call, sample: sample.request)
    check_item: Callable[[Call, str], None] = field(default=lambda call, item: None)
    may_wait: Callable[[], bool] = field(default=lambda: False)
    may_end_without: MayEnd = field(default=lambda given_up: False)
    media: Media | None = field(default=None)
    at_work: bool = field(default=True, init=False)
    in_flight: int = field(default=0, init=False)  # what is at the provider is none: nobody needs to wait for it
    left: BatchAtProvider | None = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)
    _stopping: RunEnd | None = field(default=None, init=False)
    _closed_since: float = field(default=0.0, init=False)  # since when no batch could be created
    _again: list[Pending] = field(default_factory=list, init=False)
    _scoring: set[asyncio.Future[None]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._waiting = Waiting(self.batches, self.patience_seconds, self.notify)
        self._giving_up = GivingUp(self.schedule, self.notify, self.may_end_without)
        self._number = self.so_far.count

    async def run(self) -> RunEnd:
        """Ask batch after batch until none is needed, a limit is reached, :meth:`stop` is called or the provider fails.

        Raises OSError where the journal cannot be written.
        """
        self._began = time.monotonic()
        loop = asyncio.get_running_loop()
        expiry = self.deadline_seconds is not None and loop.call_later(self.deadline_seconds, self.stop, "deadline")
        try:
            await asyncio.gather(*(work() for work in self.first))
            self.left = self._opened_before()
            return await self._ask()
        finally:
            if expiry:
                expiry.cancel()
            self.at_work = False
            for scoring in self._scoring:
                scoring.cancel()
            self._sync()

    def stop(self, reason: RunEnd = "interrupted") -> None:
        """Ask nothing more; a batch at the provider stays there."""
        self._stopping = self._stopping or reason
        self._waiting.stop()

    def wake(self) -> None:
        """Nothing: no other model's answers are waited for."""

    @property
    def stopping(self) -> bool:
        """Whether nothing more is asked."""
        return self._stopping is not None

    @property
    def active_us(self) -> int:
        """Time over all sessions in which a process was at work or waited, in microseconds."""
        now = time.monotonic()
        return self.active_before_us + int((now - (self._began or now)) * 1e6)

    @property
    def last_failure(self) -> str:
        """The last thing that the provider said instead of an answer."""
        return self._waiting.last_failure

    # ── batch after batch ────────────────────────────────────────────────────────────────────────────────────────────

    async def _ask(self) -> RunEnd:
        while True:
            if self._waiting.gave_up:
                self.stop("endpoint_down")
            if self._stopping is not None:
                return self._stopping
            if self.left is None and not await self._begin():
                return self._end_without_calls()
            if self.left is not None and (self.left.id or await self._has_found(self.left)):
                await self._read(self.left)

    def _end_without_calls(self) -> RunEnd:
        """How a run ends that has no further call: a budget may have stopped it meanwhile."""
        return self._stopping or ("endpoint_down" if self._giving_up.leaves_undone else "complete")

    async def _begin(self) -> bool:
        """Choose the calls of the next batch, write down what is intended, and create it; whether any call was left."""
        pending, bodies, reserved = await self._chosen()
        if not pending:
            return False
        number = self._number + 1
        calls = tuple(
            BatchCall(
                measurement=each.call.measurement,
                position=each.call.position,
                sample=each.call.sample,
                repeat=each.call.repeat,
            )
            for each in pending
        )
        requests = zip(calls, (each.request for each in pending), strict=True)
        digest = batch_digest(self.plan_sha256, number, requests)
        lines = [BatchLine(custom_id(digest, index), body) for index, body in enumerate(bodies)]
        uploaded = await self._waiting.patiently(lambda: self.batches.upload(lines))
        if uploaded is None:
            return True
        self._number = number
        intent = self.journal.append(BatchIntent(number=number, digest=digest, calls=calls, at_us=_now_us()))
        self._sync()
        await self.journal.committed()
        self.left = BatchAtProvider(intent, dict(enumerate(pending)), dict(enumerate(reserved)))
        self.in_flight = 1  # a user who stops the run waits for this one call
        made = await self.batches.create(uploaded, lines, digest)
        self.in_flight = 0
        if isinstance(made, str):
            self._created(self.left, made)
        elif made.fatal or made.outcome is Outcome.CLIENT_ERROR:
            self._waiting.give_up(made.detail)
            self._close(self.left, f"the provider created none: {made.detail}")
        elif made.outcome is Outcome.RATE_LIMITED:
            self._close(self.left, f"the provider created none: {made.detail}")
            await self._waiting.refused(made)
        else:
            self.left.is_unnamed = made.outcome is Outcome.MALFORMED
        return True  # whether anything else created one, only the provider's list of batches says

    async def _chosen(self) -> tuple[list[Pending], list[Any], list[Reservation]]:
        """The calls of the next batch with their bodies, in the order in which they are asked."""
        self.schedule.begin_batch(lambda asked: end_after(asked, self.growth))
        pending: list[Pending] = []
        bodies: list[Any] = []
        reserved: list[Reservation] = []
        size = 0
        for each in self._upcoming():
            request = each.sample.request
            assert isinstance(request, GenerateRequest)  # the plan was checked
            reservation = NOTHING if self.budget is None else worst_case(request)
            if self.budget is not None and not self.budget.fits(reservation):
                self._again.append(each)
                if not pending:
                    self.stop("budget")
                break
            try:
                body = self.batches.body(request)
            except ValueError as error:
                refused = ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(error))
                if (scoring := self._record(each, refused, final=True)) is not None:
                    await scoring
                continue
            if request.images:
                assert self.media is not None, "requests with images need a place to keep them"
                await self.media.keep(request.images)
            if self.budget is not None:
                self.budget.reserve(reservation)
            pending.append(each)
            bodies.append(body)
            reserved.append(reservation)
            size += len(msgspec.json.encode(body))
            if len(pending) >= MAX_LINES or size >= MAX_BYTES:
                break
        return pending, bodies, reserved

    def _upcoming(self) -> Iterator[Pending]:
        """What the next batch asks: what the last left open, then the schedule's next."""
        while self._again:
            pending = self._again.pop(0)
            if not self.schedule.is_closed(pending.call.measurement):
                yield pending
        while (call := self.schedule.next_call()) is not None:
            yield self._begun(call)

    def _begun(self, call: Call) -> Pending:
        sample = self.sample_of(call)
        return begun(call, sample, self.request_of(call, sample), self.texts, self.check_item)

    def _opened_before(self) -> BatchAtProvider | None:
        """The batch that an earlier session left at the provider."""
        before = self.so_far.open
        if before is None:
            return None
        pending = {}
        for index in before.left.values():
            call = before.intent.calls[index]
            pending[index] = self._begun(Call(call.measurement, call.position, call.sample, call.repeat))
        reserved = dict.fromkeys(pending, NOTHING)
        if self.budget is not None:
            for index, each in pending.items():
                reserved[index] = worst_case(each.sample.request)
                self.budget.reserve(reserved[index])
        return BatchAtProvider(before.intent, pending, reserved, before.id, is_of_before=True)

    async def _has_found(self, batch: BatchAtProvider) -> bool:
        """Look for a batch that may have been created, and whose id is not known; closed where there is none."""
        since = batch.intent.at_us / 1e6
        found = await self._waiting.found(batch.intent.digest, batch.count, since)
        if found == "":
            if batch.is_unnamed:  # another one might be made, and paid for, and lost as this one
                self._waiting.give_up("the provider took a batch, gave no id of it, and does not list it")
            self._close(batch, "the provider's list has no such batch")
        elif found is not None:
            self._created(batch, found)
        return bool(found)

    def _created(self, batch: BatchAtProvider, identifier: str) -> None:
        batch.id, self._closed_since = identifier, 0.0
        self.journal.append(BatchCreated(number=batch.intent.number, id=identifier, at_us=_now_us()))
        self._sync()
        self.notify(
            f"batch {batch.intent.number}: {batch.count:,} calls are at the provider as {identifier}. Most batches "
            "take less than an hour, none more than a day; Ctrl-C leaves it there"
        )

    def _close(self, batch: BatchAtProvider, reason: str) -> None:
        """Note that nothing of a batch was asked: its calls are open again."""
        self.journal.append(BatchClosed(number=batch.intent.number, reason=reason[:300], at_us=_now_us()))
        self._sync()
        self._closed_since = self._closed_since or time.monotonic()
        if time.monotonic() - self._closed_since >= self.patience_seconds:
            self._waiting.give_up(reason)
        for index, pending in batch.pending.items():
            self._release(batch, index)
            self._again.append(pending)
        self.left = None

    # ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _read(self, batch: BatchAtProvider) -> None:
        """Wait for a batch, and record what became of each of its calls."""
        status = await self._waiting.ended(batch.id, batch.count)
        if status is None:
            return
        if status.refused:
            self._waiting.give_up(f"the provider did not take batch {batch.id}: {status.refused}")
            self._close(batch, f"not taken: {status.refused}")
            return
        reader = ResultReader(self.batches, batch.intent.digest, batch.count, batch.requests)
        failed: list[Ended] = []

        async def read() -> bool | ModelOutput:
            failed.clear()
            reader.requests = batch.requests
            try:
                async for ended in reader.read(batch.id, status):
                    if ended.output.outcome.answered:
                        await self._answered(batch, ended)
                    else:
                        failed.append(ended)
            except Unreadable as error:
                return error.output
            await self._scored(0)
            return True

        if await self._waiting.patiently(read) is None:
            return
        if reader.foreign:
            self.notify(f"{reader.foreign:,} lines of the results of {batch.id} are not of it, or doubled: left out")
        await self._settle(batch, failed)
        self.left = None
        self._sync()

    async def _answered(self, batch: BatchAtProvider, ended: Ended) -> None:
        if self.budget is not None:
            self.budget.settle(batch.reserved[ended.index], ended.output)
        pending = batch.pending.pop(ended.index)
        if (scoring := self._record(pending, ended.output, final=True, batch=batch)) is not None:
            self._scoring.add(asyncio.ensure_future(scoring))
            await self._scored(SCORED_AT_ONCE - 1)

    async def _scored(self, most: int) -> None:
        """Wait until so many answers are being scored at most; raises what scoring raised."""
        while len(self._scoring) > most:
            done, self._scoring = await asyncio.wait(self._scoring, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()

    async def _settle(self, batch: BatchAtProvider, failed: Sequence[Ended]) -> None:
        """Record the calls that were not answered: which of them are over, and which are asked again."""
        ours = {each.index for each in failed if each.end == "cancelled" and batch.is_of_before}
        tried = [each for each in failed if each.index not in ours and not batch.pending[each.index].failures]
        nothing_came = len(failed) == batch.count  # what failed before and fails again shows nothing new
        if nothing_came and tried and (reason := await self._fault(tried)):
            self._waiting.give_up(f"batch {batch.id} brought no answer: {reason}")
        elif nothing_came:
            self._give_up_whole(batch, tried)
        for each in sorted(failed, key=lambda each: each.index):
            pending = batch.pending.pop(each.index)
            self._release(batch, each.index)
            if self._waiting.gave_up or each.index in ours or pending.call.measurement in self._giving_up:
                is_final = False
            elif each.end == "expired":
                is_final = True
            else:
                pending.failures += 1
                is_final = self.retry.is_final(each.output, pending.failures)
            scoring = self._record(pending, each.output, final=is_final, batch=batch)
            if scoring is not None:
                await scoring
            if not is_final:
                self._again.append(pending)

    async def _fault(self, tried: Sequence[Ended]) -> str:
        """Why nothing of a batch was answered, where that is the endpoint's fault; empty where it is the samples'."""
        if said := next((each.output.detail for each in tried if each.end != "done"), ""):
            return said
        if isinstance(self.model, HealthCheckedModel):
            output = await self._waiting.unless_stopped(self.model.ping())
            if output is None or not (output.outcome.answered or output.outcome is Outcome.EMPTY):
                return tried[0].output.detail
        return ""

    def _give_up_whole(self, batch: BatchAtProvider, tried: Sequence[Ended]) -> None:
        """Skip the measurements of which many samples failed in a batch and none was answered."""
        failed: dict[str, list[str]] = {}
        for each in tried:
            failed.setdefault(batch.pending[each.index].call.measurement, []).append(each.output.detail)
        for measurement, said in failed.items():
            if len(said) >= FAILURES_TO_SKIP and not self.schedule.is_renewed(measurement):
                self._waiting.last_failure = said[0]
                how = f"{len(said)} samples of {measurement} failed in one batch"
                self._giving_up.give_up(measurement, how, said[0])

    def _record(
        self, pending: Pending, output: ModelOutput, *, final: bool, batch: BatchAtProvider | None = None
    ) -> Awaitable[None] | None:
        pending.attempts += 1
        attempt = record_attempt(
            self.journal,
            self.texts,
            pending,
            output,
            final=final,
            started_us=_now_us() if batch is None else batch.intent.at_us,
            elapsed_us=0 if batch is None else max(0, _now_us() - batch.intent.at_us) // batch.count,
            batch=0 if batch is None else batch.intent.number,
        )
        self.on_attempt(attempt)
        return self.on_final(pending.sample, attempt, output) if final else None

    def _release(self, batch: BatchAtProvider, index: int) -> None:
        if self.budget is not None:
            self.budget.release(batch.reserved[index])

    def _sync(self) -> None:
        self.texts.sync()
        self.journal.sync()
        if self.media is not None:
            self.media.sync()  # last: it goes on beside the run, and the journal's lines would wait for it


def _now_us() -> int:
    return time.time_ns() // 1000
