"""Labels of models: short, different from each other, and of one line."""

from __future__ import annotations

from string import ascii_uppercase

from hypothesis import given
from hypothesis import strategies as st

from steelyard.comparison.labels import labels_of


def test_names_stand_alone_where_they_differ_and_have_a_letter_where_not() -> None:
    assert labels_of({"A": "small", "B": "large"}) == {"A": "small", "B": "large"}
    assert labels_of({"A": "small", "B": "Small", "C": "large"}) == {"A": "small (A)", "B": "Small (B)", "C": "large"}
    long = "SmolLM2-135M-Instruct-Q4_1-of-a-vendor"
    assert labels_of({"A": f"{long}-1", "B": f"{long}-2"}) == {
        "A": "SmolLM2-135M-Instruct-Q4_1-of-a… (A)",
        "B": "SmolLM2-135M-Instruct-Q4_1-of-a… (B)",
    }


def test_a_name_that_imitates_a_letter_is_told_apart() -> None:
    assert labels_of({"A": "small", "B": "small", "C": "small (A)"})["C"] == "small (A) (C)"
    assert labels_of({"A": "", "B": "x\x1b[1m\ny"}) == {"A": "A", "B": "x\ufffd[1m y"}


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_no_two_labels_are_the_same(names: list[str]) -> None:
    found = labels_of(dict(zip(ascii_uppercase, names, strict=False)))
    assert len(set(found.values())) == len(names)
    assert all("\n" not in label and len(label) <= 36 for label in found.values())
