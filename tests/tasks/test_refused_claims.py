"""Claims about a measure that no prompt format gives are not planned: the reason and the fix are said, and no
neighbouring measure is tested instead.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.claims.sheet import read_sheet
from steelyard.errors import InputError
from steelyard.planning.build import RunRequest, build_plan, build_run
from steelyard.planning.options import Options
from steelyard.records import Capabilities, Claim, ClaimSheet, ModelIdentity, NotPlanned, PlannedModel, Protocol
from steelyard.tasks import load_task, resolve
from steelyard.tasks.definition_file import read_definition
from steelyard.tasks.protocol import choose_protocol, possible_formats
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.unsettled import unsettled

EVERYTHING = Capabilities(chat=True, completions=True, loglikelihood=True, deterministic=True)
MODELS = {"subject": PlannedModel(identity=ModelIdentity(uri="x:y"), capabilities=EVERYTHING)}
EXAMPLE = Path(__file__).parents[2] / "examples" / "smollm2-135m-instruct.yaml"
DEFINITION = """
id: lamps
title: Lamps
hub: {path: me/lamps, configs: [main], split: test}
fields: {target: answer}
scorer: {name: exact}
prompts: {plain: {prompt: "{{ question }}"}}
"""


def not_planned(claim: Claim, tmp_path: Path) -> NotPlanned:
    """The claim's only way with an empty mirror: where it is not refused, the data are missing."""
    sheet = ClaimSheet(model="m", claims=(claim,), digest="0" * 64)
    (refused,) = build_plan(sheet, MODELS, Options(data=tmp_path)).plan.not_planned
    return refused


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (Claim(task="truthfulqa", value="50", metric="mc2"), "share of probability"),
        (Claim(task="truthfulqa", value="50"), "metric: mc1"),
        (Claim(task="ifeval", value="50", metric="average of strict accuracies"), "no share of samples"),
        (Claim(task="ARC", value="50"), "many cards call ARC-Challenge ARC"),
    ],
)
def test_what_no_prompt_format_measures_is_not_testable(claim: Claim, why: str, tmp_path: Path) -> None:
    refusal = not_planned(claim, tmp_path)
    assert refusal.verdict == "not_testable"
    assert why in refusal.reason


def test_what_a_prompt_format_measures_is_asked_for_its_data(tmp_path: Path) -> None:
    for claim in (
        Claim(task="truthfulqa", value="50", metric="mc1"),
        Claim(task="ifeval", value="50", metric="prompt-level strict"),
        Claim(task="ARC-C", value="50"),
        Claim(task="ARC (average)", value="50"),
        Claim(task="ARC", value="50", average="macro"),
        Claim(task="ifeval", value="50", metric="average of strict prompt and instruction accuracy"),
    ):
        refusal = not_planned(claim, tmp_path)
        assert refusal.verdict == "not_tested"
        assert "the mirror has no" in refusal.reason


