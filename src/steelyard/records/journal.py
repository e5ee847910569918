"""The records of a journal: attempts, batches, recorded scores, exchanges, and what one call took by its attempts."""

from __future__ import annotations

from steelyard.records.record import Record
from steelyard.records.requests import Outcome

__all__ = [
    "Attempt",
    "BatchCall",
    "BatchClosed",
    "BatchCreated",
    "BatchIntent",
    "CallSpent",
    "Exchange",
    "RecordedScore",
]


class Attempt(Record, frozen=True, kw_only=True, tag="attempt", tag_field="type"):
    """One attempt at one call, as the journal keeps it.

    ``item``, ``request``, ``answer`` and ``reasoning`` are SHA-256 digests of the sample, the request, the model output
    and its reasoning. ``position`` is the place in the committed order; −1 is an extra request of the repeat check,
    which no test counts. ``cached_tokens`` are among the prompt tokens, ``reasoning_tokens`` among the completion
    tokens, as the endpoint reports them. ``final``: no further attempt will be made. ``batch`` is the number of the
    batch in which it was asked; 0: alone. How long an answer from a batch took is not known: ``elapsed_us`` is its part
    of the time until the batch was read.
    """

    seq: int = -1
    prev: str = ""
    measurement: str
    position: int
    sample: str
    item: str
    repeat: int
    attempt: int
    request: str
    outcome: Outcome
    final: bool
    answer: str = ""
    reasoning: str = ""
    logprobs: tuple[float, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    model: str = ""
    detail: str = ""
    batch: int = 0
    started_us: int
    elapsed_us: int


class BatchCall(Record, frozen=True, kw_only=True):
    """One call of a batch: its place in the committed order (-1: a repeat check), its sample's number, its repeat."""

    measurement: str
    position: int
    sample: int
    repeat: int = 0


class BatchIntent(Record, frozen=True, kw_only=True, tag="batch_intent", tag_field="type"):
    """A batch is about to be created at a provider: on the disk before the provider hears of it.

    Batches are numbered from 1. ``digest`` is that of its requests (:mod:`steelyard.storage.journal.batches`); the
    provider gets it in the ids of the lines, so that a batch whose id a kill took away can be found again.
    """

    seq: int = -1
    prev: str = ""
    number: int
    digest: str
    calls: tuple[BatchCall, ...]
    at_us: int


class BatchCreated(Record, frozen=True, kw_only=True, tag="batch_created", tag_field="type"):
    """The provider created the batch of this number, and calls it ``id``."""

    seq: int = -1
    prev: str = ""
    number: int
    id: str
    at_us: int


class BatchClosed(Record, frozen=True, kw_only=True, tag="batch_closed", tag_field="type"):
    """Nothing of the batch of this number was asked, and why: its calls are open again."""

    seq: int = -1
    prev: str = ""
    number: int
    reason: str
    at_us: int


class RecordedScore(Record, frozen=True, kw_only=True, tag="score", tag_field="type"):
    """A score that is recorded once and never recomputed: it is read from the journal.

    It comes from model-written code that ran in the sandbox, or from another harness's log, and belongs to the final
    attempt of one call. ``value`` is None where the output is ambiguous (``open``), or where the scorer itself failed:
    then the call is *missing*. ``group`` is the sample's subtask.
    """

    seq: int = -1
    prev: str = ""
    measurement: str
    sample: str
    repeat: int
    scorer: str
    value: float | None
    parsed: bool = True
    open: bool = False
    note: str = ""
    group: str = ""
    elapsed_us: int = 0


class Exchange(Record, frozen=True, kw_only=True, tag="exchange", tag_field="type"):
    """One call of another harness through the gateway: request and reply, by digest.

    ``request`` and ``reply`` are SHA-256 digests of the bodies, as text. ``first_byte_us``: microseconds to the reply's
    first byte.
    """

    seq: int = -1
    prev: str = ""
    path: str
    request: str
    status: int
    outcome: Outcome
    reply: str = ""
    streamed: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    detail: str = ""
    started_us: int
    first_byte_us: int = 0
    elapsed_us: int


class CallSpent(Record, frozen=True, kw_only=True):
    """What one finished call took: the time of its last attempt, or of a longer one that was cut off; all its tokens.

    *Unknown*: more may have been needed than is recorded, since something was cut off, killed or not reported.
    """

    measurement: str
    position: int
    repeat: int
    answered: bool
    elapsed_us: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    time_unknown: bool = False
    usage_unknown: bool = False
