"""The picture of a choice: places within its frame, scales with few ticks, numbers that do not cover each other."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import VerdictWord
from steelyard.reports.summary_choice_picture import Dot, picture_of, ticks_of
from steelyard.reports.summary_english import ENGLISH
from steelyard.reports.summary_numbers import Numbers

COSTS = st.floats(1e-9, 1e9)


def drawn(*dots: Dot) -> str:
    numbers = Numbers(ENGLISH.notation)
    return str(picture_of(dots, 0.9, x_title="Cost <b>", y_title="Right", target_text="target 90 %", numbers=numbers))


def dot(number: int, cost: float, share: float = 0.5, text: str = "") -> Dot:
    return Dot(number, cost, share, (max(0.0, share - 0.1), min(1.0, share + 0.1)), VerdictWord.CONSISTENT, text)


@given(st.lists(COSTS, min_size=2, max_size=8))
def test_the_scale_holds_every_cost_and_has_a_few_ticks(costs: list[float]) -> None:
    ticks, low, high, is_log = ticks_of(costs)
    assert low <= min(costs)
    assert max(costs) <= high * (1 + 1e-9)
    assert is_log == (max(costs) > 5 * min(costs))
    assert 1 <= len(ticks) <= 24
    assert all(low <= tick <= high * (1 + 1e-9) for tick in ticks)


def test_ticks_are_round() -> None:
    assert ticks_of([1.0, 3.0])[0] == [0.0, 1.0, 2.0, 3.0]
    assert ticks_of([0.12, 1.0])[0] == [0.1, 0.2, 0.5, 1.0]
    assert ticks_of([186.0, 190.0])[0] == [0, 50, 100, 150, 200]


@given(st.lists(st.tuples(COSTS, st.floats(0, 1)), min_size=2, max_size=8))
def test_everything_lies_within_the_frame(points: list[tuple[float, float]]) -> None:
    picture = drawn(*(dot(number, *each) for number, each in enumerate(points, 1)))
    assert all(0 <= float(x) <= 480 for x in re.findall(r' x="([-\d.]+)"', picture))
    assert all(0 <= float(y) <= 200 for y in re.findall(r' y="([-\d.]+)"', picture))


def test_numbers_of_two_near_dots_stand_on_either_side_and_text_is_escaped() -> None:
    picture = drawn(dot(1, 1.0), dot(2, 1.01), dot(3, 3.0, text='"><script>'))
    assert re.findall(r'class="dot" x="[\d.]+"( text-anchor="end")?', picture) == [' text-anchor="end"', "", ""]
    assert "<script>" not in picture
    assert "Cost &lt;b&gt;" in picture
