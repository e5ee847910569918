"""Atomic writes: the new content or the old one, never a part, and no temporary file is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.util.atomic_file import whole_file, write_file


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")
    with pytest.raises(TypeError), whole_file(path) as file:
        file.writelines([b"half of the n", "ew"])  # type: ignore[list-item]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_can_be_its_owners_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"secret", 0o600)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
