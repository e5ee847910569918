"""The folder of a watch: one process at a time, and what a crash or a full disk leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.records.watching import PassBegun, PassLost, WatchOpened
from steelyard.watching.folder import WatchFolder, is_watch, open_log
from steelyard.watching.log import LOG, WatchLog
from tests.watching.logs import AT, Writer


def begun(log: WatchLog) -> PassBegun:
    return PassBegun(seq=log.lines, prev=log.head, at=AT, kind="baseline", number=1, plan="p")


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    opened = Writer().lines[0]
    assert isinstance(opened, WatchOpened)
    WatchFolder.create(tmp_path, opened, begun)
    return tmp_path


def lost(seq: int, prev: str) -> PassLost:
    return PassLost(seq=seq, prev=prev, at=AT, kind="baseline", number=1, reason="gone")


def test_a_new_watch_has_its_first_pass(watch: Path) -> None:
    assert is_watch(watch)
    assert open_log(watch).open is not None
    opened = Writer().lines[0]
    assert isinstance(opened, WatchOpened)
    with pytest.raises(InputError, match="is a watch already"):
        WatchFolder.create(watch, opened, begun)


def test_two_processes_cannot_look_at_once(watch: Path) -> None:
    with (
        WatchFolder.open(watch),
        pytest.raises(InputError, match="another process is looking: nothing was asked"),
        WatchFolder.open(watch),
    ):
        pass
    with WatchFolder.open(watch) as again:
        assert again.log == open_log(watch)


def test_what_is_appended_is_there_for_others(watch: Path) -> None:
    with WatchFolder.open(watch) as folder:
        folder.append(lost)
        assert open_log(watch) == folder.log
    assert open_log(watch).open is None


def test_a_line_that_cannot_follow_is_not_written(watch: Path) -> None:
    before = (watch / LOG).read_bytes()
    with WatchFolder.open(watch) as folder, pytest.raises(VerificationError):
        folder.append(lambda seq, prev: lost(seq, "0" * 64))
    assert (watch / LOG).read_bytes() == before


def test_half_a_line_is_cut_when_the_lock_is_held(watch: Path) -> None:
    whole = (watch / LOG).read_bytes()
    (watch / LOG).write_bytes(whole + b'{"at":')
    assert open_log(watch).lines == 2
    with WatchFolder.open(watch) as folder:
        assert (watch / LOG).read_bytes() == whole
        folder.append(lost)
    assert open_log(watch).lines == 3


def test_a_disk_that_takes_half_a_line_leaves_none(watch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, write = (watch / LOG).read_bytes(), os.write
    with WatchFolder.open(watch) as folder:
        monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:20]))
        with pytest.raises(OSError, match="no space"):
            folder.append(lost)
    assert (watch / LOG).read_bytes() == before


def test_what_is_no_watch_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not the folder of a watch: there is no watch\.jsonl in it"):
        open_log(tmp_path)
    with pytest.raises(InputError, match="is not the folder of a watch"), WatchFolder.open(tmp_path):
        pass
    (tmp_path / LOG).write_bytes(b"")
    with pytest.raises(VerificationError, match="is empty"):
        open_log(tmp_path)
