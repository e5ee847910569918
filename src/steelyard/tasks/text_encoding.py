"""The encoding of a table that a spreadsheet wrote as text."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from steelyard.errors import InputError

__all__ = ["AS_UTF8", "ENCODINGS", "MAX_BYTES", "encoding_of", "read_start", "read_text"]

MAX_BYTES: Final = 256 << 20  # of a table that is read whole
AS_UTF8: Final = "save it in Excel as 'CSV UTF-8'"
ENCODINGS: Final = {"utf-16": "UTF-16", "cp1252": "Windows-1252", "mac_roman": "Mac Roman"}
_BINARY: Final = {
    b"PK\x03\x04": "is an Excel workbook under another name: rename it to .xlsx",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook under another name: open it in Excel and save it as .xlsx",
}
# Bytes beside a letter: those that are letters in Mac Roman and rare marks in Windows-1252, and the other way round.
_MAC: Final = re.compile(rb"(?<=[A-Za-z])[\x81-\x83\x86-\x90\x98-\x9f]|[\x81-\x83\x86-\x90\x98-\x9f](?=[A-Za-z])")
_WINDOWS: Final = re.compile(rb"(?<=[A-Za-z])[\xc0-\xd6\xd8-\xf6\xf8-\xff]|[\xc0-\xd6\xd8-\xf6\xf8-\xff](?=[A-Za-z])")


def read_start(path: Path, size: int) -> bytes:
    """The first bytes; raises InputError for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None


def encoding_of(path: Path) -> str:
    """UTF-16 with a mark, UTF-8, or else Windows-1252 or Mac Roman, as older versions of Excel write them.

    Mac Roman where more bytes beside letters are letters there than are letters in Windows-1252. Raises InputError for
    a workbook under another name.
    """
    start = read_start(path, 4)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if start in _BINARY:
        raise InputError(_BINARY[start], where=path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        data = read_start(path, MAX_BYTES)
        return "mac_roman" if len(_MAC.findall(data)) > len(_WINDOWS.findall(data)) else "cp1252"
    return "utf-8-sig"


def read_text(path: Path, encoding: str) -> str:
    """The whole text; raises InputError where it is too large, or not in this encoding."""
    data = read_start(path, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES >> 20} MiB: save it as UTF-8 with commas between columns", where=path)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise InputError(f"is neither UTF-8, UTF-16 nor Windows-1252 text: {AS_UTF8}", where=path) from None
    if "\0" in text:
        raise InputError("text contains a NUL character", where=path)
    return text
