"""Marks of single models and services around an answer: the box of GLM, 【答案】, citations, tags behind reasoning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.auditing.scoring import read_score
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_scorer
from steelyard.scorers.reading.foreign_marks import score_without_marks, without_citations

BOX = "<|begin_of_box|>{}<|end_of_box|>"
THINGS = ("thing a", "thing b", "thing c", "thing d")
# By scorer: target, choices, a right answer, a wrong one.
READERS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "letter": ("2", THINGS, "C", "B"),
    "numeric": ("18", (), "18", "20"),
    "answer": ("Paris", (), "Paris", "Rome"),
    "exact": ("Paris", (), "Paris", "Rome"),
    "option": ("1", ("no", "yes"), "yes", "no"),
    "mathvista": (json.dumps({"answer": "14", "type": "integer", "precision": 0}), (), "14", "15"),
    "mmmu": ("24", (), "24", "25"),
    "math": ("18", (), "18", "20"),
}
FORMS = {
    "box": BOX,
    "box behind reasons": f"Look at the left.\n{BOX}",
    "box in a sentence": f"So the answer is {BOX}.",
    "cited mark": "Answer: {}[1][3]",
    "cited sentence": "It says so[1]. The answer is {}[2][3].",
    "label": "【答案】{}",
    "label behind reasons": "分析略。\n\n【答案】{}",
}


def read(spec: dict[str, Any], target: str, text: str, choices: tuple[str, ...] = (), reasoning: str = "") -> Score:
    sample = Sample(id="x/0", request=GenerateRequest(prompt="?"), target=target, choices=choices)
    output = ModelOutput(outcome=Outcome.OK, text=text, reasoning=reasoning, finish_reason="stop")
    return read_score(open_scorer(spec), sample, output)


@pytest.mark.parametrize("scorer", READERS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_marked_answer_is_right_or_wrong_and_not_open(scorer: str, form: str) -> None:
    target, choices, right, wrong = READERS[scorer]
    assert read({"name": scorer}, target, form.format(right), choices).value == 1.0
    assert read({"name": scorer}, target, form.format(wrong), choices).value == 0.0


@pytest.mark.parametrize("text", ["**18**[1][2]", "So it is 18.[1][2]", "18[1]"])
def test_a_cited_number_without_a_mark_is_read(text: str) -> None:
    assert read({"name": "numeric"}, "18", text).value == 1.0
    assert read({"name": "numeric"}, "20", text).value == 0.0


@pytest.mark.parametrize(
    ("spec", "text", "value"),
    [
        ({"name": "relaxed"}, BOX.format("2010"), 1.0),
        ({"name": "relaxed"}, f"The bar is high.\n{BOX.format('2010')}", 1.0),
        ({"name": "relaxed"}, f"FINAL ANSWER: {BOX.format('2010')}", 1.0),
        ({"name": "relaxed"}, BOX.format("1500"), 0.0),
        ({"name": "relaxed", "whole": True}, BOX.format("2010"), 1.0),
        ({"name": "relaxed", "whole": True}, BOX.format("1500"), 0.0),
        ({"name": "anls"}, BOX.format("2010"), 1.0),
        ({"name": "exact", "strict": True}, BOX.format("2010"), 1.0),
    ],
)
def test_other_scorers_read_what_is_in_the_box(spec: dict[str, Any], text: str, value: float) -> None:
    assert read(spec, "2010", text).value == value


def test_a_box_that_contradicts_the_text_beside_it_is_open() -> None:
    assert read({"name": "letter"}, "2", f"The answer is C.\n\n{BOX.format('B')}", THINGS).value is None
    assert read({"name": "letter"}, "2", f"{BOX.format('B')} {BOX.format('C')}", THINGS).value == 1.0  # the last one
    assert read({"name": "numeric"}, "18", f"{BOX.format('18')}\n\nCheck: 3 + 4 = 7.").value == 1.0
    assert read({"name": "numeric"}, "7", f"{BOX.format('18')}\n\nCheck: 3 + 4 = 7.").value is None


@pytest.mark.parametrize("tag", ["answer", "response"])
def test_tags_around_all_that_stands_behind_reasoning_are_no_part_of_the_answer(tag: str) -> None:
    target = json.dumps({"instructions": [{"id": "startend:quotation", "arguments": {}}]})
    text = f'<{tag}>\n"A calm note."\n</{tag}>'
    assert read({"name": "anls"}, "a calm note", f"<think>hm</think><{tag}>\na calm note\n</{tag}>").value == 1.0
    assert read({"name": "anls"}, "a calm note", f"<{tag}>\na calm note\n</{tag}>", reasoning="hm").value == 1.0
    assert score_without_marks(
        text, target, lambda part: Score(value=float(part.strip()[0] == '"')),
        reads_answers=False, gives_shares=False, reasoned=True,
    ).value == 1.0  # fmt: skip


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Paris.[1][2]", "Paris."),
        ("**18**[1][2]", "**18**"),
        ("as said[12], yes", "as said, yes"),
        ("**Answer:**[18]", "**Answer:**[18]"),
        ("Answer:[18]", "Answer:[18]"),
        ("Answer: [18]", "Answer: [18]"),
        ("x[100]", "x[100]"),
        ("a[1]b", "a[1]b"),
        ("[1][2]", "[1][2]"),
        ("", ""),
    ],
)
def test_citations_are_numbers_right_behind_a_word(text: str, plain: str) -> None:
    assert without_citations(text) == plain


def test_a_target_with_brackets_keeps_them() -> None:
    assert read({"name": "answer"}, "a[1]", "a[1]").value == 1.0
    assert read({"name": "answer"}, "a[1]", "The answer is a[2].").value != 1.0


@given(st.text(st.sampled_from("<|begin_of_box|>end 【答案】[1]C18*."), max_size=60) | st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    assert read({"name": "numeric"}, "18", text).value in (None, 0.0, 1.0)
    assert read({"name": "letter"}, "2", text, THINGS).value in (None, 0.0, 1.0)


@pytest.mark.parametrize("piece", ["<|begin_of_box|>", "[1]", "x[1]", "【答案】", "<answer>"])
def test_a_hostile_text_of_ten_thousand_characters_is_read(piece: str) -> None:
    text = piece * (10_000 // len(piece))
    assert read({"name": "numeric"}, "18", text, reasoning="hm").value in (None, 0.0)
