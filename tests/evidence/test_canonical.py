"""Canonical JSON: RFC 8785's own example, and that reading accepts what writing writes and nothing else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evidence.canonical import (
    canonical,
    canonical_in_full,
    canonical_with,
    parse_canonical,
    sha256_hex,
    without_defaults,
)
from steelyard.records import Claim, ComparedWith, GenerateRequest, Protocol, Sample, Score

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e20, 1e21, 1e-6, 1e-7, 2.0**53, 1.0, -0.0, 5e-324]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)


class Holder(msgspec.Struct):
    text: str = ""
    values: list[Any] = []


def test_the_rfc_s_own_example() -> None:
    source = (
        r'{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],'
        r'"string":"\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}'
    )
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    ).encode()
    assert canonical(json.loads(source)) == expected
    assert canonical(parse_canonical(expected)) == expected


def test_records_are_written_with_their_tags() -> None:
    sample = Sample(id="1", request=GenerateRequest(prompt="q"), target="a")
    assert canonical(sample) == b'{"id":"1","request":{"kind":"generate","prompt":"q"},"target":"a"}'
    assert canonical(ComparedWith(model="ü")) == '{"model":"ü"}'.encode()
    assert canonical_in_full(ComparedWith(model="ü")) == '{"model":"ü","value":""}'.encode()


def test_a_default_is_left_out_at_any_depth_by_equality_and_kind() -> None:
    made = "".join(["o", "k"])[:0]  # an empty text that is not the literal
    assert canonical(ComparedWith(model="m", value=made)) == b'{"model":"m"}'
    claim = Claim(task="t", value="1", protocol=Protocol(prompt="p"), compared_with=(ComparedWith(model="m"),))
    assert without_defaults(claim) == {
        "task": "t", "value": "1", "protocol": {"prompt": "p"}, "compared_with": [{"model": "m"}],
    }  # fmt: skip
    assert without_defaults(Claim(task="t", value="1", protocol=Protocol())) == {"task": "t", "value": "1"}
    # 1 equals True, and is another JSON value: what a reader gets back must be what was written.
    assert without_defaults(Score(value=0.0, parsed=1)) == {"value": 0.0, "parsed": 1}  # type: ignore[arg-type]


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    data = canonical(value)
    assert canonical(parse_canonical(data)) == data


@given(VALUES, st.booleans(), st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_reading_accepts_canonical_bytes_only(
    value: Any, ascii_only: bool, sort: bool, separators: tuple[str, str]
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, sort_keys=sort, separators=separators).encode()
    if data == canonical(value):
        parse_canonical(data)
    else:
        with pytest.raises(ValueError, match="canonical"):
            parse_canonical(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b"1.0",
        b"-0",
        b"1e5",
        b"1E400",
        b"9007199254740993",
        b"9" * 5000,
        b"NaN",
        b"-Infinity",
        b'"\\ud800"',
        b'"\\u0041"',
        b'"\\/"',
        b'"\xff"',
        b'\xef\xbb\xbf"a"',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        '{"\ue000":1,"😀":2}'.encode(),  # UTF-16 puts the second key first
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_canonical(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {1: 2}, {"a": object()}])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_keys_sort_as_utf_16() -> None:
    data = '{"😀":2,"\ue000":1}'.encode()
    assert parse_canonical(data) == {"😀": 2, "\ue000": 1}
    assert rfc8785.dumps({"\ue000": 1, "😀": 2}) == data


class Weighed(msgspec.Struct):
    request: GenerateRequest
    weight: float
    zebra: str = ""


@given(TEXT, TEXT, NUMBERS)
def test_a_field_that_was_encoded_before_is_not_encoded_again(one: str, other: str, number: float) -> None:
    request = GenerateRequest(prompt=one, system=other, temperature=float(number))
    sample = Sample(id=one, request=request, target=other, choices=(one, other))
    assert canonical_with(sample, request=canonical(request)) == canonical(sample)
    weighed = Weighed(request=request, weight=float(number), zebra=other)  # some numbers are written with care
    assert canonical_with(weighed, request=canonical(request)) == canonical(weighed)


def test_digest() -> None:
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(VALUES)
def test_the_fast_way_writes_what_rfc8785_writes(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.one_of(st.floats(1e-5, 1e-3), st.floats(1e14, 1e17), st.floats(-1e3, 1e3), st.integers().map(float)))
def test_the_fast_way_knows_where_numbers_need_care(number: float) -> None:
    try:
        expected = rfc8785.dumps([number])
    except ValueError:
        with pytest.raises(ValueError):
            canonical([number])
    else:
        assert canonical([number]) == expected


@given(st.lists(VALUES, max_size=3), st.text(max_size=20))
def test_records_are_written_as_rfc8785_writes_them(values: list[Any], text: str) -> None:
    record = Holder(text=text, values=values)
    assert canonical(record) == rfc8785.dumps(without_defaults(record))
