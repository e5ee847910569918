from __future__ import annotations

from pathlib import Path

from packages.server.tests.cli.serve.conftest import Call
from packages.server.tests.database.rows import digest, fill
from packages.server.tests.databases import started
from steelyard_server.database.folder import open_data_folder


def test_a_withdrawal_must_be_meant(data: Path, call: Call) -> None:
    with started(data) as database:
        fill(database, open_data_folder(data), runs=1)
        seal = digest("seal of ada 0")
        message = "steelyard: a withdrawal cannot be undone: add --yes\n"
        assert call("withdraw", seal, "--data", data) == (2, "", message)
        code, out, _ = call("withdraw", seal.upper(), "--data", data, "--yes", "--reason", "by mistake")
        noted = data / "withdrawals.jsonl"
        assert (code, out) == (0, f"withdrawn: run 1 of default, 4 files with 12 bytes; noted in {noted}\n")
        code, _, err = call("withdraw", seal, "--data", data, "--yes")
        assert (code, err) == (2, "steelyard: this run is withdrawn already\n")
