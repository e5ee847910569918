"""A server whose answers are as good as the worked examples that it is shown: a base model, asked in several ways."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from testkit.fixtures import SumsServer
from testkit.reversing_server import share_of

__all__ = ["ShotServer"]

_TOKEN = re.compile(r"\s*\S+|\s+")
_ENDING = re.compile(r" (?:shines|glows) as (\d) of (\d+)\.?$")


class ShotServer(SumsServer):
    """Right on ``skill(prompt, chat)`` of all items, each of which has its number in its text (``item 12``).

    ``writes(prompt, number, right)`` is what it answers. An item's endings (``shines as 2 of 12``) are read by their
    log-probabilities: the likeliest is the one whose number is the item's, modulo four, where it is right.
    """

    def __init__(self, skill: Callable[[str, bool], float], writes: Callable[[str, int, bool], str]) -> None:
        super().__init__()
        self.skill, self.writes = skill, writes
        self.kinds: Counter[str] = Counter()

    def is_right(self, number: int, prompt: str, *, chat: bool) -> bool:
        """Whether it knows the answer to this item where it is asked so."""
        return share_of("skill", str(number)) < self.skill(prompt, chat)

    def _answer(self, prompt: str, *, chat: bool) -> str:
        found = re.findall(r"item (\d+)", prompt)
        self.asked[prompt] += 1
        if not found:
            return f"no item, {self.asked[prompt]}"
        self.kinds["chat" if chat else "completion"] += 1
        return self.writes(prompt, int(found[-1]), self.is_right(int(found[-1]), prompt, chat=chat))

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        message = {"role": "assistant", "content": self._answer(prompt, chat=True)}
        return _reply({"message": message, "finish_reason": "stop"})

    def _routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/completions", self._complete)

    async def _complete(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = json.loads(await request.text())
        if body.get("echo"):
            return self._echo(body["prompt"])
        return _reply({"text": self._answer(body["prompt"], chat=False), "finish_reason": "stop"})

    def _echo(self, prompt: str) -> web.Response:
        ending, begin, surprise = _ENDING.search(prompt), len(prompt), 1.0
        if ending is not None:
            begin, number = ending.start(), int(ending[2])
            self.kinds["echo"] += 1
            picked = (number if self.is_right(number, prompt, chat=False) else number + 1) % 4
            surprise = 0.1 if int(ending[1]) == picked else 1.0
        tokens, values, offsets, place = _TOKEN.findall(prompt), [], [], 0
        for token in tokens:
            usual = 14.0 if token == " purple" else 3.0 - 0.1 * (token in (" six", " seven"))
            own = usual + share_of("context", prompt[:place])
            values.append(None if place == 0 else -(surprise if place >= begin else own))
            offsets.append(place)
            place += len(token)
        logprobs = {"tokens": tokens, "token_logprobs": values, "text_offset": offsets}
        return _reply({"text": prompt, "logprobs": logprobs, "finish_reason": "length"})


def _reply(choice: dict[str, Any]) -> web.Response:
    return web.json_response({"model": "sums", "choices": [choice], "usage": {"prompt_tokens": 9}})
