"""LiveCodeBench from claim to verdict, on made-up problems and a real server: a window, a kill, a resume, a seal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import without_defaults
from steelyard.records import Attempt, Part, RecordedScore
from steelyard.scorers.code_cases import CodeCases
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.lcb_problems import mirror_of, number_in, right_answer, wrong_answer
from testkit.resealing import reseal

ASKED = 27
SHEET = """
model: coder
claims:
  - task: livecodebench
    value: {value}
    metric: pass@1
    shots: 0
    protocol: {{decoding: greedy, subset: "{subset}"}}
"""
LLAMA = "2024-10-01 to 2025-02-01"


class Coder(BaseHTTPRequestHandler):
    """Solves all problems but one in ``fails``; the first ``slow`` answers are programs that take three seconds."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[dict[str, Any]]] = []
    fails = 9
    slow = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._reply({"error": {"message": "chat only"}}, 404)
            return
        content = body["messages"][-1]["content"]
        text = "Yes."
        if "Problem " in content:
            self.asked.append(body)
            number = number_in(content)
            text = wrong_answer(number) if number % self.fails == 0 else right_answer(number)
            if len(self.asked) <= self.slow:
                text = text.replace("```python", "```python\nimport time; time.sleep(3)")
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
def coder() -> Iterator[str]:
    if reason := CodeCases().unavailable_reason():
        pytest.skip(reason)
    Coder.asked.clear()
    Coder.fails, Coder.slow = 9, 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Coder) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"openai:coder@http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def audit(coder: str, folder: Path, value: float, *more: str, subset: str = LLAMA) -> list[str]:
    sheet = folder / "sheet.yaml"
    sheet.write_text(SHEET.format(value=value, subset=subset))
    if not (folder / "livecodebench").is_dir():
        mirror_of(folder, ASKED)
    return ["audit", str(sheet), "--model", coder, "--data", str(folder), "--out", str(folder / "run"), *more]


def verdict_of(run: Path) -> tuple[str, dict[str, Any]]:
    report = json.loads((run / "report.json").read_text())
    return report["claims"][0]["verdict"], report["claims"][0]


def scores_in(run: Path) -> list[RecordedScore]:
    return [record for record, _ in read_lines(run) if isinstance(record, RecordedScore)]


