"""CPU of a whole audit per sample (request, outcome, journal, scores, test) against a bare aiohttp loop."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from pathlib import Path

import aiohttp
from aiohttp import web

from bench.table import Row
from steelyard.storage.journal.reader import replay

__all__ = ["measure", "serve"]

SAMPLES = 2000
CONNECTIONS = 100
LATENCY = 0.05


def measure(folder: Path) -> list[Row]:
    """One pass each over 2,000 sums at 50 ms latency and 100 connections. The run is left for verification."""
    questions = folder / "sums.jsonl"
    rows = [{"question": f"What is {n} + {n * 7 % 91}?", "answer": str(n + n * 7 % 91)} for n in range(SAMPLES)]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    # Four answers in five are right, and the claim less its tolerance lies next to that: nearly every sample is needed.
    sheet = folder / "sheet.yaml"
    sheet.write_text("model: adder\nclaims:\n  - {task: sums, value: 81.9}\n")
    context = multiprocessing.get_context("spawn")
    port = context.Queue()
    server = context.Process(target=serve, args=(port,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get(timeout=30)}/v1"
    try:
        floor = _timed(_bare(url, rows))
        ours = _timed(_audit(sheet, questions, url, folder / "run"))
        asked = len(replay(folder / "run").attempts)
    finally:
        server.terminate()
    return [
        Row(
            "an audit, CPU ms a sample (50 ms latency, 100 connections)",
            asked,
            f"{ours * 1e3 / asked:.2f}",
            f"{floor * 1e3 / SAMPLES:.2f}",
            f"{ours / asked / (floor / SAMPLES):.1f}",
            "≤ 1 ms",
        )
    ]


def _timed(work: object) -> float:
    began = time.process_time()
    asyncio.run(work)  # type: ignore[arg-type]
    return time.process_time() - began


async def _bare(url: str, rows: list[dict[str, str]]) -> None:
    limit = asyncio.Semaphore(CONNECTIONS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def ask(question: str) -> None:
            body = {"model": "adder", "messages": [{"role": "user", "content": question}]}
            async with limit, session.post(f"{url}/chat/completions", json=body) as response:
                await response.json()

        await asyncio.gather(*(ask(row["question"]) for row in rows))


async def _audit(sheet: Path, questions: Path, url: str, run: Path) -> None:
    from steelyard.auditing.conductor import plan_audit, start_audit
    from steelyard.claims.sheet import read_sheet
    from steelyard.models import Settings, open_model
    from steelyard.planning.options import Options

    model = open_model(f"openai:adder@{url}", Settings(concurrency=CONNECTIONS))
    try:
        options = Options(task_files=(questions,), concurrency=CONNECTIONS)
        await start_audit(await plan_audit(read_sheet(sheet), {"subject": model}, options), run)
    finally:
        await model.close()


def serve(port: multiprocessing.Queue[int]) -> None:
    """Add, in a process of its own, after 50 ms a call; wrong on one sum in five. Puts its port into ``port``."""

    async def chat(request: web.Request) -> web.Response:
        words = (await request.json())["messages"][-1]["content"].rstrip("?").split()
        await asyncio.sleep(LATENCY)
        text = "42"
        if len(words) > 4 and words[2].isdigit():
            text = str(int(words[2]) + int(words[4].rstrip("?")) + (int(words[2]) % 5 == 0))
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": "adder", "choices": [choice]})

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", chat)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())
