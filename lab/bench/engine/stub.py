"""A server whose answers, latency and faults are known: ``python -m bench.engine.stub --help``.

It serves OpenAI's ``/v1/chat/completions``, ``/v1/completions`` (without log-probabilities), ``/v1/responses`` and
``/v1/models`` (Azure's API is the same below another path), Anthropic's ``/v1/messages``, Gemini's
``/v1/models/NAME:generateContent``, and to the bench
``GET /stats`` (totals), ``GET /sums`` (per sum: how often it was requested and answered), ``GET /wait?sums=N``
(replies when the N-th request for a sum arrives) and ``POST /reset``. It prints the port it listens on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bench.engine.sums import FaultPlan, Sum, sum_in

__all__ = ["Stub", "main"]

Body = Callable[[str], dict[str, Any]]


class Stub:
    """The server's state: its plan of faults and what it has seen since the last reset."""

    def __init__(self, latency: float, faults: FaultPlan, hang_seconds: float) -> None:
        self.latency, self.faults, self.hang_seconds = latency, faults, hang_seconds
        self.arrived = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        """Forget what was seen; the dice of mode ``random`` begin again."""
        self.dice = random.Random(1)
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.others = self.in_flight = self.most_in_flight = 0
        self.first = self.last = 0.0

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=64 << 20)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self.chat),
                web.post("/v1/completions", self.completions),
                web.post("/v1/messages", self.messages),
                web.post("/v1/responses", self.responses),
                web.post("/v1/models/{model}:generateContent", self.generate_content),
                web.get("/v1/models", self.models),
                web.get("/stats", self.stats),
                web.get("/sums", self.sums),
                web.get("/wait", self.wait),
                web.post("/reset", self.forget),
            ]
        )
        return app

    # ── what a harness sees ─────────────────────────────────────────────────────────────────────────────────────────

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer a chat's last message."""
        asked = await _body(request)
        content = asked["messages"][-1]["content"]
        prompt = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        return await self.reply(request, prompt, lambda text: _chat_body(text, prompt, asked.get("model", "stub")))

    async def completions(self, request: web.Request) -> web.StreamResponse:
        """Answer a plain prompt."""
        asked = await _body(request)
        prompt = str(asked["prompt"])
        return await self.reply(request, prompt, lambda text: _text_body(text, prompt, asked.get("model", "stub")))

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Answer as Anthropic's Messages API does."""
        asked = await _body(request)
        prompt = str(asked["messages"][-1]["content"])
        return await self.reply(request, prompt, lambda text: _message_body(text, prompt, asked["model"]))

    async def responses(self, request: web.Request) -> web.StreamResponse:
        """Answer as OpenAI's Responses API does."""
        asked = await _body(request)
        prompt = str(asked["input"][-1]["content"])
        return await self.reply(request, prompt, lambda text: _response_body(text, prompt, asked["model"]))

    async def generate_content(self, request: web.Request) -> web.StreamResponse:
        """Answer as Google's Gemini API does."""
        asked = await _body(request)
        prompt = "".join(part.get("text", "") for part in asked["contents"][-1]["parts"])
        return await self.reply(request, prompt, lambda text: _content_body(text, prompt, request.match_info["model"]))

    async def models(self, _: web.Request) -> web.Response:
        """List the one model."""
        entry = {"id": "stub", "object": "model", "created": 0, "owned_by": "stub"}
        return web.json_response({"object": "list", "data": [entry]})

    async def reply(self, request: web.Request, prompt: str, body: Body) -> web.StreamResponse:
        """Count the request, wait as long as the latency says, and play the fault that the plan has for it."""
        asked = sum_in(prompt)
        if asked is None:  # a handshake: neither counted as work nor broken
            self.others += 1
            return web.json_response(body("42"))
        self.first = self.first or time.monotonic()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.asked[asked.key] += 1
        self.arrived.set()
        fault = self.fault_of(asked)
        self.kinds[fault or "ok"] += 1
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            if fault == "hang":
                await asyncio.sleep(self.hang_seconds)
            if fault:
                return _broken(request, fault)
            self.answered[asked.key] += 1
            return web.json_response(body(asked.answer))
        finally:
            self.in_flight -= 1
            self.last = time.monotonic()

    def fault_of(self, asked: Sum) -> str:
        """The fault that this request meets, or nothing."""
        if self.faults.mode == "random":
            return self.faults.at(self.dice.random())
        if self.faults.mode == "first" and self.asked[asked.key] > 1:
            return ""
        return self.faults.chosen(asked.key)

    # ── what the bench sees ─────────────────────────────────────────────────────────────────────────────────────────

    async def stats(self, _: web.Request) -> web.Response:
        """Totals; ``span_s`` runs from the first request for a sum to the last reply to one."""
        seen = {
            "requests": self.asked.total(),
            "sums": len(self.asked),
            "repeated": self.asked.total() - len(self.asked),
            "kinds": dict(self.kinds),
            "others": self.others,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "span_s": max(self.last - self.first, 0.0),
        }
        return web.json_response(seen)

    async def sums(self, _: web.Request) -> web.Response:
        """How often each sum was requested and answered."""
        return web.json_response({"asked": self.asked, "answered": self.answered})

    async def wait(self, request: web.Request) -> web.Response:
        """Reply once the given number of requests for sums has arrived."""
        wanted = int(request.query["sums"])
        while self.asked.total() < wanted:
            self.arrived.clear()
            await self.arrived.wait()
        return web.json_response({"requests": self.asked.total()})

    async def forget(self, _: web.Request) -> web.Response:
        """Reset."""
        self.reset()
        return web.json_response({})


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        asked: dict[str, Any] = json.loads(await request.read())
    except ConnectionError:  # a harness that crashes hangs up in the middle: no trace of it is wanted
        raise web.HTTPBadRequest from None
    return asked


