"""HumanEval and MBPP on their real data: right answers pass, broken ones fail, through task and scorer as in a run."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import Claim, GenerateRequest, ModelOutput, Outcome, Protocol, Sample, Score
from steelyard.scorers import open_identifier, open_scorer
from steelyard.tasks import load_task, resolve
from steelyard.tasks.task import Samples

FILES = {
    "humaneval": "openai/openai_humaneval/openai_humaneval/test.jsonl",
    "mbpp": "google-research-datasets/mbpp/full/test.jsonl",
}
SOLUTION = {"humaneval": "canonical_solution", "mbpp": "code"}
# A few problems in the usual run, and those that are special: helpers of the prompt in the tests (32, 38, 50),
# the program's own classes (MBPP 356), a program that is called like a builtin (115).
FEW = {"humaneval": {*range(0, 164, 20), 32, 38, 50}, "mbpp": {*range(0, 500, 60), 115, 356}}


def rows_of(task: str, shared: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared / "data" / FILES[task]).read_text().splitlines()]


def samples_of(task: str, shared: Path, prompt_format: str = "") -> Samples:
    loaded = load_task(task)
    return loaded.prepare(prompt_format or loaded.default_prompt, shared / "data")


def score_all(task: str, shared: Path, prompt_format: str, answers: dict[int, str]) -> dict[int, Score]:
    scorer = open_scorer(load_task(task).scorer_for(prompt_format))
    if reason := getattr(scorer, "unavailable_reason", str)():
        pytest.skip(reason)
    samples = samples_of(task, shared, prompt_format)

    def score(number: int) -> Score:
        return scorer.score(samples[number], ModelOutput(outcome=Outcome.OK, text=answers[number]))

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(answers, pool.map(score, answers), strict=True))


def names_of(task: str, row: dict[str, Any]) -> list[str]:
    return [row["entry_point"]] if task == "humaneval" else re.findall(r"^(?:def|class)[ \t]+(\w+)", row["code"], re.M)


def empty(task: str, row: dict[str, Any]) -> str:
    """An answer that has the right shape and gives nothing back."""
    if task == "humaneval":
        return "    pass\n"
    return "".join(f"def {name}(*arguments):\n    pass\n" for name in names_of(task, row))


def nearly(task: str, row: dict[str, Any]) -> str:
    """The right answer, but each value comes back in a list of one."""
    name = names_of(task, row)[-1]
    wrapped = f"\n{name} = (lambda right: lambda *arguments: [right(*arguments)])({name})\n"
    return str(row[SOLUTION[task]]) + wrapped


def assert_scores(task: str, shared: Path, numbers: set[int]) -> None:
    rows = rows_of(task, shared)
    prompt_format = load_task(task).default_prompt
    right = score_all(task, shared, prompt_format, {number: rows[number][SOLUTION[task]] for number in sorted(numbers)})
    assert {number: score for number, score in right.items() if score != Score(value=1.0)} == {}
    for broken in (empty, nearly):
        wrong = score_all(
            task, shared, prompt_format, {number: broken(task, rows[number]) for number in sorted(numbers)}
        )
        assert {number: score for number, score in wrong.items() if score.value or not score.parsed} == {}


@pytest.mark.parametrize("task", FILES)
def test_right_answers_pass_and_broken_ones_fail(task: str, shared: Path) -> None:
    assert_scores(task, shared, FEW[task])


@pytest.mark.slow
@pytest.mark.parametrize("task", FILES)
def test_all_right_answers_pass_and_all_broken_ones_fail(task: str, shared: Path) -> None:
    assert_scores(task, shared, set(range(len(rows_of(task, shared)))))


@pytest.mark.parametrize("task", FILES)
def test_chat_answers(task: str, shared: Path) -> None:
    rows = rows_of(task, shared)
    program = {
        number: rows[number]["prompt"] + rows[number][SOLUTION[task]] if task == "humaneval" else rows[number]["code"]
        for number in (0, 32, 38, 50, 115)
    }
    answers = {number: f"Here you are.\n\n```python\n{code}\n```\nIt works." for number, code in program.items()}
    assert set(score_all(task, shared, "chat", answers).values()) == {Score(value=1.0)}
    refusals = score_all(task, shared, "chat", {0: "I would rather not."})
    assert refusals == {0: Score(value=0.0, parsed=False, note="no code")}


@pytest.mark.parametrize(("task", "size"), [("humaneval", 164), ("mbpp", 500)])
def test_every_prompt_format_renders_whole(task: str, size: int, shared: Path) -> None:
    loaded = load_task(task)
    for prompt_format in loaded.prompts:
        samples = samples_of(task, shared, prompt_format)
        assert len(samples) == size
        scorer = open_scorer(loaded.scorer_for(prompt_format))
        assert open_identifier(scorer.identifier) == scorer
        assert isinstance(samples[size - 1], Sample)


def request(task: str, prompt_format: str, shared: Path) -> GenerateRequest:
    asked = samples_of(task, shared, prompt_format)[0].request
    assert isinstance(asked, GenerateRequest)
    return asked


def test_humaneval_prompts(shared: Path) -> None:
    asked = request("humaneval", "completion", shared)
    assert asked.prompt == rows_of("humaneval", shared)[0]["prompt"]
    assert (asked.prefix, asked.chat) == ("", False)
    assert asked.stop == ("\nclass", "\ndef", "\n#", "\nif", "\nprint", "\n```")
    chat = request("humaneval", "chat", shared)
    assert chat.chat
    assert chat.prompt.startswith(
        "Please provide a self-contained Python script that solves the following problem in a"
    )
    assert chat.prompt.endswith('    """\n```')


def test_a_completion_ends_at_a_code_fence(shared: Path) -> None:
    scorer = open_scorer(load_task("humaneval").scorer_for("completion"))
    if reason := getattr(scorer, "unavailable_reason", str)():
        pytest.skip(reason)
    body = rows_of("humaneval", shared)[0]["canonical_solution"].rstrip()
    output = ModelOutput(outcome=Outcome.OK, text=f"{body}\n```\nThis function looks at every pair.")
    sample = samples_of("humaneval", shared, "completion")[0]
    assert isinstance(sample, Sample)
    assert scorer.score(sample, output).value == 1


