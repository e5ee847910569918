"""Sets of code points: their arithmetic, Python's classes, and the cells that a pattern tells apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.util.code_points import (
    EVERYTHING,
    Partition,
    Ranges,
    category,
    complement,
    in_either_case,
    one,
    union,
)

spans = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda each: one(min(each), max(each)))
sets = st.lists(spans, max_size=5).map(union)


def members(ranges: Ranges) -> set[int]:
    return {point for start, end in ranges for point in range(start, min(end, 100))}


@settings(deadline=None)
@given(st.lists(sets, max_size=4))
def test_a_partition_tells_apart_what_the_sets_tell_apart(given: list[Ranges]) -> None:
    partition = Partition(given)
    for point in range(100):
        inside = [number for number, ranges in enumerate(given) if point in members(ranges)]
        assert inside == [number for number, cells in enumerate(partition.inside) if partition.cell(point) in cells]
    assert [partition.cell(first) for first in partition.cells] == list(range(len(partition.cells)))


@settings(deadline=None)
@given(sets, sets)
def test_union_and_complement(first: Ranges, second: Ranges) -> None:
    assert members(union([first, second])) == members(first) | members(second)
    assert members(complement(first)) == set(range(100)) - members(first)
    assert complement(complement(first)) == first
    assert union([first, complement(first)]) == EVERYTHING


@pytest.mark.parametrize("letter", "wds")
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_category_is_that_of_python(letter: str, ascii_only: bool) -> None:
    pattern = re.compile(rf"\{letter}", re.ASCII if ascii_only else 0)
    expected = {point for point in range(0x110000) if pattern.match(chr(point))}
    assert {point for start, end in category(letter, ascii_only) for point in range(start, end)} == expected


@pytest.mark.parametrize("items", [*"kſßẞıIµςǅ1ᲀ", r"\w", r"\W", "a-zΐ"])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_case_makes_the_difference_that_it_makes_in_python(items: str, ascii_only: bool) -> None:
    pattern = re.compile(f"[{items}]", re.IGNORECASE | (re.ASCII if ascii_only else 0))
    expected = {point for point in range(0x20000) if pattern.match(chr(point))}
    exact = re.compile(f"[{items}]", re.ASCII if ascii_only else 0)
    plain = union(one(point) for point in range(0x20000) if exact.match(chr(point)))
    found = in_either_case(plain, items, ascii_only)
    assert {point for start, end in found for point in range(start, min(end, 0x20000))} == expected
