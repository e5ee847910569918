"""A whole run of HumanEval against a real server: answers are run once, and everything later reads the marks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from assay.cli import run as assay
from assay.journal.reader import read_lines
from assay.records import Marked
from assay.scorers.code import Code
from assay.scorers.sandbox import box


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
        text = f"```python\n{code}\n```" if code else "I would rather not."
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
    if reason := Code().why_not():
        pytest.skip(reason)
    file = shared / "data/openai/openai_humaneval/openai_humaneval/test.jsonl"
    Coder.rows = [json.loads(line) for line in file.read_text().splitlines()]
    with ThreadingHTTPServer(("127.0.0.1", 0), Coder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"openai:coder@http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_a_run_of_humaneval(
    coder: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    what = ["humaneval", "--prompt", "chat", "--limit", "30", "--data", str(shared / "data")]
    assert assay(["run", *what, "--model", coder, "--out", str(folder), "--json"]) == 0
    (claim,) = json.loads(capsys.readouterr().out)["claims"]
    marks = [record for record, _ in read_lines(folder) if isinstance(record, Marked)]
    firsts = [mark for mark in marks if mark.repeat == 0]  # the others are the probe's
    assert len(firsts) == 30
    by_kind = {0: (1.0, True, ""), 1: (0.0, True, "failed: SystemExit"), 2: (0.0, False, "no code")}
    for mark in marks:
        assert (mark.value, mark.parsed, mark.note) == by_kind[int(mark.sample.rpartition("/")[2]) % 3]
        assert mark.scorer == "code[program]@1"
    assert claim["measured"] == pytest.approx(100 * sum(mark.value or 0 for mark in firsts) / 30)
    assert claim["unparsed"] == sum(not mark.parsed for mark in firsts)
    # Whoever verifies needs no sandbox: nothing is run again.
    monkeypatch.setattr(box, "_found", lambda: "no sandbox here")
    assert assay(["verify", str(folder)]) == 0
