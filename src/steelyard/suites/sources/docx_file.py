"""DOCX: the paragraphs and tables of the body, as they show: without deleted and hidden text, headers and footers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final
from xml.parsers import expat

from steelyard.errors import InputError
from steelyard.suites.sources.document import Extracted
from steelyard.suites.sources.page_text import plain_text
from steelyard.suites.sources.text_file import bounded

__all__ = ["extract_docx"]

MAX_UNPACKED: Final = 256 << 20
MAX_PARTS: Final = 10_000
MAX_XML_BYTES: Final = 64 << 20  # of the parts that are parsed
_ENCRYPTED: Final = b"\xd0\xcf\x11\xe0"  # a compound file: an old document, or one with a password
_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Deleted text, what a field is computed from, the properties of paragraphs, and a second copy for old programs.
_SKIPPED: Final = frozenset(
    {_FALLBACK, *(_WORD + name for name in ("del", "moveFrom", "instrText", "delText", "pPr", "sectPr", "tblPr"))}
)
_SIGNS: Final = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_OFF: Final = ("0", "false", "off")


def extract_docx(data: bytes) -> Extracted:
    """The text of a Word document: a blank line between paragraphs, the cells of a table's row on one line.

    Raises InputError for one with a password, one that unpacks to too much, and one that python-docx cannot open.
    """
    import docx

    if data.startswith(_ENCRYPTED):
        raise InputError("is an old Word document, or has a password: save it as .docx, without one")
    try:
        _check_parts(data)
        body = docx.Document(io.BytesIO(data)).element.body
        text = "\n\n".join(filter(None, map(plain_text, _blocks(body))))
    except InputError:
        raise
    except Exception as error:  # a document can be broken in dozens of ways
        raise InputError(f"is not a Word document that can be read ({type(error).__name__})") from None
    if not any(map(str.isalpha, text)):
        raise InputError("holds no text: does it hold pictures alone?")
    return Extracted(pages=(bounded(text),))


def _check_parts(data: bytes) -> None:
    """Refuse, before anything is built, what unpacks to too much or declares entities."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise InputError(
                f"unpacks to more than {MAX_UNPACKED >> 20} MiB or {MAX_PARTS:,} parts, as a zip bomb does"
            )
        xml = [part for part in parts if part.filename.endswith((".xml", ".rels"))]
        if sum(part.file_size for part in xml) > MAX_XML_BYTES:
            raise InputError(f"holds more than {MAX_XML_BYTES >> 20} MiB of XML: split it into several files")
        for part in xml:
            with archive.open(part) as file:
                _check_prolog(file.read(1 << 16))


def _check_prolog(start: bytes) -> None:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(start)
    except expat.ExpatError:
        return  # python-docx reads no further either, and says so


def _refuse_doctype(*_: object) -> None:
    raise InputError("declares a document type (DTD), which no Word document does")


def _blocks(body: Any) -> Iterator[str]:
    """The texts of paragraphs and of rows of tables, in order.

    A walk without recursion; a paragraph within a text box within a paragraph is part of it.
    """
    waiting: list[Any] = list(reversed(body))
    while waiting:
        element = waiting.pop()
        if element.tag in _SKIPPED:
            continue
        if element.tag == _WORD + "p":
            yield _text(element)
        elif element.tag == _WORD + "tr":
            cells = (plain_text(_text(cell)).replace("\n", " ") for cell in element if cell.tag == _WORD + "tc")
            yield " | ".join(filter(None, cells))
        else:
            waiting += reversed(element)


def _text(element: Any) -> str:
    """The visible text within an element."""
    parts: list[str] = []
    waiting: list[Any] = [element]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            parts.append(each)
            continue
        if each.tag in _SKIPPED or (each.tag == _WORD + "r" and _is_hidden(each)):
            continue
        name = str(each.tag).removeprefix(_WORD)
        if name == "t":
            parts.append(each.text or "")
        elif name in _SIGNS:
            parts.append(_SIGNS[name])
        elif each is not element and name in ("p", "tr"):
            waiting += ["\n", *reversed(each), "\n"]
        else:
            waiting += reversed(each)
    return "".join(parts)


def _is_hidden(run: Any) -> bool:
    mark = run.find(f"{_WORD}rPr/{_WORD}vanish")
    return mark is not None and mark.get(_WORD + "val", "1") not in _OFF
