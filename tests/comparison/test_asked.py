"""What stands around the same questions in two runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from steelyard.comparison.asked import answer_of, asked_differently, frame_of
from steelyard.records import GenerateRequest, Sample

QUESTIONS = ["What is 1 + 1?", "What is 2 + 2?", "Who?"]


def sample(prompt: str, *, system: str = "", prefix: str = "", choices: tuple[str, ...] = ()) -> Sample:
    request = GenerateRequest(prompt=prompt, system=system, prefix=prefix)
    return Sample(id="s", request=request, target="0", choices=choices)


def said(first: list[Sample], second: list[Sample]) -> list[str]:
    return list(asked_differently(list(zip(first, second, strict=True))))


def test_instruction_and_template_are_named() -> None:
    first = [sample(f"Sort.\n\n{each}\nAnswer:") for each in QUESTIONS]
    second = [sample(each) for each in QUESTIONS]
    assert said(first, second) == [
        "before each question: 'Sort.' and nothing",
        "after each question: 'Answer:' and nothing",
    ]
    assert said(first, first) == []


def test_system_message_examples_and_choices_are_named() -> None:
    first = [sample(each, system="Be kind.", prefix="1 + 1 = 2", choices=("a", "b")) for each in QUESTIONS]
    second = [sample(each, prefix=each) for each in QUESTIONS]
    assert said(first, second) == [
        "system message: 'Be kind.' and nothing",
        "text of the worked examples: differs in 3 of 3 samples",
        "choices: 'a, b' and nothing",
    ]


def test_another_text_within_a_line_is_counted() -> None:
    assert said([sample(f"Question: {each}") for each in QUESTIONS], [sample(each) for each in QUESTIONS]) == [
        "the question's own text differs in 3 of 3 samples"
    ]
    assert said([], []) == []


def test_a_hostile_instruction_is_one_bounded_line() -> None:
    (line,) = said(
        [sample("\x1b[31m" + "x\n" * 500 + each) for each in QUESTIONS], [sample(each) for each in QUESTIONS]
    )
    assert "\x1b" not in line
    assert "\n" not in line
    assert len(line) < 150


def test_the_answer_of_a_choice_is_its_text() -> None:
    assert answer_of(sample("q", choices=("yes", "no"))) == "yes"
    assert answer_of(sample("q")) == "0"


LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(before=LINES, after=LINES, questions=st.lists(LINES.map(str.strip), min_size=2, max_size=5, unique=True))
def test_a_frame_and_the_question_are_the_prompt(before: str, after: str, questions: list[str]) -> None:
    prompts = [f"{before}\n{each}\n{after}" for each in questions]
    frame = frame_of(prompts)
    for prompt in prompts:
        assert len(frame.before) + len(frame.after) <= len(prompt)
        assert frame.question_of(prompt) == prompt.removeprefix(frame.before).removesuffix(frame.after).strip()
