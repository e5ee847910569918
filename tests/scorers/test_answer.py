"""The scorer for questions of one's own."""

from __future__ import annotations

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers.answer import Answer


def value(target: str, text: str, outcome: Outcome = Outcome.OK) -> float | None:
    sample = Sample(id="x/0", request=GenerateRequest(prompt="?"), target=target)
    return Answer().score(sample, ModelOutput(outcome=outcome, text=text)).value


@pytest.mark.parametrize(
    ("target", "text", "expected"),
    [
        ("18", "There are 9 in each of 2 boxes, so there are 18.", 1),
        ("18", "eighteen", 1),
        ("1,234.50", "1.234,50 €", 1),
        ("18 km", "18km", 1),
        ("Paris", "The capital of France is Paris. It lies on the Seine.", 1),
        ("Paris", "Paris or Berlin", None),
        ("Paris", "Berlin", 0),
        ("yes", "Ja.", 1),
        ("yes", "The answer is no.", 0),
        ("Paris", "", None),
        ("70000", r"\boxed{70\ 000}", 1),
        # A sorted list, with commas between its words (BBH's word_sorting)
        ("apple banana cherry", "So the answer is apple banana cherry.", 1),
        ("apple banana cherry", "So the answer is apple, banana, cherry.", None),
        ("apple banana cherry", "So the answer is:\n1. apple\n2. banana\n3. cherry", None),
        ("apple banana cherry", "So the answer is apple, cherry, banana.", 0),
        ("apple banana cherry", "So the answer is apple, banana, cherry, date.", 0),
    ],
)
def test_a_number_is_compared_as_one_and_anything_else_as_text(target: str, text: str, expected: float | None) -> None:
    assert value(target, text) == expected


def test_an_output_that_was_cut_off_is_open_unless_its_answer_is_closed() -> None:
    assert value("Paris", "Paris is the cap", Outcome.TRUNCATED) is None
    assert value("Paris", "<answer>Paris</answer> since", Outcome.TRUNCATED) == 1
    assert value("18", "\\boxed{18} apples, si", Outcome.TRUNCATED) == 1
    assert value("18", "so 9 + 9 = 18", Outcome.TRUNCATED) is None
