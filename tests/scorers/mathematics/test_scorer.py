"""Mathematical answers: what is compared, and what a hostile one costs."""

from __future__ import annotations

import threading
from typing import Any

import pytest

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
    assert open_scorer({"name": "math"}) == open_identifier("math@3") == Mathematics()
