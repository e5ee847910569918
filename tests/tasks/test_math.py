"""MATH and MATH-500 on rows of our own in the hub's shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records import GenerateRequest
from steelyard.tasks import load_task

SUBJECTS = (
    "algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra",
    "precalculus",
)  # fmt: skip


def mirror(folder: Path, solution: str) -> Path:
    for subject in SUBJECTS:
        path = folder / "EleutherAI" / "hendrycks_math" / subject / "test.jsonl"
        path.parent.mkdir(parents=True)
        row = {"problem": f"What is $\\frac12$ of 3 in {subject}?", "level": "Level 1", "type": subject}
        path.write_text(json.dumps(row | {"solution": solution}) + "\n")
    return folder


@pytest.mark.parametrize(
    "solution",
    ["It is not \\boxed{3}, it is $\\boxed{\\frac{3}{2}}$.", "Half of 3 is $\\fbox{\\frac{3}{2}}$."],
)
def test_the_target_is_what_the_solution_boxes_last(tmp_path: Path, solution: str) -> None:
    samples = load_task("hendrycks-math").prepare("chat", mirror(tmp_path, solution))
    assert len(samples) == 7
    assert {sample.target for sample in samples} == {"\\frac{3}{2}"}
    assert {sample.group for sample in samples} == set(SUBJECTS)
    request = samples[0].request
    assert isinstance(request, GenerateRequest)
    assert request.prompt.startswith("What is $\\frac12$ of 3 in algebra?\nPlease reason step by step")


def test_a_solution_without_a_box_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fields.target: a solution without \\boxed\{\} \(sample math/algebra/0\)"):
        load_task("math").prepare("chat", mirror(tmp_path, "It is 3."))


def test_math_500_has_its_answers_in_a_field(tmp_path: Path) -> None:
    path = tmp_path / "HuggingFaceH4" / "MATH-500" / "default" / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"problem": "1 + 1?", "solution": "", "answer": "2", "subject": "Algebra"}) + "\n")
    sample = load_task("MATH-500").prepare("chat", tmp_path)[0]
    assert (sample.target, sample.group) == ("2", "")