def test_mbpp_prompts(shared: Path) -> None:
    asked = request("mbpp", "few_shot", shared)
    assert asked.prefix.startswith(
        "You are an expert Python programmer, and here is your task: Write a function to find the similar elements "
        "from the given two tuple lists. Your code should pass these tests:\n\n"
        "assert similar_elements((3, 4, 5, 6),(5, 7, 4, 10)) == (4, 5)\n"
    )
    assert "[BEGIN]\ndef similar_elements(test_tup1, test_tup2):\n  res = tuple(" in asked.prefix
    assert asked.prefix.count("[BEGIN]\n") == asked.prefix.count("\n[DONE]\n\n") == 3
    assert asked.prefix.endswith("return largest_nums\n[DONE]\n\n")
    assert asked.prompt.endswith('assert remove_Occ("PHP","P") == "H"\n[BEGIN]\n')
    assert asked.stop == ("[DONE]",)
    assert request("mbpp", "chat", shared).prefix == ""


@pytest.mark.parametrize(
    ("task", "stated", "prompt_format"),
    [("HumanEval", "0-shot", "completion"), ("HumanEval", "instruct", "chat"), ("mbpp", "3-shot", "few_shot"),
     ("mbpp", "0-shot chat", "chat")],
)  # fmt: skip
def test_what_a_claim_means(task: str, stated: str, prompt_format: str) -> None:
    found = resolve(task)
    assert found is not None
    assert (
        load_task(found).protocol_for(Claim(task=task, value="50.0", protocol=Protocol(prompt=stated))).prompt
        == prompt_format
    )
