"""Reading a journal back: line by line along each segment's chain, and the state that a resume starts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import sha256_hex
from steelyard.records import Attempt
from steelyard.storage.journal.lines import (
    GENESIS,
    MAIN,
    Header,
    JournalRecord,
    Session,
    Stop,
    decode,
    segment_of,
)

__all__ = ["Attempts", "Replay", "SegmentEnd", "read_lines", "read_segment", "replay", "segment_names", "segment_path"]


def segment_path(run: Path, worker: str = "") -> Path:
    """Where the journal of a run lies: its main segment, or a worker's."""
    return run / segment_of(worker)


def segment_names(run: Path) -> list[str]:
    """The workers whose segments a run has, in reading order: "", the main one, then the others by name.

    Raises VerificationError for a file that is none: what it holds would be sealed and never read.
    """
    workers = []
    for path in (run / layout.JOURNAL).glob("*"):
        name = f"{layout.JOURNAL}{path.name}"
        if name == layout.MAIN_SEGMENT:
            continue
        worker = layout.segment_label(name)
        try:
            if segment_of(worker) != name:
                raise ValueError
        except ValueError:
            raise VerificationError(f"{layout.JOURNAL}{path.name[:80]!r}: not a segment of a journal") from None
        workers.append(worker)
    return ["", *sorted(workers)]


def read_lines(run: Path) -> Iterator[tuple[JournalRecord, bytes]]:
    """Stream (record, line bytes without newline) of all segments, the main one first, then the workers' by name.

    Each segment's sequence and chain are checked; raises VerificationError naming the line.
    """
    for worker in segment_names(run):
        yield from read_segment(run, worker)


def read_segment(run: Path, worker: str = "") -> Iterator[tuple[JournalRecord, bytes]]:
    """Stream (record, line bytes without newline) of one segment.

    Raises VerificationError naming the first line that does not hold.
    A torn last line (no newline) ends the stream silently: it was never acknowledged.
    """
    name = segment_of(worker)
    path = run / name
    if not path.is_file():
        raise InputError("there is no journal here: name the folder of a run", where=run)
    previous = GENESIS
    with path.open("rb") as file:
        for seq, raw in enumerate(iter(lambda: file.readline(layout.MAX_LINE_BYTES + 1), b"")):
            if len(raw) > layout.MAX_LINE_BYTES and not raw.endswith(b"\n"):
                raise VerificationError(f"{name} line {seq + 1}: longer than {layout.MAX_LINE_BYTES} bytes")
            if not raw.endswith(b"\n"):
                return
            line = raw[:-1]
            place = f"{name} line {seq + 1}"
            try:
                record = decode(line)
            except (ValueError, RecursionError) as error:
                raise VerificationError(f"{place}: not a journal record ({error})") from None
            if record.seq != seq:
                raise VerificationError(f"{place}: record {record.seq} stands where record {seq} belongs")
            if record.prev != previous:
                raise VerificationError(
                    f"{place}: the chain is broken: the line before it was changed, or this one was moved"
                )
            if seq == 0:
                _check_header(record, worker, place)
            previous = sha256_hex(line)
            yield record, line


def _check_header(record: JournalRecord, worker: str, place: str) -> None:
    if not isinstance(record, Header):
        raise VerificationError(f"{place}: the header is missing")
    if segment_of("" if record.segment == MAIN else record.segment) != segment_of(worker):
        raise VerificationError(f"{place}: the segment of {record.segment[:80]!r} stands where another belongs")


@dataclass
class SegmentEnd:
    """How far one segment goes: the next record's number, the digest of the last line, and the whole lines' bytes."""

    next_seq: int = 0
    head: str = GENESIS
    whole_bytes: int = 0


@dataclass(frozen=True)
class Attempts:
    """The attempts that a journal held when it was replayed, read from it anew each time: they may be very many."""

    run: Path
    ends: dict[str, SegmentEnd]
    count: int

    def __iter__(self) -> Iterator[Attempt]:
        for worker, end in self.ends.items():
            for record, _ in read_segment(self.run, worker):
                if record.seq >= end.next_seq:
                    break
                if isinstance(record, Attempt):
                    yield record

    def __len__(self) -> int:
        return self.count


@dataclass
class Replay:
    """What a journal says so far: every attempt, each segment's end by worker, and the active time used (µs)."""

    header: Header
    attempts: Attempts
    ends: dict[str, SegmentEnd] = field(default_factory=dict)
    active_us: int = 0


def replay(run: Path) -> Replay:
    """Read a whole journal; the active time survives a SIGKILL, because attempts carry their own clock."""
    ends: dict[str, SegmentEnd] = {}
    clock = _ActiveTime()
    header: Header | None = None
    attempts = 0
    for worker in segment_names(run):
        end = ends[worker] = SegmentEnd()
        for record, line in read_segment(run, worker):
            if isinstance(record, Header):
                if header is not None and record.plan != header.plan:
                    raise VerificationError(
                        f"{segment_of(worker)} line 1: carries out another plan than {layout.MAIN_SEGMENT}"
                    )
                header = header or record
            attempts += isinstance(record, Attempt)
            clock.read(record, worker)
            end.next_seq = record.seq + 1
            end.head = sha256_hex(line)
            end.whole_bytes += len(line) + 1
        if header is None:
            raise InputError("the journal is empty: this run never began; start it again", where=segment_path(run))
    assert header is not None
    return Replay(header, Attempts(run, ends, attempts), ends, clock.active_us)


class _ActiveTime:
    """Adds up the time in which a process worked (µs), from what sessions, stops and attempts say of it."""

    def __init__(self) -> None:
        self.active_us = 0
        self._sessions: list[Session] = []

    def read(self, record: JournalRecord, worker: str) -> None:
        """Take the next record: the main segment's first, which has the sessions."""
        if isinstance(record, Session):
            self._sessions.append(record)
        if isinstance(record, Session | Stop):
            self.active_us = max(self.active_us, record.active_us)
        elif isinstance(record, Attempt) and self._sessions:
            # In the main segment the last session read is the attempt's; a worker's is found by the clock.
            began = self._sessions[-1] if not worker else self._latest(record.started_us)
            done = record.started_us + record.elapsed_us - began.started_us
            self.active_us = max(self.active_us, began.active_us + done)

    def _latest(self, at_us: int) -> Session:
        before = [session for session in self._sessions if session.started_us <= at_us]
        return max(before or self._sessions[:1], key=lambda session: session.started_us)
