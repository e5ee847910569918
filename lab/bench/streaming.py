"""Memory and CPU of ``steelyard run`` over very many samples: ``python -m bench.streaming [--samples 1000000]``.

Each size is a real ``steelyard run`` in a process of its own against a server that costs next to nothing, in another,
and then ``steelyard verify``. What a phase took is read from outside: a phase ends when the file that it leaves is
there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Taken", "main", "measure", "serve", "write_questions"]

SIZES = (10_000, 100_000, 1_000_000)
WATCHED_EVERY = 0.02  # seconds
PHASES = (("plan", "plan.dsse.json"), ("ask", "checkpoints.jsonl"), ("conclude", "bundle.dsse.json"))
TICKS = os.sysconf("SC_CLK_TCK")
SUM = re.compile(rb"What is (\d+) \+ (\d+)\?")
HEADER = re.compile(rb"(?i)content-length: *(\d+)")


@dataclass
class Taken:
    """What one run took: CPU seconds by phase, and the peak of resident memory (MB) up to its end."""

    samples: int
    cpu: dict[str, float] = field(default_factory=dict)
    peak: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure every size up to the given one and print the table."""
    parser = argparse.ArgumentParser(description="Memory and CPU of steelyard run over very many samples.")
    parser.add_argument("--samples", type=int, default=SIZES[-1], help="The largest size.")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--folder", type=Path, help="Where to work, and keep the runs; default: a temporary folder.")
    chosen = parser.parse_args()
    sizes = [size for size in SIZES if size < chosen.samples] + [chosen.samples]
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        print(
            "| samples | peak RSS, MB: plan | ask | conclude | verify | CPU µs a sample: plan | ask | conclude | verify"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for taken in measure(folder, sizes, chosen.connections):
            peaks = [f"{taken.peak[phase]:.0f}" for phase in taken.peak]
            costs = [f"{taken.cpu[phase] / taken.samples * 1e6:.0f}" for phase in taken.cpu]
            print(f"| {taken.samples:,} | {' | '.join(peaks + costs)} |", flush=True)


def measure(folder: Path, sizes: list[int], connections: int) -> Iterator[Taken]:
    """Run every size in its turn against one server."""
    context = multiprocessing.get_context("spawn")
    port = context.Queue()
    server = context.Process(target=serve, args=(port,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get(timeout=60)}/v1"
    try:
        for size in sizes:
            yield _run(folder, size, url, connections)
    finally:
        server.terminate()


def write_questions(path: Path, samples: int) -> None:
    """The given number of different sums, one per line."""
    with path.open("w") as file:
        for number in range(samples):
            other = number * 7 % 91
            file.write(json.dumps({"question": f"What is {number} + {other}?", "answer": str(number + other)}) + "\n")


def _run(folder: Path, samples: int, url: str, connections: int) -> Taken:
    questions, run = folder / f"sums-{samples}.jsonl", folder / f"run-{samples}"
    write_questions(questions, samples)
    shutil.rmtree(run, ignore_errors=True)
    taken = Taken(samples)
    asking = ["run", str(questions), "--model", f"openai:adder@{url}", "--out", str(run)]
    _watch([*asking, "--concurrency", str(connections), "--with-texts"], run, PHASES, taken)
    right = json.loads((run / "report.json").read_bytes())["measurements"][0]
    assert (right["asked"], right["missing"], right["measured"]) == (samples, 0, 80), right
    _watch(["verify", str(run)], run, (("verify", ""),), taken)
    return taken


def _watch(command: list[str], run: Path, phases: tuple[tuple[str, str], ...], taken: Taken) -> None:
    """Run a command of Steelyard, and read its CPU and memory whenever a phase ends. Children count as well."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, "-m", "steelyard", *command], stdout=log, stderr=log)
        left, seen, before = list(phases), (0.0, 0.0), 0.0
        while (code := process.poll()) is None:
            seen = _seen(process.pid) or seen
            if len(left) > 1 and (run / left[0][1]).exists():
                taken.cpu[left[0][0]], taken.peak[left[0][0]] = seen[0] - before, seen[1]
                before = seen[0]
                left.pop(0)
            time.sleep(WATCHED_EVERY)
        taken.cpu[left[0][0]], taken.peak[left[0][0]] = seen[0] - before, seen[1]
        if code != 0:
            log.seek(0)
            raise SystemExit(f"steelyard {command[0]} ended with {code}:\n{log.read().decode()[-2000:]}")


def _seen(pid: int) -> tuple[float, float] | None:
    """CPU seconds so far, children included, and the peak of resident memory in MB; None when it has just ended."""
    try:
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if peak is None else (sum(map(int, times)) / TICKS, int(peak[1]) / 1024)


# ── the server ──────────────────────────────────────────────────────────────────────────────────────────────────────


def serve(port: multiprocessing.Queue[int]) -> None:
    """Serve chat completions on loopback: sums, one in five wrong, at the least cost that HTTP can be served with."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Adder, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class _Adder(asyncio.Protocol):
    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            length = HEADER.search(self._data, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._data) < whole:
                return
            request, self._data = self._data[:whole], self._data[whole:]
            body = _models() if request.startswith(b"GET") else _sum(request)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )


def _models() -> bytes:
    return b'{"object":"list","data":[{"id":"adder","object":"model"}]}'


def _sum(request: bytes) -> bytes:
    found = SUM.search(request)
    answer = b"42" if found is None else b"%d" % (int(found[1]) + int(found[2]) + (int(found[1]) % 5 == 0))
    return (
        b'{"id":"x","object":"chat.completion","model":"adder","choices":[{"index":0,"finish_reason":"stop","message":'
        b'{"role":"assistant","content":"%b"}}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}'
    ) % answer


if __name__ == "__main__":
    main()
