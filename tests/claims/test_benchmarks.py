"""The table of benchmark facts: complete, without ambiguity, each row with a source."""

from __future__ import annotations

import re

import pytest

from steelyard.claims.benchmarks import benchmarks, keys_in, lookup, without_measure
from steelyard.tasks import resolve

# Rows as they are printed on the cards of Llama 4, Qwen 2.5 and 3, Gemma 3, Mistral, DeepSeek, Phi-4, SmolLM3, gpt-oss
# and Kimi K2.
CARDS = (
    "MMMU", "MMMU Pro", "MathVista", "ChartQA", "DocVQA (test)", "LiveCodeBench (10/01/2024-02/01/2025)", "MMLU Pro",
    "GPQA Diamond", "MGSM", "MTOB", "LiveBench 0831", "MMLU-redux", "MultiPL-E", "MBPP",
    "LiveCodeBench 2305-2409", "Arena-Hard", "AlignBench v1.1", "MT-Bench", "IFeval strict-prompt",
    "TheoremQA", "ARC-C", "TruthfulQA", "Winogrande", "HellaSwag", "HumanEval+", "MBPP+", "SuperGPQA", "MultiIF",
    "BFCL v3", "PolyMATH", "INCLUDE", "AIME'24", "AIME'25", "CodeForces (Rating)", "Multi-IF", "MLogiQA", "MMMLU",
    "AutoLogi", "ZebraLogic", "BIG-Bench Hard", "BoolQ", "PIQA", "SocialIQA", "TriviaQA", "Natural Questions",
    "ARC-e", "DROP", "AGIEval", "MATH", "GSM8K", "HumanEval", "Global-MMLU-Lite", "XQuAD (all)", "ECLeKTic",
    "IndicGenBench", "COCOcap", "InfoVQA (val)", "TextVQA (val)", "AI2D", "VQAv2", "RealWorldQA", "HiddenMath",
    "Natural2Code", "Bird-SQL (dev)", "FACTS Grounding", "SimpleQA (TotalAcc)", "WMT24++ (ChrF)", "RULER 128K",
    "MM-MT-Bench", "Wildbench v2", "IF-Eval", "SimpleQA (Correct)", "FRAMES (Acc.)", "LongBench v2 (Acc.)",
    "LiveCodeBench v5 (Pass@1)", "Codeforces (Percentile)", "SWE Verified (Resolved)", "Aider-Edit (Acc.)",
    "Aider-Polyglot (Acc.)", "CNMO 2024 (Pass@1)", "CLUEWSC (EM)", "C-Eval (EM)", "C-SimpleQA (Correct)",
    "HumanEval-Mul (Pass@1)", "MMLU-Redux (EM)", "DROP (3-shot F1)", "IF-Eval", "GPQA", "PhiBench",
    "MixEval", "GSM-Plus", "IFBench", "HMMT 2025", "Humanity's Last Exam (Text Only)", "HealthBench", "Tau2 retail",
    "TerminalBench", "OJBench", "ACEBench", "MultiChallenge", "LiveCodeBench v6 (Aug 24 - May 25)", "AlpacaEval2.0",
)  # fmt: skip

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
        ("HumanEval+", "humaneval-plus"),
        ("GPQA", "gpqa"),
    ],
)
def test_names_are_forgiving(name: str, expected: str) -> None:
    benchmark = lookup(name)
    assert benchmark is not None
    assert benchmark.id == expected


@pytest.mark.parametrize("name", ["", "-", "HumanEval++", "mine", "mm", "x" * 10_000, "MATH (maj@8)"])
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


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("LiveCodeBench v5 (Pass@1)", "LiveCodeBench v5"),
        ("LiveCodeBench v6 (Aug 24 - May 25)", "LiveCodeBench v6"),
        ("LiveCodeBench v6 (02/2025-05/2025)", "LiveCodeBench v6"),
        ("BBH (3-shot, CoT)", "BBH"),
        ("LiveCodeBench 2305-2409", "LiveCodeBench"),
        ("HumanEval (pass@10)", "HumanEval (pass@10)"),
        ("GPQA (Diamond)", "GPQA (Diamond)"),
        ("AIME 2024 (cons@64)", "AIME 2024 (cons@64)"),
    ],
)
def test_the_measure_of_one_answer_is_no_part_of_a_name(name: str, bare: str) -> None:
    assert without_measure(name) == bare


@pytest.mark.parametrize("name", CARDS)
def test_the_rows_of_cards_are_known_with_a_task_or_a_reason(name: str) -> None:
    found = lookup(name) or lookup(without_measure(name))
    assert found is not None or resolve(name) is not None, name


def test_every_run_of_words_may_be_a_name() -> None:
    assert list(keys_in("on MMLU-Pro")) == ["on", "onmmlu", "onmmlupro", "mmlu", "mmlupro", "pro"]


def test_what_a_reason_says_to_write_is_a_task() -> None:
    said = {each.id: re.findall(r"task: (\w+)", each.why_not) for each in benchmarks() if each.why_not}
    assert said["gpqa"] == ["gpqa_diamond", "gpqa_main"]
    assert all(resolve(name) == name for names in said.values() for name in names)
