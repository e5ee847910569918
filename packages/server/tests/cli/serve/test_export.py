from __future__ import annotations

from pathlib import Path

from packages.server.tests.cli.serve.conftest import Call
from packages.server.tests.database.rows import fill
from packages.server.tests.databases import started
from steelyard_server.database.folder import open_data_folder


def test_what_was_written_is_counted(data: Path, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "ada.jsonl"
    with started(data) as database:
        fill(database, open_data_folder(data))
        code, out, err = call("export", path, "--person", "Ada", "--data", data)
        assert (code, err) == (0, "")
        assert out.startswith(f"{path}: person 1, {path.stat().st_size:,} bytes: 1 person, ")
        assert call("export", path, "--person", "Ada", "--data", data)[0] == 2
        assert call("export", tmp_path / "none", "--person", "nobody", "--data", data)[0] == 2
