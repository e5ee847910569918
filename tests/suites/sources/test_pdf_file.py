"""Tests for PDFs, made by hand."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.suites.sources import pdf_file
from steelyard.suites.sources.pdf_file import extract_pdf
from testkit.made_files import pdf_bytes

FIRST = "The server room was moved to Munich in March 2019, which the board had de-"
SECOND = "cided a year before. Its E-Mail is kept for seven years, as the law wants it."
WHOLE = (
    "The server room was moved to Munich in March 2019, which the board had decided a year before. "
    "Its E-Mail is kept for seven years, as the law wants it."
)


def test_pages_without_headers_and_hyphenation() -> None:
    bodies = [[FIRST, SECOND], ["The second page."], ["Müller’s third page costs 5 €."]]
    pages = [["ACME Handbook", *body, f"Page {number} of 3"] for number, body in enumerate(bodies, 1)]
    found = extract_pdf(pdf_bytes(pages))
    assert found.pages == (WHOLE, "The second page.", "Müller’s third page costs 5 €.")
    assert found.notes == ("6 lines of headers and footers were left out.",)


def test_a_page_without_text_is_named() -> None:
    found = extract_pdf(pdf_bytes([[FIRST], []]))
    assert found.notes == ("1 of 2 pages hold no text: are they scans?",)
    assert len(found.pages) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pdf_bytes([[FIRST]], encrypted=True), "has a password"),
        (pdf_bytes([[], ["12"]]), "as a scan"),
        (b"%PDF-1.7\nnothing", "is not a PDF"),
        (b"", "is not a PDF"),
        (pdf_bytes([[FIRST]])[:200], "is not a PDF"),
    ],
)
def test_what_cannot_be_read(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        extract_pdf(data)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_file, "MAX_PAGES", 1)
    with pytest.raises(InputError, match="has 2 pages, more than 1"):
        extract_pdf(pdf_bytes([[FIRST], [SECOND]]))
    monkeypatch.setattr(pdf_file, "MAX_CHARACTERS", 10)
    with pytest.raises(InputError, match="more than 10 characters"):
        extract_pdf(pdf_bytes([[FIRST]]))


@settings(max_examples=60)
@given(st.integers(0, 900), st.binary(min_size=1, max_size=40))
def test_damaged_files_are_read_or_refused(place: int, noise: bytes) -> None:
    data = pdf_bytes([[FIRST, SECOND], [FIRST]])
    with contextlib.suppress(InputError):
        found = extract_pdf(data[:place] + noise + data[place + len(noise) :])
        assert sum(bool(page) for page in found.pages) <= 2  # how many there are is what the damaged file says
