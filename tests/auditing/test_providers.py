"""Each provider's dialect by the real commands on loopback: conversations, images, reasoning, a kill, and the key."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.records import Attempt, Outcome
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from testkit import dialects
from testkit.dialects import KEY, KINDS
from testkit.vision_server import picture, write_task

Sums = tuple[Path, float]
SOON = ("--tolerance", "10")  # so that an honest claim is decided after few answers
BACKENDS = {
    "anthropic": "Anthropic Messages",
    "openai-responses": "OpenAI Responses",
    "gemini": "Gemini generateContent",
    "azure": "Azure OpenAI",
}
VARIABLES = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai-responses": "OPENAI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "azure": "AZURE_OPENAI_API_KEY",
}
BASES = {
    "anthropic": "ANTHROPIC_BASE_URL",
    "openai-responses": "OPENAI_BASE_URL",
    "gemini": "GOOGLE_GEMINI_BASE_URL",
    "azure": "AZURE_OPENAI_ENDPOINT",
}


def attempts(run: Path) -> list[Attempt]:
    return [record for record, _ in read_lines(run) if isinstance(record, Attempt)]


def reported(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return document


# Every kind is audited from end to end once in the fast run; what follows from its answers is the same code for all.
ONE = [KINDS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in KINDS[1:])]


def audited(kind: str, server: Any, questions: Path, run: Path, value: float, *more: str) -> int:
    sheet = run.parent / "sheet.yaml"
    sheet.write_text(f'model: adder\nvendor: tests\nclaims:\n  - {{task: sums, value: "{value:.1f}"}}\n')
    command = ["audit", str(sheet), "--model", dialects.uri(kind, server), "--task", str(questions), "--out", str(run)]
    return steelyard([*command, *more])


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_claim_is_consistent_and_verifies(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    questions, truth = sums_file
    run = tmp_path / "run"
    with dialects.sums(kind) as server:
        assert audited(kind, server, questions, run, 100 * truth, *SOON) == 0
    identity = RunFolder.open(run).plan.subject.identity
    assert (identity.backend, identity.uri) == (BACKENDS[kind], f"{kind}:sums@{server.url}")
    assert identity.details == {"listed": "unknown" if kind == "azure" else "yes", "answers_as": "sums"}
    assert [claim["verdict"] for claim in reported(run)["claims"]] == ["consistent"]
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", ONE)
def test_a_claim_that_is_too_high_is_inconsistent(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    with dialects.sums(kind) as server:
        assert audited(kind, server, sums_file[0], tmp_path / "run", 97) == 1
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_needs_log_likelihoods_is_not_testable_and_says_why(kind: str, tmp_path: Path, shared: Path) -> None:
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("model: sums\nclaims:\n  - {task: hellaswag, value: 60, protocol: {prompt: completion}}\n")
    with dialects.sums(kind) as server:
        command = ["audit", str(sheet), "--model", dialects.uri(kind, server), "--data", str(shared / "data")]
        steelyard([*command, "--out", str(tmp_path / "run"), "--limit", "2"])
    claim = reported(tmp_path / "run")["claims"][0]
    assert claim["verdict"] == "not_testable"
    assert ("it has no /completions" if kind == "azure" else "this API gives no log-likelihoods") in json.dumps(claim)


@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_of_an_image_arrives(kind: str, tmp_path: Path) -> None:
    count = 12
    task, run = write_task(tmp_path / "task", count), tmp_path / "run"
    with dialects.seeing(kind) as server:
        assert steelyard(["run", str(task), "--model", dialects.uri(kind, server), "--out", str(run)]) == 0
    assert Counter(server.got) == Counter(picture(number * 1000) for number in range(1, count + 1))
    values = [json.loads(line)["value"] for line in (run / "scores.jsonl").read_text().splitlines()]
    assert count > sum(values) > count // 2
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["hidden", pytest.param("field", marks=pytest.mark.slow)])
def test_reasoning_gets_room_and_is_journalled(kind: str, where: str, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with dialects.reasoning(kind, where) as server:
        assert audited(kind, server, sums_file[0], run, 98, *SOON) == 0
    plan = RunFolder.open(run).plan
    assert (plan.subject.capabilities.reasons, plan.measurements[0].output_budget) == (True, 16_384)
    made = attempts(run)
    assert all(each.outcome is Outcome.OK for each in made)
    assert {bool(each.reasoning_tokens) for each in made} == {where == "hidden"}
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", ONE)
def test_a_kill_is_mended_where_it_was_begun_and_nothing_is_asked_twice(
    kind: str, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with dialects.sums(kind) as server:
        server.seconds = lambda wrong: 0.1
        command = [sys.executable, "-m", "steelyard", "run", str(sums_file[0]), "--model", dialects.uri(kind, server)]
        process = subprocess.Popen(
            [*command, "--limit", "60", "--concurrency", "4", "--out", str(run)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while sum(" + " in prompt for prompt in server.asked) < 9 and process.poll() is None:
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        finished = {each.sample for each in attempts(run)}
        before = Counter(server.asked)
        server.seconds = lambda wrong: 0.0
        elsewhere = f"{kind}:sums@http://127.0.0.1:9/v1"
        assert steelyard(["resume", str(run), "--model", elsewhere]) == 2
        assert "http://127.0.0.1:9" in capsys.readouterr().err
        assert steelyard(["resume", str(run)]) == 0
    again = Counter(server.asked) - before
    assert sum(times for prompt, times in again.items() if " + " in prompt) == 60 - len(finished)
    made = attempts(run)
    assert len(made) == len({each.sample for each in made}) == 60
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_goes_in_its_header_to_the_named_address_and_nowhere_else(
    kind: str, sums_file: Sums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    monkeypatch.setenv(VARIABLES[kind], KEY)
    with dialects.sums(kind) as server:
        server.key = KEY
        server.error = {"message": f"no, {KEY}"}
        server.status = lambda prompt, times: 500 if times == 1 and " + " in prompt else 200
        refused = ["run", str(sums_file[0]), "--model", dialects.uri(kind, server), "--out", str(run), "--limit", "4"]
        assert steelyard(refused) != 0  # the vendor's own key is for the vendor's own address
        assert VARIABLES[kind] in capfd.readouterr().err
        monkeypatch.setenv(BASES[kind], server.url)
        named = ["run", str(sums_file[0]), "--model", f"{kind}:sums", "--out", str(run), "--limit", "4"]
        assert steelyard(named) == 0
    said = capfd.readouterr()
    assert KEY not in said.out + said.err
    for path in run.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    assert any(each.detail == "HTTP 500: no, [key]" for each in attempts(run))
    assert RunFolder.open(run).plan.subject.identity.uri == f"{kind}:sums@{server.url}"
