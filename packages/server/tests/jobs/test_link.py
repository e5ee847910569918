from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from packages.server.tests.jobs.yard import opened
from steelyard.errors import InputError
from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.link import Link, LinkLost


def test_a_restart_of_the_database_is_survived(data: Path) -> None:
    with opened(data) as yard:
        link = Link(yard.data, listens=True)
        first = link.connection()
        assert link.connection() is first
        assert link.fileno() == first.fileno()
        yard.restart()
        with pytest.raises(psycopg.OperationalError):
            first.execute("SELECT 1")
        assert link.fileno() is None
        assert link.connection().execute("SELECT 1").fetchone() == (1,)
        link.close()
    with pytest.raises(LinkLost):
        link.connection()
    with pytest.raises(LinkLost, match="no steelyard serve runs"):
        link.connection()
    link.close()


def test_another_versions_schema_is_waited_for(data: Path) -> None:
    with opened(data) as yard:
        with yard.database.connect_as_owner() as connection:
            connection.execute("DELETE FROM steelyard.schema_migration WHERE number > 1")
        with pytest.raises(LinkLost, match="schema is number 1"):
            Link(yard.data).connection()


def test_an_address_that_is_none_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql:secret")
    with pytest.raises(InputError) as caught:
        Link(open_data_folder(tmp_path / "data")).connection()
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_waited_for_and_no_password_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:secret@127.0.0.1:1/b")
    with pytest.raises(LinkLost) as caught:
        Link(open_data_folder(tmp_path / "data")).connection()
    assert "secret" not in str(caught.value)
