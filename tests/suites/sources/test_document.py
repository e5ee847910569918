"""Tests for documents as records."""

from __future__ import annotations

from steelyard.suites.sources.document import Document


def test_only_kinds_with_pages_number_them() -> None:
    pdf = Document(name="a.pdf", sha256="0", kind="pdf", pages=("one", "two"))
    assert pdf.page_number(1) == 2
    text = Document(name="a.txt", sha256="0", kind="text", pages=("one",))
    assert text.page_number(0) is None
