"""A server that reverses words and echoes log-probabilities; it may know in which order the benchmark's items stand."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from aiohttp import web

from steelyard.tasks import load_task
from testkit.reversing_server import ReversingServer, share_of

__all__ = ["OrderingServer"]

_ASKED = re.compile(r"reverse order: ([a-z, ]+)\n")
_TOKEN = re.compile(r"\s*\S+|\s+")


class OrderingServer(ReversingServer):
    """Finds an item likelier where the published one before it stands before it, of a share ``knows`` of all items.

    ``echoes`` False: it ignores echo, as most endpoints do. ``fails`` of the stretches get no log-probabilities. After
    ``down_after_echoes`` of items it answers nothing at all.
    """

    def __init__(self, skill: float = 0.8, knows: float = 0.0, *, echoes: bool = True, fails: float = 0.0) -> None:
        super().__init__(skill)
        self.knows, self.echoes, self.fails = knows, echoes, fails
        self.echoed = 0
        self.down_after_echoes: int | None = None
        task = load_task("word_sequence_reversal")
        assert task is not None
        items = [_ASKED.search(each.request.prompt + "\n") for each in task.prepare("completion")]  # type: ignore[union-attr]
        self.items = [found[1] for found in items if found]
        self._before = dict(zip(self.items[1:], self.items, strict=False))

    @property
    def _is_down(self) -> bool:
        return self.down_after_echoes is not None and self.echoed >= self.down_after_echoes

    async def _chat(self, request: web.Request) -> web.Response:
        return _down() if self._is_down else await super()._chat(request)

    def _routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/completions", self._complete)

    async def _complete(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = json.loads(await request.text())
        prompt = body["prompt"]
        if self._is_down:
            return _down()
        if body.get("echo") and self.echoes:
            return self._echo(prompt)
        asked = _ASKED.findall(prompt)
        words = asked[-1] if asked else ""
        self.asked[words] += 1
        answer = (
            ", ".join(reversed(words.split(", "))) if words and self.is_right(words) else f"no, {self.asked.total()}"
        )
        choice = {"text": f" {answer}", "finish_reason": "stop"}
        return web.json_response({"model": "reverser", "choices": [choice], "usage": {"prompt_tokens": 9}})

    def _echo(self, prompt: str) -> web.Response:
        asked = list(_ASKED.finditer(prompt))
        self.echoed += bool(asked)
        if asked and share_of("fails", asked[0][1]) < self.fails:
            return web.json_response({"error": {"message": "no"}}, status=400)
        expected = [
            after.span(1)
            for before, after in pairwise(asked)
            if self._before.get(after[1]) == before[1] and share_of("order", after[1]) < self.knows
        ]
        tokens, values, offsets, place = _TOKEN.findall(prompt), [], [], 0
        for token in tokens:
            known = any(begin <= place + 1 < end for begin, end in expected)
            surprise = 14.0 if token == " purple" else 0.5 if known else 3.0 - 0.1 * (token in (" six", " seven"))
            values.append(None if place == 0 else -surprise - share_of("context", prompt[:place]))
            offsets.append(place)
            place += len(token)
        logprobs = {"tokens": tokens, "token_logprobs": values, "text_offset": offsets}
        return web.json_response({"choices": [{"text": prompt, "logprobs": logprobs, "finish_reason": "length"}]})


def _down() -> web.Response:
    return web.json_response({"error": {"message": "down"}}, status=503)
