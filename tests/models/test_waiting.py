"""A real server on loopback that falls silent: every command ends with the user's budget, and says what is awaited."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from steelyard import cli
from steelyard.models.waiting import waiting_for

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
MODELS = b'{"data": [{"id": "m"}]}'
REPLY = b'{"choices": [{"message": {"content": "Hi"}, "text": "Hi", "finish_reason": "stop"}]}'
SHEET = "model: m\nclaims:\n  - {task: chain_sum, metric: accuracy, value: 91, unit: percent}\n"

Serve = Callable[[str], str]


def answer(client: socket.socket, kind: str, over: threading.Event) -> None:
    """One connection's requests, of which none is answered; of ``samples`` only those of samples are not."""
    with client, client.makefile("rb") as file, suppress(OSError):
        while first := file.readline():
            length = 0
            while line := file.readline().strip():
                length = int(line.partition(b":")[2]) if line.lower().startswith(b"content-length") else length
            body = file.read(length)
            if kind == "samples" and b"nA: " not in body:  # no sample of chain_sum
                reply = MODELS if b"/models" in first else REPLY
                client.sendall(HEAD % len(reply) + reply)
                continue
            if kind != "silent":
                client.sendall(HEAD % 500)
            while not over.wait(0.1):
                if kind == "trickle":
                    client.sendall(b" ")


@pytest.fixture
def served() -> Iterator[Serve]:
    over, servers = threading.Event(), list[socket.socket]()

    def serve(kind: str) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(server.accept()[0], kind, over), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/v1"

    yield serve
    over.set()
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("silent", ("audit", "sheet.yaml")),
        ("headers", ("run", "chain_sum")),
        ("trickle", ("gate", "chain_sum", "--at-least", "0.5")),
    ],
)
def test_an_endpoint_that_never_answers_is_named_when_the_budget_ends(
    served: Serve,
    kind: str,
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("steelyard.models.waiting.NOTICE_SECONDS", 0.2)
    Path("sheet.yaml").write_text(SHEET)
    base = served(kind)
    with pytest.raises(SystemExit) as end:
        cli.main([*command, "--model", f"openai:m@{base}", "--budget", "1s"])
    said = capsys.readouterr().err
    assert end.value.code == 4
    assert said.count(f"waiting for GET {base}/models to answer, 0.2 s so far") == 1
    assert f"GET {base}/models: no answer within the budget of 1 s" in said
    assert "Traceback" not in said
    assert not Path("runs").exists()


def test_an_endpoint_that_is_silent_from_the_first_sample_on_ends_with_the_budget(
    served: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", "chain_sum", "--model", f"openai:m@{served('samples')}", "--budget", "2s"]
    with pytest.raises(SystemExit) as end:
        cli.main([*asked, "--out", str(tmp_path / "run")])
    assert end.value.code == 4
    assert "gives no answers (the last thing it said: nothing, until the time budget ended)" in capsys.readouterr().err


def test_ctrl_c_ends_the_waiting_in_one_line(served: Serve, tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "steelyard", "run", "chain_sum", "--model", f"openai:m@{served('silent')}"]
    with subprocess.Popen(asked, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stderr is not None
        first = process.stderr.readline()  # that it plans: the handshake begins
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert first.startswith("planning")
    assert said.splitlines()[-1] == "steelyard: interrupted; nothing was asked yet"
    assert process.returncode == 130


async def outside() -> int:
    async with waiting_for("nobody"):
        return 1


def test_outside_a_block_nothing_limits_the_waiting() -> None:
    assert asyncio.run(outside()) == 1
