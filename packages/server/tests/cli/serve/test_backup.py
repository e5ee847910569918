from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.cli.serve.conftest import Call
from packages.server.tests.database.rows import digest, fill, number_of_rows
from packages.server.tests.databases import started
from steelyard_server.database.folder import open_data_folder


def test_a_platform_is_backed_up_while_it_serves(data: Path, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "platform.backup"
    with started(data) as database:
        fill(database, open_data_folder(data))
        rows = number_of_rows(database)
        code, out, err = call("backup", path, "--data", data)
    assert code == 0
    assert err.startswith(
        "the database\nthe files of 2 runs\nnot in it: the secret key that reads the keys of endpoints"
    )
    assert out == (f"{path}: 2 runs, {rows} rows, {path.stat().st_size:,} bytes\nSHA-256 {digest(path.read_bytes())}\n")


def test_damaged_files_are_named_and_the_exit_code_is_1(data: Path, tmp_path: Path, call: Call) -> None:
    with started(data) as database:
        fill(database, open_data_folder(data))
        seal = digest("seal of ada 0")
        (data / "runs" / seal[:2] / seal / "plan.dsse.json").unlink()
        code, _, err = call("backup", tmp_path / "backup", "--data", data)
    assert (code, err.splitlines()[-1]) == (1, f"damaged, and left out: runs/{seal[:2]}/{seal}/plan.dsse.json")


@pytest.mark.parametrize("arguments", [["backup", "file"], ["retain"], ["erase", "ada", "--yes"]])
def test_a_folder_without_a_platform_is_one_line(tmp_path: Path, call: Call, arguments: list[str]) -> None:
    code, out, err = call(*arguments, "--data", tmp_path / "none")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []
