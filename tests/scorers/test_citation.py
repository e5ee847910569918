"""The scorer ``citation``: what is quoted stands in the document, and the answer is right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.plugins import TargetChecker
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers import open_identifier, open_scorer, scorer_named
from steelyard.scorers.citation import MAX_WORDS, Citation

DOCUMENT = (
    "Parcels arrive within 24 hours. “Express” parcels take 6 hours. Refunds are not possible after 30 days.\n"
    "The well-\nknown depot is in Bonn, not in Cologne."
)
PROMPT = f"{DOCUMENT}\n\nHow long does a parcel take in the usual case?"


def score(text: str, target: str = "24 hours", document: str = DOCUMENT, **options: Any) -> Score:
    sample = Sample(id="x", request=GenerateRequest(prompt=PROMPT), target=target, context=document)
    return Citation(**options).score(sample, ModelOutput(outcome=Outcome.OK, text=text))


@pytest.mark.parametrize(
    "text",
    [
        'Answer: 24 hours\nQuote: "Parcels arrive within 24 hours."',
        "Answer: 24 hours\nQuote: Parcels arrive within 24 hours.",
        "Answer: 24 hours\nQuote: “Parcels arrive within 24 hours.”",
        "**Answer:** 24 hours\n\n**Quote:** *Parcels arrive within 24 hours.*",
        "Antwort: 24 hours\nZitat: „Parcels arrive within 24 hours“",
        "Answer: 24 hours\n> Parcels arrive within 24 hours.",
        '24 hours ("parcels arrive  within\n24 hours")',
        'It is 24 hours: "Parcels arrive within 24 hours."',
        '{"answer": "24 hours", "quote": "Parcels arrive within 24 hours."}',
        '```json\n{"quotes": ["“Parcels arrive within 24 hours.”"], "answer": "24 hours"}\n```',
        '{"Answer": "24 hours", "citations": [{"text": "Parcels arrive within 24 hours", "page": 1}]}',
        '{"answer": "24 hours", "quote": "24 hours"}',
        'Answer: 24 hours\nSource: "Parcels arrive within 24 hours. “Express” parcels take 6 hours."',
        'Answer: 24 hours\nQuote: "Parcels arrive within 24 hours. "Express" parcels take 6 hours."',
        "Answer: 24 hours\nQuote: Parcels arrive within 24 hours. “Express” parcels take 6 hours.",
        "Answer: 24 hours\nQuote: “...arrive within 24 hours…”",
    ],
)
def test_honest_answers_are_right(text: str) -> None:
    assert (score(text).value, score(text).note) == (1.0, "")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('Answer: 24 hours\nQuote: "Parcels arrive within 42 hours."', "its quotation is not in the document"),
        ('Answer: 24 hours\nQuote: "Our parcels always arrive fast."', "its quotation is not in the document"),
        ('{"answer": "24 hours", "quote": "within 24 hour"}', "its quotation is not in the document"),
        ('Answer: 48 hours\nQuote: "Parcels arrive within 24 hours."', "and the answer is wrong"),
        ('{"answer": "6 hours", "quote": "Parcels arrive within 24 hours."}', "and the answer is wrong"),
        ('Answer: 48 hours\nQuote: "Parcels arrive … 24 hours."', "and the answer is wrong"),
        ("24 hours", "no quotation"),
        ('{"answer": "24 hours"}', "no quotation"),
        ('Answer: 24 hours\nQuote: "How long does a parcel take in the usual case?"', "no quotation"),
    ],
)
def test_what_is_wrong(text: str, note: str) -> None:
    found = score(text)
    assert found.value == 0.0
    assert note in found.note


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Parcels arrive within 24 hours.", "no quotation that is marked"),
        ('It is "24 hours".', "no quotation that is marked"),
        ('The text says: "Parcels arrive within 24 hours."', "answer is not clear"),
        ('Answer: 24 hours\nQuote: "Parcels arrive … 24 hours."', "left something out"),
        ('Answer: 24 hours\nQuote: "[The] parcels arrive within 24 hours"', "left something out"),
        ('24 hours. "Parcels arrive within 24 hours." and "That is a quick service."', "left something out"),
        ('Answer: 24 hours\nQuote: "Parcels arrive within" and "parcels take 6 hours"', "left something out"),
        ("Answer: 24 hours\nSource: the handbook", "left something out"),
        ('Answer: 24 hours\nQuote: "Refunds are not possible after 30 days."', "does not show the answer"),
        ('{"answer": ["24 hours"], "quote": "Parcels arrive within 24 hours."}', "a list or an object"),
        ('{"a": "24 hours", "b": "48", "quote": "Parcels arrive within 24 hours."}', "several fields"),
        ("x" * 20_001, "more than"),
    ],
)
def test_what_a_person_could_say_either_of_is_open(text: str, note: str) -> None:
    found = score(text)
    assert found.value is None
    assert note in found.note


def test_a_quotation_of_the_whole_document_shows_nothing() -> None:
    document = DOCUMENT + " More words." * MAX_WORDS
    assert score(f'Answer: 24 hours\nQuote: "{document}"', document=document).value is None


def test_a_word_that_a_line_end_divides_is_the_word() -> None:
    for quoted in ("the well-known depot is in Bonn", "the wellknown depot is in Bonn"):
        assert score(f'Answer: Bonn\nQuote: "{quoted}"', target="Bonn").value == 1.0


def test_an_omission_may_turn_the_sense_and_is_never_right() -> None:
    assert score('Answer: yes\nQuote: "Refunds are … possible after 30 days."', "yes", support="none").value is None


def test_the_quotation_need_not_hold_the_answer_where_the_suite_says_so() -> None:
    text = 'Answer: no\nQuote: "Refunds are not possible after 30 days."'
    assert score(text, "no").value is None
    assert score(text, "no", support="none").value == 1.0
    assert score(text.replace("no\n", "yes\n"), "no", support="none").value == 0.0
    assert score(text, "", support="none").value == 1.0
    assert score(text.replace("30", "31"), "", support="none").value == 0.0


def test_another_scorer_reads_the_answer() -> None:
    text = '24 hours, or: "Parcels arrive within 24 hours."'
    assert score(text, "24", answer="numeric").value == 1.0
    assert score('Answer: a day\nQuote: "Parcels arrive within 24 hours."', answer="exact:strict").value == 0.0


def test_without_a_document_nothing_is_known() -> None:
    assert score('Answer: 24 hours\nQuote: "x y z"', document=" ").value is None


def test_what_is_refused() -> None:
    for options in ({"support": "some"}, {"answer": "code"}, {"answer": "judged"}, {"answer": 3}, {"answer": "regex"}):
        with pytest.raises(InputError):
            Citation(**options)
    for identifier in ("citation@1", "citation[{}]@1", 'citation[{"answer":"answer@1"}]@1', 'citation["answer"]@1'):
        with pytest.raises(InputError):
            open_identifier(identifier)


@pytest.mark.parametrize("options", [{}, {"support": "none"}, {"answer": "regex:pattern=is (.*)"}], ids=str)
def test_the_identifier_names_the_scorer_of_the_answer(options: dict[str, str]) -> None:
    scorer = open_scorer({"name": "citation"} | options)
    assert open_identifier(scorer.identifier) == scorer
    assert scorer_named(options.get("answer", "answer")).identifier in scorer.identifier.replace("\\", "")
    assert isinstance(scorer, TargetChecker)
    assert bool(scorer.target_fault(" ")) == ("support" not in options)


WORDS = DOCUMENT.partition("\n")[0].replace("“Express”", "Other").split()
PLAIN = " ".join(WORDS)


@given(st.integers(0, len(WORDS) - 4), st.integers(3, 8), st.integers(0, 7), st.sampled_from(["Rome", "99"]))
def test_a_span_stands_and_one_with_another_word_does_not(start: int, length: int, place: int, other: str) -> None:
    span = WORDS[start : start + length]
    changed = [other if number == place % len(span) else word for number, word in enumerate(span)]
    assert score(f"Quote: {' '.join(span)}", "", PLAIN, support="none").value == 1.0
    assert score(f"Quote: {' '.join(changed)}", "", PLAIN, support="none").value == 0.0


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=60))
def test_any_answer_has_a_score(text: str, target: str, document: str) -> None:
    assert score(text, target, document).value in (None, 0.0, 1.0)
