"""OpenAI's Batch API: a file of requests, a batch of it, and two files of results.

Read from the API's reference and from openai/openai-python in November 2026. A batch carries sixteen texts of ours
(``metadata``), so that one whose id was lost is found by the digest of its requests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from steelyard.models.batches import (
    MALFORMED_LINE,
    BatchLine,
    BatchStatus,
    LineEnd,
    LineResult,
    entries_in,
    id_in,
    listed,
    no_id,
)
from steelyard.models.error_replies import count_in, read_error
from steelyard.models.http_endpoint import HttpEndpoint, Upload
from steelyard.records import GenerateRequest, ModelOutput
from steelyard.util.text import one_line

__all__ = ["OpenAIBatches"]

PATH: Final = "/chat/completions"
MARK: Final = "steelyard"
_ENDED: Final[dict[str, LineEnd]] = {"completed": "done", "expired": "expired", "cancelled": "cancelled"}
_CODES: Final[dict[str, LineEnd]] = {"batch_expired": "expired", "batch_cancelled": "cancelled"}


class OpenAIBatches:
    """The Batch API as a :class:`steelyard.models.batches.BatchApi`, for chats."""

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
        reply = await self._http.call("GET", "/batches?limit=1", None)
        if isinstance(reply, ModelOutput):
            return reply.detail
        return "" if entries_in(reply.payload) is not None else "what it has at /batches is no list of batches"

    async def upload(self, lines: Sequence[BatchLine]) -> str | ModelOutput:
        """Send the file of requests."""
        requests = ({"custom_id": line.id, "method": "POST", "url": f"/v1{PATH}", "body": line.body} for line in lines)
        data = b"".join(msgspec.json.encode(each) + b"\n" for each in requests)
        reply = await self._http.call("POST", "/files", Upload("requests.jsonl", data, {"purpose": "batch"}))
        return reply if isinstance(reply, ModelOutput) else id_in(reply.payload) or no_id("file")

    async def create(self, uploaded: str, lines: Sequence[BatchLine], digest: str) -> str | ModelOutput:
        """Create the batch of an uploaded file."""
        body = {
            "input_file_id": uploaded,
            "endpoint": f"/v1{PATH}",
            "completion_window": "24h",
            "metadata": {MARK: digest},
        }
        reply = await self._http.call("POST", "/batches", body)
        return reply if isinstance(reply, ModelOutput) else id_in(reply.payload) or no_id("batch")

    async def find(self, digest: str, count: int, since: float) -> str | ModelOutput | None:
        """Look through the list, newest first, for the batch that carries the digest."""
        async for entry in listed(self._http, "/batches", "after", _time, since):
            if isinstance(entry, ModelOutput):
                return entry
            mark = entry.get("metadata")
            if isinstance(mark, Mapping) and mark.get(MARK) == digest:
                return id_in(entry) or msgspec.structs.replace(no_id("batch"), fatal=True)
        return ""

    async def status(self, batch: str) -> BatchStatus | ModelOutput:
        """Where the batch is, and the two files of its results."""
        reply = await self._http.call("GET", f"/batches/{batch}", None)
        if isinstance(reply, ModelOutput):
            return reply
        payload = reply.payload if isinstance(reply.payload, Mapping) else {}
        state, counts = payload.get("status"), payload.get("request_counts")
        done = count_in(counts, "completed") + count_in(counts, "failed")
        files = tuple(filter(None, (id_in(payload, name) for name in ("output_file_id", "error_file_id"))))
        if state == "failed" and not files:
            return BatchStatus(ended=True, refused=_reasons(payload.get("errors")))
        if not isinstance(state, str) or state not in {*_ENDED, "failed"}:
            return BatchStatus(ended=False, done=done)
        return BatchStatus(ended=True, done=done, otherwise=_ENDED.get(state, "done"), files=files)

    async def results(self, batch: str, status: BatchStatus) -> AsyncIterator[LineResult]:
        """Stream both files: a line there is a reply with its HTTP status, or an error of the batch's own."""
        for file in status.files:
            async for data in self._http.lines(f"/files/{file}/content"):
                if data.strip() or not data:
                    yield _result(self._http.decoded(data))

    async def cancel(self, batch: str) -> ModelOutput | None:
        """Have the batch end; what was answered stays, and is paid for."""
        reply = await self._http.call("POST", f"/batches/{batch}/cancel", {})
        return reply if isinstance(reply, ModelOutput) else None


def _time(value: Any) -> float | None:
    return value if isinstance(value, int) else None


def _reasons(errors: Any) -> str:
    found = entries_in(errors) or []
    said = [each["message"] for each in found if isinstance(each.get("message"), str)]
    return one_line("; ".join(said[:3]), 300) or "it says no reason"


def _result(line: Any) -> LineResult:
    if not isinstance(line, Mapping) or not isinstance(line.get("custom_id"), str):
        return MALFORMED_LINE
    name, error, response = line["custom_id"], line.get("error"), line.get("response")
    if isinstance(response, Mapping):
        status = response.get("status_code")
        if status == 200:
            return LineResult(name, "done", payload=response.get("body"))
        known = status if isinstance(status, int) and 300 <= status < 600 else 500
        return LineResult(name, "done", output=read_error(known, response.get("body"), {}))
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code in _CODES:
        return LineResult(name, _CODES[code])
    status = 408 if code == "request_timeout" else 500
    return LineResult(name, "done", output=read_error(status, {"error": error}, {}))
