"""A number a row: the column *Model* names whose it is, and the column *Score* is nobody."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard_server.jobs.pasted_sheet import read_pasted

TWO = "Model,Benchmark,Score\nFoo 7B,MMLU,71.2\nBar 8B,MMLU,69.0\nFoo 7B,GSM8K,88.0\n"


@pytest.mark.parametrize(
    "text",
    [
        "Modell;Aufgabe;Wert\nFoo 7B;MMLU;71,2 %\nFoo 7B;GSM8K;88,0 %\n",
        "Model,Benchmark,Score\nFoo 7B,MMLU,71.2\nFoo 7B,GSM8K,88.0\n",
        "Task\tScore (%)\tModel\nMMLU\t71.2\tFoo 7B\nGSM8K\t88.0\tFoo 7B\n",
        "| Model | Benchmark | Shots | Accuracy |\n|---|---|---|---|\n| Foo 7B | MMLU | 5 | 71.2 |\n"
        "| Foo 7B | GSM8K | 8 | 88.0 |\n",
    ],
)
def test_the_model_is_the_one_that_its_rows_name(text: str) -> None:
    sheet, _ = read_pasted(text)
    assert sheet.model == "Foo 7B"
    assert [(claim.task, str(claim.value)) for claim in sheet.claims] == [("mmlu", "71.2"), ("gsm8k", "88.0")]
    assert all("× Foo 7B" in claim.origin for claim in sheet.claims)


def test_shots_beside_it_are_read() -> None:
    sheet, _ = read_pasted("Model;Benchmark;Shots;Score\nFoo 7B;MMLU;5;71.2\nFoo 7B;GSM8K;8;88.0\n")
    assert [claim.shots for claim in sheet.claims] == [5, 8]


def test_of_several_models_one_is_asked_for() -> None:
    with pytest.raises(InputError, match="several models: name one with --model: Foo 7B, Bar 8B"):
        read_pasted(TWO)
    assert [str(claim.value) for claim in read_pasted(TWO, "Foo 7B")[0].claims] == ["71.2", "88.0"]
    assert [str(claim.value) for claim in read_pasted(TWO, "Bar 8B")[0].claims] == ["69.0"]


def test_a_row_without_a_model_is_named() -> None:
    with pytest.raises(InputError, match=r"csv:3: the column 'Model' is empty here"):
        read_pasted("Model,Benchmark,Score\nFoo 7B,MMLU,71.2\n,GSM8K,88.0\n")


def test_a_table_with_a_column_a_model_stays_as_it_is() -> None:
    sheet, _ = read_pasted("Benchmark,Foo 7B\nMMLU,71.2\nGSM8K,88.0\n")
    assert (sheet.model, len(sheet.claims)) == ("Foo 7B", 2)
