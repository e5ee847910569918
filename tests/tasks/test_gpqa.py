"""GPQA on rows of our own in the hub's shape: what is asked, beside OpenAI's simple-evals and lm-eval."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from steelyard.records import Claim, GenerateRequest, LoglikelihoodRequest, ModelOutput, Outcome, Protocol
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task

ROWS = [
    {
        "Question": f"Which of {number} is meant? ",
        "Correct Answer": f"the right one of {number} ",
        "Incorrect Answer 1": f"one more than {number}",
        "Incorrect Answer 2": f"one less than {number}",
        "Incorrect Answer 3": f"twice {number}",
        "Record ID": f"rec{number}",
    }
    for number in range(40)
]


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    for name in ("gpqa_diamond", "gpqa_main"):
        path = tmp_path / "Idavidrein" / "gpqa" / name / "train.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    return tmp_path


def test_the_message_is_that_of_simple_evals(mirror: Path) -> None:
    sample = load_task("gpqa-diamond").prepare("chat", mirror)[0]
    request = sample.request
    assert isinstance(request, GenerateRequest)
    options = "\n".join(f"{letter}) {choice}" for letter, choice in zip("ABCD", sample.choices, strict=True))
    assert request.prompt == (
        "Answer the following multiple choice question. The last line of your response should be of the following "
        "format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering."
        f"\n\nWhich of 0 is meant?\n\n{options}"
    )
    assert request.chat
    assert sample.target_text == "the right one of 0"


def test_the_log_likelihoods_are_asked_as_lm_eval_does(mirror: Path) -> None:
    sample = load_task("gpqa_main").prepare("letter", mirror)[3]
    assert isinstance(sample.request, LoglikelihoodRequest)
    options = "".join(f"({letter}) {choice}\n" for letter, choice in zip("ABCD", sample.choices, strict=True))
    assert sample.request.context == (
        f"What is the correct answer to this question:Which of 3 is meant?\nChoices:\n{options}Answer:"
    )
    assert sample.request.continuations == (" (A)", " (B)", " (C)", " (D)")


def test_no_place_is_likelier_right(mirror: Path) -> None:
    places = Counter(sample.target for sample in load_task("gpqa_diamond").prepare("chat", mirror))
    assert set(places) == {"0", "1", "2", "3"}
    assert max(places.values()) <= 18


@pytest.mark.parametrize("ending", ["Answer: {}", "**Answer: {}**", "Answer: {})", "\\boxed{{{}}}"])
def test_a_letter_is_read(mirror: Path, ending: str) -> None:
    task = load_task("gpqa_diamond")
    sample = task.prepare("chat", mirror)[1]
    letter = "ABCD"[int(sample.target)]
    text = "It may be A or B. Step by step.\n" + ending.format(letter)
    scorer = open_scorer(task.scorer_for("chat"))
    assert scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=text)).value == 1


@pytest.mark.parametrize("subset", ["", "diamond", "Diamond set", "GPQA Diamond"])
def test_a_claim_about_the_diamond_set_is_about_the_whole(subset: str) -> None:
    claim = Claim(task="gpqa-diamond", value="69.8", protocol=Protocol(subset=subset))
    assert not load_task("gpqa_diamond").protocol_for(claim).refused


def test_a_claim_about_a_part_is_refused() -> None:
    claim = Claim(task="gpqa-diamond", value="69.8", protocol=Protocol(subset="physics"))
    assert "a part of the benchmark" in load_task("gpqa_diamond").protocol_for(claim).refused
