from __future__ import annotations

from pathlib import Path

from steelyard.server.database.backup import write_backup
from steelyard.server.database.erasure import erase_person
from steelyard.server.database.folder import open_data_folder
from tests.cli.serve.conftest import Call
from tests.server.database.rows import fill, number_of_rows
from tests.server.databases import open_folder, started


def test_a_platform_goes_to_another_machine(data: Path, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "platform.backup"
    folder = open_data_folder(data)
    with started(data) as database:
        fill(database, folder)
        rows = number_of_rows(database)
        sha256 = write_backup(database, folder, path).sha256
        erase_person(database, folder, "ada")
    with open_folder("new") as new:
        arguments = ["restore", path, "--data", new, "--sha256", sha256, "--erasures", data / "erasures.jsonl"]
        code, out, err = call(*arguments)
        assert (code, out.splitlines()[1:]) == (0, ["erased again: 1"])
        assert out.startswith(f"{new}: 2 runs and {rows} rows, as they were at 20")
        *begun, keys = err.splitlines()
        assert begun == ["reading the backup", "the files of 2 runs", "the database"]
        assert keys.startswith("the secret key is in no backup: put the old one to secrets/secret.key")
        assert keys.endswith("again: vLLM of ada")
        assert call(*arguments)[0] == 2
        assert call("restore", path, "--data", new / "more", "--sha256", "0" * 64)[0] == 1
        assert not (new / "more").exists()
