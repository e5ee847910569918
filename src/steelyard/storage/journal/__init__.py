"""Append-only storage of a run: hash-chained segments of attempts, and the texts that they refer to by digest."""

from __future__ import annotations

from steelyard.storage.journal.lines import GENESIS, Cut, Header, JournalRecord, Session, Stop, new_header
from steelyard.storage.journal.reader import Attempts, Replay, read_lines, read_segment, replay, segment_names
from steelyard.storage.journal.texts import Texts, open_index, read_texts
from steelyard.storage.journal.writer import Journal

__all__ = [
    "GENESIS",
    "Attempts",
    "Cut",
    "Header",
    "Journal",
    "JournalRecord",
    "Replay",
    "Session",
    "Stop",
    "Texts",
    "new_header",
    "open_index",
    "read_lines",
    "read_segment",
    "read_texts",
    "replay",
    "segment_names",
]
