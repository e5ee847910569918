"""The journal's hash chain, read once from the first record to the last, in constant memory but for the digests.

Each line is a canonical record with ``seq`` (0, 1, 2 …) and ``prev``, the SHA-256 of the line before without its
newline. Whatever is changed, dropped, added or moved breaks a link, and the link says where.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import Broken
from assay.evidence.canonical import parse_canonical, sha256_hex
from assay.evidence.layout import lines, open_regular
from assay.evidence.merkle import Tree

__all__ = ["FIRST_PREV", "JOURNAL_FORMAT", "Journal", "read_journal"]

FIRST_PREV = "0" * 64
JOURNAL_FORMAT = "assay-journal/1"
DIGEST_DIGITS = 64
# The keys of a record that name texts by digest, by the record's type; some texts may be empty, and have no digest.
_TEXT_KEYS = {"attempt": ("item", "request", "answer"), "exchange": ("request", "reply")}
_MAY_BE_EMPTY = {("attempt", "answer"), ("exchange", "request"), ("exchange", "reply")}


@dataclass(frozen=True)
class Journal:
    """What the journal's bytes commit to.

    ``root`` is the Merkle root over all lines (without newlines), ``head`` the SHA-256 of the last one, ``plan`` the
    plan's digest as the header gives it. ``roots`` are Merkle roots at the sizes asked for, ``digests`` the SHA-256 of
    each segment's file, ``texts`` the digests (32 bytes each) of all samples, requests and answers referred to.
    """

    records: int
    root: str
    head: str
    plan: str
    roots: dict[int, str]
    digests: dict[str, str]
    texts: set[bytes]


def read_journal(run: Path, segments: Sequence[str], sizes: Collection[int] = (), head: str = "") -> Journal:
    """Read and check the chain over ``segments`` (names within ``run``, in order).

    ``head``, where it is known (64 hexadecimal digits), tells which of the last two records was changed when they do
    not fit. Raises Broken naming file, line and record of the first link that does not hold.
    """
    tree, chain, plan = Tree(), _Chain(), ""
    roots = {0: tree.root().hex()}
    digests: dict[str, str] = {}
    texts: set[bytes] = set()
    for name in segments:
        digest = hashlib.sha256()
        with open_regular(run, name) as file:
            for number, line in enumerate(lines(file, name), 1):
                digest.update(line)
                content = line[:-1]
                record = chain.follow(content, name, number)
                tree.append(content)
                if tree.size == 1:
                    plan = _header(record, name)
                elif (keys := _TEXT_KEYS.get(str(record.get("type")))) is not None:
                    _collect_texts(record, keys, texts, name, number)
                if tree.size in sizes:
                    roots[tree.size] = tree.root().hex()
        digests[name] = digest.hexdigest()
    chain.finish(head)
    return Journal(tree.size, tree.root().hex(), chain.head, plan, roots, digests, texts)


class _Chain:
    """Follows the links. A link that does not fit is judged only at the next record, which knows who was changed."""

    def __init__(self) -> None:
        self.head = FIRST_PREV  # SHA-256 of the last line taken
        self._seq = 0  # of the next record
        self._last = ("", 0)  # file and line of the last record taken
        self._doubt: tuple[str, int] | None = None  # the place before ``_last``, where the link between them is broken

    def follow(self, line: bytes, name: str, number: int) -> dict[str, Any]:
        """Take the next line; Broken where it is no canonical record, out of sequence, or does not fit the last."""
        try:
            record = parse_canonical(line)
        except ValueError as error:
            raise Broken(f"{name} line {number} (record {self._seq}): {error}") from None
        if not isinstance(record, dict):
            raise Broken(f"{name} line {number} (record {self._seq}): not a record")
        if self._doubt is not None:
            raise self._blame(record.get("prev") == self.head)
        seq = record.get("seq")
        if type(seq) is not int or seq != self._seq:
            said = f"says it is record {seq}" if type(seq) is int else "says not which record it is"
            after = f", after {self._last[0]} line {self._last[1]}" if self._seq else ""
            raise Broken(
                f"{name} line {number}: {said} where record {self._seq} belongs{after}: "
                "a record was removed, added, moved or renumbered"
            )
        if record.get("prev") != self.head:
            if self._seq == 0:
                raise Broken(f"{name} line {number} (record 0): its prev is not 64 zeros")
            self._doubt = self._last
        self.head, self._last, self._seq = sha256_hex(line), (name, number), self._seq + 1
        return record

    def finish(self, head: str) -> None:
        """Judge a broken link between the last two records by the ``head`` that was sealed, if any."""
        if self._doubt is not None:
            raise self._blame(head == self.head)

    def _blame(self, last_is_intact: bool) -> Broken:
        assert self._doubt is not None
        last = self._seq - 1
        if last_is_intact:
            name, number = self._doubt
            return Broken(
                f"{name} line {number} (record {last - 1}): was changed: the prev of record {last} does not match it"
            )
        name, number = self._last
        return Broken(f"{name} line {number} (record {last}): was changed: its prev does not match record {last - 1}")


def _header(record: dict[str, Any], name: str) -> str:
    if record.get("type") != "header" or record.get("format") != JOURNAL_FORMAT:
        raise Broken(f"{name} line 1 (record 0): not the header of a journal of format {JOURNAL_FORMAT}")
    return str(record.get("plan"))


def _collect_texts(record: dict[str, Any], keys: tuple[str, ...], texts: set[bytes], name: str, number: int) -> None:
    for key in keys:
        digest = record.get(key)
        if digest == "" and (record["type"], key) in _MAY_BE_EMPTY:
            continue
        try:
            if not isinstance(digest, str) or len(digest) != DIGEST_DIGITS:
                raise ValueError
            texts.add(bytes.fromhex(digest))
        except ValueError:
            raise Broken(f"{name} line {number} (record {record['seq']}): its {key} is not a SHA-256") from None
