"""Tests for the reading of one file by its kind; as a process of its own it is tested with isolation."""

from __future__ import annotations

import pytest

from steelyard.suites.sources.document import Kind
from steelyard.suites.sources.worker import extract
from testkit.made_files import docx_bytes, pdf_bytes

LINE = "A line of text that is long enough."


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("pdf", pdf_bytes([[LINE]])),
        ("docx", docx_bytes([LINE])),
        ("html", f"<p>{LINE}".encode()),
        ("markdown", LINE.encode()),
        ("text", LINE.encode()),
    ],
)
def test_each_kind(kind: Kind, data: bytes) -> None:
    assert extract(kind, data).pages == (LINE,)
