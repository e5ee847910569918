"""The log of a watch: one chain, in the only order that a watch can have, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import VerificationError
from steelyard.records.watching import PassBegun, PassLost, WatchLine
from steelyard.watching.log import WatchLog, encode_line, log_of, read_log
from tests.watching.logs import AT, Writer, watched


def data_of(lines: list[WatchLine]) -> bytes:
    return b"".join(encode_line(line) + b"\n" for line in lines)


@st.composite
def writers(draw: st.DrawFn) -> Writer:
    writer = Writer()
    for _ in range(draw(st.integers(0, 2))):
        writer.lose()
    for _ in range(draw(st.integers(0, 10))):
        writer.end(draw(st.sampled_from([0.7, 0.8])))
    if writer.log.done == 10:
        writer.set_baseline()
        for kind in draw(st.lists(st.sampled_from(["look", "lost"]), max_size=6)):
            writer.end(0.5) if kind == "look" else writer.lose("gave_up")
    if draw(st.booleans()) and writer.log.baseline is not None:
        writer.begin()
    return writer


@given(writers())
def test_what_is_written_is_read(writer: Writer) -> None:
    assert read_log(data_of(writer.lines)) == writer.log


@given(writers(), st.data())
def test_a_changed_byte_is_found(writer: Writer, data: st.DataObject) -> None:
    """But in the last line: the plan of the next pass names it, and its end is computed again."""
    whole = data_of(writer.lines)
    before = len(data_of(writer.lines[:-1]))
    if not before:
        return
    place = data.draw(st.integers(0, before - 1))
    changed = bytearray(whole)
    changed[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    with pytest.raises(VerificationError):
        read_log(bytes(changed))


@given(writers(), st.data())
def test_a_line_that_is_left_out_or_moved_is_found(writer: Writer, data: st.DataObject) -> None:
    if len(writer.lines) < 3:
        return
    place = data.draw(st.integers(0, len(writer.lines) - 2))
    without = [line for number, line in enumerate(writer.lines) if number != place]
    with pytest.raises(VerificationError):
        log_of(without)
    swapped = [*writer.lines[:place], writer.lines[place + 1], writer.lines[place], *writer.lines[place + 2 :]]
    with pytest.raises(VerificationError):
        log_of(swapped)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_log_or_one_error(data: bytes) -> None:
    with pytest.raises(VerificationError):
        read_log(data + b"\n")


def test_a_line_without_its_end_does_not_count() -> None:
    writer = watched([0.8])
    data = data_of(writer.lines)
    assert read_log(data + b'{"at":"2026') == writer.log
    assert read_log(data[:-1]) == log_of(writer.lines[:-1])


def refused(log: WatchLog, line: WatchLine) -> str:
    from steelyard.watching.log import with_line

    with pytest.raises(VerificationError) as failed:
        with_line(log, line)
    return str(failed.value)


def test_a_pass_begins_only_when_none_is_open_and_under_the_next_number() -> None:
    writer = watched([0.8])
    begun = PassBegun(**writer.place, at=AT, kind="look", number=3, plan="a")
    assert "cannot follow" in refused(writer.log, begun)
    assert "cannot follow" in refused(writer.log, PassBegun(**writer.place, at=AT, kind="baseline", number=11, plan=""))
    writer.begin()
    assert "cannot follow" in refused(writer.log, PassBegun(**writer.place, at=AT, kind="look", number=3, plan="a"))
    lost = PassLost(**writer.place, at=AT, kind="look", number=1, reason="gone")
    assert "cannot follow" in refused(writer.log, lost)


def test_there_is_one_baseline_and_no_look_before_it() -> None:
    writer = Writer()
    writer.end(0.8)
    with pytest.raises(VerificationError, match="cannot follow"):
        writer.set_baseline()
    whole = watched()
    with pytest.raises(VerificationError, match="cannot follow"):
        whole.set_baseline()
    assert whole.log.next == ("look", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"passes": 9},
        {"alpha": 0.0},
        {"format": "steelyard-watch/1"},
        {"extra": 1},
        {"spread": False},
        {"type": "begun"},
    ],
)
def test_a_first_line_that_opens_no_watch_is_refused(change: dict[str, object]) -> None:
    first = json.loads(encode_line(Writer().lines[0])) | change
    data = json.dumps(first, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(VerificationError, match="line 1"):
        read_log(data)


@pytest.mark.parametrize("facts", [{"items": 0}, {"low": -1}, {"high": 1_000_001}, {"missing": -1}, {"low": 900_000}])
def test_facts_that_cannot_be_are_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(VerificationError, match="cannot follow"):
        Writer().end(0.5, **facts)


@pytest.mark.parametrize("at", ["x", "2026-12-01T06:00:00", ""])
def test_a_time_has_a_zone(at: str) -> None:
    writer = Writer()
    assert "its time is none with a zone" in refused(
        writer.log, PassBegun(**writer.place, at=at, kind="baseline", number=1, plan="a")
    )
