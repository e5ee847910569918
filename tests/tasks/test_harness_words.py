"""A harness with several filters, prompts or measures does not choose one of a task's prompt formats by its name."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.records import Claim, Protocol
from steelyard.tasks import load_task, task_ids

HARNESSES = (
    "lm-eval", "lm-eval 0.4.13", "lm-evaluation-harness", "Language Model Evaluation Harness", "lighteval",
    "bigcode-evaluation-harness", "EvalPlus", "HELM", "OpenCompass", "Inspect", "lmms-eval", "VLMEvalKit",
    "an in-house harness",
)  # fmt: skip
# What a harness asks and counts in one way alone.
ONE_WAY = {
    ("winogrande", "lm-eval"), ("winogrande", "lm-eval 0.4.13"), ("winogrande", "lm-evaluation-harness"),
    ("winogrande", "Language Model Evaluation Harness"),
}  # fmt: skip


def stated(task: str, metric: str = "", **protocol: Any) -> Claim:
    return Claim(task=task, value="80.0", metric=metric, protocol=Protocol(**protocol))


@pytest.mark.parametrize("task", task_ids())
def test_the_harness_alone_chooses_no_format(task: str) -> None:
    formats = load_task(task).formats_for(stated(task))
    claims = {each: stated(task, harness=each) for each in HARNESSES}
    chosen = {
        each
        for each, claim in claims.items()
        if not load_task(task).protocol_for(claim).refused and load_task(task).formats_for(claim) != formats
    }
    assert chosen == {harness for of, harness in ONE_WAY if of == task}


@pytest.mark.parametrize(
    ("metric", "formats"),
    [
        # As lm-eval 0.4.13 prints them for its tasks gsm8k, gsm8k_cot, gsm8k_cot_zeroshot and gsm8k_cot_llama.
        ("exact_match,flexible-extract", ("cot", "cot_chat")),
        ("exact_match, flexible-extract", ("cot", "cot_chat")),
        ("flexible-extract", ("cot", "cot_chat")),
        ("flexible extract", ("cot", "cot_chat")),
        ("exact_match (flexible)", ("cot", "cot_chat")),
        ("exact_match,strict-match", ("cot_strict", "cot_strict_chat")),
        ("strict match", ("cot_strict", "cot_strict_chat")),
        ("exact_match", ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat")),
        ("", ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat")),
        # Of gsm8k_cot_self_consistency: one answer, read by another pattern.
        ("exact_match,score-first", ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat")),
    ],
)
@pytest.mark.parametrize("harness", ["", "lm-eval", "lm-evaluation-harness", "EleutherAI lm-eval v0.4.13"])
def test_a_filter_of_lm_eval_chooses_its_reading(metric: str, formats: tuple[str, ...], harness: str) -> None:
    assert load_task("gsm8k").formats_for(stated("gsm8k", metric, harness=harness)) == formats
    if metric.startswith("exact_match,"):  # the filter beside the harness
        claim = stated("gsm8k", "exact_match", harness=f"{harness} {metric.partition(',')[2]}")
        assert load_task("gsm8k").formats_for(claim) == formats


@pytest.mark.parametrize("metric", ["exact_match,maj@8", "exact_match,maj@64"])
def test_a_filter_over_several_answers_is_refused(metric: str) -> None:
    assert "several answers" in load_task("gsm8k").protocol_for(stated("gsm8k", metric, harness="lm-eval")).refused


@pytest.mark.parametrize(
    ("claim", "formats"),
    [
        (stated("humaneval", "pass@1", harness="lm-eval"), ("completion", "chat")),
        (stated("humaneval", "pass@1", prompt="0-shot"), ("completion", "chat")),
        (stated("humaneval", "pass@1 (base)", harness="EvalPlus"), ("completion", "chat")),
        (stated("humaneval", "pass@1", prompt="humaneval_instruct", harness="lm-eval"), ("chat",)),
        (stated("humaneval_plus", "pass@1", prompt="0-shot", harness="EvalPlus"), ("chat", "completion")),
        (stated("mbpp", "pass@1", harness="lm-eval, mbpp_instruct"), ("chat",)),
        (
            stated("mmlu_pro", "acc", harness="lm-eval"),
            ("cot", "cot_strict", "cot_chat", "cot_strict_chat", "letter", "zero_shot"),
        ),
        (stated("mmlu_pro", "acc", harness="lm-eval (leaderboard_mmlu_pro)"), ("letter",)),
        (stated("mmlu_pro", "exact_match,custom-extract", harness="lm-eval"), ("cot_strict", "cot_strict_chat")),
        (stated("boolq", "accuracy"), ("yes_no", "written")),
        (stated("boolq", "acc", harness="lm-eval"), ("yes_no",)),
    ],
)
def test_the_words_beside_the_harness_choose(claim: Claim, formats: tuple[str, ...]) -> None:
    assert load_task(claim.task).formats_for(claim) == formats


def test_the_base_tests_are_no_claim_about_humaneval_plus() -> None:
    assert "own tests" in load_task("humaneval_plus").protocol_for(stated("humaneval_plus", "pass@1 (base)")).refused
    assert not load_task("humaneval_plus").protocol_for(stated("humaneval_plus", prompt="base model")).refused
