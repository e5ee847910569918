"""A claim accuses only where each word of its measure is known to mean what is asked."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.records import Claim, Protocol
from steelyard.tasks import load_task
from steelyard.tasks.protocol import choose_protocol, possible_formats
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.unsettled import unsettled


def may_accuse(
    task: str, metric: str = "", variant: str = "", shots: int | None = None, note: str = "",
    samples: int | None = None, average: Any = "", **protocol: Any,
) -> bool:  # fmt: skip
    """Whether a claim is asked in a format in which it may be rejected."""
    claim = Claim(
        task=task, value="50", metric=metric, variant=variant, shots=shots, note=note, samples=samples, average=average,
        protocol=Protocol(**protocol),
    )  # fmt: skip
    definition, requested = load_task(task).definition, RequestedProtocol.of_claim(claim)
    names = possible_formats(definition, requested)
    found = [choose_protocol(definition, requested, name) for name in names]
    is_settled = not unsettled(definition, requested, names)
    return is_settled and any(not each.refused and not each.confirms_only for each in found)


# Names of lm-eval 0.4.13 for a part, a language or a relative of a benchmark of ours.
NEIGHBOURS = [
    ("mgsm", "mgsm_native_cot_de"), ("mgsm", "mgsm_native_cot_eu"), ("mmlu", "mmlu_college_biology"),
    ("mmlu", "mmlu_college_biology_generative"), ("mmlu", "mmlu_pro"), ("mmlu_pro", "mmlu"),
    ("mmlu_pro", "mmlu_pro_math"), ("bbh", "bbh_cot_fewshot_navigate"), ("math", "minerva_math_algebra"),
    ("math", "hendrycks_math_algebra"), ("math", "minerva_math500"), ("math_500", "minerva_math"),
    ("mmmu", "mmmu_val_accounting"), ("mmmu", "mmmu_val_math"), ("hellaswag", "hellaswag_de"), ("hellaswag", "swag"),
    ("arc_challenge", "arc_de"), ("arc_challenge", "arc_easy"), ("truthfulqa", "truthfulqa_de_mc1"),
    ("ifeval", "ifeval_es"), ("gsm8k", "gsm8k_platinum"), ("gsm8k", "gsm8k_platinum_cot"),
    ("humaneval", "humaneval_infilling"), ("humaneval", "humaneval_64_instruct"), ("humaneval", "humaneval_plus"),
    ("mbpp", "mbpp_plus"), ("mbpp", "mbpp_plus_instruct"), ("aime_2024", "aime"), ("aime_2024", "aime25"),
    ("gpqa_diamond", "gpqa_main_zeroshot"), ("gpqa_main", "leaderboard_gpqa"), ("boolq", "super-glue-boolq-t5-prompt"),
]  # fmt: skip
OWN = [
    ("gsm8k", "gsm8k"), ("gsm8k", "gsm8k_cot"), ("mmlu", "mmlu"), ("mmlu", "mmlu_generative"),
    ("mmlu_pro", "mmlu_pro"), ("mmlu_pro", "leaderboard_mmlu_pro"), ("bbh", "bbh_cot_fewshot"),
    ("math", "minerva_math"), ("math_500", "minerva_math500"), ("mmmu", "mmmu_val"), ("hellaswag", "hellaswag"),
    ("arc_challenge", "arc_challenge"), ("truthfulqa", "truthfulqa_mc1"), ("humaneval", "humaneval"),
    ("humaneval_plus", "humaneval_plus"), ("mbpp", "mbpp"), ("aime_2024", "aime24"), ("boolq", "boolq"),
    ("gpqa_diamond", "gpqa_diamond_cot_zeroshot"), ("gpqa_main", "gpqa_main_zeroshot"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "name"), NEIGHBOURS)
def test_a_harness_s_name_for_something_else_accuses_nobody(task: str, name: str) -> None:
    assert not may_accuse(task, harness=f"lm-eval ({name})")
    assert not may_accuse(task, harness=f"lm-evaluation-harness 0.4.13 [{name}]")


@pytest.mark.parametrize(
    ("task", "harness"),
    [
        ("mgsm", "lm-eval mgsm-native-cot-de"), ("mgsm", "lm-evaluation-harness: mgsm native cot de"),
        ("hellaswag", "lm-eval hellaswag-de"), ("gsm8k", "lighteval, GSM8K platinum"), ("mmlu", "Inspect, biology"),
    ],
)  # fmt: skip
def test_nor_does_such_a_name_that_is_written_with_blanks_or_hyphens(task: str, harness: str) -> None:
    assert not may_accuse(task, harness=harness)


@pytest.mark.parametrize(("task", "name"), OWN)
def test_a_harness_s_name_for_the_benchmark_may_accuse(task: str, name: str) -> None:
    assert may_accuse(task, harness=f"lm-eval ({name})")
    assert may_accuse(task, harness=f"lm-eval v0.4.13 ({name})")


@pytest.mark.parametrize("harness", ["lm-eval 0.4.13 with vLLM", "EleutherAI lm-evaluation-harness v0.4"])
def test_a_harness_that_names_no_task_may_accuse(harness: str) -> None:
    assert may_accuse("gsm8k", harness=harness)


@pytest.mark.parametrize(
    "claim",
    [
        {"variant": "German"}, {"variant": "de"}, {"variant": "日本語"}, {"metric": "em (de)"}, {"metric": "f1"},
        {"prompt": "English, 0-shot CoT"}, {"prompt": "mgsm_native_cot_de"}, {"variant": "thinking"},
        {"variant": "hard"}, {"metric": "pass_at_5"}, {"harness": "lm-eval (commit of May)"},
        {"harness": "our own"}, {"harness": "OpenCompass"}, {"prompt": "asked as a mathematician would, CoT"},
        {"decoding": "reasoning effort high"}, {"decoding": "greedy, with beam search"}, {"judge": "GPT-4o"},
        {"prompt": "high reasoning"}, {"note": "reasoning effort: high"}, {"note": "with a Python interpreter"},
        {"note": "with code execution"}, {"note": "with search"}, {"note": "deep think"},
        {"note": "extended reasoning"},
        {"note": "with a system prompt"}, {"note": "calculator allowed"}, {"note": "answer prefilled"},
        {"note": "line 3: MGSM × gpt-oss-120b (high)"}, {"note": "x o3-mini-high"}, {"note": "xhigh"},
        {"note": "seven high-resource languages"}, {"note": "over 250 questions"}, {"note": "high-resource languages"},
        {"note": "parallel test-time compute"}, {"note": "measured with OpenCompass"},
    ],
)  # fmt: skip
def test_what_is_not_known_accuses_nobody(claim: dict[str, Any]) -> None:
    assert not may_accuse("mgsm", samples=2750, **claim)


@pytest.mark.parametrize(
    "claim",
    [
        {}, {"variant": "test"}, {"variant": "0-shot"}, {"variant": "native CoT"}, {"metric": "exact_match"},
        {"metric": "accuracy (%)"}, {"metric": "average of 11 languages"}, {"metric": "pass@1"},
        {"prompt": "native CoT, as a chat message"}, {"harness": "lm-eval (0.4.13)"}, {"variant": "Instruct, greedy"},
        {"decoding": "sampling, temperature 0.6, top-p 0.95, 32k tokens"}, {"judge": "none"}, {"prompt": "no tools"},
        {"note": "11 languages"}, {"metric": "8-shot, native CoT"},
        {"variant": "FP8"}, {"decoding": "greedy, FP8"}, {"prompt": "bf16"}, {"metric": "Avg."},
        {"metric": "macro_avg/em", "average": "macro"},
    ],
)  # fmt: skip
def test_what_is_known_may_accuse(claim: dict[str, Any]) -> None:
    assert may_accuse("mgsm", samples=2750, **claim)


@pytest.mark.parametrize("text", ["8\u2011shot", "8\u2013shot", "shots=8", "8 exemplars", "twelve-shot", "multi-shot"])
@pytest.mark.parametrize("field", ["prompt", "harness", "decoding", "judge", "note", "metric", "variant"])
def test_worked_examples_are_read_wherever_and_however_they_are_stated(text: str, field: str) -> None:
    own: dict[str, Any] = {field: text} if field in ("note", "metric", "variant") else {}
    stated: dict[str, Any] = {"prompt": "letter"} if own else {"prompt": "letter", field: text}
    protocol = Protocol(**stated)
    if field == "prompt":
        protocol = Protocol(prompt=f"letter_generate, {text}")
    claim = Claim(task="hellaswag", value="50", protocol=protocol, **own)
    definition, requested = load_task("hellaswag").definition, RequestedProtocol.of_claim(claim)
    names = possible_formats(definition, requested)
    assert all(choose_protocol(definition, requested, name).confirms_only for name in names)


@pytest.mark.parametrize(
    "text",
    ["CoT, with python tool", "with tools", "majority voting over 64 samples", "maj@64", "cons@64", "thinking mode",
     "non-thinking", "with code interpreter", "Level 5", "maj\uff2064", "thin\u200bking", "non\u2011thinking",
     "with t\u00adools", "Reasoning On", "reasoning off", "CoT, reasoning mode", "Non-Reasoning"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["prompt", "harness", "decoding", "note", "variant"])
def test_help_another_mode_and_several_answers_accuse_nobody_wherever_they_are_said(text: str, field: str) -> None:
    said: dict[str, Any] = {field: text}
    assert not may_accuse("math_500", **said)


@pytest.mark.parametrize(
    ("task", "parts", "all_of_them"),
    [
        ("mgsm", "8 languages", "11 languages"), ("bbh", "23 subtasks", "27 subtasks"), ("math", "5 subjects", ""),
        ("mmmu", "6 subjects", "30 subjects"), ("gpqa_diamond", "10 questions", "198 questions"),
        ("aime_2024", "15 questions", "30 questions"), ("math_500", "250 samples", ""), ("mgsm", "8", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", ["{}", "average over {}", "accuracy (mean of {})", "CoT, {}", "lm-eval, {}"])
def test_a_number_over_some_of_its_parts_accuses_nobody_wherever_it_is_said(
    task: str, parts: str, all_of_them: str, words: str
) -> None:
    fields = ("metric", "variant", "prompt", "harness", "decoding", "note")
    for field in fields if parts != "8" else fields[:1]:
        said: dict[str, Any] = {field: words.format(parts)}
        assert not may_accuse(task, **said), field
    if all_of_them:
        assert may_accuse(task, prompt=all_of_them)


@pytest.mark.parametrize("metric", ["maj@1", "5-shot, top-1", "top-1 accuracy"])
def test_one_answer_in_the_words_of_other_tables(metric: str) -> None:
    assert may_accuse("mmlu", metric=metric)


def test_a_number_of_worked_examples_that_a_harness_prints_as_none_is_not_stated() -> None:
    assert may_accuse("mmlu", note="num_fewshot: None")


@pytest.mark.parametrize("task", ["math_500", "aime_2024", "aime_2025"])
@pytest.mark.parametrize(
    "claim", [{"prompt": "reasoning"}, {"variant": "Reasoning"}, {"metric": "pass@1 (reasoning on)"}]
)
def test_reasoning_is_a_mode_and_no_prompt_format(task: str, claim: dict[str, Any]) -> None:
    assert not may_accuse(task, **claim)
    assert may_accuse(task, prompt="zero-shot CoT")


@pytest.mark.parametrize(
    "variant",
    ["no tools", "without tools", "avg@64", "(avg of 64 runs)", "average over 32 runs", "pass@1", "mean of 8 samples"],
)
def test_repeats_and_no_help_are_what_is_asked(variant: str) -> None:
    assert may_accuse("math_500", variant=variant)


@pytest.mark.parametrize(
    ("task", "raw"), [("hellaswag", "completion_raw"), ("arc_challenge", "cloze_raw"), ("piqa", "cloze_raw")]
)
def test_acc_is_unnormalised_beside_a_harness_that_prints_it_so_and_anything_elsewhere(task: str, raw: str) -> None:
    def formats(metric: str, harness: str) -> tuple[str, ...]:
        claim = Claim(task=task, value="50", metric=metric, protocol=Protocol(harness=harness))
        return possible_formats(load_task(task).definition, RequestedProtocol.of_claim(claim))

    assert formats("acc", "lm-eval 0.4.13") == formats("Acc.", "lighteval") == (raw,)
    assert formats("Acc.", "") == formats("acc", "OpenCompass") == formats("", "")
    assert len(formats("", "")) > 2


def test_a_suite_of_one_s_own_and_a_world_have_no_vendor_s_words() -> None:
    assert may_accuse("world_two_room", metric="planning_success", variant="rooms, few frames")


def test_no_vendor_measured_a_benchmark_that_is_made_here() -> None:
    assert may_accuse("chain_sum", note="inflated on purpose, 57 → 80")
    assert not may_accuse("gsm8k", note="inflated on purpose, 57 → 80")


@pytest.mark.parametrize("mark", ["*", "†", "¹", "^{2}", "^{a}: average of 8 runs of ours with luck"])
def test_a_number_with_a_footnote_s_mark_accuses_nobody(mark: str) -> None:
    assert not may_accuse("gsm8k", note=f"line 7: GSM8K × Ours; marked {mark}")


def test_a_footnote_that_fields_hold_is_no_remark() -> None:
    for said in ("average of 8 runs", "Results of 0-shot CoT.", "GSM8K with 0-shot CoT, temperature 0.6"):
        assert may_accuse("gsm8k", prompt="0-shot CoT", note=f"footnote: {said}")


@pytest.mark.parametrize(
    ("note", "may"),
    [
        ("no tools", True),
        ("no majority voting or parallel test time compute", False),
        ("checked with the card", False),
        ("our usual settings", False),
        ("without a chat template", False),
        ("not greedy but majority voting", False),
        ("no CoT maj@8", False),
        ("no thinking", False),
        ("not only with tools", False),
        ("never with fewer than 32 samples and a majority vote", False),
    ],
)
def test_what_a_note_says_is_a_remark_where_no_reader_understands_it(note: str, may: bool) -> None:
    assert may_accuse("gsm8k", note=note) is may


@pytest.mark.parametrize("claim", [{"note": "0-shot CoT"}, {"decoding": "greedy, CoT"}, {"note": "step by step"}])
def test_reasoning_that_is_said_beside_the_prompt_accuses_nobody_who_is_asked_without(claim: dict[str, Any]) -> None:
    assert not may_accuse("boolq", **claim)
    if "note" in claim:  # what CoT asks, it may accuse by
        assert may_accuse("mmlu", prompt="CoT", **claim)


def test_a_base_model_is_not_accused_by_a_chat() -> None:
    assert not may_accuse("gpqa_diamond", variant="base", prompt="chat")
    assert may_accuse("mmlu", variant="base", prompt="letter")


@pytest.mark.parametrize(
    ("task", "stated"),
    [
        ("mbpp", {"samples": 500}), ("mbpp", {"shots": 3}), ("mbpp", {"harness": "lm-eval (mbpp)"}),
        ("mbpp", {"variant": "full"}), ("math", {"samples": 5000}), ("math", {"prompt": "4-shot"}),
        ("math", {"harness": "lm-eval (hendrycks_math)"}), ("math", {"prompt": "minerva"}),
        ("mmmu_pro", {"average": "macro"}), ("mmmu_pro", {"subset": "Standard and Vision"}),
    ],
)  # fmt: skip
def test_a_bare_name_of_two_sets_of_questions_accuses_nobody(task: str, stated: dict[str, Any]) -> None:
    """MBPP is EvalPlus's 378 in some tables, MATH is MATH-500, MMMU-Pro its standard setting alone."""
    assert not may_accuse(task)
    assert not may_accuse(task, shots=0)
    assert may_accuse(task, **stated)
    assert not may_accuse("mbpp", samples=378)
    assert not may_accuse("math", samples=500)


