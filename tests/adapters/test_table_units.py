"""Percent or fractions: the whole table says it, or it stays open."""

from __future__ import annotations

import pytest

from steelyard.adapters.table_units import Share, TableUnit, states_percent, unit_of_share

AIME, MMLU, RIVAL = ("aime-2024", "AIME", "0.7"), ("mmlu", "MMLU", "0.7"), ("aime-2024", "AIME", "9.3")
POINTS = ("mt-bench", "MT-bench", "8.4")


@pytest.mark.parametrize(
    ("own", "others", "texts", "unit"),
    [
        ([AIME], [], [], "points"), ([AIME], [], ["All values in %."], "percent"), ([AIME], [RIVAL], [], "percent"),
        ([AIME, MMLU], [], [], "fraction"), ([AIME, MMLU], [], ["Accuracy (%)"], "points"),
        ([AIME, POINTS], [], [], "points"), ([AIME, MMLU, POINTS], [], [], "fraction"),
        ([AIME, (None, "Ours", "9.3")], [], [], "percent"), ([AIME, (None, "Parameters", "7.1")], [], [], "points"),
        ([AIME, ("mmlu", "MMLU", "70.1")], [], [], "percent"),
        # lm-eval's own table: the version of a task beside its value.
        ([AIME, MMLU], [("mmlu", "MMLU", "3"), ("mmlu", "MMLU", "2.1")], [], "fraction"),
        ([AIME], [("aime-2024", "AIME", "3")], [], "points"),
    ],
)  # fmt: skip
def test_the_unit_of_a_share_of_at_most_one(own: list[Share], others: list[Share], texts: list[str], unit: str) -> None:
    assert unit_of_share("aime-2024", "accuracy", 0.7, TableUnit.of(own, others, texts))[0] == unit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Accuracy (%)", True), ("in percent", True), ("percentages", True), ("5% better", False), ("by 5 %", False),
        ("two percent points", False), ("accuracy", False),
    ],
)  # fmt: skip
def test_a_sign_behind_a_number_is_of_that_number_alone(text: str, says: bool) -> None:
    assert states_percent(text) is says