def test_a_true_claim_about_a_window_is_consistent(
    coder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 27 problems decide little: a claim within ten points is as good here.
    assert steelyard(audit(coder, tmp_path, 88.9, "--tolerance", "10")) == 0
    run = tmp_path / "run"
    word, claim = verdict_of(run)
    assert word == "consistent"
    assert any("from 2024-10-01 to 2025-02-01 are asked, both days counted in" in each for each in claim["differences"])
    (measurement,) = RunFolder.open(run).plan.measurements[:1]
    assert measurement.window == "release_v5:2024-10-01/2025-02-01"
    assert measurement.population == ASKED
    assert measurement.part is None
    assert {number_in(body["messages"][-1]["content"]) // 1000 for body in Coder.asked} == {5}
    assert {body["messages"][0]["role"] for body in Coder.asked} == {"system"}
    scores = scores_in(run)
    assert {score.note for score in scores} == {"2 cases", "case 2 of 2: wrong"}
    # No hidden test is anywhere in the run: megabytes each, and whoever publishes a run would publish them.
    rows = (tmp_path / "livecodebench/code_generation_lite/test5.jsonl").read_text().splitlines()
    hidden = [json.loads(row)["private_test_cases"] for row in rows]
    written = [path.read_bytes() for path in run.rglob("*") if path.is_file()]
    assert not any(each.encode() in data for each in hidden for data in written)
    assert steelyard(["verify", str(run)]) == 0
    capsys.readouterr()
    assert steelyard(["show", str(run)]) == 0
    for change in CHANGES:
        forged = Path(shutil.copytree(run, tmp_path / "forged"))
        plan = without_defaults(RunFolder.open(run).plan)
        change(plan)
        with pytest.raises(VerificationError, match=rf"{layout.PLAN}|samples/"):
            recompute(reseal(forged, plan=plan))
        shutil.rmtree(forged)


# What would choose the verdict by choosing the window.
CHANGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda plan: plan["measurements"][0].update(window="release_v5:2024-11-01/2025-02-01"),
    lambda plan: plan["measurements"][0].update(window="release_v6:2024-10-01/2025-02-01"),
    lambda plan: plan["measurements"][0].pop("window"),
    lambda plan: plan["measurements"][0].update(population=881),
    lambda plan: plan["measurements"][0].update(part={"of": 880, "same": 880}),
    lambda plan: plan["sheet"]["claims"][0]["protocol"].update(subset="2024-11-01 to 2025-02-01"),
    lambda plan: plan["served"][0]["differences"].pop(),
]


@pytest.mark.slow  # the fast run has a window in an audit above, and how one is read in tests/tasks/
def test_a_run_of_a_window(coder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mirror_of(tmp_path, ASKED)
    command = ["run", "livecodebench", "--model", coder, "--data", str(tmp_path), "--out", str(tmp_path / "run")]
    assert steelyard([*command, "--window", "lately"]) == 2
    assert "names no window: write 2024-10-01:2025-02-01" in capsys.readouterr().err
    assert steelyard([*command, "--window", "2024-10-01:2025-02-01"]) == 0
    assert {number_in(body["messages"][-1]["content"]) // 1000 for body in Coder.asked} == {5}
    run = RunFolder.open(tmp_path / "run")
    (measurement,) = run.plan.measurements
    assert (measurement.window, measurement.population) == ("release_v5:2024-10-01/2025-02-01", ASKED)
    assert any("release_v5:2024-10-01/2025-02-01 is asked" in each for each in measurement.differences)
    assert steelyard(["verify", str(run.path)]) == 0
    for window in ("release_v6:2024-10-01/2025-02-01", "release_v9", "anything", ""):
        forged = Path(shutil.copytree(run.path, tmp_path / "forged"))
        plan = without_defaults(run.plan)
        plan["measurements"][0]["window"] = window
        with pytest.raises(VerificationError):
            recompute(reseal(forged, plan=plan))
        shutil.rmtree(forged)


@pytest.mark.slow  # the fast run has a claim that holds, and the scores of wrong programs in test_code_cases.py
def test_a_claim_twenty_points_too_high_is_inconsistent(coder: str, tmp_path: Path) -> None:
    Coder.fails = 3
    assert steelyard(audit(coder, tmp_path, 88.9)) == 1
    assert verdict_of(tmp_path / "run")[0] == "inconsistent"
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


@pytest.mark.slow  # the fast run goes on with unscored answers in test_code_run.py
def test_answers_that_a_kill_left_unscored_are_scored_with_their_tests(coder: str, tmp_path: Path) -> None:
    Coder.slow = 1
    command, run = audit(coder, tmp_path, 88.9, "--tolerance", "10"), tmp_path / "run"
    with subprocess.Popen([sys.executable, "-m", "steelyard", *command], stderr=subprocess.DEVNULL) as process:
        while not ((run / "journal" / "main-0000.jsonl").is_file() and len(finals_in(run)) > len(scores_in(run))):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    unscored = finals_in(run) - {(score.sample, score.repeat) for score in scores_in(run)}
    assert unscored
    assert steelyard(["resume", str(run)]) == 0
    scores = {(score.sample, score.repeat): score for score in scores_in(run)}
    assert set(scores) == finals_in(run)
    assert {scores[call].value for call in unscored} <= {0.0, 1.0}  # without their tests they would be missing
    assert steelyard(["verify", str(run)]) == 0


def test_a_resume_refuses_other_tests(coder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Coder.slow = 4
    assert steelyard(audit(coder, tmp_path, 88.9, "--deadline", "2s")) == 4
    file = tmp_path / "livecodebench/code_generation_lite/test5.jsonl"
    *rows, last = file.read_text().splitlines()
    file.write_text("\n".join([*rows, json.dumps(json.loads(last) | {"private_test_cases": "[]"})]) + "\n")
    capsys.readouterr()
    assert steelyard(["resume", str(tmp_path / "run")]) == 2
    assert "not those that the plan sealed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("subset", "why"),
    [
        ("", "states no window"),
        ("03/04/2024 - 05/06/2024", "day and month may be exchanged"),
        ("hard problems, 2024-10-01 to 2025-02-01", "a part of the benchmark"),
    ],
)
def test_a_claim_without_a_clear_window_is_refused(
    coder: str, tmp_path: Path, subset: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert steelyard(audit(coder, tmp_path, 88.9, subset=subset)) == 3
    refused = RunFolder.open(tmp_path / "run").plan.not_planned
    assert why in refused[0].reason
    assert "\n" not in refused[0].reason
    assert not Coder.asked
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


def test_a_mirror_with_fewer_rows_is_a_part(coder: str, tmp_path: Path) -> None:
    mirror_of(tmp_path, sizes=(2, 2, 2, 2, 20))
    assert steelyard(audit(coder, tmp_path, 88.9)) == 3
    run = tmp_path / "run"
    assert "hold 28 of the 880 items" in RunFolder.open(run).plan.not_planned[0].reason
    assert steelyard(["verify", str(run)]) == 0
    shutil.rmtree(run)
    assert steelyard(audit(coder, tmp_path, 88.9, "--allow-part", "--limit", "3")) == 3
    (measurement,) = RunFolder.open(run).plan.measurements[:1]
    assert measurement.part == Part(of=880, same=28)
    assert steelyard(["verify", str(run)]) == 0


def finals_in(run: Path) -> set[tuple[str, int]]:
    return {(each.sample, each.repeat) for each, _ in read_lines(run) if isinstance(each, Attempt) and each.final}


def test_a_run_without_a_claim_asks_all_releases(coder: str, tmp_path: Path) -> None:
    mirror_of(tmp_path)
    run = tmp_path / "run"
    command = ["run", "livecodebench", "--limit", "2", "--model", coder, "--data", str(tmp_path), "--out", str(run)]
    assert steelyard(command) == 0
    (measurement,) = RunFolder.open(run).plan.measurements
    assert (measurement.window, measurement.population, measurement.part) == ("", 1055, None)
    assert steelyard(["verify", str(run)]) == 0
