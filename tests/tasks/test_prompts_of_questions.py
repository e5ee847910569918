"""How a user's own questions are asked."""

from __future__ import annotations

import pytest

from steelyard.tasks.prompts_of_questions import choice_prompts, label_prompts, open_prompts


@pytest.mark.parametrize(
    ("is_german", "line"), [(False, "Reply with the answer alone."), (True, "Antworte nur mit der Antwort.")]
)
def test_a_question_asks_for_the_answer_alone(is_german: bool, line: str) -> None:
    prompts = open_prompts("{{ question }}", is_german=is_german)
    assert list(prompts) == ["question", "verbatim", "completion"]
    assert prompts["question"].prompt == f"{{{{ question }}}}\n\n{line}"
    assert prompts["completion"].prompt == "Question: {{ question }}\nAnswer:"
    assert prompts["completion"].stop


def test_labels_are_named_and_choices_have_letters() -> None:
    assert list(label_prompts("{{ question }}", is_german=False)) == ["label", "letter", "letter_loglikelihood"]
    letters = choice_prompts("{{ question }}")
    assert letters["letter_loglikelihood"].continuations
    assert not letters["letter_loglikelihood"].generates
