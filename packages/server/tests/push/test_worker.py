"""The process by itself: what it writes, and that its limits are set before it reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from steelyard_server.push.worker import Reply, _is_indexed
from testkit.repository import ROOT

GOLDEN = ROOT / "tests" / "assets" / "golden"


def run(
    folder: Path, cpu_seconds: int = 60, memory: int = 3 << 30, parent: int = 0
) -> subprocess.CompletedProcess[bytes]:
    module = [sys.executable, "-P", "-m", "steelyard_server.push.worker"]
    command = [*module, str(folder), str(cpu_seconds), str(memory), str(parent or os.getpid())]
    return subprocess.run(command, capture_output=True)


def test_a_run_that_holds_and_one_that_does_not(tmp_path: Path) -> None:
    found = msgspec.json.decode(run(GOLDEN).stdout, type=Reply)
    assert found.run is not None
    assert found.run.verdict == "inconsistent"
    folder = tmp_path / "run"
    shutil.copytree(GOLDEN, folder)
    (folder / "report.md").write_text("All claims hold.")
    reply = msgspec.json.decode(run(folder).stdout, type=Reply)
    assert reply.run is None
    assert reply.problem == "report.md: was changed: its SHA-256 is not the one sealed"


def test_a_folder_that_is_no_run_is_said_without_its_place(tmp_path: Path) -> None:
    reply = msgspec.json.decode(run(tmp_path).stdout, type=Reply)
    assert "no run is here" in reply.unable
    assert str(tmp_path) not in reply.unable


def test_processor_time_ends_it() -> None:
    assert run(GOLDEN, cpu_seconds=0).returncode != 0


def test_a_run_is_not_put_at_risk_for_its_index(tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert not _is_indexed(GOLDEN, index, "0" * 64, cpu_seconds=0)
    assert not index.exists()
    assert _is_indexed(GOLDEN, index, "0" * 64, cpu_seconds=10**6)
    assert not _is_indexed(GOLDEN, index, "0" * 64, cpu_seconds=10**6), "nothing is written over"


def test_it_ends_with_the_server_that_started_it() -> None:
    assert (run(GOLDEN, parent=1).returncode, run(GOLDEN, parent=1).stdout) == (1, b"")  # gone already
    child = (
        "import os, time; from steelyard_server.bounds import end_with_parent; "
        "end_with_parent(os.getppid()); print(os.getpid(), flush=True); time.sleep(600)"
    )
    server = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        process.kill()
        assert process.stdout.read() == b""  # the child held its other end
    while not has_ended(number):  # its files are closed before the kernel says that it has ended
        time.sleep(0.01)


def has_ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
