"""What it costs to ask about images: Steelyard against a bare loop that sends the same bytes, on loopback, in turn.

``python -m bench.images [--samples 10000] [--kilobytes 50]``. The endpoint is a process of its own, which decodes every
image and answers after 50 ms; each client is one, too, with 100 connections; they take turns, three rounds. The
rate is that at the endpoint, from the first request with an image to the last reply, so that starting up, planning and
sealing do not count; memory and CPU are those of the whole process. Every image must arrive once, byte for byte.

We write each image into a file before we record an answer about it, and the bare loop writes nothing: a second one does
that, too. Where files lie matters (``TMPDIR``): ext4 looks at each inode that was freed in the last minutes before it
takes one, so a folder of pictures that was just deleted makes every new file slow. Nothing is deleted between clients.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import multiprocessing
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import Queue
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from rich.console import Console
from rich.table import Table

from bench.table import Row

__all__ = ["main", "measure"]

LATENCY = 0.05
CONNECTIONS = 100
MAX_MEGABYTES = 250
TASK = """
id: pictures
file: rows.jsonl
public: false
fields: {question: question, target: answer, images: [picture]}
scorer: {name: exact}
prompts:
  chat: {prompt: "{{ picture }}{{ question }}", chat: true, max_tokens: 16}
"""
BARE = "from bench.images import bare; import sys; bare(*sys.argv[1:])"
ROUNDS = 3


def write_task(folder: Path, samples: int, kilobytes: int) -> set[str]:
    """A task whose rows name a picture each, of about this size; the digests of the pictures."""
    (folder / "pictures").mkdir(parents=True)
    digests, rows = set(), []
    for number in range(samples):
        data = _picture(number, kilobytes << 10)
        digests.add(hashlib.sha256(data).hexdigest())
        (folder / "pictures" / f"{number}.png").write_bytes(data)
        rows.append(
            {"question": f"What is in picture {number}?", "answer": "grey", "picture": f"pictures/{number}.png"}
        )
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "pictures.yaml").write_text(TASK)
    return digests


def _picture(number: int, size: int) -> bytes:
    """A grey PNG with its number, and bytes that no compression makes fewer, in a chunk that decoders skip."""
    noise = hashlib.shake_256(b"%d" % number).digest(size)
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress((b"\0" + b"\x80" * 8) * 8)), (b"noIs", noise), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


# ── the endpoint ────────────────────────────────────────────────────────────────────────────────────────────────────


class _Endpoint:
    """Keeps the digest of each image that it got, and when the first request came and the last reply went."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.got: list[str] = []
        self.first = self.last = 0.0

    async def chat(self, request: web.Request) -> web.Response:
        body = await request.read()
        _, is_shown, rest = body.partition(b";base64,")
        if is_shown and b"What is in picture" in body:
            self.first = self.first or time.monotonic()
            self.got.append(hashlib.sha256(base64.b64decode(rest.partition(b'"')[0], validate=True)).hexdigest())
            await asyncio.sleep(LATENCY)
            self.last = time.monotonic()
        choice = {"index": 0, "message": {"role": "assistant", "content": "grey"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 260 if is_shown else 9, "completion_tokens": 1}
        return web.json_response({"id": "x", "model": "sees", "choices": [choice], "usage": usage})

    async def stats(self, _: web.Request) -> web.Response:
        found = {"got": self.got, "span": self.last - self.first}
        self.forget()
        return web.json_response(found)


def _serve(ports: Queue[int]) -> None:
    async def serve() -> None:
        endpoint = _Endpoint()
        app = web.Application(client_max_size=1 << 30)
        app.add_routes([web.post("/v1/chat/completions", endpoint.chat), web.get("/stats", endpoint.stats)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


# ── the clients ─────────────────────────────────────────────────────────────────────────────────────────────────────


def bare(url: str, folder: str, kept: str = "") -> None:
    """Send each picture with its question, as JSON with the image in it: no plan, journal, types or retries.

    ``kept``: a folder into which each picture is written first.
    """

    async def ask_all() -> None:
        left = iter(json.loads(line) for line in (Path(folder) / "rows.jsonl").read_text().splitlines())
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

            async def ask() -> None:
                for row in left:
                    data = (Path(folder) / row["picture"]).read_bytes()
                    if kept:
                        (Path(kept) / Path(row["picture"]).name).write_bytes(data)
                    encoded = base64.b64encode(data).decode()
                    shown = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}
                    content = [shown, {"type": "text", "text": row["question"]}]
                    body = {"model": "sees", "messages": [{"role": "user", "content": content}], "max_tokens": 16}
                    async with session.post(f"{url}/chat/completions", json=body) as reply:
                        await reply.json()

            await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))

    asyncio.run(ask_all())


