"""Dates as people write them."""

from __future__ import annotations

import pytest

from steelyard.scorers.reading.dates import dates_of


@pytest.mark.parametrize(
    "text",
    [
        "1999-07-20",
        "20.07.1999",
        "20.7.1999",
        "7/20/1999",
        "20/07/1999",
        "July 20, 1999",
        "20 July 1999",
        "20th of July 1999",
        "20. Juli 1999",
        "20 juillet 1999",
        "1999年7月20日",
        "Jul 20 1999",
    ],
)
def test_one_day_in_many_writings(text: str) -> None:
    assert dates_of(text) == {(1999, 7, 20)}


def test_a_date_that_can_mean_two_days_means_both() -> None:
    assert dates_of("3/4/1999") == {(1999, 4, 3), (1999, 3, 4)}
    assert dates_of("3.4.1999") == {(1999, 4, 3)}


@pytest.mark.parametrize("text", ["1999", "1999-13-20", "in July 1999", "20 Foo 1999", "20.07.1999 and later", ""])
def test_anything_else_is_no_date(text: str) -> None:
    assert dates_of(text) == frozenset()
