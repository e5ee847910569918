"""The appending side of a journal: one process a run, chained segments; every line reaches the kernel at once."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import sha256_hex
from steelyard.records import Attempt
from steelyard.storage.journal.lines import GENESIS, MAIN, Cut, Header, JournalRecord, encode, write_whole
from steelyard.storage.journal.reader import Replay, SegmentEnd, replay, segment_names, segment_path
from steelyard.storage.store import FOLDER, Store

__all__ = ["Journal"]

R = TypeVar("R", bound=JournalRecord)

MAX_HEADER_BYTES = 4096
RELEASE_SECONDS = 2.0  # a process that was killed while it started another leaves it the lock until that one has begun


class Journal:
    """Appends records; gives each its sequence number and the digest of the line before it in its segment.

    Open it with :meth:`create` or :meth:`resume`. A second process on the same run is refused. A SIGKILL loses nothing
    that was appended; when the disk is forced is the runner's choice (:meth:`sync`), after the texts that a line names.
    Each line goes to ``store`` next, which says when it is committed.
    """

    def __init__(self, run: Path, header: Header, store: Store = FOLDER) -> None:
        """Take the lock on the run, which is that on its main segment; nothing is read or written yet."""
        self._run = run
        self._header = header
        self._store = store
        self._own_segment = ""
        main = _Segment(segment_path(run), MAIN, store)
        self._segments = {"": main}
        if not _is_locked(main.descriptor):
            os.close(main.descriptor)
            raise InputError("another process is working on this run: wait for it or stop it", where=run)

    @classmethod
    def create(cls, run: Path, header: Header, store: Store = FOLDER) -> Journal:
        """Start the journal of a new run; refuses a folder that already has one."""
        path = segment_path(run)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.exists():
            raise InputError("there is a journal here already: steelyard resume goes on with it", where=run)
        journal = cls(run, header, store)
        try:
            journal._begin("")
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def resume(cls, run: Path, header: Header, store: Store = FOLDER) -> tuple[Journal, Replay | None]:
        """Go on with a run: cut a torn last line of each segment, on record, and give what was done so far.

        A run that was killed before its header was whole is begun with ``header``; there is nothing to replay then.
        Where the store names a segment, the attempts go there, so that no segment has two ends.
        """
        segment_path(run).parent.mkdir(mode=0o700, exist_ok=True)
        journal = cls(run, header, store)  # takes the lock before anything is read or cut
        try:
            if not _has_header(segment_path(run)):
                os.truncate(segment_path(run), 0)
                journal._begin("")
                return journal, None
            state = replay(run)
            for worker in segment_names(run):
                journal._go_on(worker, state.ends[worker])
            journal._own_segment = store.segment
        except BaseException:
            journal.close()
            raise
        return journal, state

    @property
    def records(self) -> int:
        """How many records the journal holds, over all its segments."""
        return sum(segment.seq for segment in self._segments.values())

    def append(self, record: R, worker: str = "") -> R:
        """Write one record to a worker's segment (default: the main one); give it back with its place in the chain.

        A worker's segment begins with its first record; ValueError for what is no worker's name. Raises OSError when
        the disk is full: nothing of the line is left then, and the journal is whole.
        """
        # The calls of batches stay in the main segment, since they are read together with the batches' records.
        if self._own_segment and not worker and isinstance(record, Attempt) and not record.batch:
            worker = self._own_segment
        segment = self._segments.get(worker)
        if segment is None:
            segment = self._begin(worker)
        return segment.append(record)

    async def room(self) -> None:
        """Wait until another call may be sent; raises StorageError where the store takes no more."""
        await self._store.room()

    async def committed(self) -> None:
        """Wait until the store has committed all that was appended; raises StorageError where it takes no more."""
        await self._store.committed()

    def sync(self) -> None:
        """Force everything onto the disk."""
        for segment in self._segments.values():
            segment.sync()

    def close(self) -> None:
        """Sync, unlock and close."""
        try:
            self.sync()
        finally:
            for segment in self._segments.values():
                os.close(segment.descriptor)

    def _begin(self, worker: str) -> _Segment:
        segment = self._segments.get(worker) or self._opened(worker)
        try:
            segment.append(msgspec.structs.replace(self._header, segment=worker or MAIN))
            _sync_folder(segment_path(self._run).parent)  # so that the file's name, too, outlives a power cut
        except OSError:
            if segment.torn:
                self._segments[worker] = segment  # which now refuses every line
            elif worker:
                os.close(segment.descriptor)
            raise
        self._segments[worker] = segment
        return segment

    def _opened(self, worker: str) -> _Segment:
        return _Segment(segment_path(self._run, worker), worker or MAIN, self._store)

    def _go_on(self, worker: str, end: SegmentEnd) -> None:
        """Take up one segment where its last whole line ends."""
        path = segment_path(self._run, worker)
        with path.open("rb") as file:
            file.seek(end.whole_bytes)
            torn = file.read()
        if torn:
            os.truncate(path, end.whole_bytes)
        if not end.next_seq:  # killed while its header was being written
            self._begin(worker)
            return
        segment = self._segments[worker] = self._segments.get(worker) or self._opened(worker)
        segment.seq, segment.head, segment.size = end.next_seq, end.head, end.whole_bytes
        if torn:
            segment.append(Cut(bytes=len(torn), sha256=sha256_hex(torn)))


def _is_locked(descriptor: int) -> bool:
    """Take the lock, or give up after some time."""
    until = time.monotonic() + RELEASE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True


class _Segment:
    """One file of the journal, open for appending: where its chain stands and how long it is."""

    def __init__(self, path: Path, label: str, store: Store) -> None:
        self._label, self._store = label, store
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.seq = 0
        self.head = GENESIS
        self.size = 0
        self._synced = 0
        self.torn = False

    def append(self, record: R) -> R:
        """Write one line. Once half a line could not be taken back, every other is refused: it would be glued to it.

        A resume cuts that half line on record, as after a kill.
        """
        if self.torn:
            raise OSError(errno.EIO, "the journal ends in half a line that the disk did not take back")
        placed = msgspec.structs.replace(record, seq=self.seq, prev=self.head)
        line = encode(placed)
        try:
            write_whole(self.descriptor, line + b"\n")
        except OSError:
            # Whatever part of the line the disk took is taken back: the next one must not be glued to it.
            try:
                os.ftruncate(self.descriptor, self.size)
            except OSError:
                self.torn = True
            raise
        self.seq += 1
        self.head = sha256_hex(line)
        self.size += len(line) + 1
        self._store.line(self._label, self.seq - 1, line)
        return placed

    def sync(self) -> None:
        if self._synced != self.size:
            os.fsync(self.descriptor)
            self._synced = self.size


def _has_header(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\n" in file.read(MAX_HEADER_BYTES)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