@dataclass(frozen=True)
class Weighed:
    """CPU seconds, megabytes at the peak, and images a second, of one client."""

    cpu: float
    memory: float
    rate: float


def _weighed(command: list[str]) -> tuple[float, float]:
    """CPU seconds and megabytes at the peak of a process; raises RuntimeError where it fails."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(said.decode()[-500:])
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return used.ru_utime + used.ru_stime, used.ru_maxrss / scale


def measure(folder: Path, samples: int, kilobytes: int) -> list[Row]:
    """The rate, memory and CPU of both; raises RuntimeError where an image did not arrive as it is in the data set."""
    expected = write_task(folder / "task", samples, kilobytes)
    ports: Queue[int] = multiprocessing.get_context("spawn").Queue()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(ports,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{ports.get(timeout=30)}"
        command = [sys.executable, "-m", "steelyard", "run", str(folder / "task/pictures.yaml")]
        command += ["--model", f"openai:sees@{url}/v1", "--concurrency", str(CONNECTIONS)]
        bare = [sys.executable, "-c", BARE, f"{url}/v1", str(folder / "task")]
        found: dict[str, list[Weighed]] = {"ours": [], "bare": [], "keeps": []}
        for number in range(ROUNDS):
            kept = folder / f"kept-{number}"
            kept.mkdir()
            for who, each in (
                ("bare", bare),
                ("ours", [*command, "--out", str(folder / f"run-{number}")]),
                ("keeps", [*bare, str(kept)]),
            ):
                found[who].append(Weighed(*_weighed(each), _rate(url, expected)))
    finally:
        server.terminate()
        server.join()
    return _rows(samples, found)


def _rate(url: str, expected: set[str]) -> float:
    """Images a second, of a client that has ended: every image once, and as it was written."""
    with urllib.request.urlopen(f"{url}/stats") as reply:
        seen: dict[str, Any] = json.load(reply)
    if len(seen["got"]) != len(expected) or set(seen["got"]) != expected:
        raise RuntimeError(f"{len(seen['got'])} images arrived, and they are not those of the data set")
    return float(len(seen["got"]) / seen["span"])


def _rows(samples: int, found: dict[str, list[Weighed]]) -> list[Row]:
    ours, bare, keeps = found["ours"], found["bare"], found["keeps"]
    rate = statistics.median(each.rate for each in ours)
    rows = [
        Row(
            f"images: samples a second ({what})", samples, f"{rate:,.0f}",
            f"{statistics.median(each.rate for each in floor):,.0f}", _ratios(ours, floor), budget,
        )
        for what, floor, budget in (("bare loop: floor", bare, "≥ 0.8"), ("bare loop that keeps them", keeps, "–"))
    ]  # fmt: skip
    memory, least = (max(each.memory for each in group) for group in (ours, bare))
    cpu, cpu_least = (statistics.median(each.cpu for each in group) / samples * 1e3 for group in (ours, bare))
    return [
        *rows,
        Row("images: memory at the peak, MB", samples, f"{memory:.0f}", f"{least:.0f}", "–", f"≤ {MAX_MEGABYTES}"),
        Row(
            "images: CPU a sample, ms, with plan and seal", samples, f"{cpu:.2f}", f"{cpu_least:.2f}",
            f"{cpu / cpu_least:.1f}", "–",
        ),
    ]  # fmt: skip


def _ratios(ours: list[Weighed], floor: list[Weighed]) -> str:
    """The median of the rounds' ratios, and the least and the greatest."""
    each = sorted(one.rate / other.rate for one, other in zip(ours, floor, strict=True))
    return f"{statistics.median(each):.2f} [{each[0]:.2f}, {each[-1]:.2f}]"


def main() -> None:
    """Measure, and print the table with date, machine and n."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), given.samples, given.kilobytes)
    about = f"{given.kilobytes} KB an image, {LATENCY * 1e3:g} ms, {CONNECTIONS} connections"
    table = Table(title=f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {about}")
    for name in ("what", "n", "ours", "floor", "ratio", "budget"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        table.add_row(row.what, f"{row.n:,}", row.ours, row.floor, row.ratio, row.budget)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
