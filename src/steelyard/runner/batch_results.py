"""A batch at the provider, and what became of its lines: results come in any order, and from somebody else.

Pure but for the reading.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from steelyard.models.batches import BatchApi, BatchStatus, LineEnd, index_of
from steelyard.models.http_endpoint import Unreadable
from steelyard.records import BatchIntent, GenerateRequest, ModelOutput, Outcome
from steelyard.runner.budget import Reservation
from steelyard.runner.pending import Pending
from steelyard.runner.recordable import recordable

__all__ = ["EXPIRED", "BatchAtProvider", "Ended", "ResultReader"]

MOST_FOREIGN: Final = 1_000  # lines that are not of the batch, or say of one twice: beyond them the results are refused
EXPIRED: Final = "expired at the provider, which says that it did not come to it within the batch's time"
_CANCELLED: Final = "cancelled before it was asked, as the provider says"
_LOST: Final = "the batch's results have no line of it"


@dataclass
class BatchAtProvider:
    """A batch at the provider, or about to be: its calls that are not recorded yet, by their numbers in it.

    ``is_of_before``: an earlier session left it, so that this run's own user may have cancelled it. ``is_unnamed``: the
    provider took what creates it, and said no id.
    """

    intent: BatchIntent
    pending: dict[int, Pending]
    reserved: dict[int, Reservation]
    id: str = ""
    is_of_before: bool = False
    is_unnamed: bool = False

    @property
    def count(self) -> int:
        """How many calls it has, whether recorded or not."""
        return len(self.intent.calls)

    @property
    def requests(self) -> dict[int, GenerateRequest]:
        """What its calls ask that are not recorded yet, by number."""
        found = {index: pending.sample.request for index, pending in self.pending.items()}
        return {index: request for index, request in found.items() if isinstance(request, GenerateRequest)}


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the call with this number in its batch."""

    index: int
    end: LineEnd
    output: ModelOutput


@dataclass
class ResultReader:
    """Reads the results of one batch; ``requests`` are those of its lines that are not recorded yet, by number.

    ``foreign`` counts the lines that are left out: with an id of no line of ours, or of one that was read already. The
    first line of each counts.
    """

    batches: BatchApi
    digest: str
    count: int
    requests: dict[int, GenerateRequest]
    foreign: int = field(default=0, init=False)

    async def read(self, batch: str, status: BatchStatus) -> AsyncIterator[Ended]:
        """Stream what became of each line, those without a result last; raises Unreadable where results break off."""
        seen: set[int] = set()
        async for result in self.batches.results(batch, status):
            index = index_of(result.id, self.digest, self.count)
            if index is None or index in seen:
                self.foreign += 1
                if self.foreign > MOST_FOREIGN:
                    detail = f"more than {MOST_FOREIGN:,} lines of the results of {batch} are not of it, or doubled"
                    raise Unreadable(ModelOutput(outcome=Outcome.MALFORMED, detail=detail, fatal=True))
                continue
            seen.add(index)
            if (request := self.requests.get(index)) is not None:
                if result.end != "done":
                    yield _never_asked(index, result.end)
                    continue
                output = result.output or self.batches.read(result.payload, request)
                yield Ended(index, "done", recordable(_of_a_line(output)))
        for index in self.requests.keys() - seen:
            if status.otherwise == "done":
                yield Ended(index, "done", ModelOutput(outcome=Outcome.DROPPED, detail=_LOST))
            else:
                yield _never_asked(index, status.otherwise)


def _never_asked(index: int, end: LineEnd) -> Ended:
    if end == "expired":
        return Ended(index, end, ModelOutput(outcome=Outcome.TIMEOUT, detail=EXPIRED))
    return Ended(index, end, ModelOutput(outcome=Outcome.DROPPED, detail=_CANCELLED))


def _of_a_line(output: ModelOutput) -> ModelOutput:
    """The output of one line, which says nothing of all others: of the key, or of the endpoint's load."""
    changed: ModelOutput = msgspec.structs.replace(output, fatal=False, overloaded=False, retry_after=None, rate=None)
    return changed
