"""Three made-up models behind one OpenAI-compatible address on loopback: arithmetic that is wrong at a known rate."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

# How often each is right. What the vendor says of them is in lab/tools/demo_platform.py.
# harbour-next gets worse while it is watched (lab/tools/demo_watch.py).
RATES = {"harbour-large": 0.93, "harbour-small": 0.72, "harbour-next": 0.97}
_ORDER = re.compile(r"(\d+) boxes of (\d+)")
_INVOICE = re.compile(r"(\d+) euros and (\d+) euros")


def order(number: int) -> tuple[str, str]:
    """A question about an order, and its answer."""
    boxes, bottles = 3 + number % 41, 2 + number * 7 % 29
    return f"An order has {boxes} boxes of {bottles} bottles each. How many bottles are that?", str(boxes * bottles)


def invoice(number: int) -> tuple[str, str]:
    """A question about an invoice, and its answer."""
    one, other = 11 + number * 3 % 97, 5 + number * 11 % 89
    return f"An invoice has {one} euros and {other} euros on it. What is its total in euros?", str(one + other)


def questions(make: object, count: int) -> str:
    """So many of them, as JSONL."""
    assert callable(make)
    rows = (dict(zip(("question", "answer"), make(number), strict=True)) for number in range(count))
    return "".join(json.dumps(row) + "\n" for row in rows)


def answer(model: str, prompt: str) -> str:
    """What a model says: the right number, or one that is off by its last question's hash."""
    for pattern, act in ((_ORDER, int.__mul__), (_INVOICE, int.__add__)):
        if found := pattern.findall(prompt):
            right = act(*map(int, found[-1]))
            draw = hashlib.sha256(f"{model} {found[-1]}".encode()).digest()
            is_right = int.from_bytes(draw[:4], "big") < RATES.get(model, 0) * 2**32
            return str(right if is_right else right + 1 + draw[4] % 9)
    return "I only know orders and invoices."


async def _chat(request: web.Request) -> web.Response:
    asked = json.loads(await request.text())
    model, prompt = str(asked.get("model", "")), str(asked["messages"][-1]["content"])
    if model not in RATES:
        return web.json_response({"error": {"message": "there is no such model"}}, status=404)
    text = answer(model, prompt)
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    words = len(prompt.split())
    usage = {"prompt_tokens": words, "completion_tokens": 2, "total_tokens": words + 2}
    return web.json_response({"id": "demo", "model": model, "choices": [choice], "usage": usage})


async def _models(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in RATES]})


@contextmanager
def serving_models(port: int) -> Iterator[str]:
    """Serve them on this port of 127.0.0.1, 0 for any free one; their base URL. Raises OSError where it is taken."""
    loop, ready, problem = asyncio.new_event_loop(), threading.Event(), []
    app = web.Application()
    app.router.add_post("/v1/chat/completions", _chat)
    app.router.add_get("/v1/models", _models)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    def serve() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(runner.setup())
            loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", port).start())
        except OSError as error:
            problem.append(error)
            return
        finally:
            ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait()
    if problem:
        raise problem[0]
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
