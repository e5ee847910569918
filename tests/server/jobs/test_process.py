from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from steelyard.server.jobs.messages import SPECIFICATION, Setup
from steelyard.server.jobs.specification import encode
from tests.conftest import SumsServer
from tests.server.jobs.yard import Yard, a_run, taken_setup, wait_for

NOBODYS = Setup(
    uri="openai:sums@http://127.0.0.1:1/v1",
    data="/nowhere",
    project="",
    project_id=1,
    job=1,
    attempt=1,
    lease_seconds=9,
)


def started(tmp_path: Path, parent: int, setup: Setup = NOBODYS) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "steelyard.server.jobs.process", tmp_path / "run", tmp_path, str(parent)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(setup) + b"\n")
    process.stdin.flush()
    return process


def test_it_does_nothing_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    process = started(tmp_path, os.getpid() + 1)
    assert process.communicate()[0] == b""
    assert process.returncode == 1


def test_it_ends_when_its_worker_is_gone(yard: Yard, tmp_path: Path, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 30.0
    specification = a_run(yard.endpoint(sums_server.url))
    (tmp_path / SPECIFICATION).write_bytes(encode(specification))
    process = started(tmp_path, os.getpid(), taken_setup(yard, specification)[1])
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
