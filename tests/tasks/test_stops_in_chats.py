"""A model that chats may state its question again: no stop string cuts it, and what reads so is not wrong."""

from __future__ import annotations

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task

BEFORE = (
    "### Step 1: Understand the Question:",
    "**Question:**",
    "\n\nQuestion:",
    "Let me restate the\nProblem:",
    "Q:",
)
CHATS = {
    "gsm8k": {"cot_chat": ("13", "7", "#### {}"), "cot_strict_chat": ("13", "7", "#### {}")},
    "mmlu_pro": {
        "cot_chat": ("2", "1", "the answer is ({})"),
        "cot_strict_chat": ("2", "1", "the answer is ({})"),
    },
    "bbh": {"cot_chat": ("(C)", "(B)", "So the answer is {}.")},
    "mgsm": {"native_cot_chat": ("13", "7", "The answer is {}.")},
    "math": {"minerva_chat": ("13", "7", "Final Answer: The final answer is $\\boxed{{{}}}$. I hope it is correct.")},
    "math_500": {"minerva_chat": ("13", "7", "The final answer is $\\boxed{{{}}}$.")},
}
CASES = [(task, name, *parts) for task, formats in CHATS.items() for name, parts in formats.items()]


def score(task: str, name: str, target: str, text: str, outcome: Outcome = Outcome.OK) -> float | None:
    choices = tuple("abcdefghij") if task == "mmlu_pro" else ()
    sample = Sample(id="s", request=GenerateRequest(prompt="?", chat=True), target=target, choices=choices)
    return open_scorer(load_task(task).scorer_for(name)).score(sample, ModelOutput(outcome=outcome, text=text)).value


@pytest.mark.parametrize("task", [*CHATS, "gpqa_diamond", "mmlu", "math_500"])
def test_no_message_of_a_benchmark_with_worked_examples_is_cut(task: str) -> None:
    assert not [name for name, each in load_task(task).prompts.items() if each.chat and each.stop]


def test_the_completion_still_is() -> None:
    assert all(load_task(task).prompts[name].stop for task, name in (("gsm8k", "cot"), ("math", "minerva")))


@pytest.mark.parametrize(("task", "name", "target", "other", "form"), CASES)
@pytest.mark.parametrize("before", BEFORE)
def test_who_states_the_question_again_is_read(
    task: str, name: str, target: str, other: str, form: str, before: str
) -> None:
    told = "CB"[int(other == target)] if task == "mmlu_pro" else target
    text = f"{before} we are asked for one of several.\n\nReasoning: as below.\n\n{form.format(told)}"
    assert score(task, name, target, text) == 1.0


@pytest.mark.parametrize(("task", "name", "target", "other", "form"), CASES)
def test_what_is_written_behind_the_answer_does_not_change_it(
    task: str, name: str, target: str, other: str, form: str
) -> None:
    right, wrong = ("C", "B") if task == "mmlu_pro" else (target, other)
    mark = {"bbh": "Q:", "math": "Problem:", "math_500": "Problem:", "mgsm": "Frage:"}.get(task, "Question:")
    more = f"\n\n{mark} another one?\n{form}"
    found = score(task, name, target, form.format(right) + more.format(wrong))
    assert found == 1.0 or (task == "bbh" and found is None)  # two answers, and a rule of its own
    assert score(task, name, target, form.format(wrong) + more.format(wrong)) == 0.0
    assert score(task, name, target, form.format(right) + more.format(wrong)[:-3], Outcome.TRUNCATED) != 0.0


@pytest.mark.parametrize("task", ["gsm8k", "mgsm"])
def test_a_number_before_the_question_is_no_answer(task: str) -> None:
    name = next(iter(CHATS[task]))
    assert score(task, name, "13", "There are 3 parts.\n\nQuestion: how many eggs?\n\nThe answer is 13.") is None
    assert score(task, name, "14", "There are 3 parts.\n\nQuestion: how many eggs?\n\nThe answer is 13.") == 0.0
