from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.server.database.migrate import migrations
from tests.cli.serve.conftest import Call
from tests.server.databases import Server


def test_a_schema_that_is_there_is_said(data: Path, call: Call) -> None:
    assert call("migrate", "--data", data)[:2] == (0, "the schema is this version's already\n")


def test_one_role_is_said(older: Server, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", older.environment("both", "both")["DATABASE_URL"])
    code, out, err = call("migrate", "--data", tmp_path / "data")
    assert (code, out) == (0, "".join(f"applied migration {each.number}: {each.name}\n" for each in migrations()))
    assert "append-only rests on triggers alone" in err
