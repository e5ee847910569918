from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from packages.server.tests.databases import open_folder
from steelyard.errors import InputError
from steelyard_server.database.account import account_for, open_for
from steelyard_server.database.folder import open_data_folder

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="not root: these tests run as an ordinary user themselves")


def test_an_ordinary_user_is_the_databases_user_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with open_folder() as path:
        folder = open_data_folder(path)
        account = account_for(folder, "")
        assert (account.uid, account.switch, account.arguments) == (12_345, False, {})
        with pytest.raises(InputError, match="--run-as nobody: only root can"):
            account_for(folder, "nobody")


@as_root
def test_root_gives_way_to_nobody_or_to_whose_the_database_is() -> None:
    with open_folder() as path:
        folder = open_data_folder(path)
        assert account_for(folder, "").name == "nobody"
        assert account_for(folder, "daemon").name == "daemon"
        folder.postgres.mkdir()
        folder.cluster.mkdir()
        games = pwd.getpwnam("games")
        os.chown(folder.cluster, games.pw_uid, games.pw_gid)
        assert account_for(folder, "").uid == games.pw_uid
        os.chown(folder.postgres, 54_321, 54_322)  # a number without a name, as a container's volume has
        os.chown(folder.cluster, 54_321, 54_322)
        nameless = account_for(folder, "")
        assert (nameless.name, nameless.uid, nameless.gid, nameless.switch) == ("54321", 54_321, 54_322, True)


@as_root
@pytest.mark.parametrize(
    ("name", "message"), [("no-such-user", "there is no such user"), ("root", "PostgreSQL refuses that")]
)
def test_a_user_that_cannot_be_is_refused(name: str, message: str) -> None:
    with open_folder() as path, pytest.raises(InputError, match=message):
        account_for(open_data_folder(path), name)


@as_root
def test_the_database_stays_the_users_who_has_it(data: Path) -> None:
    folder = open_data_folder(data)
    assert account_for(folder, "").name == "nobody"
    with pytest.raises(InputError, match="its database belongs to nobody"):
        account_for(folder, "games")


@as_root
def test_a_closed_folder_above_is_named_and_not_opened() -> None:
    with open_folder("closed") as above:
        above.mkdir(mode=0o700)
        folder = open_data_folder(above / "data")
        with pytest.raises(InputError, match=rf"runs as nobody, who may not enter {above}: "):
            open_for(folder, account_for(folder, ""))
        assert above.stat().st_mode & 0o777 == 0o700