@pytest.mark.parametrize("prompt", ["Prompt Strict", "strict prompt", "prompt strict", "strict-prompt"])
def test_ifeval_s_usual_measure_in_its_usual_words(prompt: str) -> None:
    assert may_accuse("ifeval", prompt=prompt)
    assert may_accuse("ifeval", metric=prompt)


def test_words_whose_meaning_is_not_certain_only_confirm() -> None:
    # Meta has a model judge what sympy cannot compare; DeepSeek's other prompt for LiveCodeBench asks for reasoning.
    assert not may_accuse("math", metric="final_em", samples=5000)
    assert not may_accuse("livecodebench", metric="Pass@1-COT", subset="2024-08-01 to 2024-11-30")
    assert not may_accuse("mmlu", metric="macro_avg/acc")  # until the sheet says average: macro
    assert may_accuse("mmlu", metric="macro_avg/acc", average="macro")


@pytest.mark.parametrize(
    ("task", "shots", "prompt", "accusing"),
    [
        ("gsm8k", 8, "8-shot, strict-match", ()), ("gsm8k", 5, "strict-match", ("cot_strict",)),
        ("mmlu_pro", 5, "custom-extract", ("cot_strict",)),
    ],
)  # fmt: skip
def test_a_strict_filter_after_other_worked_examples_or_turns_accuses_nobody(
    task: str, shots: int, prompt: str, accusing: tuple[str, ...]
) -> None:
    claim = Claim(task=task, value="50", shots=shots, protocol=Protocol(prompt=prompt))
    definition, requested = load_task(task).definition, RequestedProtocol.of_claim(claim)
    names = possible_formats(definition, requested)
    assert set(names) == {"cot_strict", "cot_strict_chat"}
    assert tuple(n for n in names if not choose_protocol(definition, requested, n).confirms_only) == accusing
