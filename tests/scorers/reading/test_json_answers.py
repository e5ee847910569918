"""The JSON of an answer: as honest models write it, and as nobody should be able to hurt with it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.json_answers import (
    MAX_DEPTH,
    UnsettledJson,
    json_answer,
    json_key,
    number_text,
    parse_json,
)

# Minus nought is the number nought, which has no sign.
FLOATS = st.floats(-1e200, 1e200).filter(lambda value: value == 0 or abs(value) > 1e-200).map(lambda value: value + 0.0)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | FLOATS
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '  {"a": 1.0}\n',
        '\ufeff{"a": 1}',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}\n```',
        '~~~json\n{"a": 1}\n~~~',
        'Here it is:\n\n```json\n{\n  "a": 1\n}\n```\n\nThe value is 1.',
        '```json\n{"a": 1}',  # a stop sequence took the end
        '```json {"a": 1}```',
        '`{"a": 1}`',
        '```json\n{"a": 1}\n```\nor the same:\n```json\n{"a": 1e0}\n```',
        '```python\nprint(1)\n```\n```json\n{"a": 1}\n```',
    ],
)
def test_what_honest_models_write_is_one_value(text: str) -> None:
    found = json_answer(text)
    assert found is not None
    assert (found.value, found.alone) == ({"a": Fraction(1)}, True)


def test_json_within_other_text_is_not_alone() -> None:
    found = json_answer('The answer is {"a": 1}, as you see [1].')
    assert found is not None
    assert (found.value, found.alone) == ({"a": Fraction(1)}, False)


@pytest.mark.parametrize(
    "text", ["", "no", "{'a': 1}", '{"a": 1,}', '{"a": 1', "{a: 1}", '{"a": NaN}', "Infinity", '{"a": // x\n1}']
)
def test_what_is_no_json_is_none(text: str) -> None:
    assert json_answer(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "a": 2}', "a name twice"),
        ('```\n{"a": 1}\n```\n```\n{"a": 2}\n```', "different JSON values"),
        ('{"a": 1} or {"a": 2}', "different JSON values"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "levels"),
        ("see " + "[" * 5000, "levels"),
        ('{"a":' * 5000, "levels"),
        ('" 5 inch ' + "[" * 5000 + "]" * 5000, "levels"),
        (f'{{"a": {"9" * 101}}}', "too long"),
        ('{"a": 1e301}', "too long"),
        ('{"a": 1e99999999999}', "too long"),
        ("{x} " * 60, "brackets"),
        ('"' + "x" * 50_000 + '"', "50,000 characters"),
    ],
)
def test_what_can_be_read_in_two_ways_or_is_beyond_a_bound_is_unsettled(text: str, words: str) -> None:
    with pytest.raises(UnsettledJson, match=words):
        json_answer(text)


def test_a_name_twice_with_one_value_is_that_value() -> None:
    assert parse_json('{"a": 1, "a": 1.0}') == {"a": 1}


@given(VALUES)
def test_a_value_comes_back_exactly(value: Any) -> None:
    found = json_answer(f"```json\n{json.dumps(value)}\n```")
    assert found is not None
    assert json.dumps(json.loads(json.dumps(value)), sort_keys=True) == json.dumps(
        _plain(found.value, like=value), sort_keys=True
    )
    assert json_key(found.value) == json_key(parse_json(json.dumps(value, ensure_ascii=False, indent=2)))


def _plain(value: Any, like: Any) -> Any:
    if isinstance(value, Fraction):
        return float(value) if isinstance(like, float) else int(value)
    if isinstance(value, list):
        return [_plain(each, other) for each, other in zip(value, like, strict=True)]
    return {name: _plain(each, like[name]) for name, each in value.items()} if isinstance(value, dict) else value


@given(st.text(alphabet='{}[]",:`~1ae \n\\', max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        found = json_answer(text)
    except UnsettledJson:
        return
    assert found is None or json_key(found.value) is not None


def test_true_is_not_one() -> None:
    assert json_key(parse_json("true")) != json_key(parse_json("1"))
    assert json_key(parse_json('{"a": 1, "b": [2]}')) == json_key(parse_json('{"b": [2.0], "a": 1e0}'))


def test_numbers_as_texts() -> None:
    assert [number_text(Fraction(text)) for text in ("25", "12.5", "-0.1")] == ["25", "12.5", "-0.1"]
