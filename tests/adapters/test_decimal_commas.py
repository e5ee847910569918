"""Decimal commas: read where a whole column has them, refused with the cell where that can be doubted."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.adapters.card_file import read_card_tables
from steelyard.adapters.decimal_commas import VALUE, interval_in, setting_in
from steelyard.errors import InputError


def values(text: str, ending: str, folder: Path, model: str = "") -> list[tuple[str, str]]:
    path = folder / f"table{ending}"
    path.write_text(text)
    return [(claim.task, str(claim.value)) for claim in read_card_tables(path, model).claims]


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("Benchmark;Foo 7B\nMMLU;71,2\nGSM8K;88,0 %\n", ".csv"),
        ("Benchmark\tFoo 7B\nMMLU\t71,2 %\nGSM8K\t88,0\n", ".tsv"),
        ("| Benchmark | Foo 7B |\n|---|---|\n| MMLU | 71,2 |\n| GSM8K | 88,0 % |\n", ".md"),
        ("Model;MMLU;GSM8K\nFoo 7B;71,2;88,0\n", ".csv"),
        ("Modell;Aufgabe;Wert\nFoo 7B;MMLU;71,2 %\nFoo 7B;GSM8K;88,0 %\n", ".csv"),
    ],
)
def test_a_column_with_decimal_commas_is_read(text: str, ending: str, tmp_path: Path) -> None:
    assert values(text, ending, tmp_path) == [("mmlu", "71.2"), ("gsm8k", "88.0")]


def test_another_models_sheet_is_not_made_without_a_question(tmp_path: Path) -> None:
    text = "Benchmark;Foo 7B;Bar\nMMLU;71,2;70\nGSM8K;88,0;80\n"
    with pytest.raises(InputError, match="several models: name one with --model: Foo 7B, Bar"):
        values(text, ".csv", tmp_path)
    assert values(text, ".csv", tmp_path, "Foo 7B") == [("mmlu", "71.2"), ("gsm8k", "88.0")]
    assert values(text, ".csv", tmp_path, "Bar") == [("mmlu", "70"), ("gsm8k", "80")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Benchmark;Foo\nMMLU;71,2\nGSM8K;1,234\n", r"csv:3: '1,234' may be thousands, .* as '71,2' \(line 2\)"),
        ("Benchmark;Foo\nMMLU;71,2\nGSM8K;88.0\n", r"csv:2: '71,2' has a decimal comma, and '88.0' \(line 3\)"),
        ("Benchmark;Foo\nMMLU;1,234\nGSM8K;2,345\n", "csv:2: '1,234' may be thousands"),
        ("Benchmark;Foo;Bar\nMMLU;1,234;70\nGSM8K;2,345;80\n", "csv:2: '1,234' may be thousands"),
        ("Benchmark;Foo\nMMLU;gut\nGSM8K;schlecht\n", "no numbers that can be read"),
    ],
)
def test_what_can_be_doubted_is_refused_with_its_cell(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        values(text, ".csv", tmp_path)


def test_counts_in_thousands_beside_a_model_stay_what_they_are(tmp_path: Path) -> None:
    text = "| Benchmark | Samples | Foo |\n|---|---|---|\n| MMLU | 14,042 | 71.2 |\n| GSM8K | 1,319 | 88.0 |\n"
    assert values(text, ".md", tmp_path) == [("mmlu", "71.2"), ("gsm8k", "88.0")]


@pytest.mark.parametrize(
    ("text", "number", "setting", "interval"),
    [
        ("92.0% 0-shot", "92.0", "0-shot", ""), ("59.4 (0-shot CoT)", "59.4", "0-shot CoT", ""),
        ("82.1 (10-shot)", "82.1", "10-shot", ""), ("59.4%* 0-shot CoT", "59.4", "0-shot CoT", ""),
        ("49.5 [42.5, 56.5]", "49.5", "", "[42.5, 56.5]"), ("49.5% [42.5%; 56.5%]", "49.5", "", "[42.5, 56.5]"),
        ("49.5 [42.5–56.5] (cons@8)", "49.5", "", "[42.5, 56.5]"), ("84.2 [12, 13]", "84.2", "", ""),
        ("\N{MINUS SIGN}5", "\N{MINUS SIGN}5", "", ""), ("84.2", "84.2", "", ""),
    ],
)  # fmt: skip
def test_what_stands_behind_a_number_in_its_cell(text: str, number: str, setting: str, interval: str) -> None:
    value = VALUE.fullmatch(text)
    assert value
    assert (value["number"], setting_in(value), interval_in(value)) == (number, setting, interval)


@pytest.mark.parametrize(
    "text", ["5-shot", "0-shot 92.0", "82.1 (10-shot) 83", "82.1 (5-shot) (8-shot)", "80 [1, 2", "82.15-shot"]
)
def test_what_is_no_number_with_its_setting(text: str) -> None:
    assert VALUE.fullmatch(text) is None
