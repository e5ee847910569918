"""Texts of real sealed runs: those that a seal withholds go and the run verifies; those that it seals stay."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.databases import open_folder
from packages.server.tests.site import GOLDEN, Site, new_platform, pushed
from steelyard.auditing.finalize import finalize
from steelyard.evidence import layout
from steelyard.evidence.verify import verify_integrity
from steelyard.storage.run_folder import RunFolder
from steelyard_server.database.connection import Database, open_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.runs.folders import folder_of
from steelyard_server.runs.text_retention import delete_texts, find_old_texts
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.restore import restore_backup
from steelyard_server.upkeep.retention import retain
from testkit.written_runs import written


@pytest.fixture(scope="module")
def own_site(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        yield running


@pytest.fixture(scope="module")
def withheld_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run of forty answers whose plan withholds its texts, with the texts."""
    run = written(tmp_path_factory.mktemp("withheld") / "run", "exact@5", texts="withheld").run
    finalize(RunFolder.open(run))
    return run


def aged(database: Database, seal: str) -> None:
    """As if it had been pushed 200 days ago."""
    with database.connect_as_owner() as connection, connection.transaction():
        connection.execute("ALTER TABLE steelyard.run DISABLE TRIGGER keep")
        connection.execute(
            "UPDATE steelyard.run SET pushed_at = now() - interval '200 days' WHERE seal_sha256 = %s", (seal,)
        )
        connection.execute("ALTER TABLE steelyard.run ENABLE TRIGGER keep")


def old_texts(database: Database, folder: DataFolder) -> tuple[list[str], int]:
    with database.connect_as_owner() as connection:
        found = find_old_texts(connection, folder)
    return [run.folder for run in found.runs], found.sealed


def test_texts_go_after_the_projects_months_and_the_run_verifies_all_the_same(
    own_site: Site, withheld_run: Path, tmp_path: Path
) -> None:
    client = own_site.administrator()
    seal, sealed = pushed(own_site, withheld_run), pushed(own_site)
    folder = open_data_folder(own_site.data, create=False)
    run = folder_of(folder, seal)
    texts = [name for name in layout.run_files(run) if layout.is_text(name)]
    assert texts
    assert verify_integrity(run).texts == "all"
    with open_database(folder, environment={}, beside=True) as database:
        assert old_texts(database, folder) == ([], 0)
        aged(database, seal)
        aged(database, sealed)
        assert old_texts(database, folder) == ([], 0), "the project keeps texts as long as runs"
        assert client.submit("/admin/retention", "/admin/retention", project="default", months="0").status == 400
        assert client.submit("/admin/retention", "/admin/retention", project="default", months="3").status == 200
        assert "for 3 whole months" in client.get("/admin/retention").text
        assert old_texts(database, folder) == ([seal], 1)
        dry = retain(database, folder, is_dry=True)
        assert (dry.runs, dry.files, dry.sealed) == (1, len(texts), 1)
        assert [name for name in layout.run_files(run) if layout.is_text(name)] == texts
        assert retain(database, folder) == dry
        assert old_texts(database, folder) == ([], 1)
        backup = tmp_path / "backup"
        done = write_backup(database, folder, backup)
    assert done.manifest.damaged == ()
    with zipfile.ZipFile(backup) as file:
        assert not [name for name in file.namelist() if f"{seal}/texts/" in name or "answers" in name]
    assert [path.name for path in own_site.data.glob("answers/??/*")], "an index stays, and is in no backup"
    found = verify_integrity(run)
    assert found.texts.startswith("withheld ")
    assert [name for name in layout.run_files(run) if layout.is_text(name)] == []
    assert "were deleted" in client.get(f"/p/default/runs/{seal}").text
    gone = client.get(f"/p/default/runs/{seal}/files/{texts[0]}")
    assert (gone.status, "its project keeps them for some months" in gone.text) == (410, True)
    assert client.get(f"/p/default/runs/{seal}/report").status == 200
    assert "withhold-texts" in client.get("/admin/audit").text
    with open_folder("restored") as path:
        assert restore_backup(backup, path, environment={}).manifest.runs == 2
        assert verify_integrity(folder_of(open_data_folder(path), seal)).texts == found.texts


def test_what_a_crash_left_is_deleted_the_next_time(own_site: Site, withheld_run: Path) -> None:
    seal = pushed(own_site, withheld_run)
    folder = open_data_folder(own_site.data, create=False)
    run = folder_of(folder, seal)
    (run / "texts").mkdir(exist_ok=True)
    shutil.copy(next((withheld_run / "texts").iterdir()), run / "texts")
    with open_database(folder, environment={}, beside=True) as database:
        retain(database, folder)
    assert not (run / "texts").exists()


def test_nothing_but_texts_and_images_is_deleted(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    seal = "ab" * 32
    shutil.copytree(GOLDEN, folder_of(folder, seal))
    before = {name for name in layout.run_files(GOLDEN) if not (layout.is_text(name) or layout.is_media(name))}
    delete_texts(folder, seal)
    delete_texts(folder, seal)
    delete_texts(folder, "cd" * 32)
    assert {*layout.run_files(folder_of(folder, seal))} == before
    assert json.loads((folder_of(folder, seal) / "report.json").read_text())
