from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.server.database.folder import open_data_folder


def test_a_new_or_an_empty_folder_is_made_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = open_data_folder(Path("some where") / "data")
    assert folder.path == tmp_path / "some where" / "data"
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    (tmp_path / "empty").mkdir()
    assert [open_data_folder(path).path.is_dir() for path in (tmp_path / "empty", folder.path)] == [True, True]
    assert os.listdir(tmp_path / "empty") == ["steelyard-data"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    for path in (tmp_path, Path("/etc")):
        before = path.stat()
        with pytest.raises(InputError, match="holds something else than a platform's data"):
            open_data_folder(path)
        assert path.stat()[:3] == before[:3]
    with pytest.raises(InputError, match="is no folder"):
        open_data_folder(tmp_path / "letter")
    with pytest.raises(InputError, match="cannot be used as the data folder: Not a directory"):
        open_data_folder(tmp_path / "letter" / "data")


def test_what_must_be_there_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, message in (("none", "is no folder"), ("empty", "is empty: steelyard serve")):
        with pytest.raises(InputError, match=message):
            open_data_folder(tmp_path / name, create=False)
    assert os.listdir(tmp_path) == ["empty"]
    assert os.listdir(tmp_path / "empty") == []


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "steelyard-data").write_bytes(b"steelyard-data/2\n" + b"\xff" * 1000)
    with pytest.raises(InputError, match=r"is of the format 'steelyard-data/2"):
        open_data_folder(tmp_path)
