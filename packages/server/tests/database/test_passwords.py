from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.passwords import OWNER, made_passwords, parameters, read_passwords


def test_they_are_random_long_and_their_owners_alone(tmp_path: Path) -> None:
    folder, other = open_data_folder(tmp_path / "one"), open_data_folder(tmp_path / "two")
    one = made_passwords(folder)
    assert made_passwords(folder) == read_passwords(folder) == one
    assert len({one.superuser, one.owner, one.application, made_passwords(other).owner}) == 4
    assert min(map(len, (one.superuser, one.owner, one.application))) >= 32
    assert stat.S_IMODE(folder.passwords.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.secrets.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"superuser": 1}', b"\xff" * 20_000])
def test_a_broken_file_names_the_way(tmp_path: Path, content: bytes | None) -> None:
    folder = open_data_folder(tmp_path / "data")
    folder.secrets.mkdir()
    if content is not None:
        folder.passwords.write_bytes(content)
    with pytest.raises(InputError, match="gone or broken: restore a backup"):
        read_passwords(folder)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder, other = open_data_folder(tmp_path / "one"), open_data_folder(tmp_path / "two")
    made_passwords(other)
    folder.secrets.mkdir()
    folder.passwords.symlink_to(other.passwords)
    with pytest.raises(InputError, match="gone or broken"):
        read_passwords(folder)


def test_a_long_path_goes_by_a_descriptor(tmp_path: Path) -> None:
    short, long = open_data_folder(tmp_path / "s"), open_data_folder(tmp_path / ("l" * 100))
    for folder in (short, long):
        folder.socket.mkdir(parents=True)
    if len(os.fsencode(short.socket)) < 80:
        assert parameters(short, OWNER, "x")["host"] == str(short.socket)
    host = parameters(long, OWNER, "x")["host"]
    assert host.startswith("/proc/self/fd/")
    assert Path(host).samefile(long.socket)
    assert parameters(long, OWNER, "x")["host"] == host
