"""BFCL on made-up questions in version 3's files: messages and scores beside the reference's, claims, and a run."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.records import Claim, GenerateRequest, ModelOutput, Outcome, Protocol
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task, resolve
from steelyard.tasks.loaders import DataMissing
from steelyard.tasks.protocol import choose_protocol
from steelyard.tasks.requested import RequestedProtocol
from testkit.fixtures import SumsServer

# 25 made-up questions with 380 answers to them, and what bfcl-eval 2025.6.16 (version 3) makes of both: the messages of
# system_prompt_pre_processing_chat_model (of the system message the SHA-256), and of each answer whether ast_checker,
# or the check of irrelevance, takes it for right (2026-11-28).
FIXTURE: dict[str, Any] = json.loads((Path(__file__).parent / "bfcl_by_reference.json").read_text())
CATEGORIES = ("simple", "multiple", "parallel", "parallel_multiple", "irrelevance")
HUB = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / HUB
    (folder / "possible_answer").mkdir(parents=True)
    for category in CATEGORIES:
        write(folder / f"BFCL_v3_{category}.json", FIXTURE["questions"][category])
        if category != "irrelevance":
            write(folder / "possible_answer" / f"BFCL_v3_{category}.json", FIXTURE["answers"][category])
    return tmp_path / "data"


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def test_messages_are_the_references(mirror: Path) -> None:
    samples = load_task("BFCL v3").prepare("prompting", mirror)
    assert len(samples) == len(FIXTURE["prompts"]) == 25
    for sample, (_, system, user) in zip(samples, FIXTURE["prompts"], strict=True):
        assert isinstance(sample.request, GenerateRequest)
        assert (sha256(sample.request.system.encode()).hexdigest(), sample.request.prompt) == (system, user)
    first = samples[0].request
    assert isinstance(first, GenerateRequest)
    assert first.system == FIXTURE["system"]


def test_scores_are_the_references(mirror: Path) -> None:
    task = load_task("bfcl")
    scorer, samples = open_scorer(task.scorer), task.prepare("prompting", mirror)
    by_id = {row: sample for (row, _, _), sample in zip(FIXTURE["prompts"], samples, strict=True)}
    seen = Counter[tuple[bool, float | None]]()
    for row, text, is_right in FIXTURE["outputs"]:
        score = scorer.score(by_id[row], ModelOutput(outcome=Outcome.OK, text=text))
        assert score.value == is_right, (row, text, score)
        seen[is_right, score.value] += 1
    assert set(seen) == {(True, 1.0), (False, 0.0)}


def test_samples_are_grouped_by_their_category(mirror: Path) -> None:
    samples = load_task("bfcl").prepare("prompting", mirror)
    assert samples[5].id == "bfcl/non_live_multiple/0"
    assert Counter(each.group for each in samples) == dict.fromkeys(
        [f"non_live_{each}" for each in ("simple_python", *CATEGORIES[1:])], 5
    )
    (only, *rest) = load_task("bfcl").prepare("prompting", mirror, window="non_live_parallel_multiple")
    assert only.id == "bfcl/non_live_parallel_multiple/0"
    assert len(rest) == 4


@pytest.mark.parametrize(
    ("stated", "window"),
    [
        ("non-live parallel multiple (prompt)", "non_live_parallel_multiple"),
        ("Non-Live Multiple AST (Prompt)", "non_live_multiple"),
        ("parallel, non-live; prompting", "non_live_parallel"),
        ("Python simple (prompting)", "non_live_simple_python"),
        ("irrelevance detection, non-live, prompt", "non_live_irrelevance"),
    ],
)
def test_a_claim_on_a_category_is_asked(stated: str, window: str) -> None:
    part = stated.partition("(")[0]
    for requested in (
        RequestedProtocol(task="BFCL v3", variant=stated),
        RequestedProtocol.of_claim(Claim(task=f"BFCL v3 {stated}", value="80", protocol=Protocol(prompt="prompting"))),
        RequestedProtocol.of_claim(Claim(task="BFCL v3", value="80", protocol=Protocol(prompt=f"Prompting, {part}"))),
    ):
        chosen = choose_protocol(load_task("bfcl").definition, requested)
        assert (chosen.refused, chosen.window) == ("", window)
        assert not chosen.confirms_only


@pytest.mark.parametrize(
    ("variant", "prompt", "why"),
    [
        ("", "", "is asked in version 3|from prompting or from|claimed by its subsets"),
        ("non-live multiple", "", "Prompting can be asked"),
        ("non-live multiple (FC)", "prompting", "the model's own interface for tools"),
        ("multi turn", "prompting", "holds a conversation"),
        ("live multiple", "prompting", "a live category, is not"),
        ("overall", "prompting", "a mean over others too"),
        ("simple", "prompting", "names none of its subsets"),
        ("non-live parallel, non-live multiple", "prompting", "names 2 of its subsets"),
        ("v2 non-live multiple", "prompting", "versions 1 and 2 differ"),
        ("simple java", "prompting", "in another language"),
    ],
)
def test_other_claims_are_refused_and_say_why(variant: str, prompt: str, why: str) -> None:
    assert resolve("BFCL v3") == "bfcl"
    asked = RequestedProtocol(task="BFCL v3", variant=variant, prompt=prompt)
    refused = choose_protocol(load_task("bfcl").definition, asked).refused
    assert any(each in refused for each in why.split("|")), refused


def test_answers_of_other_questions_are_refused(mirror: Path) -> None:
    folder = mirror / HUB / "possible_answer"
    write(folder / "BFCL_v3_multiple.json", FIXTURE["answers"]["multiple"][::-1])
    with pytest.raises(InputError, match="differ in their id"):
        list(load_task("bfcl").prepare("prompting", mirror))
    write(folder / "BFCL_v3_multiple.json", FIXTURE["answers"]["multiple"][:4])
    with pytest.raises(InputError, match=r"BFCL_v3_multiple\.json.* 4 right answers for 5 questions"):
        load_task("bfcl").prepare("prompting", mirror)
    (folder / "BFCL_v3_multiple.json").unlink()
    with pytest.raises(DataMissing, match=r"possible_answer/BFCL_v3_multiple\.json"):
        load_task("bfcl").prepare("prompting", mirror)


class CallServer(SumsServer):
    """Calls the function that its system message describes, with the number of the question; some of them wrongly."""

    def __init__(self, wrong: int, form: str = "{}") -> None:
        super().__init__()
        self.wrong = wrong  # of ten questions
        self.form = form

    async def _chat(self, request: web.Request) -> web.Response:
        messages = json.loads(await request.text())["messages"]
        number = re.search(r"lamp (\d+)", messages[-1]["content"])
        text = "Hello."
        if number and "'name': 'shop.light'" in messages[0]["content"]:
            place = int(number[1])
            calls = f"[shop.light(lamp={place + (place * 7 % 10 < self.wrong)}, colour='Dark red')]"
            text = self.form.format(calls)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice]})


def made_up(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    lamp = {"lamp": {"type": "integer", "description": "Which."}, "colour": {"type": "string", "description": "Its."}}
    named = {
        name: {
            "name": name,
            "description": "Switches.",
            "parameters": {"type": "dict", "properties": lamp, "required": []},
        }
        for name in ("shop.dim", "shop.light")
    }
    asked = [[{"role": "user", "content": f"Light lamp {number} in dark red."}]]
    right = [{"shop.light": {"lamp": [number], "colour": ["dark-red", ""]}}]
    name = f"multiple_{number}"
    return {"id": name, "question": asked, "function": list(named.values())}, {"id": name, "ground_truth": right}


@pytest.mark.parametrize(
    ("wrong", "form", "verdict"),
    [
        (2, "{}", "consistent"),
        (4, "{}", "inconsistent"),
        (2, "```python\n{}\n```", "insufficient_power"),  # right for some of the reference's models
        (2, "```tool_code\n{}\n```", "insufficient_power"),
        (4, "```tool_code\n{}\n```", "inconsistent"),  # for none of them
    ],
)
def test_a_claim_is_tested(
    wrong: int,
    form: str,
    verdict: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data" / HUB
    (folder / "possible_answer").mkdir(parents=True)
    rows = [made_up(number) for number in range(200)]
    write(folder / "BFCL_v3_multiple.json", [row for row, _ in rows])
    write(folder / "possible_answer" / "BFCL_v3_multiple.json", [answer for _, answer in rows])
    (tmp_path / "claims.yaml").write_text(
        "model: sums\nclaims:\n  - {task: BFCL v3, value: 80.0, variant: non-live multiple, "
        "protocol: {prompt: prompting, decoding: greedy}}\n"
    )
    with CallServer(wrong, form) as server:
        command = ["audit", "claims.yaml", "--model", f"openai:sums@{server.url}", "--data", "data", "--out", "r"]
        code = execute([*command, "--tolerance", "5"])
    report = json.loads((tmp_path / "r" / "report.json").read_bytes())
    assert [each["verdict"] for each in report["claims"]] == [verdict], report["claims"]
    assert code == {"consistent": 0, "inconsistent": 1}.get(verdict, 3)
    assert execute(["verify", "r"]) == 0
    shutil.rmtree(tmp_path / "data")
    capsys.readouterr()
    assert execute(["verify", "r"]) == 0  # what a stranger has
    assert f"verdict recomputed: {verdict.replace('_', ' ')}" in capsys.readouterr().out
