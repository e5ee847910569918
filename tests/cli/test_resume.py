"""``steelyard resume`` on a folder that a stranger made: nothing connects, and no variable of this user is sent."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from steelyard.cli import execute as steelyard
from steelyard.planning.samples import Prepared
from steelyard.records import Measurement
from steelyard.storage.run_folder import RunFolder
from testkit.plans import measurement, plan, planned_model

SECRETS = {"MY_SECRET": "secret-of-the-user", "OPENAI_API_KEY": "sk-openai", "STEELYARD_API_KEY": "sk-own"}
# Every connection and every name that the process looks up, and every process that could do so for it.
WATCHED = """
import sys
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        print("OPENED", event, args[-1] if event == "socket.connect" else args[:2], file=sys.stderr)
    if event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"):
        print("STARTED", event, args[:2], file=sys.stderr)
sys.addaudithook(watch)
from steelyard.cli import main
main()
"""


class Listener:
    """A server that takes every connection, keeps what comes, and answers nothing."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.heard.append(connection.recv(65536))
            connection.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as found:
        yield found


@pytest.fixture
def stranger(listener: Listener, tmp_path: Path) -> Path:
    """A folder with the plan of a run that was begun elsewhere, with all that could lead this user's key away."""
    asked: Measurement = measurement(id="00-gsm8k", task="gsm8k", population=1)
    prepared = {asked.id: Prepared(measurement=asked, samples=(), digests=("a" * 64,))}
    models = {"subject": planned_model(f"openai:m@{listener.address}")}
    run = RunFolder.create(tmp_path / "stranger", plan(asked, models=models), prepared).path
    notes = {"models": {"subject": f"openai:m@{listener.address}"}, "api_key_env": {"subject": "MY_SECRET"}}
    (run / "local.json").write_text(json.dumps(notes))
    for name in ("state/steelyard/runs", "steelyard/runs", ".local/state/steelyard/runs"):
        (run / name).mkdir(parents=True)
        (run / name / f"{RunFolder.open(run).plan_sha256}.json").write_text(json.dumps(notes))
    return run


def resumed(run: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WATCHED, "resume", ".", *more]
    return subprocess.run(command, cwd=run, env=os.environ | SECRETS, capture_output=True, text=True)


@pytest.mark.parametrize("more", [(), ("--patience", "0.2s"), ("--data", "."), ("--api-key-env", "MY_SECRET")])
def test_a_strangers_folder_opens_no_socket(stranger: Path, listener: Listener, more: tuple[str, ...]) -> None:
    done = resumed(stranger, *more)
    assert done.returncode == 2, done.stderr
    assert "OPENED" not in done.stderr
    assert "STARTED" not in done.stderr
    assert listener.heard == []
    assert "name its model with --model URI" in done.stderr
    assert "secret" not in done.stderr


def test_another_address_than_the_plans_is_not_connected_to(stranger: Path, listener: Listener) -> None:
    with Listener() as other:
        done = resumed(stranger, "--model", f"openai:m@{other.address}", "--api-key-env", "MY_SECRET")
        assert done.returncode == 2
        assert "OPENED" not in done.stderr
        assert other.heard == listener.heard == []


def test_a_key_is_sent_only_where_its_variable_is_named(stranger: Path, listener: Listener) -> None:
    model = ("--model", f"openai:m@{listener.address}", "--patience", "0.2s")
    assert resumed(stranger, *model).returncode == 4
    assert listener.heard
    assert not any(secret.encode() in heard for heard in listener.heard for secret in SECRETS.values())
    listener.heard.clear()
    assert resumed(stranger, *model, "--api-key-env", "MY_SECRET").returncode == 4
    assert b"Bearer secret-of-the-user" in listener.heard[0]


@pytest.mark.parametrize("command", ["verify", "report", "show", "export"])
def test_no_other_command_follows_the_folder(stranger: Path, listener: Listener, command: str) -> None:
    to = ["--to", "out.json"] if command == "export" else []
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, command, ".", *to],
        cwd=stranger, env=os.environ | SECRETS, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stderr
    assert "OPENED" not in done.stderr
    assert "Traceback" not in done.stderr
    assert command != "verify" or "resume" not in done.stderr
    assert listener.heard == []


def test_a_run_of_ones_own_resumes_also_where_it_was_moved(
    sums_server: Any, sums_file: tuple[Path, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "sk-1")
    run = tmp_path / "run"
    sums_server.status = lambda prompt, times: 503 if sum(sums_server.asked.values()) > 20 else 200
    model = ["--model", f"openai:sums@{sums_server.url}", "--api-key-env", "MY_SECRET"]
    assert steelyard(["run", str(sums_file[0]), *model, "--limit", "40", "--patience", "0.2s", "--out", str(run)]) == 4
    sums_server.status = lambda prompt, times: 200
    moved = run.rename(tmp_path / "moved")
    assert not (moved / "local.json").exists()
    copied = Path(shutil.copytree(moved, tmp_path / "copied"))
    assert steelyard(["resume", str(moved)]) == 0
    assert steelyard(["verify", str(moved)]) == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another user"))
    assert steelyard(["resume", str(copied)]) == 2
    assert steelyard(["resume", str(copied), "--finalize"]) == 3
