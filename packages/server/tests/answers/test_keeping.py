"""The server's mark and its key, and indexes whose run is gone."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from steelyard_server.answers.index import open_index
from steelyard_server.answers.keeping import clear_indexes, index_names, keep_index, remove_index, secret_of
from steelyard_server.database.folder import DataFolder, open_data_folder


def test_the_key_is_made_once_for_its_owner_alone_and_again_where_it_was_cut_off(tmp_path: Path) -> None:
    data = open_data_folder(tmp_path / "data")
    made = secret_of(data)
    path = data.secrets / "answers.key"
    assert (len(made), secret_of(data), path.stat().st_mode & 0o777) == (32, made, 0o600)
    path.write_bytes(made[:5])
    assert secret_of(data) not in (made, made[:5])
    assert [each.name for each in data.secrets.iterdir()] == ["answers.key"]


def test_what_is_no_index_is_not_kept(tmp_path: Path) -> None:
    data = open_data_folder(tmp_path / "data")
    for content in (b"", b"x" * 100):
        (data.path / "made").write_bytes(content)
        with pytest.raises(OSError, match="no index"):
            keep_index(data, data.path / "made", "ab" * 32)
    with pytest.raises(OSError, match="No such file"):
        keep_index(data, data.path / "none", "ab" * 32)


def test_indexes_go_with_their_runs_and_young_ones_stay(data: DataFolder, seal: str) -> None:
    path = data.path.joinpath(*index_names(seal))
    clear_indexes(data, {seal})
    clear_indexes(data, set())
    assert path.exists(), "its run may be on its way in"
    os.utime(path, (time.time() - 90_000,) * 2)
    clear_indexes(data, {seal})
    with open_index(data, seal, seal, secret_of(data)) as index:
        assert index.total
    clear_indexes(data, set())
    assert not path.exists()
    remove_index(data, seal)
    clear_indexes(open_data_folder(data.path.parent / "new"), set())
