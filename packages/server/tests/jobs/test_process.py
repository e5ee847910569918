from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.jobs.yard import Yard, a_run, taken_setup, wait_for
from steelyard.evidence import ledger_file
from steelyard_server.jobs.messages import SPECIFICATION, Ended, Setup, clock
from steelyard_server.jobs.process import _ended
from steelyard_server.jobs.signing import signer_of_project
from steelyard_server.jobs.specification import encode
from testkit.fixtures import SumsServer

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
        [sys.executable, "-P", "-m", "steelyard_server.jobs.process", tmp_path / "run", tmp_path, str(parent)],
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


def test_what_was_told_while_it_was_stopped_counts(yard: Yard, tmp_path: Path, sums_server: SumsServer) -> None:
    """Its lease was renewed meanwhile; without that it would end as its first act."""
    sums_server.seconds = lambda _: 60.0
    specification = a_run(yard.endpoint(sums_server.url))
    (tmp_path / SPECIFICATION).write_bytes(encode(specification))
    process = started(tmp_path, os.getpid(), taken_setup(yard, specification, 300.0)[1])
    assert process.stdin is not None
    wait_for(lambda: sums_server.asked)
    for renewed, is_alive in ((60.0, True), (0.0, False)):
        process.stdin.write(f"{clock() + 1:.3f}\n".encode())
        process.stdin.flush()
        time.sleep(0.3)
        process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        if renewed:
            process.stdin.write(f"{clock() + renewed:.3f}\n".encode())
            process.stdin.flush()
        process.send_signal(signal.SIGCONT)
        if is_alive:
            time.sleep(0.5)
            assert process.poll() is None
    process.communicate()
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


def test_a_ledger_that_another_job_keeps_locked_is_no_fault_of_what_was_asked(
    yard: Yard, tmp_path: Path, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_file, "WAIT_SECONDS", 0.1)
    specification = a_run(yard.endpoint(sums_server.url))
    (tmp_path / SPECIFICATION).write_bytes(encode(specification))
    setup = taken_setup(yard, specification)[1]
    ledger = ledger_file.ledger_path(signer_of_project(yard.data, setup.project_id).path)
    with ledger.open("r+") as held, open(os.devnull, "wb") as out:
        fcntl.flock(held, fcntl.LOCK_EX)
        ended = _ended(tmp_path / "run", tmp_path, setup, out)
    assert ended == Ended(how="failed", reason="another job of the project keeps its ledger locked")
    assert not [prompt for prompt in sums_server.asked if prompt.startswith("What is")]


def test_a_reason_says_no_place_of_the_platforms_folder(yard: Yard, tmp_path: Path, sums_server: SumsServer) -> None:
    specification = a_run(yard.endpoint(sums_server.url))
    (tmp_path / SPECIFICATION).write_bytes(encode(specification))
    setup = taken_setup(yard, specification)[1]
    ledger = ledger_file.ledger_path(signer_of_project(yard.data, setup.project_id).path)
    kept = ledger.read_bytes()
    ledger.write_bytes(b"{}\n")
    try:
        with open(os.devnull, "wb") as out:
            ended = _ended(tmp_path / "run", tmp_path, setup, out)
    finally:
        ledger.write_bytes(kept)
    assert ended.how == "unusable"
    assert ended.reason.startswith("not the ledger of this key")
    assert str(yard.data.path) not in ended.reason
    assert "secrets" not in ended.reason
