from __future__ import annotations

import os
import time
from pathlib import Path

from steelyard.server.database.connection import Database
from steelyard.server.database.folder import open_data_folder
from steelyard.server.database.retention import Retained, retain
from tests.server.database.rows import content, digest, fill


def test_what_is_over_for_long_goes_and_the_rest_stays(team_database: Database, tmp_path: Path) -> None:
    database, folder = team_database, open_data_folder(tmp_path / "data")
    ada = fill(database, folder)
    fill(database, folder, "grace")
    with database.connect_as_owner() as connection:
        for table, made in (("session", "200 days"), ("admin_link", "200 days")):
            connection.execute(
                f"UPDATE steelyard.{table} SET created_at = now() - interval '{made}', "
                f"expires_at = now() - interval '{made}' + interval '1 minute' WHERE sha256 = ANY(%s)".encode(),
                ([digest(f"link of {ada}"), digest(f"session of {ada}")],),
            )
    before = content(database)
    assert retain(database, folder) == Retained(sessions=1, links=1, orphans=0)
    after = content(database)
    assert [len(after[table]) for table in ("session", "admin_link", "token", "run", "person")] == [1, 1, 2, 4, 2]
    assert {row for row in after["audit"] if row[4] != "retain"} == set(before["audit"])
    assert [row[1] for row in after["audit"] if row[4] == "retain" and '"links":1,"orphans":0,"sessions":1' in row[1]]
    assert retain(database, folder, 1) == Retained(0, 0, 0)


def test_a_folder_that_no_row_names_goes_after_a_day(database: Database, tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    fill(database, folder, "orphans", runs=1)
    (kept,) = folder.runs.glob("??/*")
    orphans = [folder.runs / seal[:2] / seal for seal in (digest("old"), digest("young"))]
    for path in orphans:
        path.mkdir(parents=True)
    (folder.runs / "ff").mkdir(exist_ok=True)
    (folder.runs / "ff" / ("f" * 64)).symlink_to(tmp_path)
    for path in (orphans[0], kept):
        os.utime(path, (time.time() - 100_000,) * 2)
    assert retain(database, folder).orphans == 1
    assert [path.is_dir() for path in (*orphans, kept, tmp_path)] == [False, True, True, True]