def test_a_run_tests_no_claim_and_so_needs_no_metric(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the mirror has no"):
        build_run([RunRequest(task="ifeval")], MODELS, Options(data=tmp_path))


def test_an_entry_needs_words_or_unless(tmp_path: Path) -> None:
    path = tmp_path / "lamps.yaml"
    path.write_text(f"{DEFINITION}refused: [{{why: because}}]\n")
    with pytest.raises(InputError, match="needs 'words', 'unless' or both"):
        read_definition(path)


@pytest.mark.parametrize(
    ("metric", "is_refused"),
    [("mean", True), ("mean brightness", False), ("brightness", False), ("mean, brightness unknown", False)],
)
def test_words_are_excused_by_others(metric: str, is_refused: bool, tmp_path: Path) -> None:
    path = tmp_path / "lamps.yaml"
    path.write_text(f"{DEFINITION}refused: [{{why: because, words: [mean], unless: [brightness]}}]\n")
    chosen = choose_protocol(read_definition(path), RequestedProtocol(task="lamps", metric=metric))
    assert chosen.refused == ("because" if is_refused else "")


def test_the_claims_of_the_embedded_model_find_their_prompt_formats() -> None:
    found = {}
    for claim in read_sheet(EXAMPLE).claims:
        task_id = resolve(claim.task)
        protocol = load_task(task_id).protocol_for(claim) if task_id else None
        found[claim.task] = None if protocol is None else protocol.refused[:24] or (protocol.prompt, protocol.shots)
    assert found == {
        "hellaswag": ("completion", 0),
        "arc-average": ("cloze", 0),
        "piqa": ("cloze", 0),
        "mmlu": ("cloze", 0),
        "ifeval": "accuracy by instruction ",
        "bbh": ("direct", 3),
        "gsm8k": ("cot", 5),
        "mt-bench": None,
    }


@pytest.mark.parametrize(
    ("metric", "is_refused"),
    [
        ("pass@10", True), ("pass^8", True), ("maj@8", True), ("em_maj1@5", True), ("cons@64", True), ("CoT@32", True),
        ("best-of-4", True), ("majority voting", True), ("self-consistency", True), ("Multiple Attempts (Acc)", True),
        ("pass@1", False), ("em_maj1@1", False), ("avg@64", False), ("5-shot, maj@1", False), ("EM", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("task", ["gsm8k", "humaneval", "mmlu"])
def test_a_score_of_several_answers_is_no_score_of_one(task: str, metric: str, is_refused: bool) -> None:
    """An honest maj@8 is some points above what single answers reach."""
    for claim in (Claim(task=task, value="90", metric=metric), Claim(task=task, value="90", variant=metric)):
        why = load_task(task).protocol_for(claim).refused
        assert ("needs several answers" in why) is is_refused, why


@pytest.mark.parametrize(("subset", "is_refused"), [("STEM", True), ("first 100", True), ("test", False), ("", False)])
def test_a_claim_about_a_part_is_not_tested_on_the_whole(subset: str, is_refused: bool) -> None:
    claim = Claim(task="mmlu", value="90", protocol=Protocol(subset=subset))
    assert ("a part of the benchmark" in load_task("mmlu").protocol_for(claim).refused) is is_refused


@pytest.mark.parametrize(("harness", "is_refused"), [("", True), ("ZeroEval", False), ("lm-eval 0.4", True)])
def test_the_harness_says_which_measure_is_meant(harness: str, is_refused: bool) -> None:
    claim = Claim(task="MMLU-Redux", value="80", protocol=Protocol(harness=harness))
    chosen = choose_protocol(load_task("mmlu_redux").definition, RequestedProtocol.of_claim(claim))
    assert bool(chosen.refused) == is_refused


# Tasks and groups of lm-eval, with their metrics and filters, that are about a benchmark of ours: the prompt formats
# that such a claim is tested by, or a part of the reason why it is not.
REASON = "lets the model reason"
BBH_WRITTEN = "BIG-Bench Hard is asked here by written answers"
OF_LM_EVAL = [
    ("bbh", "leaderboard_bbh", "acc_norm", BBH_WRITTEN),
    ("bbh", "leaderboard_bbh", "", BBH_WRITTEN),
    ("bbh", "", "acc_norm", BBH_WRITTEN),
    ("bbh", "", "multiple choice", BBH_WRITTEN),
    ("bbh", "", "log-likelihood", BBH_WRITTEN),
    ("bbh", "bbh_cot_fewshot", "exact_match", ("cot", "cot_chat")),
    ("bbh", "bbh_cot_fewshot", "exact_match, get-answer", ("cot_strict",)),
    ("bbh", "bbh_cot_zeroshot", "exact_match, flexible-extract", "lm-eval's zero-shot one"),
    ("bbh", "bbh_zeroshot", "exact_match", "lm-eval's zero-shot one"),
    ("bbh", "bbh_fewshot", "exact_match", ("direct",)),
    ("bbh", "", "exact_match", ("cot", "cot_chat", "cot_strict", "direct", "chat")),
    ("arc_challenge", "arc_challenge", "acc_norm", ("cloze",)),
    ("arc_challenge", "arc_challenge", "acc", ("cloze_raw",)),
    ("arc_challenge", "leaderboard_arc_challenge", "acc_norm", ("cloze",)),
    ("arc_challenge", "arc_challenge_mt_de", "acc_norm", "translations"),
    ("arc_easy", "arc_easy", "acc_norm", ("cloze",)),
    ("mmlu", "mmlu_continuation", "acc", "whole log-likelihoods"),
    ("mmlu", "mmlu_generative", "exact_match", ("letter_generate",)),
    ("mmlu", "mmlu_stem", "acc", "a part of the benchmark"),
    ("mmlu", "global_mmlu_de", "acc", "translations"),
    ("mmlu_pro", "mmlu_pro", "exact_match, custom-extract", ("cot_strict", "cot_strict_chat")),
    ("mmlu_pro", "leaderboard_mmlu_pro", "acc", ("letter",)),
    ("mmlu_pro", "", "acc", ("cot", "cot_strict", "cot_chat", "cot_strict_chat", "letter", "zero_shot")),
    ("gpqa_diamond", "gpqa_diamond_zeroshot", "acc_norm", ("letter",)),
    ("gpqa_diamond", "leaderboard_gpqa_diamond", "acc_norm", ("letter",)),
    ("gpqa_diamond", "gpqa_diamond_cot_zeroshot", "exact_match, flexible-extract", ("chat",)),
    ("gpqa_diamond", "gpqa_diamond_generative_n_shot", "exact_match", "no prompt format here is this one"),
    ("gpqa_diamond", "gpqa_diamond_n_shot", "acc_norm", "no prompt format here is this one"),
    ("boolq", "boolq", "acc", ("yes_no",)),
    ("boolq", "boolq-seq2seq", "exact_match", "prompt: written"),
    ("boolq", "", "acc_norm", "answers' lengths"),
    ("hellaswag", "hellaswag", "acc_norm", ("completion",)),
    ("hellaswag", "hellaswag", "acc", ("completion_raw",)),
    ("piqa", "piqa", "acc_norm", ("cloze",)),
    ("winogrande", "winogrande", "acc", ("partial",)),
    ("truthfulqa", "truthfulqa_mc1", "acc", ("loglikelihood",)),
    ("truthfulqa", "truthfulqa_mc2", "acc", "share of probability"),
    ("truthfulqa", "truthfulqa_gen", "bleu_acc", "a similarity judges"),
    ("math", "leaderboard_math_hard", "exact_match", "level 5"),
    ("math", "hendrycks_math", "exact_match", ("chat", "minerva", "minerva_chat")),
    ("mgsm", "mgsm_direct_de", "exact_match", "asks for no reasoning"),
    ("mgsm", "mgsm_en_cot_de", "exact_match", "reasons in English"),
    ("ifeval", "leaderboard_ifeval", "prompt_level_strict_acc", ("prompt_strict",)),
    ("ifeval", "leaderboard_ifeval", "inst_level_strict_acc", "no share of samples"),
]


@pytest.mark.parametrize(("task", "group", "metric", "expected"), OF_LM_EVAL)
def test_a_claim_made_by_lm_eval_is_tested_by_its_own_measure_or_not_at_all(
    task: str, group: str, metric: str, expected: str | tuple[str, ...]
) -> None:
    claim = Claim(
        task=task, value="50", metric=metric, protocol=Protocol(harness=f"lm-eval ({group})" if group else "")
    )
    definition, requested = load_task(task).definition, RequestedProtocol.of_claim(claim)
    if isinstance(expected, str):
        assert expected in choose_protocol(definition, requested).refused
    else:
        assert choose_protocol(definition, requested).refused == ""
        assert possible_formats(definition, requested) == expected


# What other harnesses call their measures of benchmarks of ours: Inspect's tasks (inspect_evals 0.26), lmms-eval's and
# VLMEvalKit's data sets, simple-evals. A star: it may confirm a claim, and accuses nobody.
LETTERS = ("cloze", "cloze_bytes", "cloze_raw", "letter", "letter_generate", "cot")
OF_OTHERS = [
    ("arc_challenge", "inspect_evals/arc_challenge", "accuracy", LETTERS),
    ("arc_easy", "inspect_evals/arc_easy", "accuracy", LETTERS),
    ("piqa", "inspect_evals/piqa", "accuracy", LETTERS),
    ("hellaswag", "inspect_evals/hellaswag", "accuracy",
     ("completion", "completion_bytes", "completion_raw", "letter_generate", "cot")),
    ("winogrande", "inspect_evals/winogrande", "accuracy", ("partial", "whole", "whole_raw", "letter_generate", "cot")),
    ("boolq", "inspect_evals/boolq", "accuracy", ("yes_no", "written")),
    ("truthfulqa", "inspect_evals/truthfulqa", "mc1", ("letter_generate",)),
    ("truthfulqa", "inspect_evals/truthfulqa", "mc2", "share of probability"),
    ("truthfulqa", "simple-evals", "mc1", ("loglikelihood*", "letter_generate*")),
    ("truthfulqa", "", "mc1", ("loglikelihood", "letter_generate")),
    ("ifeval", "inspect_evals/ifeval", "final_acc", "four accuracies"),
    ("ifeval", "inspect_evals/ifeval", "prompt_strict_acc", ("prompt_strict",)),
    ("humaneval", "inspect_evals/humaneval", "accuracy", ("completion", "chat")),
    ("humaneval", "lm-eval (humaneval_instruct)", "pass@1", ("chat*",)),
    ("humaneval", "lm-eval (humaneval_64_instruct)", "pass@64", "several answers"),
    ("mbpp", "lm-eval (mbpp_instruct)", "pass_at_1", ("chat*",)),
    ("mbpp", "lm-eval (mbpp)", "pass_at_1", ("few_shot", "few_shot_chat", "chat")),
    ("mbpp", "lm-eval (mbpp_plus)", "pass_at_1", ("few_shot*", "few_shot_chat*", "chat*")),
    ("mbpp", "inspect_evals/mbpp", "pass_at_1", ("few_shot*", "few_shot_chat*", "chat*")),
    ("mbpp", "inspect_evals/mbpp", "pass_at_5", "several answers"),
    ("mbpp", "EvalPlus", "pass@1", ("few_shot*", "few_shot_chat*", "chat*")),
    ("gsm8k", "lm-eval (gsm8k)", "exact_match,strict-match", ("cot_strict", "cot_strict_chat*")),
    ("gsm8k", "lm-eval (gsm8k_cot)", "exact_match,strict-match", ("cot_strict*", "cot_strict_chat*")),
    ("gsm8k", "lm-eval (gsm8k_cot_llama)", "exact_match,strict-match", ("cot_strict*", "cot_strict_chat*")),
    ("gsm8k", "lm-eval (gsm8k_cot)", "exact_match,flexible-extract", ("cot", "cot_chat")),
    ("gsm8k", "lm-eval (gsm8k_cot_zeroshot)", "exact_match,flexible-extract", ("cot*", "cot_chat*")),
    ("gsm8k", "lm-eval (gsm8k_platinum)", "exact_match,flexible-extract", ("cot*", "cot_chat*")),
    ("aime_2024", "lm-eval (aime)", "exact_match", ("chat*",)),
    ("aime_2024", "lm-eval (aime24)", "exact_match", ("chat",)),
    ("humaneval_plus", "lm-eval (humaneval)", "pass@1", ("chat*", "completion*")),
    ("math", "inspect_evals/math", "accuracy", ("chat*", "minerva*", "minerva_chat*")),
    ("math", "simple-evals (math)", "", ("chat*", "minerva*", "minerva_chat*")),
    ("math_500", "simple-evals", "", ("chat*", "minerva*", "minerva_chat*")),
    ("math_500", "lm-eval (minerva_math500)", "math_verify", ("minerva", "minerva_chat")),
    ("math", "lm-eval (minerva_math)", "exact_match", ("minerva", "minerva_chat")),
    ("aime_2024", "inspect_evals/aime2024", "accuracy", ("chat",)),
    ("gpqa_diamond", "inspect_evals/gpqa_diamond", "accuracy", ("chat", "letter")),
    ("gpqa_diamond", "simple-evals", "", ("chat",)),
    ("gsm8k", "inspect_evals/gsm8k", "accuracy", ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat")),
    ("mgsm", "inspect_evals/mgsm", "accuracy", ("native_chat*", "native_cot*", "native_cot_chat*", "english_chat*")),
    ("mgsm", "simple-evals, 11 languages", "", ("native_chat",)),
    ("mgsm", "simple-evals", "", ("native_chat*",)),
    ("mgsm", "simple-evals (mgsm_en)", "", "English part"),
    ("mgsm", "lm-eval (mgsm_native_cot_de)", "exact_match", ("native_chat*", "native_cot*", "native_cot_chat*")),
    ("mmlu", "inspect_evals/mmlu_0_shot", "accuracy", ("letter", "letter_generate", "cloze", "cot")),
    ("mmlu", "inspect_evals/mmlu_5_shot", "accuracy", ("letter", "letter_generate", "cloze", "cot*")),
    ("mmlu", "lm-eval (mmlu_flan_cot_zeroshot)", "exact_match", ("cot*",)),
    ("mmlu", "lm-eval (mmlu_cot_llama)", "exact_match", ("cot*",)),
    ("arc_challenge", "lm-eval (arc_challenge_llama)", "exact_match", tuple(f"{each}*" for each in LETTERS)),
    ("mmlu", "simple-evals", "", ("cot",)),
    ("mmlu_pro", "Inspect", "", ("cot*", "cot_strict*", "cot_chat*", "cot_strict_chat*", "letter*", "zero_shot*")),
    ("livecodebench", "inspect_evals/livecodebench_pro", "accuracy", "another benchmark"),
    ("mmmu", "inspect_evals/mmmu_open", "accuracy", "a part of the benchmark"),
    ("mmmu", "inspect_evals/mmmu_multiple_choice", "accuracy", "a part of the benchmark"),
    ("mmmu", "lmms-eval (mmmu_val)", "mmmu_acc", ("step_by_step", "direct")),
    ("mmmu", "lmms-eval (mmmu_test)", "submission", "not public"),
    ("mmmu", "VLMEvalKit (MMMU_TEST)", "", "not public"),
    ("mmmu_pro", "lmms-eval (mmmu_pro_vision)", "mmmu_acc", "average of Standard"),
    ("mmmu_pro", "VLMEvalKit (MMMU_Pro_10c)", "", "average of Standard"),
    ("mmmu_pro", "VLMEvalKit (MMMU_Pro_V)", "", "average of Standard"),
    ("mathvista", "lmms-eval (mathvista_testmini)", "gpt_eval_score", ("query*",)),
    ("mathvista", "VLMEvalKit (MathVista_MINI)", "", ("query",)),
    ("mathvista", "lmms-eval (mathvista_test)", "", "not public"),
    ("docvqa", "lmms-eval (docvqa_val)", "anls", ("phrase",)),
    ("docvqa", "VLMEvalKit (DocVQA_VAL)", "", ("exact_text*", "phrase*")),
    ("docvqa", "inspect_evals/docvqa", "anls", ("exact_text*", "phrase*")),
    ("docvqa", "lmms-eval (docvqa_test)", "anls", "not public"),
    ("docvqa", "VLMEvalKit (DocVQA_TEST)", "", "not public"),
    ("docvqa", "VLMEvalKit", "", "not public"),
    ("docvqa", "", "anls", "not public"),
    ("simpleqa", "simple-evals", "", ("chat",)),
]  # fmt: skip


@pytest.mark.parametrize(("task", "harness", "metric", "expected"), OF_OTHERS)
def test_a_claim_made_by_another_harness_is_tested_by_its_own_measure_or_accuses_nobody(
    task: str, harness: str, metric: str, expected: str | tuple[str, ...]
) -> None:
    claim = Claim(task=task, value="50", metric=metric, protocol=Protocol(harness=harness))
    definition, requested = load_task(task).definition, RequestedProtocol.of_claim(claim)
    if isinstance(expected, str):
        assert expected in choose_protocol(definition, requested).refused
        return
    names = possible_formats(definition, requested)
    found = [choose_protocol(definition, requested, name) for name in names]
    assert not any(each.refused for each in found)
    is_unsettled = bool(unsettled(definition, requested, names))
    assert tuple(f"{each.prompt}{'*' * bool(each.confirms_only or is_unsettled)}" for each in found) == expected


def test_a_split_that_is_named_by_the_claim_outweighs_the_harness() -> None:
    for subset, harness in (("test", "lmms-eval (docvqa_val)"), ("test", "inspect_evals/docvqa")):
        claim = Claim(task="docvqa", value="90", protocol=Protocol(subset=subset, harness=harness))
        assert "not public" in load_task("docvqa").protocol_for(claim).refused


def formats_of(task: str, prompt: str) -> tuple[str, ...]:
    claim = Claim(task=task, value="50", average="macro", protocol=Protocol(prompt=prompt))
    definition, requested = load_task(task).definition, RequestedProtocol.of_claim(claim)
    found = [choose_protocol(definition, requested, name) for name in possible_formats(definition, requested)]
    return tuple(f"{each.prompt}{'*' * bool(each.confirms_only)}" for each in found if not each.refused)


@pytest.mark.parametrize("task", ["mmlu", "arc", "arc_challenge", "arc_easy", "hellaswag", "piqa", "winogrande"])
def test_a_claim_with_reasoning_is_asked_with_it_alone(task: str) -> None:
    for prompt in ("0-shot CoT", "CoT", "chain-of-thought prompting"):
        assert formats_of(task, prompt) == ("cot",)
    for prompt in ("no CoT", "non-CoT", "without chain of thought"):
        several = formats_of(task, prompt)
        assert len(several) > 3
        assert "cot" in several  # nothing is chosen, and all are asked


def test_a_claim_with_reasoning_is_not_tested_without() -> None:
    claim = Claim(task="boolq", value="50", protocol=Protocol(prompt="0-shot CoT"))
    assert REASON in load_task("boolq").protocol_for(claim).refused


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("LiveCodeBench (02/25-05/25)", "which problems its name means"),
        ("LiveCodeBench v6 (25.02-25.05)", ""),
        ("LiveCodeBench v6 (2024.08-2025.05)", ""),
        ("LiveCodeBench v6", ""),
    ],
)
def test_the_problems_that_a_name_means_are_asked_or_none(task: str, why: str) -> None:
    claim = Claim(task=task, value="50")
    refused = load_task("livecodebench").protocol_for(claim).refused
    assert why in refused
    assert bool(refused) is bool(why)


def test_a_format_that_the_task_s_name_states_is_chosen() -> None:
    claim = Claim(task="IFEval strict-prompt", value="50")
    assert load_task("ifeval").formats_for(claim) == ("prompt_strict",)
    assert len(load_task("gsm8k").formats_for(Claim(task="GSM8K Instruct", value="50"))) == 5
