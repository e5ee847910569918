"""A collection of very many SHA-256 digests, at 32 bytes each: a set of Python's takes four times as much."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["Digests"]

SIZE = 32
SHELVES = 256


class Digests:
    """Digests that were added, in no order; what is in one collection and not in another is found shelf by shelf."""

    def __init__(self) -> None:
        self._shelves = [bytearray() for _ in range(SHELVES)]  # by first byte

    def add(self, digest: bytes) -> None:
        """Put one in (32 bytes), once more where it is there already."""
        self._shelves[digest[0]] += digest

    def without(self, others: Digests) -> Iterator[bytes]:
        """Those that are here and not among ``others``, each once, in ascending order."""
        for here, there in zip(self._shelves, others._shelves, strict=True):
            yield from sorted(_taken_apart(here) - _taken_apart(there))


def _taken_apart(shelf: bytearray) -> set[bytes]:
    return {bytes(shelf[start : start + SIZE]) for start in range(0, len(shelf), SIZE)}
