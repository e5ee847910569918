"""Percent or fractions: the whole table says it, or it stays open."""

from __future__ import annotations

import pytest

from steelyard.adapters.table_units import TableUnit, states_percent, unit_of_share

AIME, MMLU = ("aime-2024", 0.7), ("mmlu", 0.7)


@pytest.mark.parametrize(
    ("values", "texts", "unit"),
    [
        ([AIME], [], "points"), ([AIME], ["All values in %."], "percent"), ([AIME, ("gsm8k", 9.3)], [], "percent"),
        ([AIME, MMLU], [], "fraction"), ([AIME, MMLU], ["Accuracy (%)"], "points"),
        ([AIME, ("mt-bench", 8.4)], [], "points"), ([AIME, MMLU, ("mt-bench", 8.4)], [], "fraction"),
        ([AIME, (None, 9.3)], [], "percent"), ([AIME, ("mmlu", 70.1)], [], "percent"),
    ],
)  # fmt: skip
def test_the_unit_of_a_share_of_at_most_one(
    values: list[tuple[str | None, float]], texts: list[str], unit: str
) -> None:
    assert unit_of_share("aime-2024", "accuracy", 0.7, TableUnit.of(values, texts))[0] == unit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Accuracy (%)", True), ("in percent", True), ("percentages", True), ("5% better", False), ("by 5 %", False),
        ("two percent points", False), ("accuracy", False),
    ],
)  # fmt: skip
def test_a_sign_behind_a_number_is_of_that_number_alone(text: str, says: bool) -> None:
    assert states_percent(text) is says
