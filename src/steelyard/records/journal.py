"""What happened: the records of a journal."""

from __future__ import annotations

from steelyard.records.record import Record
from steelyard.records.requests import Outcome

__all__ = ["Attempt", "Exchange", "RecordedScore"]


class Attempt(Record, frozen=True, kw_only=True, tag="attempt", tag_field="type"):
    """One attempt at one call, as the journal keeps it.

    ``item``, ``request`` and ``answer`` are SHA-256 digests of the sample, of what was sent and of what came back.
    ``position`` is the place in the committed order; −1 is a probe's repeat, which no test reads. ``final``: no further
    attempt will be made.
    """

    seq: int
    prev: str
    row: str
    position: int
    sample: str
    item: str
    repeat: int
    attempt: int
    request: str
    outcome: Outcome
    final: bool
    answer: str = ""
    logprobs: tuple[float, ...] = ()
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    detail: str = ""
    started_us: int
    elapsed_us: int


class RecordedScore(Record, frozen=True, kw_only=True, tag="marked", tag_field="type"):
    """A mark that was made once, by an act, and is read from the journal ever after: model-written code that ran in
    the sandbox, or the mark that another harness's log gives. It belongs to the final attempt of one call.

    No ``value``: the act itself failed, which is a fault of ours: the call is *missing*.
    """

    seq: int = 0
    prev: str = ""
    row: str
    sample: str
    repeat: int
    scorer: str
    value: float | None
    parsed: bool = True
    note: str = ""
    elapsed_us: int = 0


class Exchange(Record, frozen=True, kw_only=True, tag="exchange", tag_field="type"):
    """One call of another harness that went through the gateway: what was sent and what came back, by digest.

    ``request`` and ``reply`` are SHA-256 digests of the bodies, as text. ``first_byte_us``: when the reply began.
    """

    seq: int = 0
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
