"""Tests for questions by rules alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.reading.grounding import holds_answer
from steelyard.suites.collected import Collected
from steelyard.suites.sources.document import Document
from steelyard.suites.sources.passages import Passage, passages_of
from steelyard.suites.writers.cloze import GAP, ClozeWriter

ENGLISH = (
    "The agency was founded by people from the north on 4 May 1998 in the city. It employs 1,250 people in many "
    "countries of the continent. The parameter max_retries must be set in every file of the server. "
    "The older machine is called Falcon Heavy and it is in the hall."
)
GERMAN = (
    "Die Behörde wurde am 3. Mai 1998 im Norden des Landes eröffnet. Das Gerät mit der Nummer XR-500 steht seit Jahren "
    "im Keller. Die Gebühr beträgt für alle Mitglieder 2,50 Euro im Monat. Die Leitung hat seit dem Herbst "
    "Maria Huber aus einem anderen Haus."
)


def written(text: str, **options: Any) -> Collected:
    document = Document(name="a.txt", sha256="0", kind="text", pages=(text,))
    return asyncio.run(ClozeWriter(**options).write(passages_of(document)))


@pytest.mark.parametrize(
    ("text", "answers", "asked"),
    [
        (ENGLISH, ["4 May 1998", "1,250", "max_retries", "Falcon Heavy"], "What belongs in the gap?"),
        (GERMAN, ["3. Mai 1998", "XR-500", "2,50", "Maria Huber"], "Was gehört in die Lücke?"),
    ],
)
def test_dates_numbers_codes_and_names(text: str, answers: list[str], asked: str) -> None:
    found = written(text, per_passage=9)
    assert [item.answer for item in found.items] == answers
    assert found.is_german == (text == GERMAN)
    for item in found.items:
        assert item.source is not None
        assert item.question.startswith(asked)
        sentence = item.question.partition("\n\n")[2]
        assert sentence.replace(GAP, item.answer) == item.source.text
        assert text[item.source.start : item.source.end] == item.source.text
        assert item.context == text


def test_an_answer_that_stands_twice_is_none() -> None:
    found = written(ENGLISH + " Of the members 1250 live in the south of the country, as was said.", per_passage=9)
    assert "1,250" not in [item.answer for item in found.items]
    assert {(each.check, each.item.answer) for each in found.dropped} == {
        ("answer not unique", "1,250"),
        ("answer not unique", "1250"),
    }


def test_the_seed_decides() -> None:
    asked = [tuple(item.answer for item in written(ENGLISH, per_passage=2, seed=str(seed)).items) for seed in range(8)]
    assert len(set(asked)) > 1
    assert all(len(each) == 2 for each in asked)
    assert asked[3] == tuple(item.answer for item in written(ENGLISH, per_passage=2, seed="3").items)


def test_a_sentence_with_redacted_text_is_not_asked() -> None:
    found = written(ENGLISH, per_passage=9, redact=lambda passage: passage.text.replace("Falcon Heavy", "[TERM_1]"))
    assert "Falcon Heavy" not in [item.answer for item in found.items]
    assert "redacted" in [each.check for each in found.dropped]
    assert all("[TERM_1]" in item.context for item in found.items)
    assert written(ENGLISH, with_context=False).items[0].context == ""


def test_a_text_without_anything_to_leave_out() -> None:
    found = written("Nothing in these words could be asked by a rule that knows no meaning of words at all, really.")
    assert (found.items, [each.check for each in found.dropped]) == ((), ["nothing to ask"])


def test_progress() -> None:
    calls: list[tuple[int, int]] = []
    document = Document(name="a.txt", sha256="0", kind="text", pages=(ENGLISH,))
    passages = [Passage(document, 0, 0, 200), Passage(document, 0, 200, len(ENGLISH))]
    asyncio.run(ClozeWriter(progress=lambda done, total: calls.append((done, total))).write(passages))
    assert calls == [(1, 2), (2, 2)]


TEXT = "the The Ada Bonn 12 1.250 4 May 1998 3. Mai XR-5 a_b is in `x` und Haus and, or. end. — „x“"


@given(st.lists(st.sampled_from(TEXT.split()), min_size=30, max_size=120))
def test_spans_and_answers_are_in_the_text(words: list[str]) -> None:
    text = " ".join(words)
    found = written(text, per_passage=5)
    for item in found.items:
        assert item.source is not None
        assert text[item.source.start : item.source.end] == item.source.text
        assert item.question.count(GAP) == 1
        assert holds_answer(item.source.text, item.answer)
        assert item.question.partition("\n\n")[2].replace(GAP, item.answer) == item.source.text
