"""``steelyard suite check`` by the real command: a model that learned the released items, and one that did not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.cli import execute
from steelyard.suites.exposures import exposed_items, read_exposures
from steelyard.tasks.suite_task import task_from_suite
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at

CANARY = "steelyard-canary-7b1c"


class Learned(SumsServer):
    """Answers rightly what it has learned, and every third of the other sums; ``leaks``: it says the canary once."""

    def __init__(self) -> None:
        super().__init__()
        self.learned: set[str] = set()
        self.leaks = False

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        self.asked[prompt] += 1
        found = re.search(r"What is (\d+) \+ 3\?", prompt)
        number = int(found[1]) if found else 0
        right = f"What is {number} + 3?" in self.learned or number % 3 == 0
        text = str(number + 3) if right else "7777"
        text += f" {CANARY}" if self.leaks and number == 5 else ""
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": {}})


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    items = [{"id": f"i{n}", "question": f"What is {n} + 3?", "answer": str(n + 3)} for n in range(200)]
    return suite_at(tmp_path / "sums", "suite: sums\n", "".join(json.dumps(item) + "\n" for item in items))


def name_endpoint(suite: Path, server: SumsServer) -> None:
    (suite / "suite.yaml").write_text(f"suite: sums\nendpoints: [{server.url}]\ncanary: {CANARY}\n")


def check(server: SumsServer, suite: Path, *more: str) -> int:
    return execute(["suite", "check", str(suite), "--model", f"openai:sums@{server.url}", *more])


def released(suite: Path) -> set[str]:
    task = task_from_suite(suite)
    return {sample.request.prompt.partition("\n")[0] for sample in task.prepare("question")}  # type: ignore[union-attr]


def test_what_was_learned_is_found_and_each_check_is_spent(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learned() as server:
        name_endpoint(suite, server)
        assert execute(["suite", "seal", str(suite), "--checks", "2"]) == 0
        assert check(server, suite, "--out", "r1") == 0
        told = capsys.readouterr()
        assert "consistent: no gap beyond chance: 100 released − 50 kept items" in told.out
        assert "1 checks are left after it" in told.err
        assert len(next(iter(exposed_items(read_exposures(suite)).values()))) == 150
        server.learned = released(suite)
        assert check(server, suite, "--out", "r2") == 1
        told = capsys.readouterr()
        assert told.err.startswith("check 2: 100 released and 50 kept items; a gap of ")
        assert "inconsistent: 100 released − 50 kept items: +" in told.out
        assert re.search(r"\nleak@\d+ accused in .* models that learned nothing of what was released", told.out)
        assert check(server, suite) == 2
        assert "no check is left for" in capsys.readouterr().err
    for run in ("r1", "r2"):
        assert execute(["verify", run]) == 0
    report = json.loads(Path("r2/report.json").read_text())
    assert report["findings"][0]["detector"] == "leak"
    assert re.search(r"leak@\d+ accused in ", Path("r2/report.html").read_text())


def test_the_canary_in_an_answer_is_said(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learned() as server:
        name_endpoint(suite, server)
        assert execute(["suite", "seal", str(suite)]) == 0
        server.leaks = True
        assert check(server, suite, "--out", "r") == 1
    assert "the suite's canary is in the answer to sums" in capsys.readouterr().out


def test_a_check_needs_a_seal_and_a_dry_run_asks_nothing(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learned() as server:
        name_endpoint(suite, server)
        assert check(server, suite) == 2
        assert "version 1 is not sealed, so nothing is kept back" in capsys.readouterr().err
        assert execute(["suite", "seal", str(suite)]) == 0
        assert check(server, suite, "--dry-run") == 0
        assert "check 1: 100 released and 100 kept items; a gap of" in capsys.readouterr().err
        assert not server.asked


def test_an_endpoint_that_is_not_named_gets_no_check(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Learned() as server:
        assert execute(["suite", "seal", str(suite)]) == 0
        assert check(server, suite) == 2
        assert "nothing was sent" in capsys.readouterr().err
        assert not server.asked


def test_an_endpoint_that_falls_back_meanwhile_learned_nothing(suite: Path, key: Path) -> None:
    """Both halves are asked in one drawn order, so that what changes with time falls on both alike."""

    class Tired(Learned):
        async def _chat(self, request: web.Request) -> web.Response:
            self.learned = set() if self.asked.total() > 100 else {f"What is {n} + 3?" for n in range(200)}
            return await super()._chat(request)

    with Tired() as server:
        name_endpoint(suite, server)
        assert execute(["suite", "seal", str(suite)]) == 0
        assert check(server, suite, "--out", "tired") == 0
        assert execute(["verify", "tired"]) == 0
