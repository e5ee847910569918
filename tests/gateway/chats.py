"""A chat as a client asks it through the gateway, and as an endpoint answers it."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.gateway.conftest import Between

ASKED = {"model": "m", "messages": [{"role": "user", "content": "What is 2 + 3?"}]}
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
KEY = "sk-client-0123456789abcdef"


def chat(text: str | None = "5", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "x", "model": "m-2026", "choices": [choice], "usage": USAGE} | more


async def ask(between: Between) -> tuple[int, bytes]:
    return await between.post("/chat/completions", ASKED)


def event(payload: Any) -> bytes:
    return b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"


def delta(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


async def answers(request: web.Request) -> web.Response:
    return web.json_response(chat())
