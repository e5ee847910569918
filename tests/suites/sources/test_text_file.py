"""Tests for text and Markdown."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.suites.sources import text_file
from steelyard.suites.sources.text_file import decoded, extract_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_usual_encodings(encoding: str) -> None:
    assert extract_text("Größe: 5 €".encode(encoding)).pages == ("Größe: 5 €",)


def test_indentation_and_markdown_stay() -> None:
    data = b"# Title\r\n\r\n    code(1)\r\n- item  \r\n"
    assert extract_text(data).pages == ("# Title\n\n    code(1)\n- item",)


def test_a_page_names_its_encoding() -> None:
    assert decoded('<meta charset="iso-8859-2">ř'.encode("iso-8859-2"), named=True).endswith("ř")
    assert decoded(b'<meta charset="zlib">\xff', named=True).endswith("ÿ")
    assert decoded(b"\xc3\xbc", named=True) == "ü"


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="is no text"):
        extract_text(b"MZ\0\0")


def test_too_much_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "MAX_CHARACTERS", 3)
    with pytest.raises(InputError, match="more than 3 characters"):
        extract_text(b"four")
