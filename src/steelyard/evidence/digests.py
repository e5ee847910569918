"""A compact set of very many SHA-256 digests, at 32 bytes each: a Python set takes four times as much."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["SIZE", "DigestSet"]

SIZE = 32
SHELVES = 256


class DigestSet:
    """An unordered set of digests, with the difference of two sets."""

    def __init__(self) -> None:
        self._shelves = [bytearray() for _ in range(SHELVES)]  # by first byte

    def add(self, digest: bytes) -> None:
        """Add one digest (32 bytes); duplicates are allowed and take their space."""
        self._shelves[digest[0]] += digest

    def __contains__(self, digest: bytes) -> bool:
        shelf, start = self._shelves[digest[0]], 0
        while (found := shelf.find(digest, start)) % SIZE > 0 and found > 0:
            start = found + 1  # the end of one digest and the beginning of the next
        return found >= 0

    def without(self, others: DigestSet) -> Iterator[bytes]:
        """The digests that are not in ``others``, each once, in ascending order."""
        for here, there in zip(self._shelves, others._shelves, strict=True):
            yield from sorted(_taken_apart(here) - _taken_apart(there))


def _taken_apart(shelf: bytearray) -> set[bytes]:
    return {bytes(shelf[start : start + SIZE]) for start in range(0, len(shelf), SIZE)}
