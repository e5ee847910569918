"""The form of an index of answers: fixed-width records, lists by outcome, and a digest for each piece of the file.

::

    magic, 8 bytes | length of the header, length of the table, 4 bytes each | 32 bytes, the server's mark
    header         JSON: whose answers, and the names that records give by number
    table          of each piece of the body the first 16 bytes of its SHA-256
    body           records of 96 bytes | lists of numbers, 4 bytes each | (digest of a sample's id, number), 12 bytes

The mark is an HMAC over header and table, by a key of this server: whoever can write into the data folder, and cannot
read its secrets, makes no index that is taken for ours. A reader of a few records reads and checks a few pieces.
Nothing in it is a text of a question or an answer. All numbers are little-endian.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from itertools import accumulate
from typing import Final, NamedTuple

from steelyard.records import Record

__all__ = [
    "DIGEST_BYTES",
    "FORMAT",
    "HEAD",
    "LISTED",
    "MAGIC",
    "MAX_HEADER",
    "MAX_MEASUREMENTS",
    "OUTCOMES",
    "PIECE",
    "RECORD",
    "SAMPLE",
    "UNPARSED",
    "Asked",
    "Entry",
    "Header",
    "Span",
    "list_number",
    "mark_of",
    "sample_digest",
    "span_of",
]

FORMAT: Final = "steelyard-answers/1"
MAGIC: Final = b"SYANSWER"
HEAD: Final = struct.Struct("<8sII32s")
RECORD: Final = struct.Struct("<BBHHHdQ16sQQQQ16sHB5x")
LISTED: Final = struct.Struct("<I")
SAMPLE: Final = struct.Struct("<QI")
PIECE: Final = 9_600  # bytes of the body under one digest: a hundred records
DIGEST_BYTES: Final = 16
MAX_HEADER: Final = 8 << 20
MAX_MEASUREMENTS: Final = 5_000
OUTCOMES: Final = ("right", "wrong", "partly right", "open", "missing")
UNPARSED: Final = 255
_LENGTH_BITS: Final = 25  # of a line, which has at most 16 MB


class Asked(Record, frozen=True, kw_only=True):
    """A measurement of the plan, and who answered."""

    id: str
    task: str
    model: str


class Header(Record, frozen=True, kw_only=True):
    """Whose answers they are (``seal``), how many scores, and the names that records give by number.

    ``lists`` are the lengths of the lists, in the order of :func:`list_number`.
    """

    format: str
    seal: str
    answers: int
    measurements: tuple[Asked, ...]
    scorers: tuple[str, ...]
    segments: tuple[str, ...]
    lists: tuple[int, ...]

    @property
    def starts(self) -> list[int]:
        """Where each list begins, counted in numbers."""
        return [0, *accumulate(self.lists)]

    @property
    def body_bytes(self) -> int:
        """How long the body is."""
        return self.answers * (RECORD.size + SAMPLE.size) + sum(self.lists) * LISTED.size


class Span(NamedTuple):
    """A line in a file of the run: where it begins, and its bytes without its newline; no line has none."""

    place: int
    length: int

    def packed(self) -> int:
        """As one number; 0 is none."""
        return self.place << _LENGTH_BITS | self.length


def span_of(packed: int) -> Span:
    """The line that a number names."""
    return Span(packed >> _LENGTH_BITS, packed & ((1 << _LENGTH_BITS) - 1))


class Entry(NamedTuple):
    """One score of one answer. ``measurement``, ``scorer``, ``segment`` and ``note_segment`` are places in the header.

    ``outcome`` is one in :data:`OUTCOMES`; ``taken``: 0, the score was computed here; 1, it is as it was sealed, since
    a text is not here; 2, since code, weights or another harness made it. ``value`` is NaN where there is none.
    ``digest`` is that of the attempt's ``line``, ``note_digest`` that of ``note``, the line of the recorded score where
    that says something. ``item``, ``answer`` and ``reasoning`` are lines of texts; all lines are packed. ``cause`` is
    why it is open (:class:`steelyard.scorers.open_causes.OpenCause`), by its place there, counted from 1;
    :data:`UNPARSED`: it holds nothing that the scorer reads; 0: neither, or its texts are not here.
    """

    outcome: int
    taken: int
    measurement: int
    scorer: int
    segment: int
    value: float
    line: int
    digest: bytes
    item: int
    answer: int
    reasoning: int
    note: int
    note_digest: bytes
    note_segment: int
    cause: int


def list_number(measurement: int | None, outcome: int, taken: bool) -> int:
    """The number of a list: that of one measurement, or of all (None); by outcome; taken as sealed, or computed."""
    above = 0 if measurement is None else measurement + 1
    return (above * len(OUTCOMES) + outcome) * 2 + taken


def sample_digest(sample: str) -> int:
    """By what a sample is found: 64 bits of its id's SHA-256."""
    return int.from_bytes(hashlib.sha256(sample.encode("utf-8", "surrogatepass")).digest()[:8], "little")


def mark_of(secret: bytes, header: bytes, table: bytes) -> bytes:
    """The server's mark on an index."""
    return hmac.digest(secret, MAGIC + struct.pack("<II", len(header), len(table)) + header + table, "sha256")