def _broken(request: web.Request, fault: str) -> web.Response:
    if fault == "malformed":
        return web.Response(text='{"id": "x", "choices": [{"mess', content_type="application/json")
    if fault in ("drop", "hang"):
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    kind = {"429": "rate_limit_error"}.get(fault, "server_error")
    return web.json_response({"error": {"message": "as the plan of faults says", "type": kind}}, status=int(fault))


def _chat_body(text: str, prompt: str, model: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return _envelope("chat.completion", model, choice, prompt)


def _text_body(text: str, prompt: str, model: str) -> dict[str, Any]:
    return _envelope("text_completion", model, {"index": 0, "text": text, "finish_reason": "stop"}, prompt)


def _message_body(text: str, prompt: str, model: str) -> dict[str, Any]:
    usage = {"input_tokens": len(prompt.split()), "output_tokens": 1}
    blocks = [{"type": "text", "text": text}]
    about = {"id": "x", "type": "message", "role": "assistant", "model": model, "stop_sequence": None}
    return about | {"content": blocks, "stop_reason": "end_turn", "usage": usage}


def _response_body(text: str, prompt: str, model: str) -> dict[str, Any]:
    usage = {"input_tokens": len(prompt.split()), "output_tokens": 1}
    part = {"type": "output_text", "text": text, "annotations": []}
    items = [{"id": "y", "type": "message", "role": "assistant", "status": "completed", "content": [part]}]
    about = {"id": "x", "object": "response", "created_at": 0, "model": model, "error": None}
    return about | {"status": "completed", "incomplete_details": None, "output": items, "usage": usage}


def _content_body(text: str, prompt: str, model: str) -> dict[str, Any]:
    usage = {"promptTokenCount": len(prompt.split()), "candidatesTokenCount": 1}
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": "x"}


def _envelope(kind: str, model: str, choice: dict[str, Any], prompt: str) -> dict[str, Any]:
    words = len(prompt.split())
    usage = {"prompt_tokens": words, "completion_tokens": 1, "total_tokens": words + 1}
    return {"id": "x", "object": kind, "created": 0, "model": model, "choices": [choice], "usage": usage}


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument(
        "--faults", default="", help="for instance 429=0.03,500=0.03,malformed=0.02,drop=0.01,hang=0.01"
    )
    parser.add_argument("--fault-mode", choices=["first", "always", "random"], default="first")
    parser.add_argument("--hang-seconds", type=float, default=3600.0)
    asyncio.run(_serve(parser.parse_args()))


async def _serve(options: argparse.Namespace) -> None:
    stub = Stub(options.latency, FaultPlan.read(options.faults, options.fault_mode), options.hang_seconds)
    runner = web.AppRunner(stub.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options.port, backlog=2048).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
