"""A whole run of HumanEval against a real server: answers are run once, and everything later reads the scores."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from steelyard.cli import execute as steelyard
from steelyard.records import Attempt, ModelOutput, RecordedScore, Sample, Score
from steelyard.scorers.code import Code
from steelyard.scorers.sandbox import box
from steelyard.storage.journal.lines import Stop
from steelyard.storage.journal.reader import read_lines


class Coder(BaseHTTPRequestHandler):
    """Knows every third solution, cheats at every third, and says nothing useful for the rest."""

    protocol_version = "HTTP/1.1"
    rows: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._reply({"error": {"message": "chat only"}}, 404)
            return
        asked = body["messages"][-1]["content"]
        found = (pair for pair in enumerate(self.rows) if pair[1]["prompt"].strip() in asked)
        number, row = next(found, (2, self.rows[2]))
        code = (row["prompt"] + row["canonical_solution"], f"def {row['entry_point']}(*a): exit(0)", "")[number % 3]
        block = f"```python\n{code}\n```" if number % 2 else "Here it is:\n\n" + textwrap.indent(code, "    ")
        text = block if code else "I would rather not."
        self._reply({"model": "coder", "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
                     "usage": {"prompt_tokens": 1, "completion_tokens": 1}})  # fmt: skip

    def do_GET(self) -> None:
        self._reply({"data": [{"id": "coder"}]})

    def _reply(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class names it so
        pass


@pytest.fixture
def coder(shared: Path) -> Iterator[str]:
    if reason := Code().unavailable_reason():
        pytest.skip(reason)
    file = shared / "data/openai/openai_humaneval/openai_humaneval/test.jsonl"
    Coder.rows = [json.loads(line) for line in file.read_text().splitlines()]
    with ThreadingHTTPServer(("127.0.0.1", 0), Coder) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"openai:coder@http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_a_run_of_humaneval(
    coder: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    what = ["humaneval", "--prompt", "chat", "--limit", "30", "--data", str(shared / "data")]
    assert steelyard(["run", *what, "--model", coder, "--out", str(folder), "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["measurements"]
    scores = scores_in(folder)
    assert len(scores) == 30
    assert {score.repeat for score in scores} == {0}  # no test, so no repeat check
    by_kind = {0: (1.0, True, ""), 1: (0.0, True, "failed: SystemExit"), 2: (0.0, False, "no code")}
    for score in scores:
        assert (score.value, score.parsed, score.note) == by_kind[int(score.sample.rpartition("/")[2]) % 3]
        assert score.scorer == "code[program]@6"
    assert result["measured"] == pytest.approx(100 * sum(score.value or 0 for score in scores) / 30)
    assert result["unparsed"] == sum(not score.parsed for score in scores)
    # Whoever verifies needs no sandbox: nothing is run again.
    monkeypatch.setattr(box, "_found", lambda: "no sandbox here")
    assert steelyard(["verify", str(folder)]) == 0


SQUARES = """
id: squares
title: Squares
licence: MIT
metric: accuracy
chance: 0
public: false
hub: {path: me/squares, configs: [main], split: test}
fields:
  target: "{'names': ['f'], 'tests': [test]} | as_json"
scorer: {name: code, form: program, timeout: 60}
default_prompt: chat
prompts:
  chat: {title: written, prompt: "{{ question }}", chat: true, max_tokens: 100}
"""


class Endless(Coder):
    """Answers with code that never ends."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/chat/completions"):
            self._reply({"error": {"message": "chat only"}}, 404)
            return
        code = "def f(x):\n    while True: pass"
        self._reply({"model": "coder", "choices": [{"message": {"content": code}, "finish_reason": "stop"}],
                     "usage": {"prompt_tokens": 1, "completion_tokens": 1}})  # fmt: skip


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[list[str]]:
    """The command that measures six squares whose answers never end, with a timeout of a minute each."""
    if reason := Code().unavailable_reason():
        pytest.skip(reason)
    data = tmp_path / "data" / "me" / "squares" / "main"
    data.mkdir(parents=True)
    lines = [json.dumps({"question": f"Square {n}", "test": f"assert f({n}) == {n * n}"}) for n in range(6)]
    (data / "test.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "squares.yaml").write_text(SQUARES)
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield ["run", str(tmp_path / "squares.yaml"), "--data", str(tmp_path / "data"),
               "--model", f"openai:coder@http://127.0.0.1:{server.server_port}/v1", "--out", str(tmp_path / "run"),
               "--concurrency", "6"]  # fmt: skip
        server.shutdown()


def scores_in(run: Path) -> list[RecordedScore]:
    return [record for record, _ in read_lines(run) if isinstance(record, RecordedScore)]


def finals_in(run: Path) -> int:
    return sum(isinstance(record, Attempt) and record.final for record, _ in read_lines(run))


@pytest.mark.slow  # the fast run has the deadline in the test below, and in tests/auditing/test_session.py
def test_a_deadline_ends_the_scoring_and_resumes_go_on_with_it(endless: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    for command in ([*endless, "--deadline", "6s"], ["resume", str(run), "--deadline", "6s"]):
        stopped = subprocess.run([sys.executable, "-m", "steelyard", *command], capture_output=True, text=True)
        assert stopped.returncode == 4
        assert f"the deadline came after {finals_in(run)} answers" in stopped.stderr.splitlines()[-1]
        assert finals_in(run) >= 6
        assert not scores_in(run)  # what we ended ourselves says nothing of the answer; after a minute there would be
        assert [record.reason for record, _ in read_lines(run) if isinstance(record, Stop)][-1] == "deadline"


def test_interrupted_scoring_is_resumed_and_no_request_is_repeated(
    endless: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    assert steelyard([*endless, "--deadline", "6s"]) == 4
    assert finals_in(run) >= 6

    lock = threading.Lock()
    running = most = 0

    def right(self: Code, sample: Sample, answer: ModelOutput) -> Score:
        nonlocal running, most
        assert "while True" in answer.text
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(1.0)
        with lock:
            running -= 1
        return Score(value=1.0)

    monkeypatch.setattr(Code, "score", right)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert steelyard(["resume", str(run)]) == 0
    assert most > 1
    scores = Counter((score.sample, score.repeat) for score in scores_in(run))
    assert set(scores.values()) == {1}
    assert len(scores) == finals_in(run)  # a call that was asked twice would have ended twice
    assert steelyard(["verify", str(run)]) == 0


def test_two_ctrl_c_end_the_scoring_and_a_third_prints_nothing(endless: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-m", "steelyard", *endless], stderr=subprocess.PIPE, text=True)
    while not ((run / "journal" / "main-0000.jsonl").is_file() and finals_in(run) >= 6):
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(1.0)
    for pause in (0.5, 0.1, 0.0):
        process.send_signal(signal.SIGINT)
        time.sleep(pause)
    _, printed = process.communicate()
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in printed
    assert "Exception ignored" not in printed
    assert not scores_in(run)
