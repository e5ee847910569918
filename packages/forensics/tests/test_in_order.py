"""Scores in any order of arrival come out sample by sample, in the committed order, each once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import SampleScore
from steelyard_forensics.in_order import InOrder


def score(position: int, scorer: str, value: float | None = 1.0) -> SampleScore:
    return SampleScore(
        measurement="m", position=position, sample=f"s{position}", repeat=0,
        status="missing" if value is None else "scored", value=value, scorer=scorer, seq=position,
    )  # fmt: skip


@given(st.permutations([(position, scorer) for position in range(5) for scorer in ("a", "b")]))
def test_any_order_of_arrival_gives_the_committed_one(arrivals: list[tuple[int, str]]) -> None:
    order, found = InOrder(["a", "b"]), []
    for position, scorer in arrivals:
        found += list(order.take(score(position, scorer, position / 10)))
    assert [each["a"] for each in found] == [each["b"] for each in found] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert order.n == 5


def test_others_and_repeats_are_left_alone_and_a_gap_is_waited_for() -> None:
    order = InOrder(["a"])
    assert list(order.take(score(1, "a"))) == []
    assert list(order.take(score(0, "other"))) == []
    assert list(order.take(score(-1, "a"))) == []
    assert list(order.take(score(0, "a", None))) == [{"a": None}, {"a": 1.0}]
    assert list(order.take(score(0, "a"))) == []
    assert order.n == 2
