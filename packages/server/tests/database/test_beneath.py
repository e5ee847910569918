from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from steelyard_server.database.beneath import make_folders, open_file, opened, read_small, remove, unlink


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder outside of ``data``, to which ``data/link`` leads."""
    (tmp_path / "data").mkdir()
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "kept").write_text("mine")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "victim")
    return tmp_path / "victim"


def test_no_link_is_followed(victim: Path) -> None:
    data = victim.parent / "data"
    with pytest.raises(OSError, match="Not a directory"), opened(data, "link"):
        pass
    with pytest.raises(OSError, match="Not a directory"):
        make_folders(data, "link", "made")
    with pytest.raises(OSError, match="Not a directory"):
        open_file(data, "link", "kept")
    with pytest.raises(OSError, match="Not a directory"):
        unlink(data, "link", "kept")
    assert read_small(10, data, "link", "kept") is None
    remove(data, "link", "kept")
    assert (victim / "kept").read_text() == "mine"
    remove(data, "link")
    assert [*data.iterdir()] == []
    assert (victim / "kept").read_text() == "mine"


def test_folders_are_made_for_their_owner_alone_and_removed_with_what_is_in_them(tmp_path: Path) -> None:
    make_folders(tmp_path, "runs", "ab", "key")
    make_folders(tmp_path, "runs", "ab")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")} == {0o700}
    (tmp_path / "runs" / "ab" / "key" / "file").write_bytes(b"12345")
    assert read_small(3, tmp_path, "runs", "ab", "key", "file") == b"123"
    remove(tmp_path, "runs", "ab")
    remove(tmp_path, "runs", "ab")
    unlink(tmp_path, "runs", "none")
    assert [*tmp_path.rglob("*")] == [tmp_path / "runs"]


def test_a_named_pipe_is_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_small(3, tmp_path, "pipe") is None
    with pytest.raises(OSError, match="not a regular file"):
        open_file(tmp_path, "pipe")
