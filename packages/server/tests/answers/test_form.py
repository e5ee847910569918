"""The numbers that a record is made of."""

from __future__ import annotations

from steelyard_server.answers.form import OUTCOMES, RECORD, Header, Span, list_number, mark_of, sample_digest, span_of


def test_a_line_comes_back_from_its_number() -> None:
    for span in (Span(0, 1), Span(4 << 30, 16 << 20), Span((1 << 38) - 1, 7)):
        assert span_of(span.packed()) == span
        assert span.packed() < 1 << 64
    assert RECORD.size == 96


def test_each_list_has_a_number_of_its_own() -> None:
    numbers = [
        list_number(measurement, outcome, taken)
        for measurement in (None, 0, 1)
        for outcome in range(len(OUTCOMES))
        for taken in (False, True)
    ]
    assert numbers == [*range(30)]
    header = Header(format="", seal="", answers=3, measurements=(), scorers=(), segments=(), lists=(2, 0, 1, *[0] * 7))
    assert header.starts[:4] == [0, 2, 2, 3]


def test_a_mark_covers_header_and_table_and_the_place_between_them() -> None:
    marks = {
        mark_of(b"k", b"ab", b"c"),
        mark_of(b"k", b"a", b"bc"),
        mark_of(b"l", b"ab", b"c"),
        mark_of(b"k", b"", b""),
    }
    assert len(marks) == 4


def test_any_id_of_a_sample_has_a_digest() -> None:
    assert sample_digest("a") != sample_digest("\ud800")
