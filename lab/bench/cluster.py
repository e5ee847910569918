"""``python -m bench.cluster``: what a call costs the driver with no cluster, and with one and two workers of one."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import runner

SAMPLES = 2000
CONNECTIONS = 100
REPEATS = 3


def main() -> None:
    """Run 2,000 sums (50 ms latency, 100 in flight) with no cluster, one worker and two in turn; print the medians."""
    context = multiprocessing.get_context("spawn")
    port = context.Queue()
    server = context.Process(target=runner.serve, args=(port,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get(timeout=30)}/v1"
    found: dict[int, list[tuple[float, float, int]]] = {0: [], 1: [], 2: []}
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(REPEATS):
                for workers, timings in found.items():
                    timings.append(asyncio.run(_measure(url, Path(folder), workers, number)))
    finally:
        server.terminate()
    assert {answers for timings in found.values() for _, _, answers in timings} == {SAMPLES}
    table = Table(title=f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, n = {SAMPLES}, median of {REPEATS}")
    for name in ("workers", "driver CPU ms a call", "seconds"):
        table.add_column(name, justify="right")
    for workers, timings in found.items():
        cpu, seconds = (sorted(timing[part] for timing in timings)[REPEATS // 2] for part in (0, 1))
        table.add_row(str(workers or "none"), f"{cpu * 1e3 / SAMPLES:.2f}", f"{seconds:.1f}")
    Console(width=100).print(table)


async def _measure(url: str, folder: Path, workers: int, number: int) -> tuple[float, float, int]:
    """CPU and wall-clock seconds of the run alone, without the cluster's start; and the number of answers."""
    from steelyard.auditing.conductor import plan_run, start_audit
    from steelyard.evidence.verify import verify_integrity
    from steelyard.models import Settings, open_model
    from steelyard.planning.build import RunRequest
    from steelyard.planning.options import Options
    from steelyard.runner.ray import LOCAL, open_on_ray

    questions = folder / "sums.jsonl"
    rows = [{"question": f"What is {n} + {n * 7 % 91}?", "answer": str(n + n * 7 % 91)} for n in range(SAMPLES)]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    uri, settings = f"openai:adder@{url}", Settings(concurrency=CONNECTIONS)
    model = open_on_ray(uri, settings, LOCAL, workers) if workers else open_model(uri, settings)
    try:
        options = Options(task_files=(questions,), concurrency=CONNECTIONS)
        audit = await plan_run([RunRequest(task="sums")], {"subject": model}, options)
        run = folder / f"{workers}-{number}"
        cpu, began = time.process_time(), time.monotonic()
        await start_audit(audit, run)
        cpu, seconds = time.process_time() - cpu, time.monotonic() - began
        return cpu, seconds, verify_integrity(run).answers
    finally:
        await model.close()


if __name__ == "__main__":
    main()
