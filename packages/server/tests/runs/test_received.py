"""Files leave only as they were received."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN, Site, pushed
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.runs.folders import folder_of
from steelyard_server.runs.gone import GoneError
from steelyard_server.runs.received import open_received, received_folder
from steelyard_server.runs.rows import RunRow, Runs


@dataclass
class Kept:
    """A run that was pushed into a project of its own: its row, and where its files lie."""

    data: DataFolder
    runs: Runs
    row: RunRow

    @property
    def folder(self) -> Path:
        return folder_of(self.data, self.row.folder)


@pytest.fixture(scope="module")
def kept(site: Site) -> Iterator[Kept]:
    seal, data = pushed(site, project=site.project("received")), open_data_folder(site.data, create=False)
    with open_database(data, beside=True) as database, database.pool(2) as pool, pool.connection() as connection:
        found = connection.execute("SELECT id FROM steelyard.project WHERE name = 'received'").fetchone()
        assert found is not None
        runs = Runs(pool)
        row = runs.find(found[0], seal)
        assert row is not None
        yield Kept(data, runs, row)


def test_a_file_comes_from_its_beginning_and_an_unknown_one_is_none(kept: Kept) -> None:
    file = open_received(kept.data, kept.runs, kept.row, "report.md")
    assert file is not None
    with file:
        assert file.read() == (GOLDEN / "report.md").read_bytes()
    assert open_received(kept.data, kept.runs, kept.row, "../database.json") is None


def test_one_that_was_changed_is_missing_or_is_a_link_is_gone(kept: Kept) -> None:
    report = kept.folder / "report.md"
    whole = report.read_bytes()
    report.write_bytes(whole.replace(b"inconsistent", b"consistent"))
    for words in ("not what was received", "not what was received", "no longer in the data folder"):
        with pytest.raises(GoneError, match=words):
            open_received(kept.data, kept.runs, kept.row, "report.md")
        was_link = report.is_symlink()
        report.unlink(missing_ok=True)
        if not was_link:
            report.symlink_to(GOLDEN / "report.md")
    report.write_bytes(whole)


def test_a_folder_without_its_seal_is_gone(kept: Kept) -> None:
    assert received_folder(kept.data, kept.row) == kept.folder
    (kept.folder / "bundle.dsse.json").rename(kept.folder / "away")
    with pytest.raises(GoneError):
        received_folder(kept.data, kept.row)
    (kept.folder / "away").rename(kept.folder / "bundle.dsse.json")
