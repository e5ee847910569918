"""What math-verify finds equal by its LaTeX reader alone, beside all of its readers; and the lines of the process."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

math_verify = pytest.importorskip("math_verify")

from steelyard.scorers.mathematics import worker as math_worker  # noqa: E402 — after the check that its package is there

PAIRS = [
    ("\\frac{1}{2}", "\\dfrac{2}{4}"), ("\\frac{1}{2}", "0.5"), ("\\frac{1}{2}", "0.51"), ("3", "4"), ("3", "3.0"),
    ("2\\sqrt{3}", "\\sqrt{12}"), ("\\sqrt{2}", "1.4142"), ("(1,2)", "(1, 2)"), ("(1,2)", "(2, 1)"), ("[1,2]", "(1,2)"),
    ("x^2-1", "(x-1)(x+1)"), ("x^2-1", "x^2+1"), ("\\pi", "3.14"), ("10\\%", "0.1"), ("5", "x=5"), ("-1,3", "3,-1"),
    ("-1,3", "3"), ("\\text{even}", "\\text{odd}"), ("\\text{even}", "\\text{even}"), ("90^\\circ", "90"),
    ("6+9i", "9i+6"), ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}2\\\\1\\end{pmatrix}"),
    ("1{,}000", "1000"), ("x \\le 3", "x \\leq 3"), ("\\{1,2\\}", "\\{2,1\\}"), ("\\infty", "-\\infty"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer"), PAIRS)
def test_it_agrees_with_all_of_math_verifys_readers(gold: str, answer: str) -> None:
    right, given = math_verify.parse(f"${gold}$"), math_verify.parse(f"${answer}$")
    assert math_worker.compare(gold, answer) is math_verify.verify(right, given)


def test_delimiters_of_the_answer_are_kept() -> None:
    assert math_worker.compare("3", "about $x$, which is $\\frac{6}{2}$") is True
    assert math_worker.compare("3", "\\(3\\)") is True
    assert math_worker.compare("32348", "\\$32,348") is True


def test_what_cannot_be_read_is_neither() -> None:
    assert math_worker.compare("3", "") is None


def test_a_line_in_is_a_line_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps(["3", ["\\frac{6}{2}"]]), json.dumps(["3", ["4"]]), "no JSON", json.dumps(["3", ["4", "3"]])]
    said = io.StringIO()
    monkeypatch.setattr(math_worker, "_limit", lambda: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    monkeypatch.setattr(sys, "stdout", said)
    before, recursion = logging.root.manager.disable, sys.getrecursionlimit()
    math_worker.main()
    logging.disable(before)
    sys.setrecursionlimit(recursion)
    assert said.getvalue().split() == ["ready", "true", "false", "null", "true"]
