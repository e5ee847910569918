"""Lines are added at the end, in a file that is the owner's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.util.append_file import append_lines


def test_lines_are_added_and_a_torn_one_ends_first(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_lines(path, b"1\n")
    append_lines(path, b"2\n")
    assert path.read_bytes() == b"1\n2\n"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"1\n2")
    append_lines(path, b"3\n")
    assert path.read_bytes() == b"1\n2\n3\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        append_lines(tmp_path / "log.jsonl", b"1\n")
    assert not (tmp_path / "elsewhere").exists()
