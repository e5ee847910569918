"""The Merkle tree of RFC 6962 §2.1 over SHA-256: one hash commits to every record and to their order.

Leaves and nodes are hashed under different prefixes (0x00, 0x01), so that no node can be passed off as a record. The
tree grows by appending, so the root at any earlier size (a checkpoint) commits to a prefix of the same records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["Tree", "leaf_hash", "root"]

LEAF = b"\x00"
NODE = b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf), 32 bytes."""
    return hashlib.sha256(LEAF + leaf).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


class Tree:
    """An append-only tree that keeps only the roots of its full subtrees: O(log n) memory."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []  # roots of full subtrees, largest first: one per binary one of ``size``

    def append(self, leaf: bytes) -> None:
        """Add one leaf (its bytes, not its hash)."""
        self.append_hash(leaf_hash(leaf))

    def append_hash(self, node: bytes) -> None:
        """Add one leaf by its hash (:func:`leaf_hash`)."""
        size = self.size
        while size & 1:
            node = _node_hash(self._full.pop(), node)
            size >>= 1
        self._full.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far, 32 bytes; of none: SHA-256 of nothing."""
        if not self._full:
            return hashlib.sha256(b"").digest()
        node = self._full[-1]
        for left in reversed(self._full[:-1]):
            node = _node_hash(left, node)
        return node


def root(leaves: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of ``leaves``, 32 bytes."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()
