"""The journal: chained, resumable after any cut, and exclusive to one process."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import Broken, InputError
from assay.evidence.canonical import canonical
from assay.journal import Cut, Header, Journal, Session, Stop, Texts, read_lines, read_texts, replay
from assay.journal.lines import decode, encode
from assay.journal.reader import segment_path
from assay.records import Attempt, Outcome

HEADER = Header(plan="c" * 64, assay="0")


def attempt(number: int, **changes: object) -> Attempt:
    fields: dict[str, object] = {
        "seq": 0,
        "prev": "",
        "row": "00-task",
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
    journal = Journal.create(run, Header(plan="c" * 64, assay="0"))
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
    assert state.next_seq == journal.records == 6
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


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    journal = started(tmp_path, 1)
    with pytest.raises(InputError, match="another process"):
        Journal.resume(tmp_path, HEADER)
    journal.close()
    Journal.resume(tmp_path, HEADER)[0].close()


def test_a_journal_is_never_started_over(tmp_path: Path) -> None:
    started(tmp_path, 1).close()
    with pytest.raises(InputError, match="assay resume"):
        Journal.create(tmp_path, Header(plan="c" * 64, assay="0"))


@pytest.mark.parametrize("left", [None, b"", b'{"assay":"0","form'])
def test_a_run_that_was_killed_before_its_header_begins_at_a_resume(tmp_path: Path, left: bytes | None) -> None:
    if left is not None:
        segment_path(tmp_path).parent.mkdir()
        segment_path(tmp_path).write_bytes(left)
    journal, state = Journal.resume(tmp_path, HEADER)
    journal.close()
    assert state is None
    assert [record for record, _ in read_lines(tmp_path)] == [HEADER]


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
    with pytest.raises(Broken, match=said):
        Journal.resume(tmp_path, HEADER)


def test_the_header_comes_first(tmp_path: Path) -> None:
    path = segment_path(tmp_path)
    path.parent.mkdir()
    session = Session(seq=0, prev="0" * 64, started_us=1, active_us=0, machine="m")
    path.write_bytes(encode(session) + b"\n")
    with pytest.raises(Broken, match="header is missing"):
        replay(tmp_path)


@given(
    st.builds(
        attempt,
        number=st.integers(0, 10**6),
        logprobs=st.lists(st.floats(-1e6, 0, allow_nan=False), max_size=4).map(tuple),
        detail=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    )
)
def test_a_record_survives_its_canonical_line(record: Attempt) -> None:
    line = encode(record)
    assert b"\n" not in line
    assert decode(line) == record
    assert canonical(decode(line)) == line


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
    with pytest.raises(Broken, match="line 1"):
        list(read_texts(tmp_path))
    path.write_bytes(b"[]\n")
    with pytest.raises(Broken, match="not a text record"):
        list(read_texts(tmp_path))


def test_a_run_without_texts_gives_none(tmp_path: Path) -> None:
    assert list(read_texts(tmp_path)) == []
