"""Append-only storage of a run: hash-chained segments of attempts, and the texts that they refer to by digest."""

from __future__ import annotations

from steelyard.journal.lines import GENESIS, Cut, Header, JournalRecord, Session, Stop
from steelyard.journal.reader import Attempts, Replay, read_lines, read_segment, replay, segment_names
from steelyard.journal.texts import Texts, open_index, read_texts
from steelyard.journal.writer import Journal

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
    "open_index",
    "read_lines",
    "read_segment",
    "read_texts",
    "replay",
    "segment_names",
]
