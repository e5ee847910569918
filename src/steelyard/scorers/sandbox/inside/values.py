"""Serialisation of plain values, and frames on a pipe: the protocol between the model's code and the tests.

``pickle`` would let the sender run code at the receiver, so this knows plain data only: None, bool, int, float,
complex, str, bytes, list, tuple, set, frozenset, dict, range, Decimal, Fraction, and iterators, which are read to their
end. A subclass travels as its base. Anything else is a *reference*: the sender keeps the object, the receiver gets its
number.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself takes longer to import than all that is done here
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["MAX_BYTES", "Malformed", "NotPlain", "TooMuch", "decode", "encode", "read_frame", "write_frame"]

MAX_BYTES = 8_000_000
_MAX_DEPTH = 200
_MAX_ITERATED = 1_000_000
_HEADER = 8


class NotPlain(TypeError):
    """A value that cannot be sent, since it is not plain data."""


class TooMuch(NotPlain):
    """A value that cannot be sent, since it is too deep or too large."""


class Malformed(ValueError):
    """Bytes that are not a value."""


def encode(value: Any, keep: Callable[[Any], int]) -> bytes:
    """The value as bytes; ``keep`` takes what is not plain data and returns its number or raises NotPlain."""
    parts: list[bytes] = []
    _Writer(parts, keep).put(value, 0)
    return b"".join(parts)


def decode(data: bytes, found: Callable[[int], Any]) -> Any:
    """The value of the bytes; ``found`` turns a reference's number into an object. Raises Malformed."""
    reader = _Reader(data, found)
    try:
        value = reader.take(0)
    except (ValueError, TypeError, OverflowError, ArithmeticError, IndexError, KeyError) as error:
        raise Malformed(f"no value: {type(error).__name__}") from None
    if reader.place != len(data):
        raise Malformed("more than one value")
    return value


def read_frame(file: int) -> bytes | None:
    """One frame from a file descriptor, or None where the other side has ended. Raises Malformed."""
    header = _read_exactly(file, _HEADER)
    if header is None:
        return None
    length = int.from_bytes(header, "big")
    if length > MAX_BYTES:
        raise Malformed("a value larger than allowed")
    return _read_exactly(file, length)


def write_frame(file: int, data: bytes) -> None:
    """Write one frame to a file descriptor; raises TooMuch, and OSError where the reader has gone."""
    if len(data) > MAX_BYTES:
        raise TooMuch("a value larger than allowed")
    rest = memoryview(len(data).to_bytes(_HEADER, "big") + data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _read_exactly(file: int, length: int) -> bytes | None:
    parts = []
    while length:
        part = os.read(file, min(length, 1 << 20))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


class _Writer:
    def __init__(self, parts: list[bytes], keep: Callable[[Any], int]) -> None:
        self._parts, self._keep, self._size = parts, keep, 0

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > MAX_BYTES:
            raise TooMuch("a value larger than allowed")
        self._parts.append(part)

    def put(self, value: Any, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise TooMuch("a value nested too deeply")
        if value is None or value is True or value is False:
            self._add({None: b"N", True: b"T", False: b"F"}[value])
        elif isinstance(value, int):
            self._add(b"i%x;" % value if value >= 0 else b"i-%x;" % -value)
        elif isinstance(value, float):
            self._add(b"d%s;" % float.hex(value).encode())
        elif isinstance(value, complex):
            self._add(b"c%s,%s;" % (value.real.hex().encode(), value.imag.hex().encode()))
        elif isinstance(value, str):
            self._text(b"s", str.encode(value, "utf-8", "surrogatepass"))
        elif isinstance(value, (bytes, bytearray)):
            self._text(b"b", bytes(value))
        else:
            self._put_more(value, depth)

    def _put_more(self, value: Any, depth: int) -> None:
        kind: Any
        for kind, tag in ((list, b"l"), (tuple, b"t"), (set, b"e"), (frozenset, b"z")):
            if isinstance(value, kind):
                return self._items(tag, list(kind.__iter__(value)), depth)
        if isinstance(value, dict):
            flat = [part for pair in dict.items(value) for part in pair]
            return self._items(b"m", flat, depth)
        if isinstance(value, range):
            return self._items(b"R", [value.start, value.stop, value.step], depth)
        for module, name, tag in (("decimal", "Decimal", b"D"), ("fractions", "Fraction", b"Q")):
            kind = getattr(sys.modules.get(module), name, None)
            if kind is not None and isinstance(value, kind):
                return self._text(tag, str(value).encode())
        if hasattr(type(value), "__next__"):
            return self._items(b"g", _read_out(value), depth)
        return self._add(b"r%d;" % self._keep(value))

    def _text(self, tag: bytes, data: bytes) -> None:
        self._add(b"%s%d;" % (tag, len(data)))
        self._add(data)

    def _items(self, tag: bytes, items: list[Any], depth: int) -> None:
        self._add(b"%s%d;" % (tag, len(items)))
        for item in items:
            self.put(item, depth + 1)


def _read_out(iterator: Any) -> list[Any]:
    items = []
    for item in iterator:
        items.append(item)
        if len(items) > _MAX_ITERATED:
            raise TooMuch("an iterator longer than allowed")
    return items


class _Reader:
    def __init__(self, data: bytes, found: Callable[[int], Any]) -> None:
        self._data, self._found, self.place = data, found, 0

    def take(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise Malformed("nested too deeply")
        tag = self._data[self.place : self.place + 1]
        self.place += 1
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        end = self._data.index(b";", self.place)
        head = self._data[self.place : end].decode("ascii")
        self.place = end + 1
        if tag == b"i":
            return int(head, 16)
        if tag == b"d":
            return float.fromhex(head)
        if tag == b"c":
            real, _, imaginary = head.partition(",")
            return complex(float.fromhex(real), float.fromhex(imaginary))
        if tag == b"r":
            return self._found(int(head))
        return self._take_sized(tag, int(head), depth)

    def _take_sized(self, tag: bytes, count: int, depth: int) -> Any:
        if not 0 <= count <= len(self._data) - self.place:
            raise Malformed("shorter than it says")
        if tag in (b"s", b"b", b"D", b"Q"):
            data = self._data[self.place : self.place + count]
            self.place += count
            return data if tag == b"b" else _TEXTS[tag](data.decode("utf-8", "surrogatepass"))
        items = [self.take(depth + 1) for _ in range(count)]
        if tag == b"m":
            return dict(zip(items[::2], items[1::2], strict=True))
        return _KINDS[tag](items)


def _decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def _fraction(text: str) -> Any:
    from fractions import Fraction

    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator or "1"))


_CONSTANTS: dict[bytes, Any] = {b"N": None, b"T": True, b"F": False}
_TEXTS: dict[bytes, Callable[[str], Any]] = {b"s": str, b"D": _decimal, b"Q": _fraction}
_KINDS: dict[bytes, Callable[[list[Any]], Any]] = {
    b"l": list,
    b"t": tuple,
    b"e": set,
    b"z": frozenset,
    b"g": iter,
    b"R": lambda items: range(*items),
}
