"""Servers of the tests that have batches, in both dialects: they add, as :class:`testkit.fixtures.SumsServer` does.

Each line of a batch is answered as a single call would be, so that ``asked`` counts what was asked however it came.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from testkit.dialects import MessagesSums
from testkit.fixtures import SumsServer
from testkit.vision_server import VisionServer

__all__ = ["KINDS", "Batch", "MessageBatches", "OpenAIBatchServer", "seeing", "serving", "uri"]

KINDS = ("openai", "anthropic")


@dataclass
class Batch:
    """One batch: its lines (id, body), when it was created, and what became of its lines."""

    id: str
    lines: list[tuple[str, dict[str, Any]]]
    metadata: dict[str, str] = field(default_factory=dict)
    created: float = field(default_factory=time.time)
    state: str = "in_progress"
    cancelled: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)


class _Batches(SumsServer):
    """``seconds_each``: how long a batch takes; ``fate(prompt, times)``: answered, expired, cancelled, lost or failed.

    ``made`` are the batches in the order of their creation, ``created_status`` what creating one answers instead of 200
    (the batch is made all the same where ``makes_anyway``), ``extra`` are further lines of each file of results.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.made: list[Batch] = []
        self.seconds_each = 0.0
        self.seconds_to_create = 0.0
        self.fate: Callable[[str, int], str] = lambda prompt, times: "answered"
        self.created_status = 200
        self.makes_anyway = False
        self.extra: list[bytes] = []
        self.has_batches = True
        self.called = 0  # how often a list of models or batches was asked for, which every session begins with
        self.cut_after = -1  # bytes after which the next file of results breaks off, once
        self.is_stalled = False  # batches stay as they are
        self.id_of: Callable[[str], str] = lambda batch: batch  # how a batch is called in what is said of it
        self.refused = ""  # why a batch is not taken after it was created
        self._random = random.Random(5)
        self._tasks: set[asyncio.Task[None]] = set()

    async def _models(self, request: web.Request) -> web.Response:
        self.called += 1
        return await super()._models(request)

    async def _make(self, lines: list[tuple[str, dict[str, Any]]], metadata: dict[str, str]) -> Batch | None:
        status = self.created_status
        if status == 200 or self.makes_anyway:
            batch = Batch(f"batch_{len(self.made) + 1:04}", lines, metadata)
            self.made.append(batch)
            task = asyncio.get_running_loop().create_task(self._work(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(self.seconds_to_create)
            return batch if status == 200 else None
        return None

    async def _work(self, batch: Batch) -> None:
        if self.refused:
            batch.state = "failed"
            return
        until = time.monotonic() + self.seconds_each
        while (self.is_stalled or time.monotonic() < until) and not batch.cancelled:
            await asyncio.sleep(0.01)
        results = []
        for at, (name, body) in enumerate(batch.lines):
            prompt = self._prompt(body)
            fate = self.fate(prompt, self.asked[prompt] + 1)
            if batch.cancelled and at >= len(batch.lines) // 2:
                fate = "cancelled"
            if fate != "lost":
                results.append(await self._result(name, body, prompt, fate))
        self._random.shuffle(results)
        batch.results = results
        batch.state = "cancelled" if batch.cancelled else "completed"

    def _prompt(self, body: dict[str, Any]) -> str:
        content = body["messages"][-1]["content"]
        return content if isinstance(content, str) else json.dumps(content)

    async def _result(self, name: str, body: dict[str, Any], prompt: str, fate: str) -> dict[str, Any]:
        raise NotImplementedError

    def _of(self, request: web.Request) -> Batch:
        return next(batch for batch in self.made if batch.id == request.match_info["batch"])

    async def _file(self, request: web.Request, lines: list[dict[str, Any]]) -> web.StreamResponse:
        data = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + b"".join(self.extra)
        if not 0 <= self.cut_after < len(data):
            return web.Response(body=data, content_type="application/octet-stream")
        cut = web.StreamResponse(headers={"Content-Length": str(len(data))})
        await cut.prepare(request)
        await cut.write(data[: self.cut_after])
        self.cut_after = -1
        assert request.transport is not None
        request.transport.close()
        return cut


class _Said:
    """A request with a body, as much of one as the servers' own handlers read."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    async def text(self) -> str:
        return json.dumps(self._body)


class OpenAIBatchServer(_Batches):
    """OpenAI's Batch API: files, batches, and two files of results."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.files: dict[str, bytes] = {}

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_get("/v1/files/{file}/content", self._content)
        app.router.add_post("/v1/batches", self._create)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{batch}", self._status)
        app.router.add_post("/v1/batches/{batch}/cancel", self._cancel)

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert form["purpose"] == "batch"
        assert isinstance(file, web.FileField)
        name = f"file-{len(self.files)}"
        self.files[name] = file.file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def _create(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        assert body["completion_window"] == "24h"
        assert body["endpoint"] == "/v1/chat/completions"
        lines = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        assert all(line["method"] == "POST" and line["url"] == body["endpoint"] for line in lines)
        batch = await self._make([(line["custom_id"], line["body"]) for line in lines], body.get("metadata") or {})
        if batch is None:
            return web.json_response({"error": {"message": "not now"}}, status=self.created_status)
        return web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.Response:
        if not self.has_batches:
            return web.json_response({"error": {"message": "Not Found"}}, status=404)
        newest = list(reversed(self.made))
        if after := request.query.get("after"):
            newest = newest[[batch.id for batch in newest].index(after) + 1 :]
        limit = min(int(request.query.get("limit", 20)), 3)  # short pages, so that there are several
        shown = [self._shown(batch) for batch in newest[:limit]]
        return web.json_response({"object": "list", "data": shown, "has_more": len(newest) > limit})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._shown(self._of(request)))

    async def _cancel(self, request: web.Request) -> web.Response:
        batch = self._of(request)
        batch.cancelled = True
        return web.json_response(self._shown(batch))

    def _shown(self, batch: Batch) -> dict[str, Any]:
        ended = batch.state in ("completed", "cancelled")
        return {
            "id": self.id_of(batch.id), "object": "batch", "endpoint": "/v1/chat/completions",
            "input_file_id": "file-x", "completion_window": "24h",
            "created_at": int(batch.created), "metadata": batch.metadata,
            "status": "cancelling" if batch.cancelled and not ended else batch.state,
            "errors": {"data": [{"code": "invalid", "message": self.refused}]} if batch.state == "failed" else None,
            "output_file_id": f"out-{batch.id}" if ended else None,
            "error_file_id": f"err-{batch.id}" if ended else None,
            "request_counts": {"total": len(batch.lines), "completed": len(batch.results), "failed": 0},
        }  # fmt: skip

    async def _content(self, request: web.Request) -> web.StreamResponse:
        kind, _, name = request.match_info["file"].partition("-")
        batch = next(batch for batch in self.made if batch.id == name)
        is_error = [bool(line.get("error")) for line in batch.results]
        chosen = [line for line, wrong in zip(batch.results, is_error, strict=True) if wrong == (kind == "err")]
        return await self._file(request, chosen)

    async def _result(self, name: str, body: dict[str, Any], prompt: str, fate: str) -> dict[str, Any]:
        if fate in ("expired", "cancelled"):
            return {"custom_id": name, "response": None, "error": {"code": f"batch_{fate}", "message": fate}}
        if fate == "failed":
            self.asked[prompt] += 1
            broken = {"status_code": 500, "body": {"error": {"message": "broke"}}}
            return {"custom_id": name, "response": broken, "error": None}
        answer = await self._chat(_Said(body))  # type: ignore[arg-type]
        said = {"status_code": answer.status, "request_id": "r", "body": json.loads(answer.body or b"")}  # type: ignore[arg-type]
        return {"id": "b", "custom_id": name, "response": said, "error": None}


class MessageBatches(_Batches, MessagesSums):
    """Anthropic's Message Batches; ``elsewhere`` is where results are said to be instead of here."""

    elsewhere = ""

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/v1/messages/batches", self._create)
        app.router.add_get("/v1/messages/batches", self._list)
        app.router.add_get("/v1/messages/batches/{batch}", self._status)
        app.router.add_get("/v1/messages/batches/{batch}/results", self._results)
        app.router.add_post("/v1/messages/batches/{batch}/cancel", self._cancel)

    async def _create(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        assert body.keys() == {"requests"}
        names = [each["custom_id"] for each in body["requests"]]
        assert len(set(names)) == len(names)
        assert all(0 < len(name) <= 64 and name.replace("-", "").replace("_", "").isalnum() for name in names)
        batch = await self._make([(each["custom_id"], each["params"]) for each in body["requests"]], {})
        return self._error(self.created_status, "not now") if batch is None else web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.Response:
        if not self.has_batches:
            return self._error(404, "Not found")
        newest = list(reversed(self.made))
        if after := request.query.get("after_id"):
            newest = newest[[batch.id for batch in newest].index(after) + 1 :]
        limit = min(int(request.query.get("limit", 20)), 3)
        shown = [self._shown(batch) for batch in newest[:limit]]
        return web.json_response({"data": shown, "has_more": len(newest) > limit})

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._shown(self._of(request)))

    async def _cancel(self, request: web.Request) -> web.Response:
        batch = self._of(request)
        batch.cancelled = True
        return web.json_response(self._shown(batch))

    async def _results(self, request: web.Request) -> web.StreamResponse:
        return await self._file(request, self._of(request).results)

    def _shown(self, batch: Batch) -> dict[str, Any]:
        ended = batch.state in ("completed", "cancelled")
        count = len(batch.lines)
        return {
            "id": self.id_of(batch.id), "type": "message_batch",
            "processing_status": "ended" if ended else "canceling" if batch.cancelled else "in_progress",
            "request_counts": {
                "processing": 0 if ended else count, "succeeded": count if ended else 0,
                "errored": 0, "canceled": 0, "expired": 0,
            },
            "created_at": datetime.fromtimestamp(batch.created, UTC).isoformat(),
            "ended_at": None, "cancel_initiated_at": "2026-11-28T00:00:00Z" if batch.cancelled else None,
            "results_url": (self.elsewhere or f"{self.url}/messages/batches/{batch.id}/results") if ended else None,
        }  # fmt: skip

    async def _result(self, name: str, body: dict[str, Any], prompt: str, fate: str) -> dict[str, Any]:
        if fate in ("expired", "cancelled"):
            return {"custom_id": name, "result": {"type": "canceled" if fate == "cancelled" else fate}}
        if fate == "failed":
            self.asked[prompt] += 1
            error = {"type": "error", "error": {"type": "api_error", "message": "broke"}}
            return {"custom_id": name, "result": {"type": "errored", "error": error}}
        answer = await self._chat(_Said(self._asked_in(body)))  # type: ignore[arg-type]
        said = json.loads(answer.body or b"")  # type: ignore[arg-type]
        if answer.status != 200:
            error = {"type": "error", "error": {"type": "invalid_request_error", "message": said["error"]["message"]}}
            return {"custom_id": name, "result": {"type": "errored", "error": error}}
        return {"custom_id": name, "result": {"type": "succeeded", "message": self._said(body, said)}}


def serving(kind: str) -> OpenAIBatchServer | MessageBatches:
    """A server of a dialect, not running yet."""
    return OpenAIBatchServer() if kind == "openai" else MessageBatches()


def uri(kind: str, server: SumsServer) -> str:
    """Its model."""
    return f"{kind}:sums@{server.url}"


class SeeingOpenAI(OpenAIBatchServer, VisionServer):
    """Sees what a picture shows, in OpenAI's batches."""


class SeeingMessages(MessageBatches, VisionServer):
    """Sees what a picture shows, in Anthropic's batches."""


def seeing(kind: str) -> SeeingOpenAI | SeeingMessages:
    """A server of a dialect that sees, not running yet."""
    return SeeingOpenAI() if kind == "openai" else SeeingMessages()
