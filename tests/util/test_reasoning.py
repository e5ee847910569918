"""Inline reasoning: every dialect is cut off, nothing is lost, and a text that mentions a tag is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.util.reasoning import TAGS, has_reasoning_tags, opening_at_end, split_reasoning, without_ending

FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"
PIECES = [tag for pair in TAGS for tag in pair] + ["`", "```", "\n", " ", "a", "4", "<", "|>", "<|end|>", "<|return|>"]
PIECES += ["analysis", "assistantfinal", "[END FINAL RESPONSE]"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>2 and 3</think>5", "5"),
        ("\n <think>\n2 and 3\n</think>\n\n5\n", "5\n"),
        ("<THINK>2 and 3</Think> 5", "5"),
        ("<thinking>2 and 3</thinking>5", "5"),
        ("<thought>2 and 3</thought>5", "5"),
        ("<reasoning>2 and 3</reasoning>5", "5"),
        ("<thinking>a</thinking>\n<reflection>b</reflection>\n5", "5"),
        ("<think>a</think><think>b</think>5", "5"),
        ("<seed:think>2 and 3</seed:think>5", "5"),
        ("[THINK]2 and 3[/THINK]5", "5"),
        ("◁think▷2 and 3◁/think▷5", "5"),
        ("<|START_THINKING|>2 and 3<|END_THINKING|>5", "5"),
        (f"<|channel|>analysis<|message|>2 and 3{FINAL}5<|return|>", "5"),
        (f"<|start|>assistant<|channel|>analysis<|message|>2 and 3{FINAL}5", "5"),
        (f"<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b{FINAL}5", "5"),
        ("Here are my reasoning steps:\n2 and 3\n[BEGIN FINAL RESPONSE]\n5", "5"),
        ("2 and 3\n[BEGIN FINAL RESPONSE]\n5", "5"),
        ("analysis2 and 3.assistantfinal5", "5"),
        ("assistantanalysisWe add.assistantcommentaryMore.assistantfinal5", "5"),
        # Without an opening tag: the chat template wrote it.
        ("2 and 3\n</think>\n\n5", "5"),
        ("2 and 3, or </think> no, wait\n</think>\n5", "5"),
        (f"2 and 3{FINAL}5", "5"),
        ("I close it by `</think>`. </think>5", "5"),
        ("<think>I close it by `</think>`. So</think>5", "5"),
        ("<think>a <think>b</think> c</think>5", "5"),
        ("the ` character\n</think>\nIt is `5`.", "It is `5`."),
        ("<think></think>", ""),
    ],
)
def test_reasoning_of_every_dialect_is_cut_off(text: str, answer: str) -> None:
    found, reasoning, closed = split_reasoning(text)
    assert (found, closed) == (answer, True)
    assert text.removesuffix("<|return|>") == reasoning + answer


WORDS = "Here are my reasoning steps:"  # which open nothing where their closing mark does not follow


@pytest.mark.parametrize("opening", [opening for opening, _ in TAGS if opening != WORDS])
def test_reasoning_that_is_not_closed_leaves_no_answer(opening: str) -> None:
    text = f" {opening}2 and 3 make\n5"
    assert split_reasoning(text) == ("", text, False)


@pytest.mark.parametrize("end", ["", "\n[END FINAL RESPONSE]", "\n[END FINAL RESPONSE]\n<|end|>\n", "<|end|>"])
def test_the_mark_at_the_end_is_no_part_of_the_answer(end: str) -> None:
    assert split_reasoning(f"2 and 3\n[BEGIN FINAL RESPONSE]\n5{end}")[0].rstrip("\n") == "5"
    assert without_ending(f"5{end}").rstrip("\n") == "5"


@pytest.mark.parametrize(
    "text",
    [
        "analysisWe add 2 and 3",  # nothing was answered
        "analysisThe word assistantfinal ends it.assistantfinal5",  # at one of two places
    ],
)
def test_bare_words_of_harmony_that_leave_the_answer_unknown(text: str) -> None:
    assert split_reasoning(text) == ("", text, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        f"{WORDS}\n1. 2 and 3 make 5.\nAnswer: 5",
        "analysis: 2 and 3 make 5",
        "analysis of 2 and 3",
        "Analysis2 and 3",
        "It begins with analysis and ends with assistantfinal.",
        "I write `<think>` first and `</think>` last.",
        "Models write <think> and then </think> here.",
        "```xml\n<think>\n</think>\n```\nis the form",
        "```\n</think>\n```",
        "a < b, think > c",
        "Answer: 5 <think>or 6",
        "`a </think> b`",
    ],
)
def test_a_text_that_only_mentions_a_tag_is_an_answer(text: str) -> None:
    assert split_reasoning(text) == (text, "", True)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=20).map("".join))
def test_nothing_is_lost(text: str) -> None:
    answer, reasoning, closed = split_reasoning(text)
    rest = text.removeprefix(reasoning + answer)
    assert text == reasoning + answer + rest
    assert rest.strip() in ("", "<|return|>", "<|end|>", "<|end|><|return|>") or rest.startswith("[END FINAL RESPONSE]")
    assert closed or not answer


@given(st.text(alphabet=st.characters(exclude_characters="<[◁")).filter(lambda text: "analysis" not in text))
def test_a_text_without_tags_comes_back_unchanged(text: str) -> None:
    assert split_reasoning(text) == (text, "", True)


@given(st.sampled_from(TAGS), st.text(alphabet="ab \n5"), st.text(alphabet="ab5", min_size=1))
def test_a_block_at_the_start_is_reasoning(tags: tuple[str, str], thought: str, answer: str) -> None:
    assert split_reasoning(tags[0] + thought + tags[1] + answer) == (answer, tags[0] + thought + tags[1], True)


@pytest.mark.parametrize(
    "piece",
    [
        "<think>",
        "</think>",
        "`",
        "``a`",
        " ",
        "<think></think>",
        "<|channel|>",
        "`\n``\n",
        "analysisA",
        "assistantfinal",
    ],
)
def test_a_hostile_text_of_a_million_characters_is_split(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    answer, reasoning, _ = split_reasoning(text)
    assert reasoning + answer == text


def test_the_tag_that_a_chat_template_ends_with() -> None:
    assert opening_at_end("<|assistant|><think>\n") == "<think>\n"
    assert opening_at_end("<|assistant|>[THINK]") == "[THINK]"
    assert opening_at_end("<think>\n\n</think>\n\n") == opening_at_end("") == ""
    assert has_reasoning_tags("{% if thinking %}<think>{% endif %}")
    assert not has_reasoning_tags("{{ messages }}")
