from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.cli.serve.conftest import Call
from packages.server.tests.databases import Server
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import migrations


def test_a_schema_that_is_there_is_said(data: Path, call: Call) -> None:
    assert call("migrate", "--data", data)[:2] == (0, "the schema is this version's already\n")


def test_one_role_is_said(older: Server, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", older.environment("both", "both")["DATABASE_URL"])
    code, out, err = call("migrate", "--data", tmp_path / "data")
    assert (code, out) == (0, "".join(f"applied migration {each.number}: {each.name}\n" for each in migrations()))
    assert "append-only rests on triggers alone" in err


def test_a_dry_run_names_the_migrations_and_applies_none(
    older: Server, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", older.environment("both", "both")["DATABASE_URL"])
    assert call("migrate", "--data", tmp_path / "data", "--dry-run")[0] == 2, "it makes no folder"
    open_data_folder(tmp_path / "data")
    for _ in range(2):
        code, out, _ = call("migrate", "--data", tmp_path / "data", "--dry-run")
        assert code == 0
        assert out.count("would apply migration ") == len(migrations())
        assert "would apply migration 1, first: The first schema: projects, people and how they come in" in out
        assert "nothing was applied" in out
    assert call("migrate", "--data", tmp_path / "data")[0] == 0
    assert "the schema is this version's already\n" in call("migrate", "--data", tmp_path / "data", "--dry-run")[1]
