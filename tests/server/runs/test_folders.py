from __future__ import annotations

from pathlib import Path

from steelyard.server.database.folder import DataFolder
from steelyard.server.runs.folders import clear_incoming, folder_of, incoming_folder, keep

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
