"""Lines are added at the end, in a file that is the owner's alone."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from steelyard.util.append_file import append_lines


def test_lines_are_added_and_one_without_an_end_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_lines(path, b"1\n")
    append_lines(path, b"2\n")
    assert path.read_bytes() == b"1\n2\n"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"1\n2")
    append_lines(path, b"3\n")
    assert path.read_bytes() == b"1\n2\n3\n"


def test_a_torn_line_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": ')
    append_lines(path, b"3\n")
    assert path.read_bytes() == b'{"a": 1}\n3\n'


def test_a_full_disk_leaves_nothing_of_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_lines(path, b"1\n" * 1000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, before[1]))
    try:
        with pytest.raises(OSError):
            append_lines(path, b"22222222\n" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"1\n" * 1000


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        append_lines(tmp_path / "log.jsonl", b"1\n")
    assert not (tmp_path / "elsewhere").exists()
