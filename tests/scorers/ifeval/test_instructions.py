"""Each of IFEval's 25 instructions: what follows it, what does not, and the original's quirks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.ifeval.instructions import INSTRUCTIONS, ArgumentMissing, Arguments

AT_LEAST, LESS_THAN = "at least", "less than"
ENGLISH = "the weather is fine today and we would like to walk along the river before dinner"
GERMAN = "Das Wetter ist heute schön, und wir möchten vor dem Abendessen am Fluss spazieren gehen."

# instruction, its arguments, an answer, whether the answer follows
TABLE: list[tuple[str, dict[str, Any], str, bool]] = [
    ("keywords:existence", {"keywords": ["Apple", "pear"]}, "APPLES and a pear", True),
    ("keywords:existence", {"keywords": ["apple", "pear"]}, "apples", False),
    ("keywords:existence", {"keywords": ["c++"]}, "I write C++.", True),
    ("keywords:existence", {"keywords": ["a.c"]}, "acb", False),
    ("keywords:frequency", {"keyword": "war", "relation": AT_LEAST, "frequency": 3}, "War, warm, toward", True),
    ("keywords:frequency", {"keyword": "war", "relation": AT_LEAST, "frequency": 3}, "war war", False),
    ("keywords:frequency", {"keyword": " war ", "relation": LESS_THAN, "frequency": 3}, "war war", True),
    ("keywords:frequency", {"keyword": "war", "relation": LESS_THAN, "frequency": 2}, "war war", False),
    ("keywords:forbidden_words", {"forbidden_words": ["rock", "roll"]}, "rocks rolled", True),
    ("keywords:forbidden_words", {"forbidden_words": ["rock", "roll"]}, "We ROCK.", False),
    ("keywords:letter_frequency", {"letter": "T", "let_relation": AT_LEAST, "let_frequency": 3}, "Titt", True),
    ("keywords:letter_frequency", {"letter": "t", "let_relation": LESS_THAN, "let_frequency": 3}, "Titt", False),
    ("keywords:letter_frequency", {"letter": "#", "let_relation": AT_LEAST, "let_frequency": 2}, "#a #b", True),
    ("keywords:letter_frequency", {"letter": "!", "let_relation": AT_LEAST, "let_frequency": 2}, "a!", False),
    ("language:response_language", {"language": "en"}, ENGLISH, True),
    ("language:response_language", {"language": "de"}, GERMAN, True),
    ("language:response_language", {"language": "de"}, ENGLISH, False),
    ("language:response_language", {"language": "kn"}, "123 …", True),  # no letters: in any language
    ("length_constraints:number_sentences", {"relation": AT_LEAST, "num_sentences": 3}, "One. Two? Three!", True),
    ("length_constraints:number_sentences", {"relation": AT_LEAST, "num_sentences": 3}, "Dr. Smith is in. So", False),
    ("length_constraints:number_sentences", {"relation": LESS_THAN, "num_sentences": 3}, "One. Two", True),
    ("length_constraints:number_sentences", {"relation": LESS_THAN, "num_sentences": 2}, "One. Two", False),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n***\ntwo", True),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "***\none\n***\ntwo\n***", True),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n\ntwo", False),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n***\n***\ntwo", False),
    ("length_constraints:number_words", {"relation": AT_LEAST, "num_words": 4}, "I don't know", True),  # don + t
    ("length_constraints:number_words", {"relation": AT_LEAST, "num_words": 4}, "I do know", False),
    ("length_constraints:number_words", {"relation": LESS_THAN, "num_words": 4}, "I do know", True),
    ("length_constraints:number_words", {"relation": LESS_THAN, "num_words": 3}, "I do know", False),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Second"},
        'First one.\n\n"second\'s" one.',
        True,
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "second"},
        "First.\n\nThe second.",
        False,
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 1, "first_word": "first"},
        "First.\n\nSecond.\n\nThird.",
        False,
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "second"},
        "First.\n\n\n\nSecond.",  # the empty one is no paragraph, but it is counted up to the second
        False,
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[name], [street][town]", True),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[name] [str\neet]", False),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye. p. s. one more", True),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye. PS one more", False),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Bye. P. P.S one more", True),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Bye. P.S. one more", False),
    ("detectable_content:postscript", {"postscript_marker": "PS:"}, "Bye. ps: one more", True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 3}, "A list:\n* one\n  * two\n- three\n+ four", True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* one\n**bold** no bullet\n-two", True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 1}, "one * two - three", False),
    ("detectable_format:number_bullet_lists", {"num_bullets": 1}, "*\n* one", True),  # alone, it takes the next line
    ("detectable_format:number_bullet_lists", {"num_bullets": 0}, "*", True),
    ("detectable_format:constrained_response", {}, "Well. My answer is maybe. Perhaps.", True),
    ("detectable_format:constrained_response", {}, "my answer is yes.", False),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*one* and *two*", True),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "**one**", True),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*one* and ** and * two\n*", False),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "SECTION", "num_sections": 2},
        "SECTION 1\nSECTION2",
        True,
    ),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "SECTION", "num_sections": 2},
        "SECTION 1\nSection 2",
        False,
    ),
    ("detectable_format:json_format", {}, '{"a": [1, null]}', True),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', True),
    ("detectable_format:json_format", {}, "{'a': 1}", False),
    ("detectable_format:json_format", {}, "[" * 100_000, False),
    ("detectable_format:title", {}, "<<poem of joy>>\nroses", True),
    ("detectable_format:title", {}, "<< >> and <<of\njoy>>", False),
    ("detectable_format:title", {}, "<<>>", False),
    ("combination:two_responses", {}, "one\n******\ntwo", True),
    ("combination:two_responses", {}, "******one******two******", True),
    ("combination:two_responses", {}, "one\n******\none", False),
    ("combination:two_responses", {}, "one ****** two ****** three", False),
    ("combination:two_responses", {}, "one ************ two", False),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Write a poem."}, " WRITE A POEM. Roses", True),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Write a poem."}, "Sure! Write a poem.", False),
    ("startend:end_checker", {"end_phrase": "Any questions?"}, 'So it is. "any questions?" ', True),
    ("startend:end_checker", {"end_phrase": "Any questions?"}, "Any questions? Yes.", False),
    ("startend:quotation", {}, ' "I am here." ', True),
    ("startend:quotation", {}, '"I am here.', False),
    ("startend:quotation", {}, '"', False),
    (
        "change_case:capital_word_frequency",
        {"capital_relation": AT_LEAST, "capital_frequency": 4},
        "I CAN'T see NASA.",  # I, CA, N'T, NASA
        True,
    ),
    (
        "change_case:capital_word_frequency",
        {"capital_relation": LESS_THAN, "capital_frequency": 2},
        "We see NASA and COVID-19.",
        False,
    ),
    ("change_case:english_capital", {}, ENGLISH.upper(), True),
    ("change_case:english_capital", {}, ENGLISH.capitalize(), False),
    ("change_case:english_capital", {}, GERMAN.upper(), False),
    ("change_case:english_lowercase", {}, ENGLISH + "!", True),
    ("change_case:english_lowercase", {}, ENGLISH.capitalize(), False),
    ("change_case:english_lowercase", {}, GERMAN.lower(), False),
    ("punctuation:no_comma", {}, "one; two", True),
    ("punctuation:no_comma", {}, "one, two", False),
]


@pytest.mark.parametrize(("name", "arguments", "text", "follows"), TABLE)
def test_instruction(name: str, arguments: dict[str, Any], text: str, follows: bool) -> None:
    assert INSTRUCTIONS[name](text, Arguments(arguments)) is follows


@pytest.mark.parametrize(
    ("name", "arguments", "text", "follows"),
    [
        # A keyword is a pattern in the original, one or more of C, or an error before Python 3.11.
        ("keywords:existence", {"keywords": ["C++"]}, "A cat.", None),
        ("keywords:existence", {"keywords": ["C++"]}, "A dog.", False),
        ("keywords:existence", {"keywords": ["C++", "dog"]}, "A cat.", False),
        ("keywords:existence", {"keywords": ["a.c"]}, "abc", None),
        ("keywords:existence", {"keywords": ["(", "[1]"]}, "( and [1]", True),
        ("keywords:existence", {"keywords": ["$5"]}, "It costs $5.", None),
        ("keywords:existence", {"keywords": ["well-known", "two words"]}, "Well-known are two words.", True),
        ("keywords:frequency", {"keyword": "a.", "relation": AT_LEAST, "frequency": 2}, "a. and", None),
        ("keywords:frequency", {"keyword": "a.", "relation": AT_LEAST, "frequency": 2}, "a. a.", True),
        ("keywords:frequency", {"keyword": "a*", "relation": AT_LEAST, "frequency": 2}, "a* a*", True),
        ("keywords:forbidden_words", {"forbidden_words": ["a.c"]}, "abc", None),
        ("keywords:forbidden_words", {"forbidden_words": ["a.c", "dog"]}, "abc dog", False),
        ("keywords:forbidden_words", {"forbidden_words": ["a.c"]}, "the cat", True),
        # "हिन्दी में" is five words for Python's \\w, which ends at vowel signs, and two for nltk 3.10's.
        ("length_constraints:number_words", {"relation": AT_LEAST, "num_words": 3}, "हिन्दी में", None),
        ("length_constraints:number_words", {"relation": LESS_THAN, "num_words": 3}, "हिन्दी में", None),
        ("length_constraints:number_words", {"relation": AT_LEAST, "num_words": 2}, "हिन्दी में", True),
        ("length_constraints:number_words", {"relation": AT_LEAST, "num_words": 9}, "हिन्दी में", False),
    ],
)
def test_what_the_originals_versions_count_differently_is_open(
    name: str, arguments: dict[str, Any], text: str, follows: bool | None
) -> None:
    assert INSTRUCTIONS[name](text, Arguments(arguments)) is follows


def test_every_instruction_is_shown_followed_and_not() -> None:
    assert len(INSTRUCTIONS) == 25
    for name in INSTRUCTIONS:
        assert {follows for shown, _, _, follows in TABLE if shown == name} == {True, False}


WITH_ARGUMENTS = [(name, arguments) for name, arguments, _, _ in {row[0]: row for row in TABLE}.values() if arguments]


@pytest.mark.parametrize(("name", "arguments"), WITH_ARGUMENTS)
@pytest.mark.parametrize("broken", [None, "", [], {}, -1, True, "maybe", 1.5, float("nan"), [1]], ids=repr)
def test_a_missing_or_wrong_argument_is_reported(name: str, arguments: dict[str, Any], broken: Any) -> None:
    for key, right in arguments.items():
        if broken == "maybe" and isinstance(right, str) and "relation" not in key:
            continue  # a text like any other
        with pytest.raises(ArgumentMissing):
            INSTRUCTIONS[name]("some text of letters", Arguments({**arguments, key: broken}))


def test_numbers_of_a_table_of_floats_are_read() -> None:
    assert INSTRUCTIONS["length_constraints:number_paragraphs"]("a *** b", Arguments({"num_paragraphs": 2.0}))


@given(st.text() | st.text(alphabet="*-<>[]\"'.?! \n\tAa1,{}#\ud800"))
def test_any_text_is_checked(text: str) -> None:
    for name, arguments, _, _ in TABLE:
        assert INSTRUCTIONS[name](text, Arguments(arguments)) in (True, False, None)


HOSTILE = [
    "[",
    "<<",
    "*",
    "* ",
    "\n",
    " \n",
    ".",
    ". ",
    "a.",
    "?!",
    "\"'",
    "p. ",
    "-",
    "A",
    "1,",
    "``",
    "'",
    "\u2028",
    "[[]",
    "Section 1",
]


@pytest.mark.parametrize("part", HOSTILE, ids=repr)
def test_long_hostile_text_is_checked(part: str) -> None:
    """A check that is not linear would take hours here."""
    text = part * (1_000_000 // len(part))
    for name, arguments in {row[0]: row[1] for row in TABLE}.items():
        assert INSTRUCTIONS[name](text, Arguments(arguments)) in (True, False, None)
