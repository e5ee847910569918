from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.server.jobs.messages import LENGTH_DIGITS


def started(tmp_path: Path, parent: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "steelyard.server.jobs.process", tmp_path / "run", tmp_path, str(parent)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def test_it_does_nothing_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    process = started(tmp_path, os.getpid() + 1)
    assert process.communicate(b"0000000") == (b"", None)
    assert process.returncode == 1


@pytest.mark.parametrize("told", [b"", b"0000", b"00000010{}"])
def test_it_does_nothing_with_half_a_specification(tmp_path: Path, told: bytes) -> None:
    process = started(tmp_path, os.getpid())
    assert process.communicate(told)[0] == b""
    assert process.returncode == 1


def test_it_ends_when_its_worker_is_gone(tmp_path: Path) -> None:
    process = started(tmp_path, os.getpid())
    specification = b'{"kind":"run","model":"openai:x@http://10.255.255.1:9/v1","task":"gsm8k"}'
    process.communicate(f"{len(specification):0{LENGTH_DIGITS}x}".encode() + specification)  # and the pipe is closed
    assert process.returncode == -signal.SIGKILL


def test_what_is_no_question_is_unusable(tmp_path: Path) -> None:
    process = started(tmp_path, os.getpid())
    assert process.stdin is not None
    assert process.stdout is not None
    specification = b'{"job":3,"kind":"resume"}'
    process.stdin.write(f"{len(specification):0{LENGTH_DIGITS}x}".encode() + specification)
    process.stdin.flush()
    assert b'"how":"unusable"' in process.stdout.readline()
    assert process.wait() == 0
    process.stdin.close()
    process.stdout.close()
