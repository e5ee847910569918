"""Anthropic's Message Batches: requests in one body, and one file of results.

Read from the API's reference and from anthropics/anthropic-sdk-python in November 2026. A batch carries nothing of ours
but the ids of its lines, which its results name when it has ended: one whose id was lost is looked for among those of
about that time with as many lines, and known by these ids alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from steelyard.models.batches import (
    CLOCKS,
    MALFORMED_LINE,
    BatchLine,
    BatchStatus,
    LineEnd,
    LineResult,
    entries_in,
    id_in,
    index_of,
    listed,
    no_id,
)
from steelyard.models.error_replies import count_in, read_error
from steelyard.models.http_endpoint import HttpEndpoint, Unreadable
from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = ["AnthropicBatches"]

PATH: Final = "/messages/batches"
_COUNTS: Final = ("succeeded", "errored", "canceled", "expired")
_STATUS: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 408,
    "overloaded_error": 529,
}


class AnthropicBatches:
    """Message Batches as a :class:`steelyard.models.batches.BatchApi`."""

    def __init__(
        self,
        http: HttpEndpoint,
        body: Callable[[GenerateRequest], Mapping[str, Any]],
        read: Callable[[Any, GenerateRequest], ModelOutput],
    ) -> None:
        self._http = http
        self.body = body
        self.read = read

    async def unavailable_reason(self) -> str:
        """Whether the endpoint lists batches at all."""
        reply = await self._http.call("GET", f"{PATH}?limit=1", None)
        if isinstance(reply, ModelOutput):
            return reply.detail
        return "" if entries_in(reply.payload) is not None else f"what it has at {PATH} is no list of batches"

    async def upload(self, lines: Sequence[BatchLine]) -> str | ModelOutput:
        """Nothing: the requests go with what creates the batch."""
        return ""

    async def create(self, uploaded: str, lines: Sequence[BatchLine], digest: str) -> str | ModelOutput:
        """Create the batch."""
        body = {"requests": [{"custom_id": line.id, "params": line.body} for line in lines]}
        reply = await self._http.call("POST", PATH, body)
        return reply if isinstance(reply, ModelOutput) else id_in(reply.payload) or no_id("batch")

    async def find(self, digest: str, count: int, since: float) -> str | ModelOutput | None:
        """Hold those of about that time with as many lines against the ids of ours, when they have ended."""
        goes_on = False
        async for entry in listed(self._http, PATH, "after_id", _time, since):
            if isinstance(entry, ModelOutput):
                return entry
            created, batch = _time(entry.get("created_at")), id_in(entry)
            if not batch or created is None or abs(created - since) > CLOCKS or _total(entry) != count:
                continue
            if entry.get("processing_status") != "ended":
                goes_on = True
            elif (held := await self._is_ours(batch, digest, count)) is True:
                return batch
            elif isinstance(held, ModelOutput):
                return held
        return None if goes_on else ""

    async def _is_ours(self, batch: str, digest: str, count: int) -> bool | ModelOutput:
        """Whether the first line of a batch's results has an id of ours."""
        try:
            async for result in self.results(batch, BatchStatus(ended=True)):
                return index_of(result.id, digest, count) is not None
        except Unreadable as error:
            is_gone = error.output.outcome is Outcome.CLIENT_ERROR and not error.output.fatal
            return False if is_gone else error.output
        return False

    async def status(self, batch: str) -> BatchStatus | ModelOutput:
        """Where the batch is; results that are said to be at another address are refused."""
        reply = await self._http.call("GET", f"{PATH}/{batch}", None)
        if isinstance(reply, ModelOutput):
            return reply
        payload = reply.payload if isinstance(reply.payload, Mapping) else {}
        counts = payload.get("request_counts")
        done = sum(count_in(counts, name) for name in _COUNTS)
        if payload.get("processing_status") != "ended":
            return BatchStatus(ended=False, done=done)
        if fault := self._elsewhere(payload.get("results_url")):
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=fault, fatal=True)
        otherwise: LineEnd = "cancelled" if payload.get("cancel_initiated_at") else "done"
        return BatchStatus(ended=True, done=done, otherwise=otherwise)

    def _elsewhere(self, url: Any) -> str:
        """Why results are not read, where they are not at this address: a key must not travel to another host."""
        if url is None:
            return ""
        try:
            named, own = urlsplit(str(url)), urlsplit(self._http.base)
            same = (named.scheme, named.hostname, named.port) == (own.scheme, own.hostname, own.port)
        except ValueError:
            same = False
        if same and not urlsplit(str(url)).username:
            return ""
        return f"the results are said to be at {one_line(str(url), 100)!r}, which is not the address that was named"

    async def results(self, batch: str, status: BatchStatus) -> AsyncIterator[LineResult]:
        """Stream the results, from their own path below the base URL."""
        async for data in self._http.lines(f"{PATH}/{batch}/results"):
            if data.strip() or not data:
                yield _result(self._http.decoded(data))

    async def cancel(self, batch: str) -> ModelOutput | None:
        """Have the batch end; what was answered stays, and is paid for."""
        reply = await self._http.call("POST", f"{PATH}/{batch}/cancel", {})
        return reply if isinstance(reply, ModelOutput) else None


def _total(entry: Mapping[str, Any]) -> int:
    counts = entry.get("request_counts")
    return sum(count_in(counts, name) for name in ("processing", *_COUNTS))


def _time(value: Any) -> float | None:
    """A date of RFC 3339 as Unix time."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _result(line: Any) -> LineResult:
    if not isinstance(line, Mapping) or not isinstance(line.get("custom_id"), str):
        return MALFORMED_LINE
    name, found = line["custom_id"], line.get("result")
    result: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    if result.get("type") == "succeeded":
        return LineResult(name, "done", payload=result.get("message"))
    if result.get("type") == "expired":
        return LineResult(name, "expired")
    if result.get("type") == "canceled":
        return LineResult(name, "cancelled")
    error = result.get("error")
    inner = error.get("error") if isinstance(error, Mapping) else None
    kind = inner.get("type") if isinstance(inner, Mapping) else None
    return LineResult(name, "done", output=read_error(_STATUS.get(str(kind), 500), {"error": inner}, {}))
