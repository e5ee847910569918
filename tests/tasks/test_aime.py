"""AIME on rows of our own in the hub's shape: what is asked, and which number counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def test_both_contests_of_2025_are_one_benchmark(tmp_path: Path) -> None:
    for config in ("AIME2025-I", "AIME2025-II"):
        rows = [{"question": f"{config}: what is ${n} + 1$?", "answer": str(n + 1)} for n in range(15)]
        write(tmp_path / "opencompass" / "AIME2025" / config / "test.jsonl", rows)
    samples = load_task("AIME'25").prepare("chat", tmp_path)
    assert len(samples) == 30
    assert isinstance(samples[16].request, GenerateRequest)
    assert samples[16].request.prompt == (
        "AIME2025-II: what is $1 + 1$?\nPlease reason step by step, and put your final answer within \\boxed{}."
    )
    assert samples[16].target == "2"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("So $m+n = 12 + 33$, which is $\\boxed{045}$.", 1),
        ("First \\boxed{12}? No: $\\boxed{45}$", 1),
        ("The answer is 45.", 1),
        ("$\\boxed{\\text{45}}$", 1),
        ("**Final answer**\n\\[\\boxed{46}\\]", 0),
        ("45 is not it: \\boxed{54}", 0),
    ],
)
def test_the_boxed_number_counts(tmp_path: Path, text: str, value: float) -> None:
    write(tmp_path / "HuggingFaceH4" / "aime_2024" / "default" / "train.jsonl", [{"problem": "?", "answer": "045"}])
    task = load_task("aime-2024")
    sample = task.prepare("chat", tmp_path)[0]
    output = ModelOutput(outcome=Outcome.OK, text=text)
    assert open_scorer(task.scorer).score(sample, output).value == value
