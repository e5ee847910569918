from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from packages.server.tests.access.folk import FACTS, Folk
from packages.server.tests.suites.yard import add_suite, caller_of, make_suite, version_of
from steelyard_server.database.connection import Database
from steelyard_server.suites.rows import Suites, content_digest


def test_the_last_version_counts_and_the_same_files_again_change_nothing(folk: Folk, tmp_path: Path) -> None:
    caller, suites = caller_of(folk), Suites(folk.pool)
    first = add_suite(folk, tmp_path / "one", caller)
    again, is_new = suites.add(1, version_of(tmp_path / "one"), caller, FACTS)
    assert (again, is_new) == (first, False)
    other, is_new = suites.add(1, version_of(make_suite(tmp_path / "two", first.name, 5)), caller, FACTS)
    assert (is_new, other.items) == (True, 5)
    back, is_new = suites.add(1, version_of(tmp_path / "one"), caller, FACTS)
    assert (is_new, back.digest) == (True, first.digest), "an older version can be brought back"
    assert [each.id for each in suites.versions(1, first.name)] == [back.id, other.id, first.id]
    assert suites.current(1, first.name) == back
    assert suites.current(2, first.name) is None, "another project has none of this name"
    assert [each.id for each in suites.listed(1) if each.name == first.name] == [back.id]
    assert folk.acts(3) == ["push-suite"] * 3


def test_files_and_items_are_as_they_were_brought(folk: Folk, tmp_path: Path) -> None:
    row, suites = add_suite(folk, tmp_path / "s", caller_of(folk)), Suites(folk.pool)
    files = list(suites.files(row.id))
    assert {each.name: each.content for each in files} == {
        name: (tmp_path / "s" / name).read_bytes() for name in ("samples.jsonl", "suite.yaml")
    }
    assert row.content == content_digest(files)
    item = suites.item(row.id, 2)
    assert item is not None
    assert (item.item.id, item.line, item.change) == ("q2", 2, None)
    assert suites.item(row.id, 4) is suites.item(row.id, 2**62) is None


@pytest.mark.parametrize(
    "table", ["suite_version", "suite_file", "suite_item", "suite_decision", "run_suite", "suite_view"]
)
def test_rows_are_never_changed(database: Database, folk: Folk, tmp_path: Path, table: str) -> None:
    add_suite(folk, tmp_path / "s", caller_of(folk))
    with database.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"DELETE FROM steelyard.{table}".encode())
    with database.connect_as_owner() as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(f"TRUNCATE steelyard.{table} CASCADE".encode())
