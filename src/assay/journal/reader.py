"""Reading a journal back: line by line along its chain, and the state that a resume starts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assay.errors import Broken, InputError
from assay.evidence.canonical import sha256_hex
from assay.journal.lines import GENESIS, SEGMENT, Header, JournalRecord, Session, Stop, decode
from assay.records import Attempt

__all__ = ["Replay", "read_lines", "replay", "segment_path"]


def segment_path(run: Path) -> Path:
    """Where the journal of a run lies."""
    return run / "journal" / SEGMENT


def read_lines(run: Path) -> Iterator[tuple[JournalRecord, bytes]]:
    """Stream (record, line bytes without newline), checking sequence and chain; raises Broken naming the line.

    A torn last line (no newline) ends the stream silently: it was never acknowledged.
    """
    path = segment_path(run)
    if not path.is_file():
        raise InputError("there is no journal here: name the folder of a run", where=run)
    previous = GENESIS
    with path.open("rb") as lines:
        for seq, raw in enumerate(lines):
            if not raw.endswith(b"\n"):
                return
            line = raw[:-1]
            place = f"journal/{SEGMENT} line {seq + 1}"
            try:
                record = decode(line)
            except ValueError as error:
                raise Broken(f"{place}: not a journal record ({error})") from None
            if record.seq != seq:
                raise Broken(f"{place}: record {record.seq} stands where record {seq} belongs")
            if record.prev != previous:
                raise Broken(f"{place}: the chain is broken: the line before it was changed, or this one was moved")
            previous = sha256_hex(line)
            yield record, line


@dataclass
class Replay:
    """What a journal says so far: every attempt, the chain's end, and the active time used (µs)."""

    header: Header
    attempts: list[Attempt] = field(default_factory=list)
    next_seq: int = 0
    head: str = GENESIS
    active_us: int = 0
    whole_bytes: int = 0


def replay(run: Path) -> Replay:
    """Read a whole journal; the active time survives a SIGKILL, because attempts carry their own clock."""
    state: Replay | None = None
    session: Session | None = None
    for record, line in read_lines(run):
        if state is None:
            if not isinstance(record, Header):
                raise Broken(f"journal/{SEGMENT} line 1: the header is missing")
            state = Replay(header=record)
        if isinstance(record, Session):
            session = record
            state.active_us = max(state.active_us, record.active_us)
        elif isinstance(record, Stop):
            state.active_us = max(state.active_us, record.active_us)
        elif isinstance(record, Attempt):
            state.attempts.append(record)
            if session is not None:
                done = record.started_us + record.elapsed_us - session.started_us
                state.active_us = max(state.active_us, session.active_us + done)
        state.next_seq = record.seq + 1
        state.head = sha256_hex(line)
        state.whole_bytes += len(line) + 1
    if state is None:
        raise InputError("the journal is empty: this run never began; start it again", where=segment_path(run))
    return state
