"""The batches of a journal: intended before they were created, one after another, each of its calls recorded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.models.batches import PRICE_FACTOR
from steelyard.planning.batched import NO_LIKELIHOODS
from steelyard.planning.order import order_of
from steelyard.records import (
    SUBJECT,
    Attempt,
    BatchCall,
    BatchClosed,
    BatchCreated,
    BatchIntent,
    Outcome,
    Plan,
    PlannedModel,
)
from steelyard.storage.journal.batches import batch_digest, key_of
from steelyard.storage.journal.lines import JournalRecord
from steelyard.util.batch_ends import growth_of
from steelyard.util.batch_ids import is_batch_id

__all__ = ["BatchCheck", "why_not_batched"]

Key = tuple[str, int, int, str]
_KINDS: Final = ("openai", "anthropic")


def why_not_batched(role: str, planned: PlannedModel) -> str:
    """Why a model is not asked by batches as the plan says; empty where it may be, or is asked call by call."""
    capabilities, factor = planned.capabilities, planned.limits.price_factor
    if not planned.batch_growth:
        return "" if factor == 1.0 else "price_factor is below 1, and it is asked call by call"
    try:
        growth_of(planned.batch_growth)
    except InputError:
        return "batch_growth is none"
    if role != SUBJECT or planned.identity.uri.partition(":")[0] not in _KINDS:
        return "batch_growth is set, and it has no batches"
    if not capabilities.chat or capabilities.completions or capabilities.loglikelihood or capabilities.next_tokens:
        return "batch_growth is set, and batches take chats alone"
    if capabilities.loglikelihood_reason != NO_LIKELIHOODS:
        return "loglikelihood_reason is not that of batches"
    is_priced = planned.limits.price_prompt is not None
    return "" if factor == (PRICE_FACTOR if is_priced else 1.0) else "price_factor is not that of batches"


class BatchCheck:
    """Reads a journal's records in order; ``digests`` are those of the samples, by measurement.

    A batch's digest is computed again from its calls and the digests of their requests, which its attempts name.
    """

    def __init__(self, plan: Plan, plan_sha256: str, digests: Mapping[str, Sequence[str]]) -> None:
        self._is_batched = bool(plan.subject.batch_growth)
        self._by_id = plan.by_id
        self._plan_sha256 = plan_sha256
        self._digests = digests
        self._orders: dict[str, Sequence[int]] = {}
        self._last = 0
        self._intent: BatchIntent | None = None
        self._is_created = False
        self._left: dict[Key, int] = {}
        self._requests: dict[int, str] = {}

    def read(self, record: JournalRecord) -> None:
        """Take the next record; raises VerificationError where no run by batches would have written it there."""
        if isinstance(record, BatchIntent):
            self._begin(record)
        elif isinstance(record, BatchCreated | BatchClosed):
            is_due = self._intent is not None and record.number == self._intent.number and not self._requests
            if not is_due or (isinstance(record, BatchCreated) and self._is_created):
                raise VerificationError(f"record {record.seq}: no batch of the number {record.number} waits for it")
            if isinstance(record, BatchCreated) and not is_batch_id(record.id):
                raise VerificationError(f"record {record.seq}: it names a batch by what is no id of one")
            self._is_created = isinstance(record, BatchCreated)
            self._intent = self._intent if self._is_created else None
        elif isinstance(record, Attempt) and (record.batch or self._is_batched):
            self._take(record)

    def finish(self, *, is_complete: bool) -> None:
        """Raise VerificationError for a run that came to its end while a batch of it was open."""
        if is_complete and self._intent is not None and self._is_batched:
            raise VerificationError(f"{layout.JOURNAL}: complete, and batch {self._intent.number} was not read")

    def _begin(self, intent: BatchIntent) -> None:
        place = f"record {intent.seq}"
        if not self._is_batched:
            raise VerificationError(f"{place}: a batch, and the plan asks call by call")
        if self._intent is not None or intent.number != self._last + 1 or not intent.calls:
            raise VerificationError(f"{place}: not the batch that comes after batch {self._last}")
        for call in intent.calls:
            if not self._is_planned(call):
                raise VerificationError(f"{place}: a call that the plan does not have: {call.measurement[:40]}")
        self._left = {key_of(call, self._digests): at for at, call in enumerate(intent.calls)}
        if len(self._left) < len(intent.calls):
            raise VerificationError(f"{place}: a call stands twice in one batch")
        self._intent, self._last, self._is_created, self._requests = intent, intent.number, False, {}

    def _is_planned(self, call: BatchCall) -> bool:
        measurement = self._by_id.get(call.measurement)
        if measurement is None or not 0 <= call.sample < len(self._digests[call.measurement]):
            return False
        if measurement.again or call.position < 0:
            return True  # which samples those are, the attempts' own checks say
        if call.measurement not in self._orders:
            self._orders[call.measurement] = order_of(measurement)
        order = self._orders[call.measurement]
        own = call.sample * measurement.repeats + call.repeat
        return call.position < measurement.planned and order[call.position] == own

    def _take(self, record: Attempt) -> None:
        place = f"record {record.seq}"
        if not record.batch:  # what an API does not take is not sent
            if record.outcome is not Outcome.CLIENT_ERROR:
                raise VerificationError(f"{place}: an answer in no batch, and the plan asks by batches")
            return
        key = record.measurement, record.position, record.repeat, record.item
        is_open = self._intent is not None and self._is_created and record.batch == self._intent.number
        if self._intent is None or not is_open or key not in self._left:
            raise VerificationError(f"{place}: batch {record.batch} has no such call left")
        self._requests[self._left.pop(key)] = record.request
        if not self._left:
            requests = ((call, self._requests[at]) for at, call in enumerate(self._intent.calls))
            if batch_digest(self._plan_sha256, self._intent.number, requests) != self._intent.digest:
                raise VerificationError(f"{place}: batch {record.batch} was not intended with these requests")
            self._intent = None
