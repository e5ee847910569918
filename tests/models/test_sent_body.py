"""A body with images on its way: what a real server gets, in one piece or in many, with a pause and without."""

from __future__ import annotations

import asyncio
import base64
import json
from hashlib import sha256

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from steelyard.models.sent_body import SentBody
from steelyard.models.streamed_body import MOST, Places, StreamedBody
from steelyard.records import Image


def body_of(*files: bytes) -> StreamedBody:
    places = Places()
    images = [Image(sha256=sha256(data).hexdigest(), media_type="image/png", data=data) for data in files]
    return StreamedBody.of({"shown": [places.put(each) for each in images], "text": "ü"}, places)


def got(sent: SentBody) -> tuple[bytes, dict[str, str]]:
    """What a server on loopback gets of a body."""

    async def run() -> tuple[bytes, dict[str, str]]:
        arrived: list[tuple[bytes, dict[str, str]]] = []

        async def handler(request: web.Request) -> web.Response:
            arrived.append((await request.read(), {str(name): value for name, value in request.headers.items()}))
            return web.Response()

        application = web.Application(client_max_size=1 << 30)
        application.router.add_post("/", handler)
        async with (
            TestServer(application) as server,
            aiohttp.ClientSession() as session,
            session.post(server.make_url("/"), data=sent) as reply,
        ):
            assert reply.status == 200
        return arrived[0]

    return asyncio.run(run())


@pytest.mark.parametrize("size", [1, 50_000, MOST, 1_000_003])
@pytest.mark.parametrize("pause", [0, 0.01])
def test_every_byte_arrives_and_the_length_is_known(size: int, pause: float) -> None:
    files = [bytes([number]) * size for number in (1, 2)]
    body = body_of(*files)
    data, headers = got(SentBody(body, pause))
    assert data == b"".join(body.sent())
    assert headers["Content-Length"] == str(body.size) == str(len(data))
    assert headers["Content-Type"] == "application/json"
    read = json.loads(data)
    assert [base64.b64decode(uri.partition(",")[2]) for uri in read["shown"]] == files
    assert read["text"] == "ü"


def test_it_has_no_text() -> None:
    with pytest.raises(TypeError, match="no text"):
        SentBody(body_of(b"x")).decode()
