"""A server that answers better where a prompt shows the published worked examples: a router."""

from __future__ import annotations

import json
import re
from typing import Any

from aiohttp import web

from steelyard.tasks import load_task
from testkit.reversing_server import ReversingServer, share_of

__all__ = ["RoutingServer"]

_ASKED = re.compile(r"reverse order: ([a-z, ]+)")


class RoutingServer(ReversingServer):
    """Right on ``skill`` of all questions, by a hash of their words, where it recognises the benchmark, else on less.

    ``elsewhere`` is its skill where the published examples of word reversal are not in the prompt. It answers messages
    alone, so completions are asked as messages.
    """

    def __init__(self, skill: float = 0.8, elsewhere: float = 0.8, later: float | None = None) -> None:
        super().__init__(skill, later=later)
        self.elsewhere = elsewhere
        task = load_task("word_sequence_reversal")
        assert task is not None
        self.published: str = next(iter(task.prepare("completion"))).request.prefix

    async def _chat(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = json.loads(await request.text())
        prompt = body["messages"][-1]["content"]
        asked = _ASKED.findall(prompt)
        if not asked:
            return await super()._chat(request)
        words = asked[-1].strip()
        if self.down_after is not None and self.asked.total() >= self.down_after:
            return web.json_response({"error": {"message": "down"}}, status=503)
        is_known = self.published.strip() in prompt
        right = self.is_right(words) if is_known else share_of("skill", words) < self._elsewhere_now()
        self.asked[words] += 1
        answer = ", ".join(reversed(words.split(", "))) if right else words
        choice = {"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        return web.json_response({"model": "reverser", "choices": [choice], "usage": {"prompt_tokens": 9}})

    def _elsewhere_now(self) -> float:
        """An endpoint that gets worse does so for all prompts."""
        return self.elsewhere * (self.now / self.skill)
