"""The table of benchmark facts: complete, without ambiguity, each row with a source."""

from __future__ import annotations

import pytest

from steelyard.claims.benchmarks import benchmarks, lookup

SIZES = {
    "gsm8k": 1319,
    "math": 5000,
    "math-500": 500,
    "aime-2024": 30,
    "aime-2025": 30,
    "humaneval": 164,
    "mbpp": 500,
    "mmlu": 14042,
    "mmlu-pro": 12032,
    "gpqa-diamond": 198,
    "gpqa-main": 448,
    "hellaswag": 10042,
    "arc-challenge": 1172,
    "arc-easy": 2376,
    "piqa": 1838,
    "winogrande": 1267,
    "truthfulqa": 817,
    "boolq": 3270,
    "ifeval": 541,
    "bbh": 6511,
    "mgsm": 250,
    "swe-bench-verified": 500,
    "mmmu": 900,
    "mathvista": 1000,
    "chartqa": 2500,
    "alpacaeval": 805,
    "mt-bench": 80,
    "arena-hard": 500,
}


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_sizes(name: str, size: int) -> None:
    benchmark = lookup(name)
    assert benchmark is not None
    assert (benchmark.id, benchmark.size) == (name, size)


def test_the_size_of_a_part_is_not_the_size_of_the_whole() -> None:
    for name in ("mgsm", "mmmu-pro"):
        benchmark = lookup(name)
        assert benchmark is not None
        assert benchmark.whole_size is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GPQA_diamond", "gpqa-diamond"),
        ("GPQA (Diamond)", "gpqa-diamond"),
        ("mmlu pro", "mmlu-pro"),
        ("MMLU (cloze)", "mmlu"),
        ("ARC (Average)", "arc-average"),
        ("Human Eval", "humaneval"),
        ("BIG-Bench Hard", "bbh"),
        ("AIME'24", "aime-2024"),
        ("Chatbot Arena", "lmarena"),
    ],
)
def test_names_are_forgiving(name: str, expected: str) -> None:
    benchmark = lookup(name)
    assert benchmark is not None
    assert benchmark.id == expected


@pytest.mark.parametrize("name", ["", "-", "HumanEval+", "gpqa", "mine", "mm", "x" * 10_000])
def test_other_names_are_unknown(name: str) -> None:
    assert lookup(name) is None


def test_every_row_has_a_source_and_no_name_means_two() -> None:
    seen: dict[str, str] = {}
    for benchmark in benchmarks():
        assert benchmark.sources["all"].startswith("https://")
        assert benchmark.metric
        assert benchmark.protocol
        assert benchmark.chance is None or 0 < benchmark.chance < 1
        for key in benchmark.keys:
            assert seen.setdefault(key, benchmark.id) == benchmark.id
