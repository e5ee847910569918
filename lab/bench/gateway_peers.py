"""Other harnesses through the gateway: ``python -m bench.gateway_peers``. Their score against ours, from the journal.

Each peer does the 2,000 sums of ``shared/peers/make_data.py`` against ``stub_server.py``, through ``steelyard
gateway``. Then the recording is verified and scored by us, from the prompts and replies alone; both must say 0.800
exactly. STEELYARD_PEER_INSPECT and STEELYARD_PEER_LM_EVAL name the peers' environments (default: those of ``make
bench-engine``).
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

from bench.engine.contenders import PEERS, InspectAI, LmEval, Work, run_weighed
from bench.engine.server import ROOT

__all__ = ["Agreement", "compare", "peers", "shared_peers"]

CONNECTIONS = 50
LIMIT_SECONDS = 600.0


@dataclass(frozen=True)
class Agreement:
    """One peer's run through the gateway. Scores are fractions; ``recorded`` counts generating calls."""

    name: str
    recorded: int
    theirs: float | None
    ours: float | None
    holds: bool
    again: int
    unmatched: int

    @property
    def agrees(self) -> bool:
        """Whether the recording holds and both scores are the same, to the last digit that is printed."""
        return self.holds and self.theirs is not None and self.ours is not None and abs(self.theirs - self.ours) < 1e-9


def shared_peers() -> Path:
    """The folder of the stub and the data."""
    return Path(os.environ.get("STEELYARD_TEST_SHARED", ROOT.parent / "shared")) / "peers"


def peers() -> list[InspectAI | LmEval]:
    """The peers; each reports itself why it cannot run."""
    inspect = Path(os.environ.get("STEELYARD_PEER_INSPECT", PEERS / "inspect"))
    lm_eval = Path(os.environ.get("STEELYARD_PEER_LM_EVAL", PEERS / "lm-eval"))
    return [InspectAI(_bin=inspect / "bin"), LmEval(_bin=lm_eval / "bin")]


def compare(peer: InspectAI | LmEval, folder: Path, latency: float = 0.0) -> Agreement:
    """Run one peer through the gateway in ``folder`` and score its recording ourselves."""
    from steelyard.adapters.gateway_recording import import_recording
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.from_file import task_from_file

    folder.mkdir(parents=True)
    questions = _questions(folder)
    recording, scored = folder / "recording", folder / "scored"
    with _stub(latency) as url, _gateway(url, recording) as base:
        work = Work(questions, base, CONNECTIONS, folder / "work")
        run_weighed(peer, work, LIMIT_SECONDS)
        theirs = peer.score(work)
    found = import_recording(RunFolder.open(recording), task_from_file(questions), scored)
    return Agreement(
        name=peer.name,
        recorded=found.matched.calls,
        theirs=theirs,
        ours=found.verdict.measurements[0].measured,
        holds=_verified(recording) and _verified(scored),
        again=found.matched.asked_again,
        unmatched=found.matched.unmatched + found.matched.ambiguous + found.matched.unreadable,
    )


def _questions(folder: Path) -> Path:
    shutil.copy(shared_peers() / "make_data.py", folder)
    subprocess.run([sys.executable, str(folder / "make_data.py")], check=True)
    return folder / "qa.jsonl"


@contextmanager
def _stub(latency: float) -> Iterator[str]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(shared_peers() / "stub_server.py"), "--port", str(port), "--latency", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urlopen(f"http://127.0.0.1:{port}/stats", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


@contextmanager
def _gateway(url: str, recording: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "steelyard", "gateway", "--to", url, "--port", "0", "--out", str(recording)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().partition("=")[2]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)


def _verified(run: Path) -> bool:
    found = subprocess.run(
        [sys.executable, "-m", "steelyard", "verify", str(run), "--json"], capture_output=True, text=True
    )
    return found.returncode == 0 and bool(json.loads(found.stdout)["holds"])


def main() -> int:
    """Print one line a peer; 1 where one does not agree."""
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    code = 0
    for peer in peers():
        reason = peer.unavailable_reason() or ("" if shared_peers().is_dir() else f"{shared_peers()} is missing")
        if reason:
            print(f"{peer.name:12} skipped: {reason}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = compare(peer, Path(folder) / "peer")
        code |= not found.agrees
        print(
            f"{found.name:12} {found.recorded:,} calls recorded, {found.unmatched} unmatched, {found.again} again; "
            f"score {found.theirs}, ours from the journal {found.ours}; "
            f"recording and scored run {'hold' if found.holds else 'DO NOT HOLD'}: {'agrees' if found.agrees else 'NO'}"
        )
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
