"""The journal: chained, resumable after any cut, and exclusive to one process."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex, without_defaults
from steelyard.records import Attempt, Exchange, Outcome, RecordedScore
from steelyard.storage.journal.lines import (
    GENESIS,
    MAIN,
    Cut,
    Header,
    JournalRecord,
    Session,
    Stop,
    decode,
    encode,
    new_header,
)
from steelyard.storage.journal.reader import read_lines, read_segment, replay, segment_names, segment_path
from steelyard.storage.journal.texts import Texts, read_texts
from steelyard.storage.journal.writer import Journal

HEADER = new_header(plan="c" * 64, software="0")


def placed(header: Header) -> Header:
    """The header as the writer puts it at the beginning of the main segment."""
    return msgspec.structs.replace(header, seq=0, prev=GENESIS, segment=MAIN)


def attempt(number: int, **changes: object) -> Attempt:
    fields: dict[str, object] = {
        "seq": 0,
        "prev": "",
        "measurement": "00-task",
        "position": number,
        "sample": f"task/{number}",
        "item": "a" * 64,
        "repeat": 0,
        "attempt": 1,
        "request": "b" * 64,
        "outcome": Outcome.OK,
        "final": True,
        "started_us": 1_000_000 + number * 10,
        "elapsed_us": 5,
    }
    return Attempt(**(fields | changes))  # type: ignore[arg-type]


def started(run: Path, attempts: int) -> Journal:
    journal = Journal.create(run, new_header(plan="c" * 64, software="0"))
    journal.append(Session(started_us=1_000_000, active_us=0, machine="m"))
    for number in range(attempts):
        journal.append(attempt(number))
    return journal


def test_records_come_back_in_order_and_chained(tmp_path: Path) -> None:
    journal = started(tmp_path, 3)
    journal.append(Stop(reason="complete", active_us=99, at_us=2))
    journal.close()
    state = replay(tmp_path)
    assert [record.position for record in state.attempts] == [0, 1, 2]
    assert state.ends[""].next_seq == journal.records == 6
    assert len(state.attempts) == 3
    assert state.active_us == 99
    assert len({record.prev for record, _ in read_lines(tmp_path)}) == 6


def test_active_time_survives_a_kill_without_a_stop_record(tmp_path: Path) -> None:
    started(tmp_path, 3).close()
    assert replay(tmp_path).active_us == 25  # the last attempt began at 20 µs and took 5


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 300))
def test_a_torn_last_line_is_cut_on_record_and_nothing_else_is_lost(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    run = tmp_path_factory.mktemp("run")
    started(run, 4).close()
    path = segment_path(run)
    data = path.read_bytes()
    last = len(data.splitlines(keepends=True)[-1])
    path.write_bytes(data[: -min(cut, last - 1)])
    journal, state = Journal.resume(run, HEADER)
    assert state is not None
    journal.append(attempt(3))
    journal.close()
    records = [record for record, _ in read_lines(run)]
    assert len(state.attempts) == 3
    assert [type(record) for record in records[-2:]] == [Cut, Attempt]
    assert [record.position for record in records if isinstance(record, Attempt)] == [0, 1, 2, 3]


def test_every_worker_has_its_own_segment_and_chain(tmp_path: Path) -> None:
    journal = started(tmp_path, 2)
    for number in range(2, 6):
        journal.append(attempt(number), worker=("w2", "w10")[number % 2])
    journal.append(attempt(6))
    journal.close()
    assert sorted(path.name for path in (tmp_path / "journal").iterdir()) == [
        "main-0000.jsonl",
        "w10-0000.jsonl",
        "w2-0000.jsonl",
    ]
    assert segment_names(tmp_path) == ["", "w10", "w2"]
    state = replay(tmp_path)
    assert [record.position for record in state.attempts] == [0, 1, 6, 3, 5, 2, 4]
    assert {worker: end.next_seq for worker, end in state.ends.items()} == {"": 5, "w10": 3, "w2": 3}
    headers = [record for record, _ in read_lines(tmp_path) if isinstance(record, Header)]
    assert [(header.segment, header.plan, header.seq) for header in headers] == [
        (name, HEADER.plan, 0) for name in ("main", "w10", "w2")
    ]
    assert journal.records == 11
    journal, again = Journal.resume(tmp_path, HEADER)
    assert again is not None
    journal.append(attempt(7), worker="w2")
    journal.append(attempt(8), worker="w3")
    journal.close()
    assert len(again.attempts) == 7, "what came after the replay is no part of it"
    assert [record.position for record in again.attempts] == [record.position for record in state.attempts]
    assert [record.position for record in replay(tmp_path).attempts][-2:] == [7, 8]


@pytest.mark.parametrize("name", ["main", "W1", "a/b", "../x", "-a", "a_b", "a" * 64, "ü", "a\n"])
def test_what_is_no_worker_s_name_is_refused(tmp_path: Path, name: str) -> None:
    journal = started(tmp_path, 1)
    with pytest.raises(ValueError):
        journal.append(attempt(1), worker=name)
    journal.close()
    assert [path.name for path in (tmp_path / "journal").iterdir()] == ["main-0000.jsonl"]


def test_torn_tails_of_several_segments_are_cut_each_on_its_own_record(tmp_path: Path) -> None:
    journal = started(tmp_path, 2)
    for number, worker in ((2, "w1"), (3, "w2"), (4, "w3")):
        journal.append(attempt(number), worker=worker)
    journal.close()
    for worker, torn in (("", b'{"answer":"'), ("w1", b"{"), ("w2", b"")):
        with segment_path(tmp_path, worker).open("ab") as file:
            file.write(torn)
    segment_path(tmp_path, "w3").write_bytes(b'{"format":"steelyard-jour')  # killed while its header was written
    journal, state = Journal.resume(tmp_path, HEADER)
    assert state is not None
    assert len(state.attempts) == 4
    journal.append(attempt(4), worker="w3")
    journal.close()
    cuts = {
        worker: [record for record, _ in read_segment(tmp_path, worker) if isinstance(record, Cut)]
        for worker in segment_names(tmp_path)
    }
    assert {worker: [cut.bytes for cut in found] for worker, found in cuts.items()} == {
        "": [11],
        "w1": [1],
        "w2": [],
        "w3": [],
    }
    assert cuts["w1"][0].sha256 == sha256_hex(b"{")
    assert [record.position for record in replay(tmp_path).attempts] == [0, 1, 2, 3, 4]


def test_a_segment_cannot_stand_in_for_another(tmp_path: Path) -> None:
    journal = started(tmp_path, 1)
    journal.append(attempt(1), worker="w1")
    journal.append(attempt(2), worker="w2")
    journal.close()
    one, two = segment_path(tmp_path, "w1"), segment_path(tmp_path, "w2")
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    with pytest.raises(VerificationError, match="segment of 'w2' stands where another belongs"):
        replay(tmp_path)
    one.write_bytes(first)
    two.write_bytes(second.splitlines(keepends=True)[0].replace(b"c" * 64, b"d" * 64))
    with pytest.raises(VerificationError, match=r"w2-0000\.jsonl line 1: carries out another plan"):
        replay(tmp_path)
    two.unlink()
    (tmp_path / "journal" / "notes.txt").touch()
    with pytest.raises(VerificationError, match="not a segment"):
        replay(tmp_path)


def test_active_time_of_workers_is_that_of_their_sessions(tmp_path: Path) -> None:
    journal = started(tmp_path, 0)  # a session that began at 1,000,000
    journal.append(attempt(3), worker="w1")
    journal.append(Session(started_us=2_000_000, active_us=35, machine="m"))
    journal.append(attempt(0, started_us=2_000_100), worker="w1")
    journal.close()
    assert replay(tmp_path).active_us == 35 + 105


def test_a_line_that_the_disk_did_not_take_whole_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = started(tmp_path, 1)
    journal.append(attempt(1), worker="w1")
    real = os.write

    def takes_forty_bytes(descriptor: int, data: bytes) -> int:
        if left := max(0, 40 - taken[0]):
            taken[0] += left
            return real(descriptor, data[:left])
        raise OSError(errno.ENOSPC, "No space left on device")

    for worker in ("", "w1", "w2"):
        taken = [0]
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", takes_forty_bytes)
            with pytest.raises(OSError, match="No space"):
                journal.append(attempt(2), worker=worker)
        journal.append(attempt(3), worker=worker)
    journal.close()
    assert [record.position for record in replay(tmp_path).attempts] == [0, 3, 1, 3, 3]
    assert not any(isinstance(record, Cut) for record, _ in read_lines(tmp_path))
    with segment_path(tmp_path).open("rb") as file:
        assert file.read().endswith(b"\n")


def test_a_second_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.storage.journal.writer.RELEASE_SECONDS", 0.1)
    journal = started(tmp_path, 1)
    with pytest.raises(InputError, match="another process"):
        Journal.resume(tmp_path, HEADER)
    journal.close()
    Journal.resume(tmp_path, HEADER)[0].close()


def test_a_lock_that_is_released_soon_is_waited_for(tmp_path: Path) -> None:
    """As after a SIGKILL: what the killed process was just starting holds its files until it has begun."""
    held = Journal.create(tmp_path, HEADER)
    threading.Timer(0.2, held.close).start()
    resumed, _ = Journal.resume(tmp_path, HEADER)
    resumed.close()


def test_a_journal_is_never_started_over(tmp_path: Path) -> None:
    started(tmp_path, 1).close()
    with pytest.raises(InputError, match="steelyard resume"):
        Journal.create(tmp_path, new_header(plan="c" * 64, software="0"))


@pytest.mark.parametrize("left", [None, b"", b'{"format":"steelyard-jour'])
def test_a_run_that_was_killed_before_its_header_begins_at_a_resume(tmp_path: Path, left: bytes | None) -> None:
    if left is not None:
        segment_path(tmp_path).parent.mkdir()
        segment_path(tmp_path).write_bytes(left)
    journal, state = Journal.resume(tmp_path, HEADER)
    journal.close()
    assert state is None
    assert [record for record, _ in read_lines(tmp_path)] == [placed(HEADER)]


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no journal"):
        replay(tmp_path)
    segment_path(tmp_path).parent.mkdir()
    segment_path(tmp_path).touch()
    with pytest.raises(InputError, match="never began"):
        replay(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[0], *lines[2:]], "record 2 stands where record 1"),
        (lambda lines: [lines[0], lines[1].replace(b'"m"', b'"x"'), *lines[2:]], "chain is broken"),
        (lambda lines: [b'{"type":"nonsense"}', *lines[1:]], "not a journal record"),
    ],
)
def test_a_change_in_the_middle_is_found_at_a_resume(tmp_path: Path, change: object, said: str) -> None:
    started(tmp_path, 3).close()
    path = segment_path(tmp_path)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join(change(lines)) + b"\n")  # type: ignore[operator]
    with pytest.raises(VerificationError, match=said):
        Journal.resume(tmp_path, HEADER)


def test_the_header_comes_first(tmp_path: Path) -> None:
    path = segment_path(tmp_path)
    path.parent.mkdir()
    session = Session(seq=0, prev="0" * 64, started_us=1, active_us=0, machine="m")
    path.write_bytes(encode(session) + b"\n")
    with pytest.raises(VerificationError, match="header is missing"):
        replay(tmp_path)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)


@given(
    st.one_of(
        st.builds(
            attempt,
            number=st.integers(0, 10**6),
            logprobs=st.lists(st.floats(-1e6, 0, allow_nan=False), max_size=4).map(tuple),
            outcome=st.sampled_from(Outcome),
            final=st.booleans(),
            elapsed_us=NUMBERS,
            prompt_tokens=NUMBERS,
            sample=TEXT,
            detail=TEXT,
            model=TEXT,
        ),
        st.builds(Cut, bytes=NUMBERS, sha256=TEXT),
        st.builds(Header, format=st.just("steelyard-journal/2"), plan=TEXT, software=TEXT, segment=TEXT),
        st.builds(
            RecordedScore, measurement=TEXT, sample=TEXT, repeat=NUMBERS, scorer=TEXT, note=TEXT, value=st.floats(0, 1)
        ),
        st.builds(
            Exchange,
            path=TEXT, request=TEXT, reply=TEXT, outcome=st.sampled_from(Outcome), streamed=st.booleans(),
            status=NUMBERS, started_us=NUMBERS, elapsed_us=NUMBERS,
        ),
    )
)  # fmt: skip
def test_a_record_survives_its_canonical_line(record: JournalRecord) -> None:
    line = encode(record)
    assert b"\n" not in line
    assert line == rfc8785.dumps(without_defaults(record))
    assert decode(line) == record
    assert canonical(decode(line)) == line


@pytest.mark.parametrize("changes", [{"elapsed_us": 2**53}, {"detail": "\ud800"}, {"logprobs": (float("nan"),)}])
def test_a_record_that_has_no_canonical_form_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    journal = started(tmp_path, 1)
    with pytest.raises(ValueError):
        journal.append(attempt(1, **changes))
    journal.append(attempt(2))
    journal.close()
    assert [record.position for record in replay(tmp_path).attempts] == [0, 2]


def test_texts_are_kept_once_and_found_by_digest(tmp_path: Path) -> None:
    texts = Texts(tmp_path)
    first, second = texts.add("one\n\x00"), texts.add("zwei ✓")
    assert texts.add("one\n\x00") == first
    assert texts.add("") == ""
    texts.close()
    again = Texts(tmp_path)
    assert again.add("zwei ✓") == second
    again.close()
    found = dict(read_texts(tmp_path))
    assert found[first] == "one\n\x00"
    assert found[second] == "zwei ✓"
    assert len(found) == 2


def test_a_torn_text_is_cut_and_a_changed_one_is_found(tmp_path: Path) -> None:
    texts = Texts(tmp_path)
    texts.add("whole")
    texts.close()
    path = tmp_path / "texts" / "main-0000.jsonl"
    path.write_bytes(path.read_bytes() + b'{"sha256":"12')
    Texts(tmp_path).close()
    assert len(path.read_bytes().splitlines()) == 1
    path.write_bytes(path.read_bytes().replace(b"whole", b"hole!"))
    with pytest.raises(VerificationError, match="line 1"):
        list(read_texts(tmp_path))
    path.write_bytes(b"[]\n")
    with pytest.raises(VerificationError, match="not a text record"):
        list(read_texts(tmp_path))


def test_a_run_without_texts_gives_none(tmp_path: Path) -> None:
    assert list(read_texts(tmp_path)) == []


@pytest.mark.parametrize("worker", ["", "w1", "w2"])
def test_after_half_a_line_that_stays_no_other_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: str
) -> None:
    journal = started(tmp_path, 1)
    journal.append(attempt(1), worker="w1")

    def takes_half(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:40])
        raise OSError(errno.EIO, "Input/output error")

    def fails(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("steelyard.storage.journal.writer.write_whole", takes_half)
        patch.setattr(os, "ftruncate", fails)
        with pytest.raises(OSError, match="Input/output error"):
            journal.append(attempt(2), worker=worker)
    with pytest.raises(OSError, match="half a line"):
        journal.append(attempt(3), worker=worker)
    journal.close()
    resumed, before = Journal.resume(tmp_path, HEADER)
    resumed.append(attempt(4), worker=worker)
    resumed.close()
    assert before is not None
    assert [record.position for record in before.attempts] == [0, 1]
    assert sorted(record.position for record in replay(tmp_path).attempts) == [0, 1, 4]


def test_after_half_a_text_that_stays_no_other_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Texts(tmp_path)
    kept = texts.add("whole")

    def takes_half(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:40])
        raise OSError(errno.EIO, "Input/output error")

    def fails(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("steelyard.storage.journal.texts.write_whole", takes_half)
        patch.setattr(os, "ftruncate", fails)
        with pytest.raises(OSError, match="Read-only"):
            texts.add("torn")
    with pytest.raises(OSError, match="half a line"):
        texts.add("next")
    texts.close()
    resumed = Texts(tmp_path)  # cuts the half line
    more = resumed.add("next")
    resumed.close()
    assert dict(read_texts(tmp_path)) == {kept: "whole", more: "next"}


@pytest.mark.parametrize("spelled", [b'"detail":"",', b'"prompt_tokens":0,', b'"logprobs":[],'])
def test_a_default_that_is_spelled_out_is_refused(spelled: bytes) -> None:
    line = encode(attempt(0))
    with pytest.raises(ValueError, match="is spelled out"):
        decode(b"{" + spelled + line[1:])
