"""What is said of each task: nothing is loaded, fetched or asked for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.tasks import task_ids
from steelyard.tasks.overview import known_without_task, overview


def test_every_task_says_its_size_its_formats_and_its_needs() -> None:
    for name in task_ids():
        found = overview(name)
        assert found.samples, name
        assert found.formats
        assert found.needs
        assert found.licence
        assert found.source


@pytest.mark.parametrize(
    ("name", "samples", "formats", "needs"),
    [
        ("gsm8k", 1319, ("cot", "cot_chat", "cot_strict", "cot_strict_chat", "chat"), ("text",)),
        ("human eval", 164, ("completion", "chat"), ("text", "sandbox")),
        ("MMLU", 14_042, ("letter", "letter_generate", "cloze", "cot"), ("(log-likelihoods)", "(text)")),
        ("chartqa", 2500, ("final_answer", "described", "short"), ("text", "images")),
        ("world_push", 200, ("frames",), ("world push",)),
    ],
)
def test_some_tasks(name: str, samples: int, formats: tuple[str, ...], needs: tuple[str, ...]) -> None:
    found = overview(name)
    assert (found.samples, found.formats, found.needs) == (samples, formats, needs)


def test_whether_the_data_is_here(tmp_path: Path) -> None:
    assert overview("chain_sum", tmp_path).data == "made here"
    assert overview("gsm8k", tmp_path).data == "not in the mirror (openai/gsm8k)"
    place = tmp_path / "openai" / "gsm8k" / "main"
    place.mkdir(parents=True)
    (place / "test.jsonl").touch()
    found = overview("gsm8k", tmp_path)
    assert (found.data, found.is_here) == ("in the mirror", True)
    charts = tmp_path / "HuggingFaceM4" / "ChartQA" / "default"
    charts.mkdir(parents=True)
    (charts / "test.parquet").touch()
    assert overview("chartqa", tmp_path).data == "in the mirror"
    assert overview("mmlu", tmp_path).data.startswith("57 of 57 parts not") or not overview("mmlu", tmp_path).is_here
    assert not overview("gsm8k").is_here  # on the hub: nobody looks


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(InputError, match="no task is called 'nonsense'"):
        overview("nonsense")


def test_what_is_known_and_has_no_task() -> None:
    names = {each.id for each in known_without_task()}
    assert {"alpacaeval", "swe-bench-verified"} <= names
    assert not names & set(task_ids())
