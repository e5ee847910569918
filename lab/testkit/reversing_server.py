"""A server that reverses words: with a skill of its own, and with a share of the public items by heart."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from typing import Any

from aiohttp import web

from steelyard.tasks import load_task
from testkit.fixtures import SumsServer

__all__ = ["ReversingServer", "share_of"]

_LATER = 300
_SUM = re.compile(r"(\d+) ([+-]) (\d+)")
_ASKED = re.compile(r"reverse order: ([a-z, ]+)")


class ReversingServer(SumsServer):
    """Right on a share ``skill`` of all questions by a hash of their words, and on ``memorised`` of the public ones.

    ``slow_wrong``: wrong answers come later, by so many seconds. ``later``: the skill from its 300th question on. After
    ``down_after`` questions it answers none. ``adds``: the share of sums that it gets right. ``rambles``: the share of
    questions that are not public on which it talks until its limit of tokens.
    """

    def __init__(
        self, skill: float = 0.77, memorised: float = 0.0, slow_wrong: float = 0.0, later: float | None = None
    ) -> None:
        super().__init__()
        self.skill, self.memorised, self.slow_wrong = skill, memorised, slow_wrong
        self.down_after: int | None = None
        self.adds, self.rambles = 1.0, 0.0
        self.later = skill if later is None else later
        self.name, self.wordless = "reverser", 0
        samples = load_task("word_sequence_reversal").prepare("chat")
        self._public = {_words(sample.request.prompt) for sample in samples}  # type: ignore[union-attr]

    def is_right(self, words: str) -> bool:
        """Whether it answers these words rightly."""
        by_heart = words in self._public and share_of("heart", words) < self.memorised
        return by_heart or share_of("skill", words) < self.now

    @property
    def now(self) -> float:
        """Its skill by now."""
        return self.skill if self.asked.total() < _LATER else self.later

    async def _chat(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = json.loads(await request.text())
        words = _words(body["messages"][-1]["content"])
        if self.down_after is not None and self.asked.total() >= self.down_after:
            return web.json_response({"error": {"message": "down"}}, status=503)
        answer = f"Hello {self.wordless}!"  # another one each time, as of a model that samples
        self.wordless += not words
        if sum_of := _SUM.search(body["messages"][-1]["content"]):
            first, sign, second = sum_of.groups()
            right = share_of("sum", sum_of[0]) < self.adds
            answer = str(int(first) + int(f"{sign}{second}") + (not right))
        if words:
            self.asked[words] += 1
            right = self.is_right(words)
            if not right and self.slow_wrong:
                await asyncio.sleep(self.slow_wrong)
            answer = ", ".join(reversed(words.split(", "))) if right else words
        ended = "stop"
        if words and words not in self._public and share_of("rambles", words) < self.rambles:
            answer, ended = f"Let me think about this step by step. The words are {words} and so", "length"
        choice = {"message": {"role": "assistant", "content": answer}, "finish_reason": ended}
        usage = {"prompt_tokens": 9, "completion_tokens": 4}
        return web.json_response({"model": "reverser", "choices": [choice], "usage": usage})


def _words(prompt: str) -> str:
    found = _ASKED.search(prompt)
    return found[1].strip() if found else ""


def share_of(of: str, words: str) -> float:
    """A number in [0, 1) that these words have for one purpose."""
    return int.from_bytes(hashlib.sha256(f"{of}:{words}".encode()).digest()[:8]) / 2**64
