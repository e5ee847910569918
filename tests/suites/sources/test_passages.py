"""Tests for the passages of documents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.suites.sources.document import Document
from steelyard.suites.sources.passages import passages_of, spread

SENTENCE = "Sentence number {} says what it has to say about this thing."


def document(*pages: str, name: str = "a.pdf") -> Document:
    return Document(name=name, sha256="0", kind="pdf", pages=pages)


def long_document(sentences: int, name: str = "a.pdf") -> Document:
    paragraphs = [
        " ".join(SENTENCE.format(10 * number + each) for each in range(10)) for number in range(sentences // 10)
    ]
    return document("\n\n".join(paragraphs), name=name)


def test_passages_end_between_sentences() -> None:
    found = passages_of(long_document(100), 800)
    assert len(found) > 5
    for passage in found:
        assert passage.text.startswith("Sentence number ")
        assert passage.text.endswith("this thing.")
        assert len(passage.text) <= 1000
    assert "".join("".join(each.text.split()) for each in found) == "".join(long_document(100).pages[0].split())


def test_paragraphs_stay_whole_where_they_fit() -> None:
    page = "\n\n".join([SENTENCE.format(1) * 5, SENTENCE.format(2) * 5, SENTENCE.format(3) * 5])
    assert [each.text for each in passages_of(document(page), 400)] == page.split("\n\n")


def test_no_passage_crosses_a_page_and_empty_pages_have_none() -> None:
    found = passages_of(document(SENTENCE * 2, "12 | 13", "", SENTENCE * 3))
    assert [(each.place, each.page_text) for each in found] == [(0, SENTENCE * 2), (3, SENTENCE * 3)]


def test_a_text_without_sentences_is_cut_between_words() -> None:
    assert all(len(each.text) <= 250 and each.text.strip() for each in passages_of(document("word " * 400), 200))
    assert all(len(each.text) <= 250 for each in passages_of(document("x" * 2000), 200))


def test_passages_are_spread_over_documents() -> None:
    documents = [long_document(200, "a"), long_document(10, "b"), long_document(100, "c")]
    found = spread(documents, 800, limit=9)
    by_name = [each.document.name for each in found]
    assert by_name == ["a"] * 4 + ["b"] + ["c"] * 4
    places = [each.start for each in found if each.document.name == "a"]
    assert places == sorted(set(places))
    assert places[-1] - places[0] > len(documents[0].pages[0]) / 2
    assert len(spread(documents, 800)) == sum(len(passages_of(each, 800)) for each in documents)
    assert spread(documents, 800, limit=0) == []
    assert len(spread(documents, 800, limit=2)) == 2


def test_a_size_out_of_bounds_is_refused() -> None:
    for size in (0, 199, 20_001):
        with pytest.raises(InputError, match="200 to 20,000 characters"):
            passages_of(document("a"), size)


@given(st.lists(st.text(alphabet="ab. \nÄ"), max_size=3), st.integers(200, 300))
def test_a_passage_is_the_text_at_its_place(pages: list[str], size: int) -> None:
    made = document(*pages, (SENTENCE + " ") * 30)
    for passage in passages_of(made, size):
        assert made.pages[passage.place][passage.start : passage.end] == passage.text
        assert len(passage.text) <= 1.25 * size
    again = [(each.place, each.start, each.end) for each in spread([made], size)]
    assert again == [(each.place, each.start, each.end) for each in spread([made], size)]
