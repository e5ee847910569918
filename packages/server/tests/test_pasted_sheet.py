from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.claims.sheet import read_sheet
from steelyard.errors import InputError
from steelyard_server.jobs.pasted_sheet import MAX_CHARACTERS, read_pasted

SHEET = "model: a\nclaims:\n- task: gsm8k\n  value: 69.80\n"
MARKDOWN = "# A card\n\n| Benchmark | Ours | Theirs |\n|---|---|---|\n| GSM8K | 69.8 | 70.1 |\n| MMLU | 61.25 | 60 |\n"
HTML = (
    "<p>Results</p><table><tr><th>Benchmark</th><th>Ours</th></tr>"
    "<tr><td>GSM8K</td><td>69.8</td></tr><tr><td>MMLU</td><td>61.25</td></tr></table>"
)
CSV = "Benchmark,Ours\nGSM8K,69.8\nMMLU,61.25\n"
INDEX = (
    "---\nmodel-index:\n- name: Ours\n  results:\n  - dataset: {name: GSM8K, type: gsm8k}\n"
    "    metrics: [{type: accuracy, value: 69.8}]\n---\n# Ours\n"
)


@pytest.mark.parametrize(
    ("text", "model", "values"),
    [
        (SHEET, "", ["69.80"]),
        (SHEET.replace("\n", "\r\n"), "", ["69.80"]),
        ("{model: a, claims: [{task: gsm8k, value: 69.80}]}", "", ["69.80"]),
        (MARKDOWN, "Ours", ["69.8", "61.25"]),
        (HTML, "", ["69.8", "61.25"]),
        (CSV, "Ours", ["69.8", "61.25"]),
        (CSV.replace(",", "\t"), "", ["69.8", "61.25"]),
        (INDEX, "", ["69.8"]),
    ],
)
def test_each_form_becomes_a_sheet_whose_text_reads_the_same(
    text: str, model: str, values: list[str], tmp_path: Path
) -> None:
    sheet, yaml = read_pasted(text, model)
    assert [claim.value for claim in sheet.claims] == values
    (tmp_path / "sheet.yaml").write_text(yaml)
    again = read_sheet(tmp_path / "sheet.yaml")
    assert [(claim.task, claim.value) for claim in again.claims] == [(each.task, each.value) for each in sheet.claims]
    assert "\r" not in yaml


@pytest.mark.parametrize(
    "text",
    [
        "| Task | Ours |\n|---|---|\n| Our Sums | 50.0 |\n",
        "| Model | our-sums |\n|---|---|\n| Ours | 50.0 |\n",
        "Task,Ours\nour-sums,50.0\n",
    ],
)
def test_a_table_of_a_task_of_ones_own_is_read_where_that_is_named(text: str) -> None:
    sheet, yaml = read_pasted(text, own_task="our-sums")
    assert [(claim.task, claim.value, claim.unit) for claim in sheet.claims] == [("our-sums", "50.0", "percent")]
    assert "our-sums" in yaml
    with pytest.raises(InputError, match="none of its tables names a benchmark"):
        read_pasted(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" \n ", "paste a table"),
        ("x" * (MAX_CHARACTERS + 1), "characters at most"),
        ("model: a\nclaims:\n- task: gsm8k\n  worth: 3\n", "pasted.yaml:4: unknown key 'worth'"),
        ("just some words", "neither a table of results nor a claim sheet: a table has a line of names"),
        ("# Title\ntext", "such as 'Benchmark,Our model' and 'GSM8K,81.2'"),
        ("model: x", "the sheet has no 'claims'"),
        ("| a | b |", "neither a table of results"),
        ('{"schema_version": ', "not JSON"),
        ("| a | b |\n|---|---|\n| c | d |\n", "none of its tables names a benchmark"),
        ("model: \ud800\nclaims: []\n", "no file can hold"),
        ("{" * 5000, "pasted"),
    ],
)
def test_what_is_none_is_refused_in_one_line_without_our_folder(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_pasted(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "steelyard-pasted" not in str(caught.value)


@pytest.mark.parametrize("text", [INDEX, INDEX.replace("---\n", ""), SHEET, CSV])
def test_results_of_another_model_than_the_named_one_are_refused(text: str) -> None:
    own = "a" if text == SHEET else "Ours"
    assert [claim.task for claim in read_pasted(text, own)[0].claims][:1] == ["gsm8k"]
    with pytest.raises(InputError, match="Beta-70B"):
        read_pasted(text, "Beta-70B")
