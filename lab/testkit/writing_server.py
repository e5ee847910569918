"""A server that goes on with texts by drawing words: what two runs are told apart by, and what honest servers do."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from steelyard.cli import execute
from testkit.fixtures import SumsServer

__all__ = ["WORDS", "WritingServer", "run_texts", "task_file"]

WORDS = ("amber", "bell", "cedar", "dune", "ember", "fern", "glass", "harp", "iris", "jade", "kelp", "loom")
_TASK = """id: beginnings
metric: none
chance: 0
generator: {{name: neutral_prompts, count: {count}, seed: {seed}}}
fields: {{question: question, target: answer}}
scorer: {{name: exact}}
default_prompt: completion
prompts:
  completion: {{prompt: "{{{{ question }}}}", max_tokens: 10, untruncated: {untruncated}}}
"""


class WritingServer(SumsServer):
    """Six words after any prompt; ``likes`` is the word that it draws three times as often.

    ``seeds``: each text is drawn by one of them, as by replicas with a fixed seed each. ``fails`` of 10 prompts get no
    answer.
    """

    def __init__(self, draws: int, likes: str = "", *, seeds: Sequence[int] = (), fails: int = 0) -> None:
        super().__init__()
        self.random, self.seeds, self.fails = random.Random(draws), seeds, fails
        self.weights = [3 if each == likes else 1 for each in WORDS]
        self.bodies: list[dict[str, Any]] = []

    def _routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/completions", self._complete)

    async def _complete(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = json.loads(await request.text())
        self.bodies.append(body)
        if " the " in body["prompt"] and sum(body["prompt"].encode()) % 10 < self.fails:
            return web.json_response({"error": {"message": "no"}}, status=400)
        drawn = random.Random(f"{self.random.choice(self.seeds)} {body['prompt']}") if self.seeds else self.random
        text = " " + " ".join(drawn.choices(WORDS, self.weights, k=6))
        choice = {"text": text, "finish_reason": "length"}
        return web.json_response({"model": self.name, "choices": [choice], "usage": {"prompt_tokens": 9}})


def task_file(folder: Path, count: int = 120, seed: str = "mine", *, untruncated: bool = True) -> Path:
    """A task of beginnings of texts, drawn by a seed of one's own."""
    path = folder / "beginnings.yaml"
    path.write_text(_TASK.format(count=count, seed=seed, untruncated=str(untruncated).lower()))
    return path


def run_texts(task: Path, out: Path, server: WritingServer, options: Sequence[str] = ("--repeats", "2")) -> Path:
    """A run of the task on a server, as a user makes it."""
    with server:
        command = ["run", str(task), "--model", f"openai:sums@{server.url}", "--temperature", "0.7", "--out", str(out)]
        assert execute([*command, *options]) in (0, 3, 4)
    return out
