from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.adapters.claims_file import check_model, read_claims
from steelyard.errors import InputError
from steelyard.records import ClaimSheet

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


def test_which_files_are_claims_is_seen_by_their_content(tmp_path: Path) -> None:
    for name, text, found in (
        ("card.md", INDEX, "Alpha-7B"),
        ("results.json", PUBLISHED, "acme/Alpha-7B"),
        ("log.json", "{}", None),
        ("log.eval", "", None),
    ):
        (tmp_path / name).write_text(text)
        sheet = read_claims(tmp_path / name)
        assert (sheet.model if sheet else None) == found
    assert read_claims(tmp_path) is None
    by_table = read_claims(tmp_path / "card.md", "Gamma", [1])
    assert by_table is not None
    assert [claim.value for claim in by_table.claims] == ["12.5"]
    with pytest.raises(InputError, match="--table applies to a card's tables"):
        read_claims(tmp_path / "results.json", "", [1])


def test_the_organisation_in_front_of_a_name_may_be_left_out() -> None:
    sheet = ClaimSheet(model="acme/Alpha-7B", claims=(), digest="0" * 64)
    for model in ("", "alpha-7b", "acme/alpha-7b", "Acme / Alpha 7B"):
        check_model(sheet, model, Path("a"))
    with pytest.raises(InputError, match="a: has the results of 'acme/Alpha-7B' alone, and 'Alpha-70B' is named"):
        check_model(sheet, "Alpha-70B", Path("a"))
