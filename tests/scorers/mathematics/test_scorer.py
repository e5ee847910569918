"""Mathematical answers: what is compared, and what a hostile one costs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.halt import Halted
from steelyard.scorers.mathematics.scorer import Mathematics

pytest.importorskip("math_verify")


@pytest.fixture(scope="module")
def scorer() -> Mathematics:
    return Mathematics()


def value(scorer: Mathematics, target: str, text: str, outcome: Outcome = Outcome.OK) -> float | None:
    sample = Sample(id="math/0", request=GenerateRequest(prompt="?"), target=target)
    return scorer.score(sample, ModelOutput(outcome=outcome, text=text)).value


@pytest.mark.parametrize(
    ("target", "text", "expected"),
    [
        ("\\frac{1}{2}", "So it is $\\boxed{0.5}$.", 1),
        ("\\frac{1}{2}", "So it is $\\boxed{\\dfrac12}$.", 1),
        ("2\\sqrt{3}", "$\\boxed{\\sqrt{12}}$", 1),
        ("(3,4]", "\\boxed{(3, 4]}", 1),
        ("(3,4]", "\\boxed{[3, 4]}", 0),
        ("\\text{Evelyn}", "It is $\\boxed{\\text{Evelyn}}$.", 1),
        ("90^\\circ", "\\boxed{90}", 1),
        ("x^2+1", "\\boxed{1+x^2}", 1),
        ("x^2+1", "\\boxed{x^2-1}", 0),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}}", 1),
        ("32348", "\\boxed{\\$32,348}", 1),
        ("-1,3", "$\\boxed{3}$ and $\\boxed{-1}$", 1),
        ("3", "First $\\boxed{5}$, and after a check $\\boxed{3}$", 1),
        ("3", "The answer is $\\frac{6}{2}$.", 1),
        ("3", "The answer is 4.", 0),
        ("5", "\\boxed{x=5}", 1),
        ("3", "\\boxed{}", 0),
        ("3", "\\boxed{3} or \\boxed{?}", 0),
        ("3", "It may be 3.", None),
        ("3", "", None),
    ],
)
def test_what_is_equal(scorer: Mathematics, target: str, text: str, expected: float | None) -> None:
    assert value(scorer, target, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is 8 objects.", None),
        ("The answer is 8, since 7 + 1 is 8.", None),
        ("The answer is 8 (eight).", None),
        ("The answer is 8. I hope that helps.", None),
        ("The answer is x = 8, as required.", None),
        ("The answer is 88 objects.", 0),
        ("The answer is 8.5 metres.", 0),
        ("The answer is -8 metres.", 0),
        ("The answer is 8/3 metres.", 0),
        ("The answer is 9, since it is odd.", 0),
        ("So it is \\boxed{8 objects or 9}.", 0),
    ],
)
def test_an_unboxed_answer_with_words_behind_it_is_open(scorer: Mathematics, text: str, expected: float | None) -> None:
    """Vendors' readers differ on these; what is boxed is the answer as a whole."""
    assert value(scorer, "8", text) == expected


# Targets, and each in other usual dresses.
DRESSED = [
    ("[-2,7]", ["[-2, 7]", r"\left[-2,7\right]", r"-2 \le x \le 7", r"x \in [-2,7]", "−2 ≤ x ≤ 7"]),
    (r"(-\infty,2)\cup(3,\infty)", [r"(-\infty, 2) \cup (3, \infty)", "(-∞, 2) ∪ (3, ∞)"]),
    (r"\left[ \frac{1}{2}, 1 \right]", ["[1/2, 1]", r"[\frac12, 1]", "[0.5, 1]"]),
    ("720", ["6!", "720.", r"720\text{ ways}", "720 ways", "N = 720", "**720**"]),
    (r"\text{June 20}", ["June 20", r"\text{June } 20", r"\textbf{June 20}", r"\mathrm{June\ 20}", "june 20"]),
    (r"\text{ellipse}", ["ellipse", "Ellipse", r"\text{an ellipse}", "an ellipse"]),
    (r"\frac{3}{2} + \frac{1}{2}i", ["1.5+0.5i", r"\frac{3+i}{2}", "3/2 + 1/2 i"]),
    (r"\text{(A)}", ["A", "(A)", r"\text{A}"]),
    ("50\\%", ["50%", "0.5", r"50 \text{ percent}", "50 percent", "50"]),
    ("5", [r"5\text{ cm}", "5 cm^2", "x=5", "5.00", r"\$5", r"5^\circ", "five", "5 square units"]),
    (r"\frac{3}{2}", ["1.5", r"1\frac{1}{2}", "1 1/2", "3/2", "1½"]),
    (r"1\frac{1}{2}", [r"\frac32", "1.5", "1 1/2"]),
    (r"\{1,2\}", ["1, 2", r"\{2,1\}", "{1, 2}", "1 and 2", r"x=1 \text{ or } x=2"]),
    ("(3,4)", ["(3, 4)", "3, 4", "x=3, y=4", "(x,y)=(3,4)"]),
    (r"2\sqrt{3}", ["2√3", r"\sqrt{12}", "2sqrt(3)", r"2\cdot\sqrt{3}"]),
    (r"16\pi", ["16π", "16*pi", r"16\pi\text{ square units}"]),
    ("10,000", ["10000", r"10{,}000", r"10\,000", "10 000", "10^4"]),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", ["(1,2)", r"\begin{bmatrix}1\\2\end{bmatrix}"]),
    (r"\text{no solution}", ["No solution", r"\varnothing", "none"]),
    ("0.25", ["1/4", ".25", r"\frac14", "25\\%", "0,25"]),
    (r"\infty", ["∞", r"\infty"]),
]
FRAMES = ("So $\\boxed{%s}$.", "ANSWER: %s", "The answer is $%s$.", "**Answer:** %s",
          "Final Answer: The final answer is $%s$. I hope it is correct.")  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("target", "dresses"), DRESSED)
