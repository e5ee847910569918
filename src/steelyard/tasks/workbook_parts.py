"""What a workbook holds, counted before anything of it is built: a file of kilobytes can unpack to gigabytes.

openpyxl keeps up to a hundred bytes of memory for each byte of XML, so elements are counted by the same parser (expat)
that will read them, as they stream by. The limits are Excel's own, or lie far above what people write by hand.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final
from xml.parsers import expat

from steelyard.errors import InputError
from steelyard.tasks.text_encoding import AS_UTF8, MAX_BYTES

__all__ = ["MAX_CELLS", "MAX_ROWS", "MAX_XML_BYTES", "hidden_rows"]

MAX_CELLS: Final = 1_000_000  # of all sheets together
MAX_ROWS: Final = 1_048_576  # Excel's own, as the next
MAX_COLUMNS: Final = 16_384
MAX_XML_BYTES: Final = 64 << 20
MAX_PARTS: Final = 10_000
MAX_ATTRIBUTES: Final = 64  # of one element
MAX_TAGS: Final = 2_000_000  # of the whole workbook; a filled cell has two or three, without those that close
MAX_ELEMENTS: Final = 100_000  # of one row or text, and of all else together: styles, names, relations
_CHUNK: Final = 1 << 16
_UNTIL_TAG: Final = 1 << 20  # bytes without a tag: a text of a cell has 32,767 characters
# How an XML document begins: a tag, white space, or the mark or first letter of UTF-16; all else is a picture.
_XML_STARTS: Final = (b"<", b" ", b"\t", b"\r", b"\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0")
_DIGITS: Final = 7  # of a row's number


def hidden_rows(path: Path) -> Mapping[str, frozenset[int]]:
    """The numbers of the rows that a filter or a person hid, by the name of the sheet's part.

    Raises InputError, in one line, for a workbook with more than a table of questions holds, or with a document type;
    zipfile's errors for a file that is no zip.
    """
    counted = _Counts(path)
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_BYTES:
            raise InputError(
                f"larger than {MAX_BYTES >> 20} MiB unpacked, or more than {MAX_PARTS:,} parts: {AS_UTF8}", where=path
            )
        hidden = {}
        for part in parts:
            with archive.open(part) as file:
                hidden[part.filename] = counted.part(file)
    return hidden


class _Counts:
    """The counts over all parts of one workbook."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = 0
        self._tags = 0
        self._other = 0  # elements that are in no row and no shared text
        self._in_one = 0  # elements since the last row or shared text began
        self._cells_in_row = 0
        self._row = 0
        self._hidden: set[int] = set()
        self._repeats = False  # whether the part is a sheet or the shared texts

    def part(self, file: IO[bytes]) -> frozenset[int]:
        """Count one part; returns its hidden rows. One that is not well-formed is counted as far as it can be read."""
        self._row, self._hidden, self._repeats = 0, set(), False
        parser = self._parser()
        first, without_tag = True, 0
        while chunk := file.read(_CHUNK):
            if first and not chunk.startswith(_XML_STARTS):
                break
            first = False
            self._bytes += len(chunk)
            without_tag = 0 if b"<" in chunk else without_tag + len(chunk)
            if self._bytes > MAX_XML_BYTES:
                self._refuse(f"more than {MAX_XML_BYTES >> 20} MiB of XML unpacked")
            if without_tag > _UNTIL_TAG:
                self._refuse("a cell or a tag of more than a million characters")
            try:
                parser.Parse(chunk)
            except expat.ExpatError as error:
                if error.code == expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]:
                    self._refuse("a text in an encoding that workbooks do not have")
                break  # openpyxl reads no further either, and says so where it needs this part
        return frozenset(self._hidden)

    def _parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = lambda *_: self._refuse("a document type (DTD), which no workbook has")
        return parser

    def _start(self, tag: str, attributes: list[str]) -> None:
        # Called for every tag: what is counted most comes first.
        self._tags += 1
        if self._tags > MAX_TAGS:
            self._refuse(f"more than {MAX_TAGS:,} tags, some {MAX_TAGS // 3:,} cells")
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            self._refuse(f"an element with more than {MAX_ATTRIBUTES} attributes")
        name = tag.rpartition(":")[2] if ":" in tag else tag
        if not self._repeats:
            self._repeats = name in ("worksheet", "sst")
            self._other += 1
        elif name == "c":
            self._cells_in_row += 1
            if self._cells_in_row > MAX_COLUMNS:
                self._refuse(f"a row of more than {MAX_COLUMNS:,} cells")
        elif name == "row":
            self._in_one = self._cells_in_row = 0
            self._note_row(attributes)
        elif name == "si":
            self._in_one = 0
        else:
            self._in_one += 1
        if self._in_one > MAX_ELEMENTS or self._other > MAX_ELEMENTS:
            self._refuse(f"more than {MAX_ELEMENTS:,} elements beside its cells, or in one row")

    def _note_row(self, attributes: list[str]) -> None:
        self._row += 1
        if attributes:
            stated = dict(zip(attributes[::2], attributes[1::2], strict=True))
            number = stated.get("r", "")
            if number.isdecimal() and len(number) <= _DIGITS:
                self._row = int(number)
            if stated.get("hidden") in ("1", "true"):
                self._hidden.add(self._row)

    def _refuse(self, what: str) -> None:
        raise InputError(f"holds {what}: delete what is no question, or {AS_UTF8}", where=self._path)
