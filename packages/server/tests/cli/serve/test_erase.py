from __future__ import annotations

from pathlib import Path

from packages.server.tests.cli.serve.conftest import Call
from packages.server.tests.database.rows import fill
from packages.server.tests.databases import started
from steelyard_server.database.folder import open_data_folder


def test_an_erasure_must_be_meant(data: Path, call: Call) -> None:
    with started(data) as database:
        fill(database, open_data_folder(data), runs=0)
        message = "steelyard: an erasure cannot be undone: add --yes\n"
        assert call("erase", "ada", "--data", data) == (2, "", message)
        code, out, _ = call("erase", "ada", "--data", data, "--yes")
        assert (code, out) == (0, f"erased: person 1, noted in {data / 'erasures.jsonl'}\n")
        assert call("erase", "ada", "--data", data, "--yes")[0] == 2
