"""A provider's batches: many requests in one order, answered within a day at half the price. What both dialects share.

A dialect is one small class: it uploads and creates, says where a batch is, finds one whose id was lost, reads results
and cancels. What comes back is somebody else's: ids that could lead elsewhere are refused, lines are bounded.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, runtime_checkable

from steelyard.plugins import Model
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.util.batch_ids import is_batch_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.models.http_endpoint import HttpEndpoint

__all__ = [
    "CLOCKS",
    "MALFORMED_LINE",
    "PRICE_FACTOR",
    "BatchApi",
    "BatchLine",
    "BatchModel",
    "BatchStatus",
    "LineResult",
    "custom_id",
    "entries_in",
    "id_in",
    "index_of",
    "listed",
    "no_id",
]

PRICE_FACTOR: Final = 0.5  # of the price of single calls: OpenAI's and Anthropic's price lists of November 2026
CLOCKS: Final = 6 * 3600.0  # seconds by which a provider's clock may differ from ours
_LISTED: Final = 100  # batches a page of a provider's list
_MAX_PAGES: Final = 20
_DIGITS: Final = 40  # of a digest in the ids of lines: Anthropic's take 64 characters
_CUSTOM: Final = re.compile(r"([0-9a-f]{40})-(0|[1-9][0-9]{0,6})", re.ASCII)

LineEnd = Literal["done", "expired", "cancelled"]


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One request of a batch: its id there, and its body."""

    id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """Where a batch is: ``done`` of its lines are over, and it has ``ended`` when none will change any more.

    ``otherwise``: what became of a line that the results do not name. ``files`` are where its results lie, for its own
    dialect. ``refused``: nothing of it was asked, and why.
    """

    ended: bool
    done: int = 0
    otherwise: LineEnd = "done"
    files: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class LineResult:
    """One line of the results: the id that it names (empty: none that is a text), and what became of it.

    ``payload`` is the reply of a line that was answered; else ``output`` says why there is none.
    """

    id: str
    end: LineEnd
    payload: Any = None
    output: ModelOutput | None = None


MALFORMED_LINE: Final = LineResult(
    "", "done", output=ModelOutput(outcome=Outcome.MALFORMED, detail="a line without an id")
)


class BatchApi(Protocol):
    """The batches of one provider. Faults of the wire are outputs, not exceptions, but for ``results``."""

    async def unavailable_reason(self) -> str:
        """Say why the endpoint has no batches for us; empty where it has."""
        ...

    def body(self, request: GenerateRequest) -> Mapping[str, Any]:
        """The body of a line; raises ValueError for what the API does not take."""
        ...

    def read(self, payload: Any, request: GenerateRequest) -> ModelOutput:
        """Parse a line's reply into exactly one typed output."""
        ...

    async def upload(self, lines: Sequence[BatchLine]) -> str | ModelOutput:
        """Send what must be there before a batch is created: an id for ``create``. Costs nothing by itself."""
        ...

    async def create(self, uploaded: str, lines: Sequence[BatchLine], digest: str) -> str | ModelOutput:
        """Create a batch: its id, or why there is none."""
        ...

    async def find(self, digest: str, count: int, since: float) -> str | ModelOutput | None:
        """The id of the batch with a digest, of ``count`` lines, created about ``since`` (Unix time); "" for none.

        None: not known yet, since a batch that may be it goes on.
        """
        ...

    async def status(self, batch: str) -> BatchStatus | ModelOutput:
        """Where a batch is."""
        ...

    def results(self, batch: str, status: BatchStatus) -> AsyncIterator[LineResult]:
        """Stream the results of a batch that has ended, in any order; raises Unreadable where they break off."""
        ...

    async def cancel(self, batch: str) -> ModelOutput | None:
        """Have a batch end early; None where the provider took that."""
        ...


@runtime_checkable
class BatchModel(Model, Protocol):
    """A model whose provider has batches."""

    @property
    def batches(self) -> BatchApi | None:
        """Its batches; None where its API has none."""
        ...


def custom_id(digest: str, index: int) -> str:
    """The id of a line: of which batch it is, and which of its lines."""
    return f"{digest[:_DIGITS]}-{index}"


def index_of(line_id: str, digest: str, count: int) -> int | None:
    """Which line of a batch an id names; None for one that is not the batch's."""
    found = _CUSTOM.fullmatch(line_id)
    if found is None or found[1] != digest[:_DIGITS] or int(found[2]) >= count:
        return None
    return int(found[2])


def id_in(payload: Any, name: str = "id") -> str:
    """An id in a reply, which may become part of a path; empty where there is none that can be one."""
    found = payload.get(name) if isinstance(payload, Mapping) else None
    return found if isinstance(found, str) and is_batch_id(found) else ""


def entries_in(payload: Any) -> list[Mapping[str, Any]] | None:
    """The entries of a list, ``{"data": [{…}, …]}``; None for what is none."""
    data = payload.get("data") if isinstance(payload, Mapping) else None
    return [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else None


async def listed(
    http: HttpEndpoint, path: str, cursor: str, created: Callable[[Any], float | None], since: float
) -> AsyncIterator[Mapping[str, Any] | ModelOutput]:
    """A provider's batches, newest first, down to those from before ``since`` (Unix time).

    ``cursor`` is the parameter that names the last one seen, ``created`` reads ``created_at``. Where the list cannot be
    read, or goes on after 2,000 newer batches, an output that says so comes last: what is not seen may be there.
    """
    after = ""
    for _ in range(_MAX_PAGES):
        reply = await http.call("GET", f"{path}?limit={_LISTED}{after}", None)
        if isinstance(reply, ModelOutput):
            yield reply
            return
        entries = entries_in(reply.payload) or []
        for entry in entries:
            yield entry
        oldest = created(entries[-1].get("created_at")) if entries else None
        is_before = oldest is not None and oldest < since - CLOCKS
        if not entries or is_before or reply.payload.get("has_more") is not True or not id_in(entries[-1]):
            return
        after = f"&{cursor}={id_in(entries[-1])}"
    detail = f"its list has more than {_MAX_PAGES * _LISTED:,} newer batches, so whether ours is there is not known"
    yield ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=detail, fatal=True)


def no_id(what: str) -> ModelOutput:
    """The output for a reply whose id is none."""
    return ModelOutput(outcome=Outcome.MALFORMED, detail=f"the reply names no {what} that can be one")
