"""The batches of a journal: the digest of one, and the one that was begun and whose results were not all read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.records import Attempt, BatchCall, BatchClosed, BatchCreated, BatchIntent
from steelyard.storage.journal.lines import JournalRecord
from steelyard.util.batch_ids import is_batch_id
from steelyard.util.text import one_line

__all__ = ["BatchesSoFar", "OpenBatch", "batch_digest", "batches_so_far"]

CallKey = tuple[str, int, int, str]


def batch_digest(plan_sha256: str, number: int, requests: Iterable[tuple[BatchCall, str]]) -> str:
    """The SHA-256 of a batch: of the sealed plan, its number, and its calls in order with their requests' digests."""
    lines = [[call.measurement, call.position, call.sample, call.repeat, request] for call, request in requests]
    return sha256_hex(canonical({"number": number, "plan": plan_sha256, "requests": lines}))


@dataclass
class OpenBatch:
    """A batch that was intended and is not read to its end; ``id`` is empty where it may not have been created.

    ``left`` are the calls of which nothing is in the journal yet, by what an attempt says of its call: the number of
    each among the calls of the intent.
    """

    intent: BatchIntent
    left: dict[CallKey, int]
    id: str = ""


@dataclass
class BatchesSoFar:
    """How many batches a journal has, and the one that is open."""

    count: int = 0
    open: OpenBatch | None = None
    _digests: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def calls_left(self) -> list[BatchCall]:
        """The calls of the open batch of which nothing is in the journal yet."""
        return [] if self.open is None else [self.open.intent.calls[index] for index in self.open.left.values()]

    def read(self, record: JournalRecord) -> None:
        """Take the next record; raises VerificationError for one that names no batch or no sample."""
        if isinstance(record, BatchIntent):
            self.count = record.number
            self.open = OpenBatch(record, {key_of(call, self._digests): at for at, call in enumerate(record.calls)})
        elif isinstance(record, BatchClosed):
            self.open = None
        elif isinstance(record, BatchCreated) and self.open is not None:
            if not is_batch_id(record.id):
                raise VerificationError(f"record {record.seq}: {one_line(record.id, 60)!r} is no id of a batch")
            self.open.id = record.id
        elif isinstance(record, Attempt) and record.batch and self.open is not None:
            self.open.left.pop((record.measurement, record.position, record.repeat, record.item), None)
            if not self.open.left:
                self.open = None


def key_of(call: BatchCall, digests: Mapping[str, Sequence[str]]) -> CallKey:
    """What an attempt at a call says of it; ``digests`` are those of the samples, by measurement.

    Raises VerificationError for a call of a sample that there is not.
    """
    digests_there = digests.get(call.measurement, ())
    if not 0 <= call.sample < len(digests_there):
        raise VerificationError(f"a batch names sample {call.sample} of {call.measurement[:40]!r}: there is none")
    return call.measurement, call.position, call.repeat, digests_there[call.sample]


def batches_so_far(records: Iterable[JournalRecord], digests: Mapping[str, Sequence[str]]) -> BatchesSoFar:
    """Read the batches of a whole journal; ``digests`` are those of the samples, by measurement, in sample order."""
    found = BatchesSoFar(_digests=digests)
    for record in records:
        found.read(record)
    return found
