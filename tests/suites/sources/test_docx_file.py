"""Tests for Word documents, made by python-docx or by hand."""

from __future__ import annotations

import io
import zipfile

import pytest

from steelyard.errors import InputError
from steelyard.suites.sources import docx_file
from steelyard.suites.sources.docx_file import extract_docx
from testkit.made_files import docx_bytes

DOCUMENT = "word/document.xml"


def changed(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The document with another text in one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            content = source.read(part)
            if part == name:
                assert old in content
                content = content.replace(old, new, 1)
            target.writestr(part, content)
    return out.getvalue()


def test_paragraphs_and_tables() -> None:
    data = docx_bytes(["The ﬁrst paragraph.", "", "two\nlines"], [["Name", "Price"], ["Bolt", "5 €"]])
    assert extract_docx(data).pages == ("The first paragraph.\n\ntwo\nlines\n\nName | Price\n\nBolt | 5 €",)


@pytest.mark.parametrize(
    ("run", "shown"),
    [
        (b"<w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>", "inserted"),
        (b"<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>", ""),
        (b"<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>", ""),
        (b'<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown</w:t></w:r>', "shown"),
        (b"<w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>", "link"),
        (b"<w:r><w:instrText>PAGE</w:instrText></w:r>", ""),
        (b"<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:noBreakHyphen/><w:t>c</w:t></w:r>", "a b-c"),
    ],
)
def test_what_a_reader_sees(run: bytes, shown: str) -> None:
    data = changed(
        docx_bytes(["Text MARK end"]), DOCUMENT, b"<w:t>Text MARK end</w:t></w:r>", b"<w:t>X</w:t></w:r>" + run
    )
    assert extract_docx(data).pages == (f"X{shown}",)


def test_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><w:document '
    with pytest.raises(InputError, match="document type"):
        extract_docx(changed(docx_bytes(["Text"]), DOCUMENT, b"<w:document ", bomb))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = changed(docx_bytes(["Text MARK"]), DOCUMENT, b"MARK", b"a" * 3_000_000)
    assert len(data) < 100_000
    monkeypatch.setattr(docx_file, "MAX_XML_BYTES", 1 << 20)
    with pytest.raises(InputError, match="more than 1 MiB of XML"):
        extract_docx(data)
    monkeypatch.setattr(docx_file, "MAX_UNPACKED", 1 << 20)
    with pytest.raises(InputError, match="as a zip bomb does"):
        extract_docx(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xd0\xcf\x11\xe0old", "has a password"),
        (b"PK\x03\x04nothing", "is not a Word document"),
        (b"text", "is not a Word document"),
        (docx_bytes([""]), "holds no text"),
        (changed(docx_bytes(["Text"]), DOCUMENT, b"<w:body>", b"<w:body><w:p>"), "is not a Word document"),
    ],
)
def test_what_cannot_be_read(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        extract_docx(data)
