"""The lines of a journal segment: canonical JSON, one record each, chained by the SHA-256 of the line before.

A run on one machine has one segment, ``main-0000.jsonl``. Each worker of a run on several has its own beside it,
``<worker>-0000.jsonl``, with its own header, sequence and chain; the main one holds sessions, stops and whatever no
worker asked. All are written by one process: what has arrived there is kept, whatever becomes of a worker.
"""

from __future__ import annotations

import os
import re
from typing import Any, Final

import msgspec

from steelyard.evidence import layout
from steelyard.evidence.canonical import SAFE_INTEGER, canonical, fields_of
from steelyard.records import Attempt, BatchClosed, BatchCreated, BatchIntent, Exchange, Record, RecordedScore

__all__ = [
    "FORMAT",
    "GENESIS",
    "MAIN",
    "Cut",
    "Header",
    "JournalRecord",
    "Session",
    "Stop",
    "decode",
    "encode",
    "new_header",
    "segment_of",
    "write_whole",
]

FORMAT: Final = "steelyard-journal/2"
UNPLACED: Final = -1  # the sequence number of a record that no journal holds yet
GENESIS: Final = "0" * 64  # the "previous line" of the first line
MAIN: Final = "main"
WORKER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Header(Record, frozen=True, kw_only=True, tag="header", tag_field="type"):
    """The first line of a segment.

    It names the sealed plan that is carried out (SHA-256 of the plan's payload bytes) and the segment itself, so that
    one segment cannot be passed off as another.
    """

    seq: int = UNPLACED
    prev: str = ""
    format: str
    plan: str
    software: str
    segment: str = ""


class Session(Record, frozen=True, kw_only=True, tag="session", tag_field="type"):
    """One process began to work: ``active_us`` is what the sessions before it had used of the time budget."""

    seq: int = UNPLACED
    prev: str = ""
    started_us: int
    active_us: int
    machine: str


class Cut(Record, frozen=True, kw_only=True, tag="cut", tag_field="type"):
    """A torn last line was cut off at a resume: how many bytes, and their SHA-256."""

    seq: int = UNPLACED
    prev: str = ""
    bytes: int
    sha256: str


class Stop(Record, frozen=True, kw_only=True, tag="stop", tag_field="type"):
    """A session ended in order: why, and the active time used so far."""

    seq: int = UNPLACED
    prev: str = ""
    reason: str
    active_us: int
    at_us: int


JournalRecord = (
    Header | Session | Attempt | RecordedScore | Exchange | Cut | Stop | BatchIntent | BatchCreated | BatchClosed
)

_encoder: Final = msgspec.json.Encoder(order="sorted")
_keys: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_decoder: Final[msgspec.json.Decoder[JournalRecord]] = msgspec.json.Decoder(JournalRecord)


def segment_of(worker: str) -> str:
    """The file of a worker's segment, of the main one for ""; ValueError for what is no worker's name."""
    if not worker:
        return layout.MAIN_SEGMENT
    if worker == MAIN or not WORKER.fullmatch(worker):
        raise ValueError(f"a worker is named in small letters, digits and hyphens, and not {MAIN}: {worker[:80]!r}")
    return layout.segment(worker)


def new_header(plan: str, software: str) -> Header:
    """The header of a journal that carries out the sealed plan with this SHA-256; the writer names its segment."""
    return Header(format=FORMAT, plan=plan, software=software)


def encode(record: JournalRecord) -> bytes:
    """The canonical line of a record, without its newline: fields that equal their default are left out."""
    tag, fields = fields_of(type(record))
    found: dict[str, Any] = dict(tag)
    for name, default, _ in fields:
        value = getattr(record, name)
        if value == default:
            continue
        if type(value) is not str and not _is_plain(value):
            return canonical(record)
        found[name] = value
    return _encoder.encode(found)


def _is_plain(value: Any) -> bool:
    """Whether msgspec writes a record's value as RFC 8785 does: any text and small integers, but not every number.

    That is twenty times as fast, and a run writes a line a call.
    """
    if type(value) is int:
        return -SAFE_INTEGER <= value <= SAFE_INTEGER
    return isinstance(value, str | bool) or value is None


def write_whole(descriptor: int, data: bytes) -> None:
    """Write every byte: the system may take fewer than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def decode(line: bytes) -> JournalRecord:
    """The record of a line; raises ValueError on anything else, a default that is spelled out among it."""
    record = _decoder.decode(line)
    spelled = _keys.decode(line)
    for name, default, has_default in fields_of(type(record))[1]:
        if has_default and name in spelled and getattr(record, name) == default:
            raise ValueError(f"{name} is spelled out, and is what it would be anyway")
    return record
