"""Append-only storage of a run: a hash-chained segment of attempts, and the texts that it refers to by digest."""

from __future__ import annotations

from assay.journal.lines import GENESIS, Cut, Header, JournalRecord, Session, Stop
from assay.journal.reader import Replay, read_lines, replay
from assay.journal.texts import Texts, read_texts
from assay.journal.writer import Journal

__all__ = [
    "GENESIS",
    "Cut",
    "Header",
    "Journal",
    "JournalRecord",
    "Replay",
    "Session",
    "Stop",
    "Texts",
    "read_lines",
    "read_texts",
    "replay",
]
