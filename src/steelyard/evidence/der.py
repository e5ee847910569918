"""Reading DER (ITU-T X.690), as far as a time stamp needs it: strict, bounded, and without a schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "BOOLEAN",
    "INTEGER",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "TIME",
    "UTF8",
    "Element",
    "Fields",
    "context",
    "elements",
    "integer",
    "one",
]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
UTF8: Final = 0x0C
TIME: Final = 0x18  # GeneralizedTime
SEQUENCE: Final = 0x30
SET: Final = 0x31
MAX_ELEMENTS: Final = 256  # in one sequence: a stamp's longest is its certificates
MAX_INTEGER_BYTES: Final = 64
_HIGH_TAG: Final = 0x1F
_LONG: Final = 0x80


def context(number: int, *, primitive: bool = False) -> int:
    """The tag ``[number]``: constructed, or primitive where it stands for a simple type."""
    return (0x80 if primitive else 0xA0) | number


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, its content, and both with the length between them."""

    tag: int
    content: bytes
    whole: bytes


def elements(data: bytes) -> list[Element]:
    """The elements that ``data`` consists of; raises ValueError where it does not consist of elements in DER."""
    found: list[Element] = []
    start = 0
    while start < len(data):
        if len(found) == MAX_ELEMENTS:
            raise ValueError(f"more than {MAX_ELEMENTS} elements")
        begin, end = _content(data, start)
        found.append(Element(data[start], data[begin:end], data[start:end]))
        start = end
    return found


def _content(data: bytes, start: int) -> tuple[int, int]:
    """Where the content of the element at ``start`` begins and ends."""
    if data[start] & _HIGH_TAG == _HIGH_TAG:
        raise ValueError("a tag of several bytes")
    if start + 2 > len(data):
        raise ValueError("cut off")
    length, begin = data[start + 1], start + 2
    if length & _LONG:
        size = length - _LONG
        digits = data[begin : begin + size]
        if not 1 <= size <= 4 or len(digits) < size or digits[0] == 0:
            raise ValueError("a length that is not in DER")
        length, begin = int.from_bytes(digits, "big"), begin + size
        if length < _LONG:
            raise ValueError("a length that is not in DER")
    if begin + length > len(data):
        raise ValueError("cut off")
    return begin, begin + length


def one(data: bytes, tag: int) -> bytes:
    """The content of the one element that ``data`` is; raises ValueError where it is another, or several."""
    found = elements(data)
    if len(found) != 1 or found[0].tag != tag:
        raise ValueError(f"not one element with the tag {tag:#04x}")
    return found[0].content


def integer(content: bytes) -> int:
    """The value of an INTEGER's content; raises ValueError where it has more bytes than it needs."""
    is_padded = len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) < _LONG
    if not content or is_padded or len(content) > MAX_INTEGER_BYTES:
        raise ValueError("an integer that is not in DER")
    return int.from_bytes(content, "big", signed=True)


class Fields:
    """The elements of a SEQUENCE, taken one after another."""

    def __init__(self, content: bytes) -> None:
        self._left = elements(content)[::-1]

    def take(self, tag: int) -> bytes:
        """The content of the next element; raises ValueError where its tag is another."""
        found = self.optional(tag)
        if found is None:
            raise ValueError(f"no element with the tag {tag:#04x} where one belongs")
        return found

    def optional(self, tag: int) -> bytes | None:
        """The content of the next element; None where its tag is another, which then stays the next."""
        return self._left.pop().content if self._left and self._left[-1].tag == tag else None

    def end(self) -> None:
        """Raise ValueError where elements are left."""
        if self._left:
            raise ValueError(f"an element with the tag {self._left[-1].tag:#04x} too many")
