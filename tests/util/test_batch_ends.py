"""Where batches end: beyond what was asked, each so many times further, the last at the end of the order."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.util.batch_ends import FIRST, GROWTHS, batch_ends, end_after, growth_of

growths = st.fractions(*GROWTHS, max_denominator=1000)


def test_doubling_and_slower() -> None:
    assert batch_ends(900, Fraction(2)) == [32, 64, 128, 256, 512, 900]
    assert batch_ends(150, Fraction(3, 2)) == [32, 48, 72, 108, 150]
    assert batch_ends(7, Fraction(2)) == [7]
    assert batch_ends(0, Fraction(2)) == []


@given(st.integers(0, 20_000), growths)
def test_an_end_lies_beyond_what_was_asked_and_no_further_than_its_growth(asked: int, growth: Fraction) -> None:
    end = end_after(asked, growth)
    assert end > asked
    assert end == FIRST or end <= asked + 1 or end <= asked * growth + 1


@given(st.integers(1, 20_000), growths)
def test_a_run_that_is_resumed_anywhere_has_the_same_ends(planned: int, growth: Fraction) -> None:
    ends = batch_ends(planned, growth)
    assert ends == sorted(set(ends))
    assert ends[-1] == planned
    for before, end in zip([0, *ends], ends, strict=False):
        assert min(planned, end_after((before + end) // 2 if before else 0, growth)) == end


@pytest.mark.parametrize("text", ["", "1", "1.05", "17", "two", "1/0", "nan", "-2"])
def test_what_is_no_growth_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--batch-growth takes a number from 1.1 to 16"):
        growth_of(text)


def test_a_growth_is_exact() -> None:
    assert growth_of("1.5") == Fraction(3, 2)
