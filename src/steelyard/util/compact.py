"""Containers that stay small at a million samples: digests in 32 bytes, number sets in bits, small numbers in bytes.

Numbers from an untrusted journal may be anything, so memory does not grow with the largest number: pages are allocated
where a number falls.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, overload

__all__ = ["Digests", "Naturals", "SmallIntegers", "Trace"]

DIGEST_BYTES: Final = 32
PAGE: Final = 4096


class Digests(Sequence[str]):
    """SHA-256 digests, read as 64 lower-case hexadecimal digits and kept as 32 bytes each; grows by :meth:`append`."""

    __slots__ = ("_bytes",)

    def __init__(self, digests: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        for digest in digests:
            self.append(digest)

    def append(self, digest: str) -> None:
        """Add one; raises ValueError for anything but 64 lower-case hexadecimal digits."""
        value = bytes.fromhex(digest)
        if len(value) != DIGEST_BYTES or value.hex() != digest:
            raise ValueError(f"{digest[:80]!r} is not a SHA-256 in hexadecimal digits")
        self._bytes += value

    def __len__(self) -> int:
        return len(self._bytes) // DIGEST_BYTES

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Digests: ...
    def __getitem__(self, index: int | slice) -> str | Digests:
        if isinstance(index, slice):
            return Digests(self[number] for number in range(*index.indices(len(self))))
        place = range(len(self))[index] * DIGEST_BYTES
        return self._bytes[place : place + DIGEST_BYTES].hex()

    def __iter__(self) -> Iterator[str]:
        for place in range(0, len(self._bytes), DIGEST_BYTES):
            yield self._bytes[place : place + DIGEST_BYTES].hex()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Digests):
            return self._bytes == other._bytes
        if isinstance(other, list | tuple):
            return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"Digests({len(self)})"


class Naturals:
    """A set of natural numbers: one bit each where they lie close together."""

    __slots__ = ("_pages", "_size")

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._size = 0

    def add(self, number: int) -> bool:
        """Add a number; returns whether it is new."""
        page, bit = divmod(number, PAGE * 8)
        bits = self._pages.get(page)
        if bits is None:
            bits = self._pages[page] = bytearray(PAGE)
        byte, mask = bit >> 3, 1 << (bit & 7)
        if bits[byte] & mask:
            return False
        bits[byte] |= mask
        self._size += 1
        return True

    def __contains__(self, number: int) -> bool:
        page, bit = divmod(number, PAGE * 8)
        bits = self._pages.get(page)
        return bits is not None and bool(bits[bit >> 3] & 1 << (bit & 7))

    def __len__(self) -> int:
        return self._size


class SmallIntegers:
    """Numbers from 0 to 254 by place, a byte each, in pages that are freed once they are read."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def __setitem__(self, place: int, number: int) -> None:
        page, rest = divmod(place, PAGE)
        numbers = self._pages.get(page)
        if numbers is None:
            numbers = self._pages[page] = bytearray(PAGE)
        numbers[rest] = number + 1

    def get(self, place: int) -> int | None:
        """The number at a place; None where there is none."""
        page, rest = divmod(place, PAGE)
        numbers = self._pages.get(page)
        return None if numbers is None or not numbers[rest] else numbers[rest] - 1

    def __contains__(self, place: int) -> bool:
        return self.get(place) is not None

    def forget_before(self, place: int) -> None:
        """Free the page that ends at ``place``, if any."""
        page, rest = divmod(place, PAGE)
        if not rest:
            self._pages.pop(page - 1, None)

    def clear(self) -> None:
        """Forget all."""
        self._pages.clear()


class Trace(Sequence[tuple[int, int, int]]):
    """The counts after each of n = 1, 2, 3 … scores: (n, right, right if every missing one counts as right).

    ``wide``: totals of scores in steps of a grid, in eight bytes each and not in four; ``large``: of any size.
    """

    __slots__ = ("_high", "_right")

    def __init__(self, *, wide: bool = False, large: bool = False) -> None:
        kind = "Q" if wide else "I"
        self._right: array[int] | list[int] = [] if large else array(kind)
        self._high: array[int] | list[int] = [] if large else array(kind)

    def append(self, right: int, high: int) -> None:
        """Add the counts after one more score."""
        self._right.append(right)
        self._high.append(high)

    def __len__(self) -> int:
        return len(self._right)

    @overload
    def __getitem__(self, index: int) -> tuple[int, int, int]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[int, int, int]]: ...
    def __getitem__(self, index: int | slice) -> tuple[int, int, int] | list[tuple[int, int, int]]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return place + 1, self._right[place], self._high[place]
