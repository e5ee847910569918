"""``steelyard gateway`` as a process: from the printed URL over signals and kills to a recording that verifies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.gateway.summary import summary_of
from steelyard.records import Exchange
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import read_texts
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer


class Running:
    """A gateway in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], run: Path, base: str) -> None:
        self.process, self.run, self.base = process, run, base

    def ask(self, question: str) -> str:
        place = self.base.partition("//")[2].partition("/")[0]
        body = json.dumps({"model": "sums", "messages": [{"role": "user", "content": question}]})
        with closing(HTTPConnection(place, timeout=60)) as connection:  # also where the gateway is killed meanwhile
            connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
            reply = json.loads(connection.getresponse().read())
        content: str = reply["choices"][0]["message"]["content"]
        return content

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=120)
        return self.process.returncode, out, err


@contextmanager
def gateway(run: Path, url: str, *more: str, **environment: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "steelyard", "gateway", "--to", url, "--port", "0", "--out", str(run), *more]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("export OPENAI_BASE_URL=http://127.0.0.1:"), line
        yield Running(process, run, line.strip().partition("=")[2])
    finally:
        process.kill()
        process.communicate()


def verified(run: Path) -> bool:
    return steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order_and_seals(
    sums_server: SumsServer, tmp_path: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with gateway(run, sums_server.url) as running:
        assert running.ask("What is 1 + 1?").isdigit()
        code, out, err = running.end(number)
    assert code == 0, err
    assert "1 call recorded, 1 answered" in out
    assert f"steelyard verify {run}" in out
    assert "Ctrl-C stops and seals" in err
    assert verified(run)
    assert "a gateway recording" in capsys.readouterr().out
    assert summary_of(RunFolder.open(run)).whole
    assert steelyard(["report", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calls"] == 1
    pages = tmp_path / "page.html", tmp_path / "page.md"
    assert steelyard(["report", str(run), "--html", str(pages[0]), "--markdown", str(pages[1])]) == 0
    assert pages[0].read_bytes() == (run / "report.html").read_bytes()
    assert pages[1].read_bytes() == (run / "report.md").read_bytes()
    capsys.readouterr()
    assert steelyard(["report", str(run), "--summary", str(tmp_path / "summary.html")]) == 2
    assert "no verdict to sum up" in capsys.readouterr().err


def test_tampering_is_found(sums_server: SumsServer, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with gateway(run, sums_server.url, "--with-texts") as running:
        running.ask("What is 1 + 1?")
        assert running.end()[0] == 0
    assert verified(run)
    path = run / "texts" / "main-0000.jsonl"
    path.write_bytes(path.read_bytes().replace(b"What is 1 + 1?", b"What is 1 + 2?"))
    assert steelyard(["verify", str(run)]) == 1


def test_a_signal_waits_for_calls_in_flight(sums_server: SumsServer, tmp_path: Path) -> None:
    sums_server.seconds = lambda wrong: 1.0
    answers: list[str] = []
    with gateway(tmp_path / "run", sums_server.url) as running:
        asking = threading.Thread(target=lambda: answers.append(running.ask("What is 2 + 2?")))
        asking.start()
        while not sums_server.asked:
            time.sleep(0.01)
        code, out, _ = running.end()
        asking.join()
    assert code == 0
    assert len(answers) == 1
    assert "1 call recorded, 1 answered" in out


def test_a_second_signal_gives_up_calls_in_flight(sums_server: SumsServer, tmp_path: Path) -> None:
    sums_server.seconds = lambda wrong: 5.0
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            running.ask("What is 2 + 2?")
        except Exception as error:
            failures.append(error)

    with gateway(tmp_path / "run", sums_server.url) as running:
        asking = threading.Thread(target=ask)
        asking.start()
        while not sums_server.asked:
            time.sleep(0.01)
        running.process.send_signal(signal.SIGINT)
        assert running.process.stderr is not None
        for line in running.process.stderr:
            if "in flight" in line:
                break
        code, out, _ = running.end()
        asking.join()
    assert code == 0
    assert failures
    assert "1 call recorded, 0 answered, 1 failed" in out
    assert verified(tmp_path / "run")


def test_a_kill_loses_no_finished_call_and_the_rest_is_sealed(
    sums_server: SumsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eight clients ask until the gateway is killed: whatever one of them has in full is on record."""
    run = tmp_path / "run"
    had: list[str] = []

    def ask(client: int) -> None:
        for number in range(10_000):
            question = f"What is {client} + {number}?"
            try:
                running.ask(question)
            except (OSError, HTTPException, ValueError):
                return
            had.append(question)

    with gateway(run, sums_server.url) as running:
        clients = [threading.Thread(target=ask, args=(client,)) for client in range(8)]
        for client in clients:
            client.start()
        while len(had) < 60:
            time.sleep(0.001)
        running.process.kill()
        running.process.wait()
        for client in clients:
            client.join()
    assert steelyard(["verify", str(run)]) == 1
    assert "not sealed yet" in capsys.readouterr().err
    assert steelyard(["resume", str(run)]) == 0
    assert "calls recorded" in capsys.readouterr().out
    assert steelyard(["resume", str(run)]) == 0
    assert "calls recorded" in capsys.readouterr().out
    assert verified(run)
    texts = dict(read_texts(run))
    recorded = {
        json.loads(texts[record.request])["messages"][0]["content"]
        for record, _ in read_lines(run)
        if isinstance(record, Exchange)
    }
    assert set(had) <= recorded
    assert len(recorded - set(had)) <= len(clients)


def test_the_environments_key_is_sent_and_kept_nowhere(sums_server: SumsServer, tmp_path: Path) -> None:
    run = tmp_path / "run"
    key = "sk-environment-0123456789"
    with gateway(run, sums_server.url, STEELYARD_API_KEY=key) as running:
        running.ask("What is 1 + 1?")
        _, out, err = running.end()
    kept = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    assert key not in out + err
    assert key.encode() not in kept


def test_json_is_for_machines(sums_server: SumsServer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "steelyard", "gateway", "--to", sums_server.url, "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "run")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("export OPENAI_BASE_URL=")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert json.loads(out)["format"] == "steelyard-recording/1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing option '--to'"),
        (["--to", "ftp://x"], "takes the URL of an endpoint"),
        (["--to", "https://user:hunter2@x"], "no query and no password"),
        (["--to", "https://x?key=hunter2"], "no query and no password"),
        (["--to", "http://x:99999"], "takes the URL of an endpoint"),
        (["--to", "http://x", "--api-key-env", "NOT_THERE"], "holds no API key"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["gateway", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert "hunter2" not in err


def test_nothing_is_left_where_it_cannot_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from steelyard.gateway.server import listen_on

    with listen_on(0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        assert steelyard(["gateway", "--to", "http://x", "--port", port, "--out", str(tmp_path / "run")]) == 2
    assert "--port 0 takes a free one" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert steelyard(["gateway", "--to", "http://x", "--port", "0", "--out", str(tmp_path / "full")]) == 2
    assert "not an empty folder" in capsys.readouterr().err


def test_the_live_line() -> None:
    from collections import Counter

    from steelyard.cli.recording_progress import RecordingProgress
    from steelyard.records import Outcome

    class Gateway:
        in_flight, refused = 2, 1

    class Recorder:
        calls, outcomes = 1500, Counter({Outcome.OK: 1400, Outcome.RATE_LIMITED: 97, Outcome.DROPPED: 3})

    gateway_like: Any = Gateway()
    recorder_like: Any = Recorder()
    line = RecordingProgress(gateway_like, recorder_like).line()
    assert line.startswith("1,500 calls, ")
    assert line.endswith("2 in flight; 97 rate limited, 3 dropped; 1 refused")
