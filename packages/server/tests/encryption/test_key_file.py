from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.encryption.key_file import CREDENTIAL, VARIABLE, SecretKeyFile, secret_key_file

KEY = bytes(range(200, 232))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


def test_the_first_start_makes_one_for_its_owner_alone_and_the_next_keeps_it(folder: DataFolder) -> None:
    file = secret_key_file(folder, {})
    assert "cannot be read: No such file" in file.problem()
    assert file.make()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    keys = file.read()
    assert (len(keys), len(keys[0])) == (1, 32)
    assert not file.make()
    assert file.read() == keys
    assert file.problem() == ""


def test_a_named_file_and_a_credential_come_first_and_are_never_made(folder: DataFolder, tmp_path: Path) -> None:
    named = secret_key_file(folder, {VARIABLE: str(tmp_path / "key"), "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (named.source, named.make(), named.path.exists()) == ("variable", False, False)
    assert secret_key_file(folder, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).source == "data folder"
    (tmp_path / CREDENTIAL).write_bytes(base64.b64encode(KEY))
    (tmp_path / CREDENTIAL).chmod(0o440)  # as systemd's access lists look
    found = secret_key_file(folder, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (found.source, found.read()) == ("credential", [KEY])


def test_one_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(base64.b64encode(KEY))
    for mode in (0o640, 0o604, 0o644, 0o660):
        path.chmod(mode)
        with pytest.raises(InputError, match="can be read by others: chmod 600 it"):
            SecretKeyFile(path, "variable").read()
    path.chmod(0o400)
    assert SecretKeyFile(path, "variable").read() == [KEY]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "no regular file" in SecretKeyFile(tmp_path / "pipe", "variable").problem()
    assert (
        "no regular file" in SecretKeyFile(tmp_path, "variable").problem()
        or "Is a directory" in SecretKeyFile(tmp_path, "variable").problem()
    )


def test_several_keys_and_remarks_are_read_in_order(tmp_path: Path) -> None:
    other = bytes(32)
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(
        f"# old\n\n{base64.b64encode(KEY).decode()}\r\n  {base64.urlsafe_b64encode(other).decode().rstrip('=')}\n"
    )
    assert SecretKeyFile(path, "variable").read() == [KEY, other]
    SecretKeyFile(path, "variable").write([other, KEY])
    assert SecretKeyFile(path, "variable").read() == [other, KEY]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    link, real = tmp_path / "link", tmp_path / "real"
    link.symlink_to(real)
    SecretKeyFile(link, "variable").write([KEY])
    assert link.is_symlink()
    assert SecretKeyFile(real, "variable").read() == SecretKeyFile(link, "variable").read() == [KEY]


@pytest.mark.parametrize("text", ["", "# none\n", "secret-that-is-short\n", "a" * 60, "é" * 43, "x" * 20_000])
def test_what_holds_no_key_is_one_line_that_quotes_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(text)
    problem = SecretKeyFile(path, "variable").problem()
    assert problem
    assert "\n" not in problem
    assert not text.strip("# \n") or text.strip("# \n")[:10] not in problem


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_keys_or_one_problem(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(data)
    file = SecretKeyFile(path, "variable")
    if not file.problem():
        assert all(len(key) == 32 for key in file.read())
