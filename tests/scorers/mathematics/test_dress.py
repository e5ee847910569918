"""The usual dress of mathematical answers: what is the same words, and what a text may mean besides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.mathematics.dress import in_dollars, is_none, light, rewritten, same_words, unbracketed, words_of


def test_light_keeps_what_may_be_the_answers_own() -> None:
    for text in ("**[-2, 7].**", " $[-2, 7]$. ", "`[-2, 7]`", "** [-2, 7]"):
        assert light(text) == "[-2, 7]"
    assert light("6!") == "6!"
    assert light("$1$ and $2$") == "$1$ and $2$"
    assert light("*") == "*"


def test_words_are_the_same_without_their_command() -> None:
    for answer in ("June 20", "june 20", "\\text{June } 20", "\\mathrm{June\\ 20}", "$\\text{June 20}$", "June 20."):
        assert same_words(answer, "\\text{June 20}")
    for answer in ("June 2", "June 20.5", "20", "June", "May 20", "June -20", "", "\\frac{June}{20}"):
        assert not same_words(answer, "\\text{June 20}")
    assert not same_words("an ellipse", "\\text{ellipse}")
    assert same_words("an ellipse", "\\text{ellipse}", loosely=True)
    # Letters may be variables, whose signs are no words.
    assert not same_words("x, y", "(x,y)")
    assert words_of("x^2+1") == words_of("x=y") == words_of("-3 apples") == words_of("12") == []


def test_no_solution_has_many_names() -> None:
    assert all(map(is_none, ("\\text{no solution}", "\\varnothing", "$\\emptyset$", "None")))
    assert not any(map(is_none, ("0", "\\{0\\}", "", "some solution")))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("1 1/2", "(1+\\frac{1}{2})"), ("1\\frac12", "(1+\\frac{1}{2})"), ("10\\,000", "10000"), ("10 000", "10000"),
        ("32{,}348", "32348"), ("0,25", "0.25"), ("5 cm^2", "5"), ("5\\text{ cm}^2", "5"), ("five", "5"), ("5\\%", "5"),
        ("x = 5", "5"), ("(x,y)=(3,4)", "(3,4)"), ("-2 \\le x < 7", "[-2,7)"),
        ("−2 ≤ x ≤ 7", "[-2,7]"), ("16π", "16\\pi"),
        ("2*pi", "2\\cdot \\pi"), ("√3", "\\sqrt{3}"), ("sqrt(12)", "\\sqrt{12}"), ("∞", "\\infty"),
        ("1.5+0.5i", "\\frac{15}{10}+\\frac{5}{10}i"), ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)"),
    ],
)  # fmt: skip
def test_what_a_text_may_mean(text: str, other: str) -> None:
    assert other in [each.replace("  ", " ") for each in rewritten(text)]


def test_a_formula_is_no_number_with_a_unit() -> None:
    for text in ("5x", "5 x", "5x^2", "5y + 2", "12"):
        assert "5" not in rewritten(text)
        assert "12" not in rewritten(text)


def test_a_list_may_stand_without_its_brackets() -> None:
    for text in ("(1, 2)", "[1, 2]", "\\{1, 2\\}", "\\left(1, 2\\right)", "$(1, 2)$"):
        assert unbracketed(text) == "1, 2"
    assert unbracketed("(1)(2)") == unbracketed("(1, 2]") == unbracketed("1, 2") == unbracketed("") == ""


def test_the_only_formula_between_dollars() -> None:
    assert in_dollars("The answer is $5$. So.") == "5"
    assert in_dollars("$1$ and $2$") == in_dollars("5") == in_dollars("$5") == ""


@given(st.text(st.sampled_from("0123456789 ./,\\{}[]()$%*!<>=-^abcxpitextrfacm√π½\n") | st.characters(), max_size=80))
def test_any_text_is_rewritten_a_few_times(text: str) -> None:
    others = rewritten(text)
    assert len(others) <= 12
    assert text.strip() not in others
    assert light(text) == light(light(text)) or len(light(text)) <= len(text)
    words_of(text), is_none(text), in_dollars(text)
