"""A fixed rule by the real command: right, wrong, open and missing answers, sealed and recomputed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.cli import execute
from steelyard.detectors.gate.rule import read_rule
from steelyard.errors import InputError
from testkit.fixtures import SumsServer

QUESTIONS = 10


class Answers(SumsServer):
    """Says the number of the question, but to some another one, nothing that can be read, or nothing at all."""

    wrong: frozenset[int] = frozenset()
    open: frozenset[int] = frozenset()
    missing: frozenset[int] = frozenset()

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        found = re.search(r"number ([0-9]+)", prompt)
        number = int(found[1]) if found else 5
        if number - 1000 in self.missing:
            return web.json_response({"error": {"message": "not this one"}}, status=400)
        text = str(number + (number - 1000 in self.wrong))
        reason = "length" if number - 1000 in self.open else "stop"
        message = {"role": "assistant", "content": "I think that" if reason == "length" else text}
        choice = {"index": 0, "finish_reason": reason, "message": message}
        return web.json_response({"id": "x", "model": "sums", "choices": [choice]})


@pytest.fixture
def server() -> Iterator[Answers]:
    with Answers() as started:
        yield started


def gate(server: Answers, folder: Path, *more: str) -> int:
    rows = [
        {"question": f"Which number is number {each + 1000}?", "answer": str(each + 1000)} for each in range(QUESTIONS)
    ]
    file = folder / "numbers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return execute(["gate", str(file), "--model", f"openai:sums@{server.url}", "--out", str(folder / "run"), *more])


@pytest.mark.parametrize(
    ("wrong", "is_open", "missing", "code", "colour"),
    [
        ({0}, {}, {}, 0, "green"),
        ({0, 1, 2}, {}, {}, 1, "red"),
        ({0}, {1}, {}, 0, "green"),
        ({0}, {1, 2}, {}, 1, "red"),  # an open answer is not right
        ({}, {}, {0, 1}, 0, "green"),  # a missing one neither: the others are enough
        ({0}, {}, {1, 2}, 4, "undecided"),
        ({0, 1, 2}, {}, {3}, 1, "red"),  # and if it were right, it would not be enough
    ],
)
def test_it_is_decided_by_these_answers_alone(
    server: Answers, tmp_path: Path, wrong: set[int], is_open: set[int], missing: set[int], code: int, colour: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    server.wrong, server.open, server.missing = frozenset(wrong), frozenset(is_open), frozenset(missing)
    assert gate(server, tmp_path, "--rule", "8 of 10") == code
    said = capsys.readouterr().out
    right = QUESTIONS - len(wrong) - len(is_open) - len(missing)
    assert said.startswith(f"{colour}: numbers ≥ 8 of 10: {right} right, about these questions only")
    assert re.findall(r"^pass: ", said, re.M) == ["pass: "] * right
    fails = re.findall(r"^fail: \S+ \((\w+)\)$", said, re.M)
    assert [fails.count(each) for each in ("wrong", "open", "missing")] == [len(wrong), len(is_open), len(missing)]
    assert execute(["verify", str(tmp_path / "run")]) == 0
    (found,) = json.loads((tmp_path / "run/report.json").read_text())["tests"]
    assert (found["p"], found["gate"]["ci"]) == (None, None)
    for language, words in (("en", "About these questions only."), ("de", "Nur über diese Fragen.")):
        summary = tmp_path / "summary.html"
        command = ["report", str(tmp_path / "run"), "--summary", str(summary), "--language", language]
        assert execute(command) == code
        assert words in summary.read_text()
    assert "about these questions only" in (tmp_path / "run/report.html").read_text()


def test_a_run_that_its_budget_ends_is_undecided(server: Answers, tmp_path: Path) -> None:
    assert gate(server, tmp_path, "--rule", "10 of 10", "--max-tokens", "100") == 3
    assert execute(["verify", str(tmp_path / "run")]) == 0


def test_a_changed_rule_does_not_verify(server: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.wrong = frozenset({0, 1, 2})
    assert gate(server, tmp_path, "--rule", "8 of 10") == 1
    for path in (tmp_path / "run").rglob("report.json"):
        path.write_text(path.read_text().replace("8 of 10", "7 of 10"))
    assert execute(["verify", str(tmp_path / "run")]) == 1


def test_a_suite_has_its_own_rule(server: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = tmp_path / "numbers"
    suite.mkdir()
    (suite / "suite.yaml").write_text(f"suite: numbers\nendpoints: ['{server.url}']\nrule: 3 of 3\n")
    items = [
        {"id": f"n{each}", "question": f"Which number is number {each + 1000}?", "answer": str(each + 1000)}
        for each in range(3)
    ]
    (suite / "samples.jsonl").write_text("".join(json.dumps(each) + "\n" for each in items))
    command = ["gate", str(suite), "--model", f"openai:sums@{server.url}", "--out", str(tmp_path / "run")]
    assert execute(command) == 0
    said = capsys.readouterr().out
    assert said.startswith("green: numbers ≥ 3 of 3: 3 right, about these questions only")
    assert sorted(re.findall(r"^pass: (\S+) \(right\)$", said, re.M)) == [f"numbers/row/{each}" for each in (1, 2, 3)]
    assert execute(["verify", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("text", ["", "18", "0 of 20", "21 of 20", "18/20", "18 of 20 ", "1e1 of 20", "99999 of 99999"])
def test_what_is_no_rule_is_one_line(text: str) -> None:
    with pytest.raises(InputError, match="as 18 of 20"):
        read_rule(text)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--rule", "8 of 12"), "numbers asks 10 questions"),
        (("--rule", "8 of 10", "--at-least", "0.8"), "give one of"),
        (("--rule", "80 %"), "as 18 of 20"),
        ((), "give one of"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(
    server: Answers, tmp_path: Path, more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(server, tmp_path, *more) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
