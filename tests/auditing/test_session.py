"""A run while it happens: hostile patterns, long answers, deadlines and signals, by the real command."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from steelyard.cli import execute as steelyard
from steelyard.records import Attempt, ModelOutput, Outcome, Sample, Score
from steelyard.scorers.exact import Exact
from steelyard.storage.journal.lines import Stop
from steelyard.storage.journal.reader import read_lines
from testkit.hostile_patterns import BY_NAME

OUTER_SECONDS = 300  # what hangs never ends


class Server(BaseHTTPRequestHandler):
    """Answers every question with ``answer``; with None it does not answer before ``released``."""

    protocol_version = "HTTP/1.1"
    answer: ClassVar[str | None] = ""
    released: ClassVar[threading.Event] = threading.Event()
    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = body["messages"][-1]["content"] if "messages" in body else ""
        text = "fine"
        if "What is" in question:
            self.asked.append(question)
            if self.answer is None:
                self.released.wait(OUTER_SECONDS)
            text = self.answer or ""
        self._reply({"model": "m", "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
                     "usage": {"prompt_tokens": 1, "completion_tokens": 1}})  # fmt: skip

    def do_GET(self) -> None:
        self._reply({"data": [{"id": "m"}]})

    def _reply(self, value: object) -> None:
        data = json.dumps(value).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class names it so
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[list[str]]:
    """The command that asks four questions, with two calls in flight."""
    rows = [{"question": f"What is {number}?", "answer": "1"} for number in range(4)]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Server.asked, Server.released, Server.answer = [], threading.Event(), ""
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        uri = f"openai:m@http://127.0.0.1:{server.server_port}/v1"
        yield ["run", str(tmp_path / "own.jsonl"), "--model", uri, "--concurrency", "2", "--out", str(tmp_path / "run")]
        Server.released.set()
        server.shutdown()


def started(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "steelyard", *command], stderr=subprocess.PIPE, text=True)


def ended(command: list[str]) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "steelyard", *command]
    return subprocess.run(whole, capture_output=True, text=True, timeout=OUTER_SECONDS)


def stops(run: Path) -> list[str]:
    return [record.reason for record, _ in read_lines(run) if isinstance(record, Stop)]


@pytest.mark.parametrize("name", ["four gaps", pytest.param("states without number", marks=pytest.mark.slow)])
def test_a_slow_pattern_and_a_long_answer_end_and_verify_ends_too(served: list[str], tmp_path: Path, name: str) -> None:
    pattern, Server.answer = BY_NAME[name]
    done = ended([*served, "--scorer", f"regex:pattern={pattern}", "--deadline", "2m"])
    assert done.returncode in (0, 3), done.stderr
    verified = ended(["verify", str(tmp_path / "run")])
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_pattern_that_looks_ahead_is_refused_before_anything_is_asked(served: list[str]) -> None:
    done = ended([*served, "--scorer", r"regex:pattern=(\d+)(?= points)"])
    assert done.returncode == 2
    assert "looks ahead or behind" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert Server.asked == []


def test_other_answers_come_while_a_long_one_is_scored(
    served: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server.answer = "word " * 1_000
    met = threading.Event()
    both = threading.Barrier(2, action=met.set)

    def meet(self: Exact, sample: Sample, output: ModelOutput) -> Score:
        if not met.is_set():
            both.wait(OUTER_SECONDS)  # on the event loop, one would wait for the other in vain
        return Score(value=1.0)

    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(Exact, "score", meet)
    steelyard([*served, "--scorer", "exact"])
    assert met.is_set()
    assert stops(tmp_path / "run") == ["complete"]


def test_a_deadline_is_heard_while_a_long_answer_is_scored(
    served: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Server.answer = "word " * 1_000
    over = threading.Event()

    def slow(self: Exact, sample: Sample, output: ModelOutput) -> Score:
        over.wait(OUTER_SECONDS)
        return Score(value=1.0)

    patched = pytest.MonkeyPatch()  # of its own: the settings of this run are noted under the other one
    patched.setattr(Exact, "score", slow)
    try:
        assert steelyard([*served, "--scorer", "exact", "--deadline", "4s"]) == 4
        assert "the deadline came after" in capsys.readouterr().err
        assert stops(tmp_path / "run") == ["deadline"]
    finally:
        over.set()
    patched.undo()
    steelyard(["resume", str(tmp_path / "run")])  # the answers that arrived are scored now, and none is asked again
    assert len(Server.asked) == len(set(Server.asked)) == 4
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_either_signal_ends_a_run_at_its_second(served: list[str], tmp_path: Path, number: signal.Signals) -> None:
    Server.answer = None
    process = started(served)
    while not Server.asked:
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(0.3)
    process.send_signal(number)
    time.sleep(0.3)
    process.send_signal(number)
    _, printed = process.communicate(timeout=OUTER_SECONDS)
    assert process.returncode == 130
    assert "interrupted; nothing finished is lost. Go on with: steelyard resume" in printed.splitlines()[-1]
    assert stops(tmp_path / "run") == ["interrupted"]


def test_a_runaway_answer_is_asked_for_once_and_open(served: list[str], tmp_path: Path) -> None:
    Server.answer = "a b" * 400_000
    ended(served)
    attempts = [record for record, _ in read_lines(tmp_path / "run") if isinstance(record, Attempt)]
    assert [each.outcome for each in attempts] == [Outcome.TRUNCATED] * 4
    assert all(each.final for each in attempts)
    assert len(Server.asked) == 4
    assert steelyard(["verify", str(tmp_path / "run")]) == 0
