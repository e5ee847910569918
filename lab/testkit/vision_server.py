"""An endpoint on loopback that sees: it decodes each picture that it is sent, and keeps what it got.

The pictures are made up: one of a single colour, whose three values are a number. So a question such as "plus 4?" has
an answer that only who decodes the picture knows.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import struct
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web

from testkit.fixtures import SumsServer

ASKED = re.compile(r"plus (\d+)\?")


def picture(number: int, side: int = 4, padding: int = 0) -> bytes:
    """A PNG that shows a number below 2²⁴; ``padding`` more bytes stand in a chunk that decoders skip."""
    rows = (b"\0" + number.to_bytes(3, "big") * side) * side
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows))]
    chunks += [(b"stUf", sha256(b"%d" % number).digest() * (padding // 32))] if padding else []
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in [*chunks, (b"IEND", b"")]
    )


def number_in(data: bytes) -> int:
    """The number that a picture shows."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place = 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if data[place + 4 : place + 8] == b"IDAT":
            return int.from_bytes(zlib.decompress(data[place + 8 : place + 8 + length])[1:4], "big")
        place += length + 12
    raise AssertionError("no picture")


class VisionServer(SumsServer):
    """Adds what a picture shows and what a question names; twice as much on one question in five, by a hash.

    ``got`` holds each image's bytes in the order in which they came, ``contents`` the content of each message.
    ``counts``: the tokens that an image has in the usage. ``refuses``: a status for messages with images.
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = "sees"
        self.got: list[bytes] = []
        self.contents: list[Any] = []
        self.counts = 258
        self.refuses: Callable[[], int] = lambda: 200
        self.says: Callable[[str, list[int]], str] = lambda text, numbers: "Hello to you"  # where no sum is asked
        self.largest = 1 << 30
        self.fails_first = False  # the first call of each question ends in a 500

    def _routes(self, app: web.Application) -> None:
        app._client_max_size = self.largest

    async def _chat(self, request: web.Request) -> web.Response:
        content = json.loads(await request.text())["messages"][-1]["content"]
        parts: Any = [{"type": "text", "text": content}] if isinstance(content, str) else content
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        if urls and (status := self.refuses()) != 200:
            return web.json_response({"error": {"message": "this model sees nothing"}}, status=status)
        shown = []
        for url in urls:
            head, _, encoded = url.partition(",")
            assert head in ("data:image/png;base64", "data:image/jpeg;base64", "data:image/webp;base64")
            shown.append(base64.b64decode(encoded, validate=True))
        text = "".join(part["text"] for part in parts if part["type"] == "text")
        asked = ASKED.search(text)
        answer = self.says(text, [number_in(each) for each in shown])
        if asked is not None:
            self.got += shown
            self.contents.append(content)
            right = sum(map(number_in, shown)) + int(asked[1])
            answer = f"The picture is plain.\nFINAL ANSWER: {right * (1 + self.is_wrong(asked[1], str(right)))}"
            await asyncio.sleep(self.seconds(False))
            self.asked[text + str(len(shown) and shown[0])] += 1
            if self.fails_first and self.asked[text + str(len(shown) and shown[0])] == 1:
                return web.json_response({"error": {"message": "not now"}}, status=500)
        usage = {"prompt_tokens": 9 + self.counts * len(shown), "completion_tokens": 2}
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})


TASK = """
id: plain_pictures
licence: made up
public: {public}
file: rows.jsonl
fields: {{question: question, target: answer, images: [picture]}}
scorer: {{name: numeric}}
prompts:
  chat:
    prompt: "Look at {{{{ picture }}}} and say: {{{{ question }}}}"
    chat: true
    max_tokens: 64
"""


def write_task(folder: Path, count: int, *, public: bool = False, padding: int = 0) -> Path:
    """A task file whose rows name pictures beside it: ``count`` of them."""
    (folder / "pictures").mkdir(parents=True)
    rows = []
    for number in range(1, count + 1):
        name = f"pictures/{number}.png"
        (folder / name).write_bytes(picture(number * 1000, padding=padding))
        rows.append({"question": f"plus {number % 9}?", "answer": str(number * 1000 + number % 9), "picture": name})
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    file = folder / "plain_pictures.yaml"
    file.write_text(TASK.format(public=str(public).lower()))
    return file
