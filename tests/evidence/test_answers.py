"""The answers root: the same for the same answers, in whatever order, segments and number of attempts they came."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import VerificationError
from steelyard.evidence.answers import LEAF_KEYS, Answers, leaf
from steelyard.evidence.canonical import canonical
from steelyard.evidence.digests import DigestSet
from steelyard.evidence.merkle import root

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
LOGPROBS = st.lists(st.floats(-1e9, 0, allow_nan=False), max_size=4)
MAY_BE_ABSENT = {"answer": TEXT, "finish_reason": TEXT, "logprobs": LOGPROBS, "reasoning": TEXT}
RECORDS = st.fixed_dictionaries(
    {key: TEXT for key in LEAF_KEYS if key not in MAY_BE_ABSENT}
    | {"position": WHOLE, "repeat": WHOLE}
    | {"prev": TEXT, "elapsed_us": WHOLE},
    optional=MAY_BE_ABSENT,
)


def call(position: int, measurement: str = "a", **changes: Any) -> dict[str, Any]:
    place = {"measurement": measurement, "position": position, "sample": f"s/{position}", "repeat": 0}
    record = dict.fromkeys(LEAF_KEYS, "") | place
    return record | {"logprobs": [], "outcome": "ok", "final": True} | changes


def root_of(records: list[dict[str, Any]]) -> tuple[int, str]:
    answers = Answers()
    for record in records:
        answers.add(record)
    return answers.root()


@given(RECORDS)
def test_a_leaf_is_the_canonical_json_of_its_keys(record: dict[str, Any]) -> None:
    assert leaf(record) == canonical({key: record[key] for key in LEAF_KEYS if key in record})


def test_the_root_is_that_of_the_calls_in_order() -> None:
    records = [call(position, name) for name in ("a", "b") for position in range(5)]
    assert root_of(records) == (10, root(leaf(record) for record in records).hex())


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_order_time_attempts_and_workers_do_not_matter(seed: int, size: int) -> None:
    dice = random.Random(seed)
    records = [call(dice.choice((-1, place)), name, repeat=place) for name in "ab" for place in range(size)]
    expected = root_of(records)
    faults = [call(1, outcome="server_error", final=False, attempt=1) for _ in range(dice.randrange(4))]
    shuffled = [record | {"started_us": dice.random(), "model": "m", "detail": "d"} for record in records] + faults
    dice.shuffle(shuffled)
    assert root_of(shuffled) == expected


@pytest.mark.parametrize("key", LEAF_KEYS)
def test_every_part_of_an_answer_matters(key: str) -> None:
    changed = {"logprobs": [-1.5], "position": 3, "repeat": 1}.get(key, "other")
    assert root_of([call(1), call(2)]) != root_of([call(1), call(2) | {key: changed}])
    assert root_of([call(1), call(2)]) != root_of([call(1)])


def test_a_call_is_finished_once_but_a_repeat_check_asks_often() -> None:
    assert root_of([call(-1, repeat=1), call(-1, repeat=2)])[0] == 2
    with pytest.raises(VerificationError, match="position 1 of measurement 'a' is finished twice"):
        root_of([call(1), call(1, answer="x")])
    with pytest.raises(OverflowError):
        root_of([call(-2)])


def test_no_answers() -> None:
    assert root_of([]) == (0, root([]).hex())


@given(st.sets(st.binary(min_size=32, max_size=32)), st.sets(st.binary(min_size=32, max_size=32)))
def test_digests_are_a_set(left: set[bytes], right: set[bytes]) -> None:
    here, there = DigestSet(), DigestSet()
    for digest in [*left, *right, *left]:
        here.add(digest)
    for digest in right:
        there.add(digest)
    assert list(here.without(there)) == sorted(left - right)
