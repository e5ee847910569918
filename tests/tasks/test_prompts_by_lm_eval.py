"""Prompts with worked examples, byte for byte as lm-eval builds them.

The file has rows of our own and what lm-eval 0.4.13 asked of them (2026-11-28): of ``hellaswag`` with ten worked
examples, the first of the training split (``fewshot_config: {sampler: first_n}``; its default draws them), and of
``minerva_math500`` with its own four.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import GenerateRequest, LoglikelihoodRequest
from steelyard.tasks import load_task

FIXTURE: dict[str, Any] = json.loads((Path(__file__).parent / "prompts_by_lm_eval.json").read_text())


def mirror(folder: Path, name: str, splits: dict[str, Any]) -> Path:
    for split, rows in splits.items():
        path = folder / name / "default" / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize("prompt", ["completion", "completion_bytes", "completion_raw"])
def test_hellaswag_with_ten_worked_examples(prompt: str, tmp_path: Path) -> None:
    theirs = FIXTURE["hellaswag"]
    splits = {split: theirs[split] for split in ("train", "validation")}
    asked = load_task("hellaswag").prepare(prompt, mirror(tmp_path, "Rowan/hellaswag", splits), shots=10)
    ours = []
    for place, sample in enumerate(asked):
        assert isinstance(sample.request, LoglikelihoodRequest)
        context = sample.request.prefix + sample.request.context
        ours += [[place, context, ending] for ending in sample.request.continuations]
    assert ours == theirs["requests"]
    assert len(ours) == 12


@pytest.mark.parametrize("task", ["math_500", "math"])
def test_math_with_the_four_of_minerva(task: str, tmp_path: Path) -> None:
    theirs = FIXTURE["math_500"]
    data = mirror(tmp_path, "HuggingFaceH4/MATH-500", {"test": theirs["test"]})
    hub = load_task("math").definition.hub
    assert hub is not None
    for subject in hub.configs:
        folder = data / hub.path / subject
        folder.mkdir(parents=True)
        rows = theirs["test"] if subject == "algebra" else theirs["test"][:1]
        (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    protocol = load_task(task).protocol_of("minerva")
    ours = []
    for place, sample in enumerate(load_task(task).prepare("minerva", data, shots=protocol.shots)):
        assert isinstance(sample.request, GenerateRequest)
        assert (sample.request.stop, sample.request.chat) == (("Problem:",), False)
        ours.append([place, sample.request.prefix + sample.request.prompt])
    assert ours[:2] == theirs["requests"]
    assert protocol.shots == 4
