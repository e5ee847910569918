"""Tests for headers and footers."""

from __future__ import annotations

from steelyard.suites.sources.repeated_lines import without_repeated_lines


def test_headers_footers_and_page_numbers_go() -> None:
    pages = [f"ACME  Handbook\nText of {word}.\n- {number} -" for number, word in enumerate(("one", "two", "three"), 7)]
    assert without_repeated_lines(pages) == (("Text of one.", "Text of two.", "Text of three."), 6)


def test_even_and_odd_pages_have_headers_of_their_own() -> None:
    pages = [f"{number} {'left' if number % 2 else 'right'} header\nbody {'x' * number}" for number in range(1, 9)]
    kept, removed = without_repeated_lines(pages)
    assert removed == 8
    assert kept == tuple(f"body {'x' * number}" for number in range(1, 9))


def test_text_that_differs_in_other_numbers_stays() -> None:
    pages = [
        f"Item {number * number} costs {90 - 7 * number} euros.\nMore of {number * 31 % 17}" for number in range(9)
    ]
    assert without_repeated_lines(pages) == (tuple(pages), 0)


def test_two_pages_show_no_pattern() -> None:
    pages = ["Header\nfirst text", "Header\nsecond text"]
    assert without_repeated_lines(pages) == (tuple(pages), 0)


def test_a_line_in_the_middle_stays() -> None:
    page = "\n".join([*"abc", "Terms apply.", *"def"])
    pages = [page.replace("a\n", f"{'z' * number}!\n") for number in range(4)]
    assert all("Terms apply." in kept for kept in without_repeated_lines(pages)[0])
