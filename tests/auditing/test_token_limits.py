"""An endpoint that refuses the limit of tokens of one row: the others are decided, and the row says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.cli import execute as steelyard
from testkit.fixtures import SumsServer

REFUSALS = {
    "DeepSeek": ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", "--output-tokens 8192"),
    "vLLM": (
        "This model's maximum context length is 8192 tokens. However, you requested 16500 tokens (116 in the messages, "
        "16384 in the completion). Please reduce the length of the messages or completion.",
        "--output-tokens 5888",
    ),
}


class StrictServer(SumsServer):
    """Answers every question with its number, and refuses the limit of those about rivers."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self._said = said

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        if "river" in prompt:
            error = {"message": self._said, "type": "invalid_request_error"}
            return web.json_response({"error": error}, status=400)
        number = prompt.partition("number ")[2].partition("?")[0] or "5"
        choice = {"index": 0, "message": {"role": "assistant", "content": f"A{number}"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        return web.json_response({"id": "x", "model": "sums", "choices": [choice], "usage": usage})


def questions(folder: Path, thing: str, count: int) -> Path:
    path = folder / f"{thing}s.jsonl"
    rows = ({"question": f"What is {thing} number {number}?", "answer": f"A{number}"} for number in range(count))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def audited(server: SumsServer, folder: Path, things: dict[str, int], capsys: pytest.CaptureFixture[str]) -> str:
    sheet, out = folder / "sheet.yaml", folder / "run"
    rows = "".join(
        f"  - task: {thing}s\n    value: 100.0\n    metric: accuracy\n    protocol: {{decoding: greedy}}\n"
        for thing in things
    )
    sheet.write_text(f"model: sums\nclaims:\n{rows}")
    files = [part for thing, count in things.items() for part in ("--task", str(questions(folder, thing, count)))]
    command = ["audit", str(sheet), *files, "--model", f"openai:sums@{server.url}", "--out", str(out)]
    assert steelyard(command) == 4
    said = capsys.readouterr()
    return " ".join(f"{said.out} {said.err}".split())


@pytest.mark.parametrize(("said", "advice"), REFUSALS.values(), ids=list(REFUSALS))
def test_the_other_rows_are_decided(said: str, advice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StrictServer(said) as server:
        printed = audited(server, tmp_path, {"city": 300, "river": 60}, capsys)
    assert advice in printed
    report = json.loads((tmp_path / "run/report.json").read_text())
    cities, rivers = report["claims"]
    assert (cities["verdict"], rivers["verdict"]) == ("consistent", "not_tested")
    assert "refused by the endpoint" in rivers["reason"]
    assert rivers["reason"].endswith(advice)
    assert steelyard(["verify", str(tmp_path / "run")]) in (0, 3)


def test_a_row_of_few_questions_says_so_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, advice = REFUSALS["DeepSeek"]
    with StrictServer(said) as server:
        audited(server, tmp_path, {"city": 60, "river": 9}, capsys)
    _, rivers = json.loads((tmp_path / "run/report.json").read_text())["claims"]
    assert rivers["verdict"] == "not_tested"
    assert rivers["reason"].endswith(advice)


def test_a_row_alone_is_not_sealed_and_no_resume_is_advised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, advice = REFUSALS["DeepSeek"]
    with StrictServer(said) as server:
        printed = audited(server, tmp_path, {"river": 60}, capsys)
    assert f"); start again with {advice}" in printed
    assert "steelyard resume" not in printed
    assert not (tmp_path / "run/report.json").exists()


def test_another_refusal_still_waits_for_a_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StrictServer("rivers are not served today") as server:
        printed = audited(server, tmp_path, {"city": 300, "river": 60}, capsys)
    assert "when that is fixed, go on with: steelyard resume" in printed
    assert not (tmp_path / "run/report.json").exists()
