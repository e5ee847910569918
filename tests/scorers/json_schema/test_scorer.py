"""The scorer ``json_schema``: honest answers of many forms, and what no schema or answer may do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import is_share, open_identifier, open_scorer
from steelyard.scorers.json_schema.scorer import JsonSchema

SCHEMA = {
    "type": "object",
    "required": ["total", "when"],
    "properties": {"total": {"type": ["number", "string"]}, "when": {"type": "string"}, "tags": {"type": "array"}},
}
FIELDS = {"total": {"number": 0.01}, "when": "date", "tags": "set"}
TARGET = '{"total": 12.5, "when": "2026-03-04", "tags": ["new", "urgent"], "name": "Ada"}'


def score(text: str, target: str = TARGET, **options: Any) -> Score:
    scorer = JsonSchema(**({"schema": SCHEMA, "fields": FIELDS} | options))
    sample = Sample(id="x", request=GenerateRequest(prompt="?"), target=target)
    return scorer.score(sample, ModelOutput(outcome=Outcome.OK, text=text))


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [
        (TARGET, 1.0, ""),
        (f"```json\n{TARGET}\n```", 1.0, ""),
        (f"Sure! Here is the JSON:\n```json\n{TARGET}\n```\nTell me if you need more.", 1.0, ""),
        ('{"when":"2026-03-04","name":"ada","tags":["urgent","new"],"total":12.5}', 1.0, ""),
        ('{"total": "12.50", "when": "4 March 2026", "tags": ["new", "urgent"], "name": "Ada", "more": 1}', 1.0, ""),
        (f"The result is {TARGET}", None, "JSON within other text"),
        ('{"total": 12.5, "when": "03/04/2026", "tags": ["new", "urgent"], "name": "Ada"}', None, "open: when"),
        ('{"total": 12.5, "when": "2026-03-04", "tags": "new, urgent", "name": "Ada"}', 0.0, "breaks the schema at /tags: type"),  # noqa: E501
        ('{"total": 13, "when": "2026-03-05", "tags": ["new"], "name": "Bob"}', 0.0, "wrong: total, when, tags, name"),
        ('{"total": 12.5, "when": "2026-03-04"}', 0.0, "wrong: tags, name"),
        ('{"total": 12.5}', 0.0, "breaks the schema at /: required"),
        (f"I think {TARGET.replace('12.5', '99')}", 0.0, "wrong: total"),
        (f"{TARGET}\n{TARGET.replace('12.5', '99')}", None, "different JSON values"),
        ("[" * 40, None, "more than 32 levels"),
    ],
)  # fmt: skip
def test_answers(text: str, value: float | None, note: str) -> None:
    found = score(text)
    assert (found.value, found.note) == (value, note)
    assert found.parsed


@pytest.mark.parametrize("text", ["I cannot do that.", "{'total': 12.5}", TARGET[:-1], TARGET.replace("}", ",}"), ""])
def test_an_answer_without_json_is_unparsed(text: str) -> None:
    found = score(text)
    assert (found.value, found.parsed, found.note) == (0.0, False, "no JSON")


def test_the_share_of_right_fields() -> None:
    half = '{"total": 12.5, "when": "2026-03-04", "tags": ["new"], "name": "Bob"}'
    assert score(half, scores="share").value == 0.5
    assert score(TARGET, scores="share").value == 1.0
    assert score('{"total": 12.5}', scores="share").value == 0.0
    assert score(f"so {half}", scores="share").value is None
    assert score('{"a": 1}', target="{}", schema=True, scores="share").value == 1.0
    assert score("1", target="1", schema=True, fields={}, scores="share").value == 1.0
    assert [is_share(JsonSchema(scores=each)) for each in ("all", "share")] == [False, True]


def test_fields_too_many_are_wrong_where_the_suite_says_so() -> None:
    more = TARGET.replace("}", ', "more": 1}')
    assert score(more).value == 1.0
    assert score(more, extra="refuse").value == 0.0


def test_a_right_answer_that_is_no_json_leaves_all_open_and_is_named_before() -> None:
    assert score(TARGET, target="12.5").value == 0.0  # a number is JSON
    assert score(TARGET, target="twelve").value is None
    scorer = JsonSchema(fields=FIELDS)
    assert "is no JSON" in scorer.target_fault("twelve")
    assert scorer.target_fault('{"when": "soon"}') == "its field 'when' is no date"
    assert scorer.target_fault(TARGET) == ""


@pytest.mark.parametrize(
    "options",
    [
        {"schema": "graders/x.json"},
        {"schema": {"type": "x"}},
        {"schema": {"const": "x" * 9000}},
        {"fields": {"a": "exakt"}},
        {"fields": ["a"]},
        {"fields": {1: "date"}},
        {"extra": "maybe"},
        {"scores": "half"},
    ],
    ids=str,
)
def test_what_is_refused_is_one_line(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"\Ascorer 'json_schema': .*\Z"):
        JsonSchema(**options)


def test_a_schema_that_does_not_end_leaves_the_answer_open() -> None:
    schema = {"items": {"enum": [list(range(1500))]}}
    found = score(str([list(range(1500))] * 5 + [[1]]), schema=schema, target="[]")
    assert found.value == 0.0
    assert score(str([list(range(1500))] * 6 * 4)[:-1] + ",1]", schema=schema, target="[]").value is None


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "schema": st.sampled_from([SCHEMA, {"const": 'a]@1"'}, {"minimum": 0.1}, {"pattern": "^é$"}, False]),
        "fields": st.sampled_from([FIELDS, {"a.b": "ignore", "c": {"number": "1%"}}]),
        "extra": st.just("refuse"),
        "scores": st.just("share"),
    },
)


@given(OPTIONS)
def test_the_identifier_opens_the_same_scorer(options: dict[str, Any]) -> None:
    scorer = open_scorer({"name": "json_schema"} | options)
    again = open_identifier(scorer.identifier)
    assert again == scorer
    assert again.identifier == scorer.identifier


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_answer_has_a_score(text: str, target: str) -> None:
    found = score(text, target=target, schema=True, fields={})
    assert found.value in (None, 0.0, 1.0)
