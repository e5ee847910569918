"""How level and time are divided between claims and what is asked beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.planning.weights import detect_weight_of, share_out, shares_of_time
from steelyard.records import Measurement, PlannedTest


def some(*weights: float, rule: str = "claim_retest@4") -> list[PlannedTest]:
    return [PlannedTest(id=f"{rule}-{number}", rule=rule, weight=weight) for number, weight in enumerate(weights)]


def measured(*drawn: str) -> list[Measurement]:
    return [
        Measurement(id=f"{number}", task="t", prompt="p", kind="generate", scorers=("s@1",), population=9,
                    samples_root="", order_seed="", drawn=each)
        for number, each in enumerate(drawn)
    ]  # fmt: skip


def test_without_probes_the_claims_have_all() -> None:
    assert [test.weight for test in share_out(some(1, 1, 0.5, 0))] == [0.4, 0.4, 0.2, 0]
    assert shares_of_time(measured("", ""), "") == [0.5, 0.5]
    assert shares_of_time([], "") == []


@given(st.lists(st.floats(0.01, 9), min_size=1), st.lists(st.floats(0.01, 9), min_size=1))
def test_probes_together_have_their_part(claims: list[float], probes: list[float]) -> None:
    shared = share_out([*some(*claims), *some(*probes, rule="twin_gap@2")], {"twin_gap@2"}, "0.2")
    assert sum(test.weight for test in shared) == pytest.approx(1)
    assert sum(test.weight for test in shared if test.rule == "twin_gap@2") == pytest.approx(0.2)


def test_the_time_is_divided_likewise() -> None:
    assert shares_of_time(measured("", "", "twins", "twins"), "0.2") == pytest.approx([0.4, 0.4, 0.1, 0.1])


def test_probes_alone_have_all() -> None:
    assert [test.weight for test in share_out(some(1, 3, rule="twin_gap@2"), {"twin_gap@2"}, "0.2")] == [0.25, 0.75]


@pytest.mark.parametrize("text", ["0", "1", "1.2", "-.1", "", "nan", "0.0", ".1e1", "0.12345678"])
def test_a_part_is_a_number_between_0_and_1(text: str) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        detect_weight_of(text)
