"""Suites whose scorers need more than an answer: a schema in a file, a document, answers that are JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.scorers import open_scorer
from steelyard.tasks.suite_task import task_from_suite
from testkit.suite_files import suite_at

SCHEMA = {"type": "object", "required": ["total"], "properties": {"total": {"type": ["number", "null"]}}}
JSON = {"id": "a", "question": "Give the total of: 3 x 4 EUR. As JSON.", "answer": '{"total": 12}'}
CITED = {"id": "a", "question": "How long?", "answer": "24 hours", "context": "Parcels take 24 hours."}


def suite(folder: Path, yaml: str, *items: dict[str, Any], schema: str = json.dumps(SCHEMA)) -> Path:
    suite_at(folder, f"suite: s\n{yaml}", "".join(json.dumps(item) + "\n" for item in items))
    (folder / "graders").mkdir(exist_ok=True)
    (folder / "graders" / "total.json").write_text(schema)
    return folder


def test_a_schema_in_a_file_is_part_of_the_scorer_and_of_the_digest(tmp_path: Path) -> None:
    yaml = "scorer: {name: json_schema, schema: graders/total.json, fields: {total: {number: 0.01}}}\n"
    folder = suite(tmp_path / "s", yaml, JSON)
    task = task_from_suite(folder)
    assert open_scorer(task.scorer).identifier == (
        'json_schema[{"fields":{"total":{"number":0.01}},"schema":{"properties":{"total":{"type":["number","null"]}},'
        '"required":["total"],"type":"object"}}]@1'
    )
    assert task.default_prompt == "verbatim"
    assert task.prompts["verbatim"].max_tokens == 1024
    before = task.suite
    (folder / "graders" / "total.json").write_text("true")
    assert task_from_suite(folder).suite != before


def test_a_schema_in_suite_yaml_is_the_same(tmp_path: Path) -> None:
    schema = '{type: object, required: [total], properties: {total: {type: [number, "null"]}}}'
    yaml = f"scorer: {{name: json_schema, schema: {schema}}}\n"
    inline = task_from_suite(suite(tmp_path / "a", yaml, JSON))
    in_file = task_from_suite(suite(tmp_path / "b", "scorer: {name: json_schema, schema: graders/total.json}\n", JSON))
    assert open_scorer(inline.scorer) == open_scorer(in_file.scorer)
    assert inline.suite == in_file.suite


def test_the_document_goes_with_the_sample_of_a_suite_that_is_cited(tmp_path: Path) -> None:
    (sample,) = task_from_suite(suite(tmp_path / "a", "scorer: {name: citation}\n", CITED)).prepare("cited")
    assert sample.context == CITED["context"]
    assert sample.request.prompt.startswith("Parcels take 24 hours.\n\nHow long?\n\nReply in two lines")  # type: ignore[union-attr]
    german = suite(tmp_path / "b", "language: de\nscorer: {name: citation}\n", CITED)
    assert 'Zitat: "die' in task_from_suite(german).prepare("cited")[0].request.prompt  # type: ignore[union-attr]
    plain = task_from_suite(suite(tmp_path / "c", "", CITED)).prepare("question")[0]
    assert plain.context == ""


def test_a_prompt_of_ones_own_may_be_cited_too(tmp_path: Path) -> None:
    yaml = 'prompts: {mine: {prompt: "{{ question }}", chat: true, scorer: {name: citation}}}\n'
    assert task_from_suite(suite(tmp_path / "a", yaml, CITED)).prepare("mine")[0].context == CITED["context"]


@pytest.mark.parametrize(
    ("scorer", "schema", "item", "words"),
    [
        ("{name: json_schema, schema: graders/none.json}", "", JSON, "graders/none.json: cannot be read"),
        ("{name: json_schema, schema: ../x.json}", "", JSON, "it must lie beside the task file"),
        ("{name: json_schema, schema: /etc/passwd}", "", JSON, "it must lie beside the task file"),
        ("{name: json_schema, schema: graders/total.json}", "{", JSON, "total.json: no JSON"),
        ("{name: json_schema, schema: graders/total.json}", '{"a": 1, "a": 2}', JSON, "a name twice"),
        ("{name: json_schema, schema: graders/total.json}", "[" * 100_000, JSON, "total.json: no JSON"),
        ("{name: json_schema, schema: graders/total.json}", " " * 200_001, JSON, "larger than 200,000"),
        ("{name: json_schema, schema: graders/total.json}", '{"typ": 1}', JSON, "suite.yaml: scorer 'json_schema': schema: #/typ"),  # noqa: E501
        ("{name: json_schema, fields: {total: sum}}", "{}", JSON, "suite.yaml: scorer 'json_schema': fields: 'sum' is no rule"),  # noqa: E501
        ("{name: json_schema, fields: {total: date}}", "{}", JSON, "samples.jsonl:1: answer '{\"total\": 12}' its field 'total' is no date"),  # noqa: E501
        ("{name: json_schema}", "{}", JSON | {"answer": "twelve"}, "samples.jsonl:1: answer 'twelve' is no JSON"),
        ("{name: json_schema}", "{}", JSON | {"answer": ""}, "samples.jsonl:1: answer '' is no JSON"),
        ("{name: citation}", "{}", JSON, "samples.jsonl:1: has no context"),
        ("{name: citation}", "{}", CITED | {"answer": ""}, "samples.jsonl:1: answer '' is empty"),
        ("{name: similarity}", "{}", JSON | {"answer": ""}, "1 of 1 items have no answer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_its_place(
    tmp_path: Path, scorer: str, schema: str, item: dict[str, Any], words: str
) -> None:
    folder = suite(tmp_path / "s", f"scorer: {scorer}\n", item, schema=schema)
    with pytest.raises(InputError) as failed:
        task_from_suite(folder)
    assert words in str(failed.value)
    assert "\n" not in str(failed.value)


def test_a_citation_may_need_no_answer(tmp_path: Path) -> None:
    folder = suite(tmp_path / "s", "scorer: {name: citation, support: none}\n", CITED | {"answer": ""})
    assert task_from_suite(folder).prepare("cited")[0].target == ""
