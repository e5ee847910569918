"""The fast reading of an attempt's line: it accepts what the slow one accepts, as the same, and knows its limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evidence.answers import LEAF_KEYS
from steelyard.evidence.attempt_line import FORMS, OPTIONAL, READ, parse_attempt
from steelyard.evidence.canonical import canonical, parse_canonical
from steelyard.records import Attempt, Outcome
from steelyard.storage.journal.lines import encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WHOLE = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(0, 100))
LOGPROBS = st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9), max_size=4)
VALUES = (
    dict.fromkeys(FORMS, TEXT)
    | {key: WHOLE for key, form in FORMS.items() if "[1-9]" in form}
    | {"final": st.booleans(), "logprobs": LOGPROBS, "type": st.just("attempt")}
)
RECORDS = st.fixed_dictionaries(
    {key: values for key, values in VALUES.items() if key not in OPTIONAL},
    optional={key: values for key, values in VALUES.items() if key in OPTIONAL},
)
LINE = encode(
    Attempt(
        seq=7, prev="a" * 64, measurement="00-task", position=3, sample="task/3 ü", item="b" * 64, repeat=0, attempt=1,
        request="c" * 64, outcome=Outcome.OK, final=True, answer="d" * 64, logprobs=(-1.5, -2.25), model="m",
        started_us=1_732_000_000_000_000, elapsed_us=50_000,
    )
)  # fmt: skip


def read_slowly(line: bytes) -> dict[str, Any]:
    record = parse_canonical(line)
    return {key: record[key] for key in READ if key in record}


def test_what_the_runner_writes_fits() -> None:
    assert parse_attempt(LINE) == read_slowly(LINE)
    assert {*LEAF_KEYS, "final", "prev", "seq", "type"} == set(READ)
    assert set(FORMS) == {*Attempt.__struct_fields__, "type"}


@given(RECORDS)
def test_what_fits_is_read_as_the_slow_way_reads_it(record: dict[str, Any]) -> None:
    line = canonical(record)
    found = parse_attempt(line)
    assert found is None or found == read_slowly(line)
    plain = all(text.isprintable() and not {'"', "\\"} & set(text) for text in record.values() if isinstance(text, str))
    small = all(abs(number) < 10**15 for number in record.values() if type(number) is int)
    spelled_out = any(record.get(key) in ("", 0, []) for key in OPTIONAL)
    assert found is None or not spelled_out
    assert found is not None or spelled_out or not (plain and small)


@given(st.integers(0, len(LINE) - 1), st.binary(max_size=2), st.integers(0, 2))
def test_bytes_that_are_not_canonical_are_never_taken_for_it(place: int, other: bytes, removed: int) -> None:
    line = LINE[:place] + other + LINE[place + removed :]
    try:
        found = parse_attempt(line)
    except ValueError:
        with pytest.raises(ValueError):
            parse_canonical(line)
    else:
        if found is not None:
            assert read_slowly(line) == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seq":7', b'"seq":07'),
        (b'"seq":7', b'"seq":-0'),
        (b'"seq":7', b'"seq":9007199254740993'),
        (b'"seq":7', b'"seq":7.0'),
        (b"-1.5", b"-1.50"),
        (b"-1.5", b"1e5"),
        (b"-1.5", b""),
        (b"\xc3\xbc", b"\xc3"),
        (b"\xc3\xbc", b"\n"),
    ],
)
def test_numbers_and_texts_that_are_not_in_their_form(old: bytes, new: bytes) -> None:
    line = LINE.replace(old, new, 1)
    assert line != LINE
    with pytest.raises(ValueError):
        _ = parse_attempt(line) or parse_canonical(line)
