"""Names of others → ids here, only where the name tells one benchmark; units by the rule that the docs state."""

from __future__ import annotations

import pytest

from steelyard.adapters.benchmark_names import (
    bare_metric,
    infer_unit,
    known_task,
    part_in_name,
    relative_in_brackets,
    settings_in_english,
    shots_in_name,
    stated_shots_of,
    task_in_name,
)


@pytest.mark.parametrize(
    ("names", "hub", "task"),
    [
        (("ARC-Challenge", "AI2 Reasoning Challenge (25-Shot)"), "ai2_arc", "arc-challenge"),
        (("HellaSwag (10-Shot)",), "", "hellaswag"),
        (("", "MMLU-Pro"), "", "mmlu-pro"),
        (("main",), "openai/gsm8k", "gsm8k"),
        (("ai2_arc",), "allenai/ai2_arc", None),  # the home of several
        (("A quiz of our own",), "acme/quiz", None),
        ((), "", None),
    ],
)
def test_a_name_of_one_benchmark_gives_its_id(names: tuple[str, ...], hub: str, task: str | None) -> None:
    assert known_task(names, hub) == task


def test_shots_in_names() -> None:
    assert shots_in_name("AI2 Reasoning Challenge (25-Shot)") == 25
    assert shots_in_name("IFEval (0 shot)") == 0
    assert shots_in_name("Snapshot 2024") is None


@pytest.mark.parametrize(
    ("metric", "value", "beside_percent", "unit"),
    [
        ("accuracy", 0.7, False, "fraction"),
        ("accuracy", 1.0, False, "fraction"),
        ("accuracy (%)", 0.7, False, "percent"),
        ("accuracy", 0.7, True, "percent"),
        ("acc_norm", 69.8, False, "percent"),
        ("accuracy", 101.0, True, "points"),
        ("perplexity", 0.5, False, "points"),
        ("wer", 0.34, False, "points"),
        ("pearsonr", 0.9, False, "points"),
        ("elo", 0.9, False, "elo"),
        ("ANLS", 86.6, False, "percent"),
    ],
)
def test_units(metric: str, value: float, beside_percent: bool, unit: str) -> None:
    assert infer_unit(metric, value, beside_percent=beside_percent)[0] == unit


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("MMLU (Pro COT)", "mmlu-pro"), ("MMLU (5-shot CoT, Pro)", "mmlu-pro"), ("MMLU (5-shot)", None),
        ("MMLU", None), ("Our test (Pro)", None), ("MMLU (", None),
    ],
)  # fmt: skip
def test_a_relative_that_is_named_in_brackets(name: str, found: str | None) -> None:
    assert relative_in_brackets(name) == found


@pytest.mark.parametrize(
    ("name", "task", "parts"),
    [
        ("LiveCodeBench v6 (25.02-25.05)", "livecodebench", ("v6", "25.02-25.05")),
        ("LiveCodeBench v6 (Aug 24 - May 25)", "livecodebench", ("v6", "Aug 24 - May 25")),
        ("LiveCodeBench v5 (2024.10-2025.02)", "livecodebench", ("v5", "2024.10-2025.02")),
        ("LiveCodeBench v5, 2024.10-2025.02", "livecodebench", ("v5", "2024.10-2025.02")),
        ("LiveCodeBench 2305-2409", "livecodebench", ("2305-2409",)),
        ("LiveCodeBench v6 (25.02-25.05, pass@1)", "livecodebench", ("v6", "25.02-25.05")),
        ("LCB v6", "livecodebench", ("v6",)),
        ("LCBv6", "livecodebench", ("v6",)),
        ("LiveCodeBench-v6 pass@1", "livecodebench", ("v6",)),
        ("LiveCodeBench v4_v5", "livecodebench", ("v4_v5",)),
        ("DocVQA_val", "docvqa", ("val",)),
        ("DocVQA validation (ANLS)", "docvqa", ("validation",)),
        ("MMLU-Pro_validation", "mmlu-pro", ("validation",)),
        # Relatives, and names whose release or split is none here.
        ("LiveCodeBench Pro v6", None, ()),
        ("MMLU v2", None, ()),
        ("Our bench v6 (25.02-25.05)", None, ()),
        ("Our test", None, ()),
        ("LiveCodeBench", None, ()),
        ("docvqa test", None, ()),  # a name of the benchmark itself
        ("", None, ()),
    ],
)
def test_the_part_that_a_name_states_behind_a_benchmark(name: str, task: str | None, parts: tuple[str, ...]) -> None:
    assert part_in_name(name) == (task, parts)
    assert task is None or task_in_name(name) == task


@pytest.mark.parametrize("name", ["LiveCodeBench Pro v6", "MMLU v2", "LiveCodeBench Pro (25.02-25.05)", "HumanEval v2"])
def test_a_relative_or_another_version_is_no_benchmark_here(name: str) -> None:
    assert task_in_name(name) is None


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("Graduate-level reasoning GPQA Diamond", "gpqa-diamond"),
        ("Graduate level reasoning GPQA, Diamond", "gpqa-diamond"),
        ("Grade school math GSM8K", "gsm8k"), ("Undergraduate level knowledge MMLU", "mmlu"),
        ("数学 MATH-500", "math-500"),
        ("代码 HumanEval", "humaneval"), ("Code HumanEval", "humaneval"), ("Multilingual math MGSM", "mgsm"),
        ("Multilingual MMLU", "mmmlu"), ("Code MMLU", None), ("数学 MMLU", None), ("中文 MMLU", None),
        ("Multilingual math GSM8K", None), ("Code HumanEval-X", None), ("Japanese GSM8K", None), ("数学", None),
    ],
)  # fmt: skip
def test_a_category_before_a_name_is_none_of_it(name: str, task: str | None) -> None:
    assert task_in_name(name) == task


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("HumanEval（零样本）", "HumanEval (0-shot)"), ("GSM8K (8样本)", "GSM8K (8-shot)"),
        ("AIME 2024（64次平均）", "AIME 2024 (avg@64)"), ("AIME（平均 8 次）", "AIME (avg@8)"),
        ("BBH（少样本，思维链）", "BBH (few-shot，CoT)"), ("GSM8K (8-shot)", "GSM8K (8-shot)"),
        ("C-Eval 中文", "C-Eval 中文"),
    ],
)  # fmt: skip
def test_chinese_settings_are_read_in_english(name: str, read: str) -> None:
    assert settings_in_english(name) == read


def test_worked_examples_of_a_column_a_cell_and_a_name() -> None:
    assert stated_shots_of("5", "GSM8K (8-shot)") == 5
    assert stated_shots_of("0-shot CoT", "GSM8K (8-shot)") == 0
    assert stated_shots_of("", "GSM8K", "8-shot, em") == 8
    assert stated_shots_of("", "GSM8K (3-5-shot)", "8-shot") is None
    assert stated_shots_of("99999") is stated_shots_of("") is None
    assert (bare_metric("5-shot, top-1"), bare_metric("5-shot"), bare_metric("-")) == ("top-1", "", "")
