from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.server.jobs.messages import SPECIFICATION
from steelyard.server.jobs.specification import encode
from tests.conftest import SumsServer
from tests.server.jobs.yard import a_run, wait_for


def started(tmp_path: Path, parent: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "steelyard.server.jobs.process", tmp_path / "run", tmp_path, str(parent)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def test_it_does_nothing_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    process = started(tmp_path, os.getpid() + 1)
    assert process.communicate()[0] == b""
    assert process.returncode == 1


def test_it_ends_when_its_worker_is_gone(tmp_path: Path, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 30.0
    (tmp_path / SPECIFICATION).write_bytes(encode(a_run(sums_server.url)))
    process = started(tmp_path, os.getpid())
    wait_for(lambda: sums_server.asked)
    process.communicate()  # closes the pipe
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("asked", [b'{"job":3,"kind":"resume"}', b"{}", b"\xff"])
def test_what_is_no_question_is_unusable(tmp_path: Path, asked: bytes) -> None:
    (tmp_path / SPECIFICATION).write_bytes(asked)
    process = started(tmp_path, os.getpid())
    assert process.stdin is not None
    assert process.stdout is not None
    assert b'"how":"unusable"' in process.stdout.readline()
    assert process.wait() == 0
    process.stdin.close()
    process.stdout.close()


def test_a_folder_without_a_question_is_a_failure_of_the_machine(tmp_path: Path) -> None:
    process = started(tmp_path, os.getpid())
    assert process.stdout is not None
    assert b'"how":"failed","reason":"No such file or directory"' in process.stdout.readline()
    process.communicate()
