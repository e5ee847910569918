"""Names of others → ids here, only where the name tells one benchmark; units by the rule that the docs state."""

from __future__ import annotations

import pytest

from steelyard.adapters.benchmark_names import (
    infer_unit,
    known_task,
    part_in_name,
    relative_in_brackets,
    shots_in_name,
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
