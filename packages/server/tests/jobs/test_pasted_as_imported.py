"""The page takes what the command line takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import InputError
from steelyard_server.jobs.pasted_sheet import read_pasted

INDEX = (
    "---\nmodel-index:\n- name: Alpha-7B\n  results:\n  - dataset: {name: GSM8K, type: gsm8k}\n"
    "    metrics: [{type: accuracy, value: 69.8}]\n---\n# Alpha\n\n| Benchmark | Gamma |\n|---|---|\n| GSM8K | 12.5 |\n"
)
TABLE = "| Benchmark | Ours | Theirs |\n|---|---|---|\n| GSM8K | 69.8 | 70.1 |\n"
PUBLISHED = json.dumps(
    {
        "schema_version": "0.3.0",
        "model_info": {"id": "acme/Alpha-7B"},
        "evaluation_results": [{"evaluation_name": "GSM8K", "score_details": {"score": 0.698}}],
    }
)
COMMAS = "Benchmark;Foo 7B\nMMLU;71,2\nGSM8K;88,0 %\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (INDEX, "card.md"),
        (TABLE, "table.md"),
        (PUBLISHED, "results.json"),
        ("a,b\n1,2\n", "x.csv"),
        (COMMAS, "commas.csv"),
    ],
)
@pytest.mark.parametrize("model", ["", "alpha 7b", "Beta-70B", "Ours", "Nobody"])
def test_the_page_takes_what_the_command_line_takes_and_nothing_else(
    text: str, name: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    exit_code = steelyard(["import", name, "--model", model, "--out", "sheet.yaml"])
    try:
        read_pasted(text, model)
    except InputError:
        assert exit_code == 2
    else:
        assert exit_code == 0


def test_decimal_commas_are_read() -> None:
    assert [str(each.value) for each in read_pasted(COMMAS)[0].claims] == ["71.2", "88.0"]
