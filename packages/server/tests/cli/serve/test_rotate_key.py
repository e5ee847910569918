from __future__ import annotations

from pathlib import Path

import pytest

from packages.server.tests.cli.serve.conftest import Call
from packages.server.tests.database.rows import fill
from packages.server.tests.databases import started
from steelyard_server.database.folder import open_data_folder
from steelyard_server.encryption.key_file import secret_key_file


def test_a_new_key_is_made_beside_a_database_that_runs(data: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEELYARD_SECRET_KEY_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    folder = open_data_folder(data)
    file = secret_key_file(folder)
    assert call("rotate-key", "--data", data)[0] == 2, "there is none yet"
    file.make()
    before = file.read()
    with started(data) as database:
        fill(database, folder)
        code, out, err = call("rotate-key", "--data", data)
    assert (code, err) == (
        0,
        "could not be read, give them again: vLLM of ada, webhook 1 of default, the mail server\n",
    )
    assert out.startswith("0 secrets are encrypted by the key ")
    assert file.read() != before
    after = file.path.read_bytes()
    assert call("rotate-key", "--data", data, "--as-it-is")[0] == 0
    assert file.path.read_bytes() == after
