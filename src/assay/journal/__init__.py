"""Append-only storage of a run: hash-chained segments of attempts, and the texts that they refer to by digest."""

from __future__ import annotations

from assay.journal.lines import GENESIS, Cut, Header, JournalRecord, Session, Stop
from assay.journal.reader import Attempts, Replay, read_lines, read_segment, replay, segment_names
from assay.journal.texts import Texts, open_index, read_texts
from assay.journal.writer import Journal

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
