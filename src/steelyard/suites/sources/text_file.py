"""Markdown and plain text: decoded, with plain line ends; nothing of it is interpreted."""

from __future__ import annotations

import codecs
import re
from typing import Final

from steelyard.errors import InputError
from steelyard.suites.sources.document import MAX_CHARACTERS, Extracted
from steelyard.suites.sources.page_text import plain_text

__all__ = ["bounded", "decoded", "extract_text"]

_NAMED: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})|encoding=[\"']([\w.-]{2,40})"
)
_MARKS: Final = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LOOKED_AT: Final = 2048  # bytes in which a page names its encoding


def extract_text(data: bytes) -> Extracted:
    """The text of a file; indentation and Markdown's signs stay, as they may mean something.

    Raises InputError for one that is no text, or has too much.
    """
    text = decoded(data)
    if "\0" in text:
        raise InputError("is no text (it holds NUL characters)")
    lines = (line.rstrip() for line in plain_lines(text))
    return Extracted(pages=(bounded("\n".join(lines).strip("\n")),))


def plain_lines(text: str) -> list[str]:
    """Lines whose characters are plain, each with its indentation, at most eight spaces of it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).split("\n")
    return [" " * min(8, len(line) - len(line.lstrip(" "))) + plain_text(line) for line in lines]


def decoded(data: bytes, *, named: bool = False) -> str:
    """The text of bytes: by their mark, UTF-8, or (``named``) the encoding that a page names; else Windows-1252."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    found = _NAMED.search(data[:_LOOKED_AT]) if named else None
    return data.decode(_text_encoding((found[1] or found[2]).decode()) if found else "cp1252", errors="replace")


def _text_encoding(name: str) -> str:
    """The encoding of this name where Python has it as one of texts (``zlib`` is one too); else Windows-1252."""
    try:
        b"a".decode(name)
    except (LookupError, ValueError):
        return "cp1252"
    return name


def bounded(text: str) -> str:
    """The text; raises InputError where it is longer than a document may be."""
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"holds more than {MAX_CHARACTERS:,} characters: split it into several files")
    return text
