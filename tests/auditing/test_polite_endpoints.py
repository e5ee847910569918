"""Endpoints that are right on every question and differ in how they say so: none is accused, by the real command."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from steelyard.cli import execute as steelyard
from testkit.fixtures import SumsServer
from testkit.said_answers import MARKED, PLAIN, SENTENCES

CAPITALS = {
    f"What is the capital of country {number}?": f"{first}{second}"
    for number, (first, second) in enumerate(
        itertools.product(("Ber", "Lon", "Ro", "Ma", "Lis", "Vien"), ("lin", "don", "me", "drid", "bon"))
    )
}


class PoliteServer(SumsServer):
    """Answers every capital rightly, each in the next of some dialects; ``finish`` is the finish reason."""

    def __init__(self, dialects: list[str], finish: str = "stop") -> None:
        super().__init__()
        self._dialects = itertools.cycle(dialects)
        self._finish = finish

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        answer = CAPITALS.get(prompt.partition("\n")[0])
        text = "5" if answer is None else next(self._dialects).format(answer)
        finish = "stop" if answer is None else self._finish
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        return web.json_response({"id": "x", "model": "sums", "choices": [choice], "usage": usage})


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "capitals.jsonl"
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in CAPITALS.items()))
    return path


def audited(
    server: SumsServer, questions: Path, folder: Path, *more: str, decoding: str = ""
) -> tuple[int, dict[str, Any]]:
    sheet = folder / "sheet.yaml"
    stated = f"    protocol: {{decoding: {decoding}}}\n" if decoding else ""
    sheet.write_text(f"model: sums\nclaims:\n  - task: capitals\n    value: 100.0\n    metric: accuracy\n{stated}")
    out = folder / "run"
    code = steelyard(
        [
            "audit",
            str(sheet),
            "--task",
            str(questions),
            "--model",
            f"openai:sums@{server.url}",
            "--out",
            str(out),
            *more,
        ]
    )
    return code, json.loads((out / "report.json").read_text())


@pytest.fixture
def polite(request: pytest.FixtureRequest) -> Iterator[SumsServer]:
    with PoliteServer(*request.param) as server:
        yield server


TEN = ["The answer is: {}.", "**{}**", "{} (approx.)"] * 10
CUT = ["The capital that you ask for, and that I know well, is Ber"], "length"
LOOP = ["I must begin again, since I am not certain of it at all. " * 30], "length"
ALL = [*PLAIN.values(), *MARKED.values(), *SENTENCES.values()]


@pytest.mark.parametrize("polite", [(TEN,), (ALL[:30],), (ALL[30:60],), (ALL[-30:],)], indirect=True)
def test_thirty_right_answers_are_scored_right_however_they_are_said(
    polite: SumsServer, questions: Path, tmp_path: Path
) -> None:
    code, report = audited(polite, questions, tmp_path)
    (claim,) = report["claims"]
    assert claim["verdict"] != "inconsistent"
    assert code != 1
    run = steelyard(["run", str(questions), "--model", f"openai:sums@{polite.url}", "--out", str(tmp_path / "again")])
    assert run == 0
    (measured,) = json.loads((tmp_path / "again/report.json").read_text())["measurements"]
    assert measured["right"] >= 29
    assert measured["missing"] == measured["unparsed"] == 0


@pytest.mark.parametrize(
    "polite", [(["The capital that you ask for, and that I know well, is Ber"], "length")], indirect=True
)
def test_answers_that_were_cut_off_accuse_nobody(polite: SumsServer, questions: Path, tmp_path: Path) -> None:
    code, report = audited(polite, questions, tmp_path)
    (claim,) = report["claims"]
    assert claim["verdict"] == "insufficient_power"
    assert claim["open"] == claim["asked"] > 0
    assert code == 3


@pytest.mark.parametrize("polite", [(["a filtered text"], "content_filter")], indirect=True)
def test_what_the_endpoints_filter_stopped_accuses_nobody(polite: SumsServer, questions: Path, tmp_path: Path) -> None:
    code, report = audited(polite, questions, tmp_path)
    assert report["claims"][0]["verdict"] == "insufficient_power"
    assert code == 3


@pytest.mark.parametrize(
    "polite", [(["I must begin again, since I am not certain of it at all. " * 30], "length")], indirect=True
)
@pytest.mark.parametrize(
    ("decoding", "found"), [("greedy", (3, "insufficient_power")), ("", (3, "insufficient_power"))]
)
def test_loops_that_our_limit_cuts_are_open(
    polite: SumsServer, questions: Path, tmp_path: Path, decoding: str, found: tuple[int, str]
) -> None:
    code, report = audited(polite, questions, tmp_path, decoding=decoding)
    assert (code, report["claims"][0]["verdict"]) == found


@pytest.mark.parametrize("polite", [(["**{}**"],)], indirect=True)
def test_a_scorer_that_the_user_chose_is_sealed_and_named(polite: SumsServer, questions: Path, tmp_path: Path) -> None:
    code, report = audited(polite, questions, tmp_path, "--scorer", "exact:strict")
    (claim,) = report["claims"]
    assert (code, claim["verdict"]) == (1, "inconsistent")
    assert any("exact[strict]@4, which the user chose" in difference for difference in claim["differences"])
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


def test_an_unknown_scorer_is_refused_before_anything_is_sent(
    sums_server: Any, questions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = f"openai:sums@{sums_server.url}"
    assert (
        steelyard(["run", str(questions), "--model", model, "--scorer", "exactly", "--out", str(tmp_path / "r")]) == 2
    )
    assert "no scorer is called 'exactly'" in capsys.readouterr().err
    assert not sums_server.asked
