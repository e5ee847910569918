"""The tests of a code problem as LiveCodeBench publishes them: JSON, or base64 of zlib of a pickle of JSON.

A pickle is a program for the machine that reads it, so none is ever unpickled here. The one that is published holds a
single text, which takes a handful of instructions: these are read, and any other is refused. All that is read is
bounded before it is made.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import zlib
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, Literal

import msgspec

from steelyard.errors import InputError

__all__ = ["MAX_CASES", "MAX_UNPACKED", "Case", "cases_in", "text_of_pickle", "unpacked"]

MAX_UNPACKED: Final = 512 * 1024 * 1024  # bytes of one problem's tests, with what Python needs for their characters
MAX_CASES: Final = 10_000  # each takes a few hundred bytes more than its text
_BETWEEN: Final = re.compile(rb"\}\s*,\s*\{")
_WIDE: Final = (*(bytes([first]) for first in range(0xF0, 0xF5)), b"\\ud", b"\\uD")  # beyond U+FFFF, or so escaped
_CHUNK: Final = 1 << 20
_PROTOCOLS: Final = range(2, 6)
_STRINGS: Final = {b"\x8c": 1, b"X": 4, b"\x8d": 8}  # SHORT_BINUNICODE, BINUNICODE, BINUNICODE8: bytes of their length
_FRAME: Final = b"\x95"
_FRAME_LENGTH: Final = 8
_PUT: Final = {b"\x94": 0, b"q": 1}  # MEMOIZE, and BINPUT of protocols 2 and 3: bytes of their argument
_STOP: Final = b"."


class Case(msgspec.Struct, frozen=True):
    """One test: what a program reads, or the arguments of a call as JSON, one a line; and what must come out."""

    input: str
    output: str
    testtype: Literal["stdin", "functional"] = "stdin"


def cases_in(texts: Sequence[str]) -> tuple[Case, ...]:
    """The cases of several columns, one after the other; raises InputError for what is neither JSON nor packed JSON."""
    found: list[Case] = []
    left = MAX_UNPACKED
    for text in texts:
        data = text.encode("utf-8", "surrogatepass") if text.lstrip()[:1] == "[" else unpacked(text, left)
        left -= len(data) * _width(data)
        found += _cases(data, left, MAX_CASES - len(found))
    return tuple(found)


def _width(data: bytes) -> int:
    """Bytes that Python needs at most for each character of a text in the JSON: one wide one makes all as wide."""
    if any(each in data for each in _WIDE):
        return 4
    return 1 if data.isascii() and b"\\u" not in data else 2


def _cases(data: bytes, left: int, most: int) -> tuple[Case, ...]:
    if left < 0:
        raise InputError(f"its tests take more than {MAX_UNPACKED:,} bytes of memory")
    between = (0 for _ in _BETWEEN.finditer(data))
    if next(islice(between, max(0, most - 1), None), None) is not None:  # counted before anything is made of them
        raise InputError(f"it has more than {MAX_CASES:,} tests")
    try:
        return msgspec.json.decode(data, type=tuple[Case, ...])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InputError(f"its tests are no list of cases: {str(error).splitlines()[0][:120]}") from None


def unpacked(text: str, limit: int = MAX_UNPACKED) -> bytes:
    """The text (UTF-8) in base64 of zlib of a pickle; raises InputError for others, and more than ``limit`` bytes."""
    try:
        packed = base64.b64decode(text.strip().encode("ascii"), validate=True)
        inflater = zlib.decompressobj()
        data = inflater.decompress(packed, limit + 1)
    except (binascii.Error, zlib.error, ValueError):
        raise InputError("its tests are neither JSON nor base64 of zlib") from None
    if len(data) > limit:
        raise InputError(f"its tests are larger than {limit:,} bytes")
    if not inflater.eof or inflater.unused_data:
        raise InputError("its tests are cut off, or something follows them")
    return text_of_pickle(data)


def text_of_pickle(data: bytes) -> bytes:
    """The text, in UTF-8, of a pickle that holds a text alone (protocols 2 to 5); raises InputError for any other."""
    reader = _Reader(data)
    if reader.take(1) != b"\x80" or reader.take(1)[0] not in _PROTOCOLS:
        raise _refused("it does not begin as one of protocol 2 to 5 does")
    opcode = reader.opcode()
    if opcode not in _STRINGS:
        raise _refused(f"it holds more than a text (instruction {opcode!r})")
    raw = reader.take(int.from_bytes(reader.take(_STRINGS[opcode]), "little"))
    opcode = reader.opcode()
    if opcode in _PUT:
        reader.take(_PUT[opcode])
        opcode = reader.opcode()
    if opcode != _STOP or reader.left:
        raise _refused(f"it holds more than a text (instruction {opcode!r})" if opcode != _STOP else "bytes follow it")
    try:
        _check_utf8(raw)
    except UnicodeDecodeError:
        raise _refused("its text is not UTF-8") from None
    return bytes(raw)


def _check_utf8(raw: memoryview) -> None:
    """Raise UnicodeDecodeError for other bytes. In parts: one wide character makes a text four times as large."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(raw), _CHUNK):
        decoder.decode(raw[start : start + _CHUNK])
    decoder.decode(b"", final=True)


class _Reader:
    """Takes bytes from the front, never more than are there, and never across the end of a frame."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place, self._frame_end = memoryview(data), 0, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._place

    def take(self, count: int) -> Any:
        end = self._place + count
        if end > len(self._data) or self._place < self._frame_end < end:
            raise _refused("it is shorter than it says")
        found = self._data[self._place : end]
        self._place = end
        return found

    def opcode(self) -> bytes:
        """The next instruction; a frame before it only says how many bytes follow, which must be there."""
        opcode = bytes(self.take(1))
        if opcode != _FRAME:
            return opcode
        length = int.from_bytes(self.take(_FRAME_LENGTH), "little")
        if self._place < self._frame_end or length > self.left:
            raise _refused("it is shorter than it says")
        self._frame_end = self._place + length
        return bytes(self.take(1))


def _refused(why: str) -> InputError:
    return InputError(f"its tests are a pickle that is not read: {why}")
