"""The lines of a journal segment: canonical JSON, one record each, chained by the SHA-256 of the line before."""

from __future__ import annotations

import os
from typing import Final

import msgspec

from assay.evidence.canonical import canonical
from assay.records import Attempt, Exchange, Marked, Record

__all__ = [
    "FORMAT",
    "GENESIS",
    "SEGMENT",
    "Cut",
    "Header",
    "JournalRecord",
    "Session",
    "Stop",
    "decode",
    "encode",
    "write_whole",
]

FORMAT: Final = "assay-journal/1"
GENESIS: Final = "0" * 64  # the "previous line" of the first line
SEGMENT: Final = "main-0000.jsonl"


class Header(Record, frozen=True, kw_only=True, tag="header", tag_field="type"):
    """The first line: which sealed plan this journal carries out (SHA-256 of the plan's payload bytes)."""

    seq: int = 0
    prev: str = GENESIS
    format: str = FORMAT
    plan: str
    assay: str


class Session(Record, frozen=True, kw_only=True, tag="session", tag_field="type"):
    """One process began to work: ``active_us`` is what the sessions before it had used of the time budget."""

    seq: int = 0
    prev: str = ""
    started_us: int
    active_us: int
    machine: str


class Cut(Record, frozen=True, kw_only=True, tag="cut", tag_field="type"):
    """A torn last line was cut off at a resume: how many bytes, and their SHA-256."""

    seq: int = 0
    prev: str = ""
    bytes: int
    sha256: str


class Stop(Record, frozen=True, kw_only=True, tag="stop", tag_field="type"):
    """A session ended in order: why, and the active time used so far."""

    seq: int = 0
    prev: str = ""
    reason: str
    active_us: int
    at_us: int


JournalRecord = Header | Session | Attempt | Marked | Exchange | Cut | Stop

_decoder: Final[msgspec.json.Decoder[JournalRecord]] = msgspec.json.Decoder(JournalRecord)


def encode(record: JournalRecord) -> bytes:
    """The canonical line of a record, without its newline."""
    return canonical(record)


def write_whole(descriptor: int, data: bytes) -> None:
    """Write every byte: the system may take fewer than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def decode(line: bytes) -> JournalRecord:
    """The record of a line; raises msgspec.DecodeError (a ValueError) on anything else."""
    return _decoder.decode(line)