def test_the_target_in_another_usual_dress_is_never_wrong(
    scorer: Mathematics, frame: str, target: str, dresses: list[str]
) -> None:
    for dress in dresses:
        assert value(scorer, target, f"We work.\n\n{frame.replace('%s', dress)}") in (1, None)


@pytest.mark.parametrize(
    ("target", "text", "expected"),
    [
        ("[-2,7]", "ANSWER: [-2, 7]", 1),
        ("-2, 7", "ANSWER: [-2, 7]", None),  # an interval, or both
        ("720", "ANSWER: 6!", 1),
        ("6", "ANSWER: 6!", None),
        ("6", "ANSWER: 7!", 0),
        ("\\text{June 20}", "\\boxed{June 20}", 1),
        ("\\text{June 20}", "\\boxed{June 2}", 0),
        ("\\infty", "\\boxed{∞}", 1),
        ("3", "\\boxed{?}", 0),
    ],
)
def test_no_text_is_right_for_two_answers(scorer: Mathematics, target: str, text: str, expected: float | None) -> None:
    found = value(scorer, target, text)
    assert found == expected or (expected == 1 and target == "\\infty" and found is None)


def test_another_answer_is_wrong_in_most_dresses(scorer: Mathematics) -> None:
    """Not open: else a wrong answer would count as right where that is what cannot be excluded."""
    numbers = {"5": "7", "720": "7!", "10,000": "1000", "0.25": "0.52", "(3,4)": "(4,3)", "[-2,7]": "[-2,8]"}
    for frame in FRAMES:
        for target, wrong in numbers.items():
            assert value(scorer, target, frame.replace("%s", wrong)) == 0


@given(
    numerator=st.integers(-99, 99),
    denominator=st.integers(1, 12),
    dress=st.sampled_from(
        [r"\frac{%d}{%d}", r"\dfrac{%d}{%d}", "%d/%d", "$%d/%d$", r"x = \frac{%d}{%d}", r"\left(%d/%d\right)"]
    ),
    frame=st.sampled_from(FRAMES),
)
@settings(max_examples=25, deadline=None)
def test_a_fraction_in_any_dress_is_never_wrong(
    scorer: Mathematics, numerator: int, denominator: int, dress: str, frame: str
) -> None:
    target = rf"\frac{{{numerator}}}{{{denominator}}}"
    assert value(scorer, target, frame.replace("%s", dress % (numerator, denominator))) in (1, None)
    assert value(scorer, target, frame.replace("%s", dress % (numerator + denominator * 7, denominator))) in (0, None)


def test_a_cut_answer_counts_only_where_its_box_is_closed(scorer: Mathematics) -> None:
    assert value(scorer, "12", "so $\\boxed{12}$, since both terms are even numbers", Outcome.TRUNCATED) == 1
    assert value(scorer, "12", "so \\boxed{1", Outcome.TRUNCATED) is None


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch /tmp/steelyard-math')",
        "\\input{/etc/passwd}",
        "{" * 900,
        "\\frac" * 300,
        "\x00",
        "$$",
    ],
)
def test_a_hostile_answer_is_no_more_than_a_wrong_one(scorer: Mathematics, text: str) -> None:
    assert value(scorer, "7", f"\\boxed{{{text}}}") in (0, None)
    assert value(scorer, "7", "\\boxed{\\frac{14}{2}}") == 1


def test_it_stops_while_it_compares() -> None:
    stopped: Any = Mathematics()
    threading.Timer(2.0, stopped.stop).start()
    with pytest.raises(Halted):
        ask_on(stopped)


def ask_on(scorer: Mathematics) -> None:
    for _ in range(50):
        value(scorer, "7", "\\boxed{9^{9^{9^{9}}}!}")


def test_it_is_opened_by_its_name() -> None:
    assert open_scorer({"name": "math"}) == open_identifier("math@4") == Mathematics()
