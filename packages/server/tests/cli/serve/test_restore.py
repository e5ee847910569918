from __future__ import annotations

from pathlib import Path

from packages.server.tests.cli.serve.conftest import Call
from packages.server.tests.database.rows import fill, number_of_rows
from packages.server.tests.databases import open_folder, started
from steelyard_server.database.folder import open_data_folder
from steelyard_server.upkeep.backup import write_backup
from steelyard_server.upkeep.erasure import erase_person


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
        assert (code, out.splitlines()[1:]) == (
            0,
            [
                "erased again: 1",
                "keys of projects are in no backup: the next job of each makes one, whose ledger counts on the 1 plans "
                "of before",
                "paused or switched off: 2 jobs, schedules, webhooks or mail servers; go on with those that are still "
                "wanted",
            ],
        )
        assert out.startswith(f"{new}: 2 runs and {rows} rows, as they were at 20")
        *begun, keys = err.splitlines()
        assert begun == ["reading the backup", "the files of 2 runs", "the database"]
        assert keys.startswith("the secret key is in no backup: put the old one to secrets/secret.key")
        assert keys.endswith("again: vLLM of ada")
        assert call(*arguments)[0] == 2
        assert call("restore", path, "--data", new / "more", "--sha256", "0" * 64)[0] == 1
        assert not (new / "more").exists()


def test_without_its_sha256_and_with_a_broken_log_it_says_both(data: Path, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "platform.backup"
    folder = open_data_folder(data)
    with started(data) as database:
        fill(database, folder)
        with database.connect_as_owner() as connection:
            connection.execute("ALTER TABLE steelyard.audit DISABLE TRIGGER keep")
            connection.execute("UPDATE steelyard.audit SET line = replace(line, 'sign-in', 'sign-on')")
        code, _, err = call("backup", path, "--data", data)
        assert (code, "the audit log's chain is broken, and is in the backup as it is: audit line" in err) == (1, True)
    with open_folder("new") as new:
        code, _, err = call("restore", path, "--data", new)
        assert (code, "shown as not verified here: 2 runs" in err) == (1, True)
        assert "the audit log's chain is broken, and was when the backup was made: audit line" in err
