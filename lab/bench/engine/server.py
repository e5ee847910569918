"""The stub server as a separate process, and its control requests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bench.engine.sums import FaultPlan

__all__ = ["Server", "running"]

ROOT = Path(__file__).resolve().parents[3]
NOTHING = FaultPlan({})


@dataclass(frozen=True)
class Server:
    """A running stub."""

    port: int

    @property
    def url(self) -> str:
        """The base URL that a harness is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    def get(self, path: str, timeout: float = 60.0) -> dict[str, Any]:
        """Request a control path."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as reply:
            found: dict[str, Any] = json.load(reply)
        return found

    def reset(self) -> None:
        """Forget what was seen."""
        with urlopen(Request(f"http://127.0.0.1:{self.port}/reset", method="POST"), timeout=60):
            pass


@contextmanager
def running(
    latency: float = 0.0, faults: FaultPlan = NOTHING, hang_seconds: float = 3600.0, port: int = 0
) -> Iterator[Server]:
    """Run a stub of its own process for as long as the block lasts. ``latency`` and ``hang_seconds`` in seconds."""
    command = [sys.executable, "-m", "bench.engine.stub", "--port", str(port), "--latency", str(latency)]
    command += ["--faults", faults.text, "--fault-mode", faults.mode, "--hang-seconds", str(hang_seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise RuntimeError("the stub did not start: " + " ".join(command))
        yield Server(int(line))
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
