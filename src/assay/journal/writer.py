"""The appending side of a journal: one writer per run, chained; every line reaches the kernel at once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from assay.errors import InputError
from assay.evidence.canonical import sha256_hex
from assay.journal.lines import Cut, Header, JournalRecord, encode, write_whole
from assay.journal.reader import Replay, replay, segment_path

__all__ = ["Journal"]

R = TypeVar("R", bound=JournalRecord)

MOST_HEADER_BYTES = 4096


class Journal:
    """Appends records; gives each its sequence number and the digest of the line before.

    Open it with :meth:`create` or :meth:`resume`. A second process on the same run is refused. A SIGKILL loses nothing
    that was appended; when the disk is forced is the runner's choice (:meth:`sync`), after the texts that a line names.
    """

    def __init__(self, path: Path, seq: int, head: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise InputError(
                "another process is working on this run: wait for it or stop it", where=path.parent.parent
            ) from None
        self._seq = seq
        self._head = head

    @classmethod
    def create(cls, run: Path, header: Header) -> Journal:
        """Start the journal of a new run; refuses a folder that already has one."""
        path = segment_path(run)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.exists():
            raise InputError("there is a journal here already: assay resume goes on with it", where=run)
        journal = cls(path, 0, header.prev)
        journal.append(header)
        return journal

    @classmethod
    def resume(cls, run: Path, header: Header) -> tuple[Journal, Replay | None]:
        """Go on with a run: cut a torn last line, on record, and give what was done so far.

        A run that was killed before its header was whole is begun with ``header``; there is nothing to replay then.
        """
        path = segment_path(run)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        journal = cls(path, 0, header.prev)  # takes the lock before anything is read or cut
        try:
            if b"\n" not in path.read_bytes()[:MOST_HEADER_BYTES]:
                os.truncate(path, 0)
                journal.append(header)
                return journal, None
            state = replay(run)
            torn = path.read_bytes()[state.whole_bytes :]
            if torn:
                os.truncate(path, state.whole_bytes)
        except BaseException:
            journal.close()
            raise
        journal._seq, journal._head = state.next_seq, state.head
        if torn:
            journal.append(Cut(bytes=len(torn), sha256=sha256_hex(torn)))
        return journal, state

    @property
    def records(self) -> int:
        """How many records the journal holds."""
        return self._seq

    def append(self, record: R) -> R:
        """Write one record and give it back with its place in the chain. Raises OSError when the disk is full."""
        placed = msgspec.structs.replace(record, seq=self._seq, prev=self._head)
        line = encode(placed)
        write_whole(self._descriptor, line + b"\n")
        self._seq += 1
        self._head = sha256_hex(line)
        return placed

    def sync(self) -> None:
        """Force everything onto the disk."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Sync, unlock and close."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)
