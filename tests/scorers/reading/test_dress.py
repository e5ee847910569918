"""What is around an answer and no part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.dress import boxed, comparable, strip_remark, undress


@pytest.mark.parametrize(
    ("dressed", "plain"),
    [
        ("**“Paris”.**", "Paris"),
        ("```text\nParis\n```", "Paris"),
        ("$\\boxed{\\text{Paris}}$", "Paris"),
        ("(A)", "A"),
        ("(A) or (B)", "(A) or (B)"),
        ("*a* and *b*", "*a* and *b*"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        (".", "."),
        ("", ""),
    ],
)
def test_layers_are_taken_off(dressed: str, plain: str) -> None:
    assert undress(dressed) == plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the Pacific Ocean", "Pacific Ocean."),
        ("18km", "18 km"),
        ("1,000 km", "1000 km"),
        ("COVID-19", "covid 19"),
        ("l'eau", "L’eau"),
        ("Straße", "STRASSE"),
        ("A & B", "a and b"),
        ("] ) }", "]  )}"),
    ],
)
def test_equal_answers_compare_equal(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other"), [("C", "C++"), ("C", "C#"), ("> ]", "]"), ("-7", "7"), ("5", "5 %"), ("a", "")]
)
def test_different_answers_do_not(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


def test_a_remark_in_brackets_goes() -> None:
    assert strip_remark("Berlin (approx.)") == "Berlin"
    assert strip_remark("(A)") == "(A)"


def test_boxes_are_found_with_their_braces() -> None:
    assert boxed("\\boxed{a{b}c} and \\boxed{d} and \\boxed{e") == [("a{b}c", 13), ("d", 27)]


@given(st.text(max_size=300))
def test_any_text_can_be_undressed(text: str) -> None:
    assert isinstance(comparable(text), str)
    assert undress(undress(text)) == undress(text) or len(undress(text)) > 0
