"""What a gate on a judge's run needs of the run that was judged: the same one, whole, with its missing answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.api.calibration import draw_answers
from steelyard.api.judged_gate import gate_judged
from steelyard.cli import execute
from steelyard.errors import InputError
from testkit.judge_server import JudgeServer
from testkit.judged_runs import ONE, Talker, judged, suite_of


class Refusing(Talker):
    """A subject that adds, and refuses to add 5."""

    async def _chat(self, request: web.Request) -> web.Response:
        if "What is 5 +" in await request.text():
            return web.json_response({"error": {"message": "no"}}, status=400)
        return await super()._chat(request)


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeServer]:
    monkeypatch.chdir(tmp_path)
    with JudgeServer() as server:
        yield server


def asked(folder: Path, judge: JudgeServer, *more: str) -> list[Path]:
    """A judge's run over 30 right answers, of 31 where all are asked, and the labels of all."""
    with Refusing(lambda a, b: str(a + b)) as server:
        suite_of(folder, server.url, judge.url, count=31, rubric=ONE)
        execute(["run", "./sums", "--model", f"openai:sums@{server.url}", "--out", "r", *more])
    execute(judged(folder / "r", judge, "--attacks", "0", "--checks", "0"))
    draw_answers(folder / "rj", folder / "drawn.jsonl", 31)
    rows = [json.loads(line) for line in (folder / "drawn.jsonl").read_text().splitlines()]
    labels = folder / "labels.jsonl"
    labels.write_text("".join(json.dumps({"id": row["id"], "label": "yes"}) + "\n" for row in rows))
    return [labels]


def test_an_answer_that_never_came_counts_both_ways(tmp_path: Path, judge: JudgeServer) -> None:
    files = asked(tmp_path, judge)
    found = gate_judged(tmp_path / "rj", "0.9", files)
    gate = found.results[0].gate
    assert gate is not None
    assert gate.people is not None
    assert (gate.missing, gate.ci, gate.people.judge) == (1, (30 / 31, 1.0), (30 / 31, 1.0))
    assert (found.verdict, found.exit) == ("consistent", 4)
    assert gate_judged(tmp_path / "rj", "1", files).results[0].word == "insufficient_power"


def test_a_part_of_the_suite_is_no_suite(tmp_path: Path, judge: JudgeServer) -> None:
    files = asked(tmp_path, judge, "--limit", "25")
    with pytest.raises(InputError, match="asked 25 of the 31 answers of sums: measure the whole suite"):
        gate_judged(tmp_path / "rj", "0.9", files)
    (tmp_path / "r").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="name it with --run"):
        gate_judged(tmp_path / "rj", "0.9", files)
    with pytest.raises(InputError, match="is no run of a judge"):
        gate_judged(tmp_path / "elsewhere", "0.9", files)
