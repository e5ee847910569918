"""Final answers that a text marks as such."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.marks import marked_answers


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("The answer is 5. Then:\nAnswer: 6", ["5. Then:", "6"]),
        ("**Final Answer:**\n\n**Paris**", ["**Paris**"]),
        ("The final answer is $\\boxed{7}$.", ["7"]),
        ("<answer>\nParis\n</answer>", ["\nParis\n"]),
        ('{"reasoning": "x", "answer": 7}', ["7"]),
        ('{"city": "Paris"}', ["Paris"]),
        ('{"a": 1, "b": 2}', []),
        ('{"answer": true}', ["true"]),
        ("To answer the question, we add 5.", []),
        ("The result is 5.", []),
        ("Die Antwort auf die Frage lautet: 5", ["5"]),
        ("no mark", []),
        ("Answer:", []),
    ],
)
def test_marks(text: str, marked: list[str]) -> None:
    assert [each.text.strip() for each in marked_answers(text)] == [each.strip() for each in marked]


def test_only_closed_marks_are_settled() -> None:
    assert [each.closed for each in marked_answers("\\boxed{5}\n#### 5\nThe answer is 5")] == [True, True, False]
    assert [each.closed for each in marked_answers("#### 5")] == [False]


@given(st.text(max_size=500))
def test_any_text_can_be_searched(text: str) -> None:
    ends = [each.end for each in marked_answers(text)]
    assert ends == sorted(ends)
