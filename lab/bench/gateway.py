"""What the gateway adds to a call: direct against through it, on loopback, call by call in turn in one run.

``python -m bench.gateway [--calls 2000]``. Endpoint, gateway and client are three processes; the calls go one at a
time over kept connections, direct and through the gateway in turn, so that both meet the same noise of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing import Queue
from pathlib import Path
from typing import Any

from bench.table import Row

__all__ = ["measure"]

CALLS = 2000
WARM_UP = 100
BODY = json.dumps(
    {"model": "adder", "messages": [{"role": "user", "content": "What is 2 + 3? Answer with the number only."}]}
).encode()
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer sk-bench-0123456789"}


def measure(folder: Path, calls: int = CALLS) -> list[Row]:
    """The added milliseconds at the median and at quantiles; the recording is left sealed in ``folder``."""
    direct, through = timings(folder, calls)
    added = [one - other for one, other in zip(through, direct, strict=True)]
    return [
        Row(
            f"gateway: added to a call, ms at {name} (direct: floor)",
            calls,
            f"{_at(through, share) - _at(direct, share):.2f}",
            f"{_at(direct, share):.2f}",
            f"{_at(through, share) / _at(direct, share):.1f}",
            "≤ 1 ms" if share == 0.5 else "–",
        )
        for name, share in (("the median", 0.5), ("p90", 0.9), ("p99", 0.99))
    ] + [
        Row("gateway: median of the differences, ms", calls, f"{statistics.median(added):.2f}", "–", "–", "≤ 1 ms"),
    ]


def timings(folder: Path, calls: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each call, direct and through the gateway, in turn."""
    ports: Queue[int] = multiprocessing.get_context("spawn").Queue()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(ports,), daemon=True)
    server.start()
    port = ports.get(timeout=30)
    command = [sys.executable, "-m", "steelyard", "gateway", "--to", f"http://127.0.0.1:{port}/v1", "--port", "0"]
    gateway = subprocess.Popen(
        [*command, "--out", str(folder / "recording")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert gateway.stdout is not None
        base = gateway.stdout.readline().strip().partition("=")[2]
        near = http.client.HTTPConnection("127.0.0.1", port)
        far = http.client.HTTPConnection(base.partition("//")[2].partition("/")[0])
        for _ in range(WARM_UP):
            _call(near), _call(far)
        pairs = [(_call(near), _call(far)) for _ in range(calls)]
    finally:
        gateway.send_signal(signal.SIGINT)
        gateway.wait(60)
        server.terminate()
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _call(connection: http.client.HTTPConnection) -> float:
    began = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", BODY, HEADERS)
    reply = connection.getresponse()
    assert reply.status == 200
    reply.read()
    return (time.perf_counter() - began) * 1e3


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _serve(ports: Queue[int]) -> None:
    from aiohttp import web

    choice = {"index": 0, "message": {"role": "assistant", "content": "5"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 13}
    reply = json.dumps({"id": "x", "model": "adder", "choices": [choice], "usage": usage}).encode()

    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        return web.Response(body=reply, content_type="application/json")

    async def main() -> None:
        runner = web.ServerRunner(web.Server(answer, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What the gateway adds to a call.")
    parser.add_argument("--calls", type=int, default=CALLS)
    chosen: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), chosen.calls)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, n = {chosen.calls}")
    print(f"{'':60} {'ours':>8} {'direct':>8} {'ratio':>7}  budget")
    for row in rows:
        print(f"{row.what:60} {row.ours:>8} {row.floor:>8} {row.ratio:>7}  {row.budget}")


if __name__ == "__main__":
    main()
