"""Bounds of a share hold however the unread answers would be read, and a point is given only near all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.stats.bounds import POINT_WITHIN, share_bounds, share_point


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int, int]:
    right, wrong, unread = (draw(st.integers(0, 400)) for _ in range(3))
    return right, unread, right + wrong + unread


@given(counts(), st.floats(0, 1))
def test_every_reading_of_the_unread_answers_is_within_the_bounds(
    found: tuple[int, int, int], share_right: float
) -> None:
    right, unread, n = found
    bounds = share_bounds(right, unread, n)
    if bounds is None:
        assert n == 0
        return
    assert bounds[0] - 1e-12 <= (right + share_right * unread) / n <= bounds[1] + 1e-12


@given(counts())
def test_a_point_lies_within_the_bounds_and_near_both(found: tuple[int, int, int]) -> None:
    point, bounds = share_point(*found), share_bounds(*found)
    if point is not None:
        assert bounds is not None
        assert bounds[0] <= point <= bounds[1]
        assert bounds[1] - bounds[0] <= POINT_WITHIN + 1e-12


@pytest.mark.parametrize(
    ("right", "unread", "n", "point"),
    [
        (0, 0, 0, None),
        (0, 20, 20, None),
        (0, 15, 20, None),
        (60, 2, 100, 60 / 98),
        (60, 3, 100, None),
        (15, 0, 20, 0.75),
    ],
)
def test_where_a_point_is_honest(right: int, unread: int, n: int, point: float | None) -> None:
    assert share_point(right, unread, n) == point
