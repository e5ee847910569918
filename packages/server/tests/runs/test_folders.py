from __future__ import annotations

import stat
from pathlib import Path

import pytest

from steelyard_server.database.folder import DataFolder
from steelyard_server.runs.folders import clear_incoming, folder_of, incoming_folder, is_kept, keep, open_run_file

SEAL = "ab" * 32


def test_a_verified_folder_moves_to_its_place_and_what_was_left_half_received_goes(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    with incoming_folder(data) as path:
        (path / "samples").mkdir()
        (path / "report.md").write_text("x")
        keep(data, path, SEAL)
    assert (folder_of(data, SEAL) / "report.md").read_text() == "x"
    assert folder_of(data, SEAL) == tmp_path / "runs" / "ab" / SEAL
    assert [*data.incoming.iterdir()] == []
    (data.incoming / "left").mkdir()
    clear_incoming(data)
    assert [*data.incoming.iterdir()] == []


def test_a_folder_that_no_row_names_is_replaced(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    for text in ("first", "second"):
        with incoming_folder(data) as path:
            (path / "report.md").write_text(text)
            keep(data, path, SEAL)
    assert (folder_of(data, SEAL) / "report.md").read_text() == "second"


def test_the_same_folder_stays_untouched(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    found = set()
    for _ in range(2):
        with incoming_folder(data) as path:
            (path / "report.md").write_text("the same")
            keep(data, path, SEAL)
        found.add((folder_of(data, SEAL) / "report.md").stat().st_ino)
    assert len(found) == 1


def test_its_folders_are_their_owners_alone(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    with incoming_folder(data) as path:
        (path / "report.md").write_text("x")
        keep(data, path, SEAL)
    folders = (data.incoming, data.runs, data.runs / "ab", folder_of(data, SEAL))
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_a_link_leads_neither_a_deletion_nor_a_write_elsewhere(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (victim / "folder").mkdir(parents=True)
    data = DataFolder(tmp_path / "data")
    data.path.mkdir()
    data.incoming.symlink_to(victim)
    with pytest.raises(OSError, match="Not a directory"):
        clear_incoming(data)
    with pytest.raises(OSError, match="Not a directory"), incoming_folder(data):
        pass
    data.incoming.unlink()
    data.runs.mkdir()
    (data.runs / "ab").symlink_to(victim)
    with incoming_folder(data) as path:
        (path / "report.md").write_text("x")
        with pytest.raises(OSError, match="Not a directory"):
            keep(data, path, SEAL)
    assert [*victim.rglob("*")] == [victim / "folder"]


def test_a_file_of_a_run_is_read_through_no_link(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    with incoming_folder(data) as path:
        (path / "texts").mkdir()
        (path / "texts" / "main-0000.jsonl").write_bytes(b"text")
        keep(data, path, SEAL)
    assert not is_kept(data, SEAL)
    with open_run_file(data, SEAL, "texts/main-0000.jsonl") as file:
        assert file.read() == b"text"
    (folder_of(data, SEAL) / "texts").rename(tmp_path / "texts")
    (folder_of(data, SEAL) / "texts").symlink_to(tmp_path / "texts")
    with pytest.raises(OSError, match="Not a directory"):
        open_run_file(data, SEAL, "texts/main-0000.jsonl")
