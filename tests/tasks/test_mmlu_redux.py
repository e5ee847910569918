"""MMLU-Redux on made-up rows in the layout of ZeroEval's data set: its message, and how it reads answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import Claim, GenerateRequest, ModelOutput, Outcome, Protocol, Sample
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task
from steelyard.tasks.task import Samples

ROWS = [
    {
        "id": f"made_up_{n}",
        "question": f"Which number is {n}? {{{{ not a template }}}}",
        "choices": [str(n + each - n % 4) for each in range(4)],
        "correct_answer": str(n),
        "source": "made up",
        "config": "sums",
        "task_type": "qa",
    }
    for n in range(24)
]


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    file = tmp_path / "WildEval/ZeroEval/mmlu-redux/test.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    return load_task("mmlu-redux").prepare("zero_eval", tmp_path)


def zero_eval_asks(row: dict[str, Any]) -> str:
    """The message of ZeroEval's template MCQA, written by hand from its source."""
    choices = "".join(f"- ({'ABCD'[place]}) {choice}\n" for place, choice in enumerate(row["choices"]))
    return (
        f"\n## Question: \n\n{row['question']}\n\n## Choices:\n\n{choices}\n\n## Instruction \n\n"
        "Please answer this question by first reasoning and then selecting the correct choice. \n"
        "Present your reasoning and solution in the following json format. \n"
        'Please show your choice in the `answer` field with only the choice letter, e.g.,`"answer": "C"`.\n\n'
        '```json\n{\n    "reasoning": "___",\n    "answer": "___"\n}\n```\n'
    )


def zero_eval_counts(text: str, letter: str) -> bool:
    """Whether ZeroEval's mcqa_eval counts an answer: the first JSON object's field, else what stands after the word."""
    found = re.search(r"\{.*?\}", text, re.DOTALL)
    try:
        said = str(json.loads(found[0].replace("\n", ""))["answer"]) if found else ""
    except (ValueError, KeyError):
        quoted = re.search(r'"answer"\s*:\s*"([^"]*?)"', text)
        said = quoted[1] if quoted else ""
    return said == letter or f"{letter})" in said


def test_the_message_is_zero_evals(samples: Samples) -> None:
    assert len(samples) == 24
    for sample, row in zip(samples, ROWS, strict=True):
        assert isinstance(sample.request, GenerateRequest)
        assert sample.request.prefix + sample.request.prompt == zero_eval_asks(row)
        assert sample.request.chat
        assert sample.target_text == row["correct_answer"]


FORMS = (
    '```json\n{{\n    "reasoning": "It is plain.",\n    "answer": "{0}"\n}}\n```',
    '{{"reasoning": "Between A and B.", "answer": "{0}"}}',
    '{{"reasoning": "one\ntwo", "answer": "{0}"}}',
    '{{"answer": "{0}"}}',
)


@pytest.mark.parametrize("form", FORMS)
def test_answers_are_read_as_there(samples: Samples, form: str) -> None:
    scorer = open_scorer(load_task("mmlu_redux").scorer)
    for sample in samples:
        right = "ABCD"[int(sample.target)]
        for letter in "ABCD":
            text = form.format(letter)
            assert zero_eval_counts(text, right) is (letter == right)
            assert read(sample, text) == (letter == right), (scorer.identifier, text)


def read(sample: Sample, text: str) -> float | None:
    scorer = open_scorer(load_task("mmlu_redux").scorer)
    return scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "several sets of this name"),
        ({"variant": "2.0"}, "57 subjects"),
        ({"protocol": Protocol(prompt="Zero-Eval prompt format")}, ""),
        ({"protocol": Protocol(prompt="zero_eval")}, ""),
    ],
)
def test_a_claim_names_the_set_that_it_means(changes: dict[str, Any], why: str) -> None:
    refused = load_task("mmlu-redux").protocol_for(Claim(task="MMLU-Redux", value="89.1", **changes)).refused
    assert (why in refused) if why else not refused
