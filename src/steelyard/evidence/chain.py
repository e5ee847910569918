"""The journal's hash chains, read once from the first record to the last, in constant memory but for the digests.

Each segment is a chain of its own: its first line is a header, which names the plan and the segment, and each line is a
canonical record with ``seq`` (0, 1, 2 …) and ``prev``, the SHA-256 of the line before without its newline. Whatever is
changed, dropped, added or moved breaks a link, and the link says where.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steelyard.errors import VerificationError
from steelyard.evidence.answers import Answers
from steelyard.evidence.attempt_line import parse_attempt
from steelyard.evidence.canonical import parse_canonical, sha256_hex
from steelyard.evidence.digests import DigestSet
from steelyard.evidence.layout import lines, open_regular, reading_order, segment_label
from steelyard.evidence.merkle import Tree, leaf_hash

__all__ = ["FIRST_PREV", "JOURNAL_FORMAT", "JournalCommitment", "Segment", "read_journal"]

FIRST_PREV = "0" * 64
JOURNAL_FORMAT = "steelyard-journal/2"
DIGEST_BYTES = 32
# The keys of a record that name texts by digest, by the record's type; some texts may be empty, and have no digest.
_TEXT_KEYS = {"attempt": ("item", "answer", "reasoning"), "exchange": ("request", "reply")}
_MAY_BE_ABSENT = {("attempt", "answer"), ("attempt", "reasoning"), ("exchange", "reply")}
_MAY_BE_EMPTY = {("exchange", "request")}


@dataclass(frozen=True)
class Segment:
    """The commitments of one segment.

    ``head`` is the SHA-256 of its last line, ``digest`` that of its file, ``roots`` the Merkle roots over its own first
    lines at the requested sizes.
    """

    records: int
    head: str
    digest: str
    roots: dict[int, str]


@dataclass(frozen=True)
class JournalCommitment:
    """The commitments of a whole journal.

    ``root`` is the Merkle root over all lines (without newlines) in reading order, ``plan`` the plan's digest as every
    header gives it, ``segments`` each segment by its file's name. ``answers`` and ``answers_root`` are the finished
    calls (:mod:`steelyard.evidence.answers`), ``texts`` the digests of all samples and answers referred to, ``items``
    those of the samples alone, where they are wanted.
    """

    records: int
    root: str
    plan: str
    segments: dict[str, Segment]
    answers: int
    answers_root: str
    texts: DigestSet
    items: DigestSet


def read_journal(
    run: Path,
    names: Iterable[str],
    sizes: Mapping[str, AbstractSet[int]] | None = None,
    heads: Mapping[str, str] | None = None,
    *,
    with_items: bool = False,
) -> JournalCommitment:
    """Read and check the chain of every segment among ``names`` (within ``run``), in reading order.

    ``sizes`` are those at which a segment's root is wanted. ``heads``, where they are known (64 hexadecimal digits),
    show which of a segment's last two records was changed when their link is broken. Raises VerificationError, naming
    file, line and record of the first broken link.
    """
    reader = _Reader(run, with_items=with_items)
    segments = {
        name: reader.read(name, (sizes or {}).get(name, set()), (heads or {}).get(name, ""))
        for name in reading_order(names)
    }
    answers, answers_root = reader.answers.root()
    return JournalCommitment(
        reader.tree.size,
        reader.tree.root().hex(),
        reader.plan,
        segments,
        answers,
        answers_root,
        reader.texts,
        reader.items,
    )


class _Reader:
    """Reads segments one after the other, and collects what concerns all of them."""

    def __init__(self, run: Path, *, with_items: bool) -> None:
        self.tree, self.answers, self.texts, self.items, self.plan = Tree(), Answers(), DigestSet(), DigestSet(), ""
        self._run, self._with_items = run, with_items

    def read(self, name: str, sizes: AbstractSet[int], head: str) -> Segment:
        """Read one segment to its end."""
        chain, digest, own, last_size = _Chain(), hashlib.sha256(), Tree(), max(sizes, default=0)
        roots = {0: own.root().hex()}
        number = 0
        with open_regular(self._run, name) as file:
            for number, line in enumerate(lines(file, name), 1):
                digest.update(line)
                content = line[:-1]
                record = chain.follow(content, name, number)
                leaf = leaf_hash(content)
                self.tree.append_hash(leaf)
                if number <= last_size:
                    own.append_hash(leaf)
                    if number in sizes:
                        roots[number] = own.root().hex()
                self._take(record, name, number)
        if not number:
            raise VerificationError(f"{name}: empty: even its header is missing")
        chain.finish(head)
        return Segment(number, chain.head, digest.hexdigest(), roots)

    def _take(self, record: dict[str, Any], name: str, number: int) -> None:
        kind = str(record.get("type"))
        if number == 1:
            self._check_header(record, name)
        elif kind == "attempt":
            try:
                self.answers.add(record)
            except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
                raise VerificationError(
                    f"{name} line {number} (record {number - 1}): not a well-formed attempt"
                ) from None
        if kind in _TEXT_KEYS:
            self._collect_texts(record, kind, name, number)

    def _check_header(self, record: dict[str, Any], name: str) -> None:
        place = f"{name} line 1 (record 0)"
        if record.get("type") != "header" or record.get("format") != JOURNAL_FORMAT:
            raise VerificationError(f"{place}: not the header of a journal of format {JOURNAL_FORMAT}")
        if record.get("segment") != segment_label(name):
            raise VerificationError(
                f"{place}: the header of segment {str(record.get('segment'))[:80]!r}, which another file is"
            )
        plan = str(record.get("plan"))
        if self.plan and plan != self.plan:
            raise VerificationError(f"{place}: names another plan than the segments before it")
        self.plan = plan

    def _collect_texts(self, record: dict[str, Any], kind: str, name: str, number: int) -> None:
        for key in _TEXT_KEYS[kind]:
            digest = record.get(key)
            if digest is None and (kind, key) in _MAY_BE_ABSENT:
                continue
            if digest == "" and (kind, key) in _MAY_BE_EMPTY:
                continue
            try:
                raw = bytes.fromhex(digest)  # type: ignore[arg-type]  # raises unless it is a string
                if raw.hex() != digest or len(raw) != DIGEST_BYTES:
                    raise ValueError
            except (TypeError, ValueError):
                raise VerificationError(
                    f"{name} line {number} (record {number - 1}): its {key} is not a SHA-256"
                ) from None
            self.texts.add(raw)
            if key == "item" and self._with_items:
                self.items.add(raw)


class _Chain:
    """Checks the links. A broken link is reported only at the next record, which shows which side was changed."""

    def __init__(self) -> None:
        self.head = FIRST_PREV  # SHA-256 of the last line taken
        self._seq = 0  # of the next record
        self._last = ("", 0)  # file and line of the last record taken
        self._doubt: tuple[str, int] | None = None  # the place before ``_last``, where the link between them is broken

    def follow(self, line: bytes, name: str, number: int) -> dict[str, Any]:
        """Take the next line.

        Raises VerificationError where it is not a canonical record, out of sequence, or does not link to the last one.
        """
        try:
            record = parse_attempt(line) or parse_canonical(line)
        except ValueError as error:
            raise VerificationError(f"{name} line {number} (record {self._seq}): {error}") from None
        if not isinstance(record, dict):
            raise VerificationError(f"{name} line {number} (record {self._seq}): not a record")
        if self._doubt is not None:
            raise self._blame(record.get("prev") == self.head)
        seq = record.get("seq")
        if type(seq) is not int or seq != self._seq:
            number_found = f"is numbered {seq}" if type(seq) is int else "has no number"
            after = f", after {self._last[0]} line {self._last[1]}" if self._seq else ""
            raise VerificationError(
                f"{name} line {number}: {number_found} where record {self._seq} belongs{after}: "
                "a record was removed, added, moved or renumbered"
            )
        if record.get("prev") != self.head:
            if self._seq == 0:
                raise VerificationError(f"{name} line {number} (record 0): its prev is not 64 zeros")
            self._doubt = self._last
        self.head, self._last, self._seq = sha256_hex(line), (name, number), self._seq + 1
        return record

    def finish(self, head: str) -> None:
        """Judge a broken link between the last two records by the ``head`` that was sealed, if any."""
        if self._doubt is not None:
            raise self._blame(head == self.head)

    def _blame(self, last_is_intact: bool) -> VerificationError:
        assert self._doubt is not None
        last = self._seq - 1
        if last_is_intact:
            name, number = self._doubt
            return VerificationError(
                f"{name} line {number} (record {last - 1}): was changed: the prev of record {last} does not match it"
            )
        name, number = self._last
        return VerificationError(
            f"{name} line {number} (record {last}): was changed: its prev does not match record {last - 1}"
        )
