"""Runs of sums for the tests of the database's store: planned, and put into the database."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web

from steelyard.auditing.conductor import Audit, plan_run, start_audit
from steelyard.models import Settings, open_model
from steelyard.planning.build import RunRequest
from steelyard.planning.options import Options
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SUM, SumsServer


class OrderedServer(SumsServer):
    """A :class:`SumsServer` that notes the sums that it was asked for in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        if found := SUM.search(prompt):
            self.order.append(found[0])
        return await super()._chat(request)


def questions_of(folder: Path, count: int) -> Path:
    path = folder / "sums.jsonl"
    pairs = [(number, number * 7 % 91) for number in range(count)]
    path.write_text(
        "".join(json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) + "\n" for a, b in pairs)
    )
    return path


def plan_in(folder: Path, url: str, questions: Path, concurrency: int = 4) -> RunFolder:
    """The folder of a run of which nothing was asked yet."""

    async def planned() -> RunFolder:
        audit = await _audit(url, questions, concurrency)
        await audit.close()
        return RunFolder.create(folder, audit.plan, audit.prepared)

    return asyncio.run(planned())


def run_in(folder: Path, url: str, questions: Path, concurrency: int = 4) -> None:
    """A run of the same plan from its beginning to its seal, in a folder alone."""

    async def ran() -> None:
        audit = await _audit(url, questions, concurrency)
        try:
            await start_audit(audit, folder)
        finally:
            await audit.close()

    asyncio.run(ran())


async def _audit(url: str, questions: Path, concurrency: int) -> Audit:
    models: dict[str, Any] = {"subject": open_model(f"openai:sums@{url}", Settings(concurrency=concurrency))}
    options = Options(task_files=(questions,), concurrency=concurrency)
    return await plan_run([RunRequest(task="sums")], models, options)
