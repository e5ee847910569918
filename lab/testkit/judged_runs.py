"""A run over a suite whose answers wait for a judge, and the command that judges it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from steelyard.cli import execute
from steelyard.records import Judging
from testkit.fixtures import SUM, SumsServer
from testkit.judge_server import JudgeServer

RUBRIC = 'criteria:\n  - {id: right, text: "The sum is right."}\n  - {id: short, text: "It is short."}\n'


ONE = 'criteria:\n  - {id: right, text: "The sum is right."}\n'


class Talker(SumsServer):
    """A subject whose answer ``says`` makes from the two numbers."""

    def __init__(self, says: Callable[[int, int], str]) -> None:
        super().__init__()
        self.says = says

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        found = SUM.search(prompt)
        text = self.says(int(found[1]), int(found[2])) if found else "Hello!"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice]})


def suite_of(folder: Path, *endpoints: str, count: int = 40, rubric: str = RUBRIC) -> Path:
    suite = folder / "sums"
    (suite / "graders").mkdir(parents=True)
    (suite / "graders" / "right.yaml").write_text(rubric)
    (suite / "suite.yaml").write_text(
        f"suite: sums\nendpoints: {json.dumps(endpoints)}\nscorer: {{name: judged, rubric: graders/right.yaml}}\n"
    )
    items = ({"id": f"i{a}", "question": f"What is {a} + 3?"} for a in range(count))
    (suite / "samples.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    return suite


def run_of(server: SumsServer, judge: JudgeServer, folder: Path, out: str = "r", **suite: Any) -> Path:
    if not (folder / "sums").exists():
        suite_of(folder, server.url, judge.url, **suite)
    assert execute(["run", "./sums", "--model", f"openai:sums@{server.url}", "--out", out]) == 3  # all are open
    return folder / out


def judging_in(run: Path) -> Judging:
    return msgspec.convert(json.loads((run / "report.json").read_text())["judging"], Judging)


def judged(run: Path, judge: JudgeServer, *more: str) -> list[str]:
    return ["judge", str(run), "--model", f"judge=openai:judge@{judge.url}", "--out", "rj", *more]
