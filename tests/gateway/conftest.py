"""A gateway between a client and an endpoint whose every reply a test decides, all on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.gateway.recorder import Recorder, recording_plan
from steelyard.gateway.server import Gateway, listen_on
from steelyard.gateway.upstream import Upstream
from steelyard.records import Exchange
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import read_texts

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Between:
    """What a test's client needs: the gateway's base URL (with /v1), a session, and the gateway itself."""

    base: str
    session: aiohttp.ClientSession
    gateway: Gateway

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2].partition("/")[0])

    async def post(self, path: str, body: Any, **more: Any) -> tuple[int, bytes]:
        async with self.session.post(self.base + path, json=body, **more) as reply:
            return reply.status, await reply.read()


class Recorded:
    """Runs a client against a gateway and keeps what was recorded."""

    def __init__(self, run: Path) -> None:
        self.run = run

    def __call__(self, handler: Handler | str, use: Callable[[Between], Awaitable[Any]], key: str = "") -> Any:
        """``handler`` answers every path of the endpoint; or it is the URL of one."""
        return asyncio.run(self._serve(handler, use, key))

    async def _serve(self, handler: Handler | str, use: Callable[[Between], Awaitable[Any]], key: str) -> Any:
        if isinstance(handler, str):
            return await self.between(handler, use, key)
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", handler)
        async with TestServer(application) as server:
            return await self.between(str(server.make_url("/v1")), use, key)

    async def between(self, url: str, use: Callable[[Between], Awaitable[Any]], key: str = "") -> Any:
        """Put a gateway to ``url`` before a client, in a loop that runs already."""
        upstream = Upstream(url, key)
        recorder = Recorder(self.run, recording_plan(url, with_texts=False))
        gateway = Gateway(upstream, recorder)
        with listen_on(0) as listener:
            base = await gateway.start(listener)
            async with aiohttp.ClientSession(auto_decompress=False) as session:
                try:
                    return await use(Between(base, session, gateway))
                finally:
                    await gateway.finish()
                    recorder.close("stopped")

    @property
    def exchanges(self) -> list[Exchange]:
        return [record for record, _ in read_lines(self.run) if isinstance(record, Exchange)]

    @property
    def texts(self) -> dict[str, str]:
        return dict(read_texts(self.run))

    def everything(self) -> bytes:
        """Every byte that the recording holds."""
        return b"".join(path.read_bytes() for path in sorted(self.run.rglob("*")) if path.is_file())


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path / "recording")
