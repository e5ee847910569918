"""A judge on loopback that follows a rule: a test says what it makes of the answer between the marks."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable
from typing import Final

from aiohttp import web

from testkit.fixtures import SumsServer

__all__ = ["ADDED", "JudgeServer", "Shown", "honest"]

ADDED: Final = re.compile(r"What is (\d+) \+ (\d+)\?")
_PART: Final = r"<<{mark} {name}\n(.*?)\n{mark}>>"


class Shown:
    """What one prompt shows to the judge."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        found = re.search(r"the mark ([0-9a-f]{16})", prompt)
        self.mark = found[1] if found else ""
        self.question, self.answer = self.part("question"), self.part("answer")
        self.first, self.second = self.part("first answer"), self.part("second answer")
        stated = re.search(r"\nCriterion: (.*)\n", prompt)
        self.criterion = stated[1] if stated else ""

    def part(self, name: str) -> str:
        """The text of one part between its marks."""
        found = re.search(_PART.format(mark=self.mark, name=name), self.prompt, re.DOTALL)
        return found[1] if found else ""

    @property
    def is_pair(self) -> bool:
        """Whether two answers are shown."""
        return bool(self.first)

    def is_right(self, answer: str) -> bool:
        """Whether an answer holds the sum that is asked for, and no other number beside it."""
        asked = ADDED.search(self.question)
        return asked is not None and re.findall(r"\d+", answer)[-1:] == [str(int(asked[1]) + int(asked[2]))]


def honest(shown: Shown) -> str:
    """The verdict of a judge that looks at the sum alone."""
    if shown.is_pair:
        first, second = shown.is_right(shown.first), shown.is_right(shown.second)
        return "tie" if first == second else "first" if first else "second"
    return "yes" if shown.is_right(shown.answer) else "no"


class JudgeServer(SumsServer):
    """An OpenAI-compatible server that gives a reason and a verdict; ``rule`` makes the verdict.

    ``reply`` makes the whole text of the verdict, where a test wants another one.
    """

    def __init__(self, rule: Callable[[Shown], str] = honest) -> None:
        super().__init__()
        self.rule = rule
        self.reply: Callable[[Shown, str], str] = lambda shown, verdict: f"I looked at it.\nVERDICT: {verdict}"
        self.name = "judge"
        self.prompts: list[str] = []

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        shown = Shown(prompt)
        if not shown.mark:
            text = "Hello."
        else:
            self.prompts.append(prompt)
            if len(self.prompts) == self.interrupts_at:
                os.kill(os.getpid(), signal.SIGINT)
            text = self.reply(shown, self.rule(shown))
            await asyncio.sleep(self.seconds(False))
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})
